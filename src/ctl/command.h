/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NACLD_CTL_COMMAND_H
#define NACLD_CTL_COMMAND_H

/*
 * A command of naclctl. argv[0] is the command's own name; options follow. Each returns an
 * enum naclctl_exit and prints its own errors to stderr.
 */
int cmd_check(int argc, char **argv);
int cmd_show(int argc, char **argv);
int cmd_reload(int argc, char **argv);
int cmd_steer(int argc, char **argv);
int cmd_doctor(int argc, char **argv);
int cmd_explain(int argc, char **argv);
int cmd_eval(int argc, char **argv);
int cmd_export(int argc, char **argv);

#endif
