/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * naclctl eval: evaluates packets by the million, one per line, one answer per line.
 *
 * A line may end in an expectation, "=> deny 120", which makes a file of packets a unit test that
 * is kept beside its rules. Answers go to stdout in the order of the lines; whatever is wrong goes
 * to stderr as FILE:LINE and never stops the rest. Memory does not grow with the input: one line
 * buffer, and a line that does not fit is malformed.
 */
#include <errno.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "core/way/walls.h"
#include "ctl/command.h"
#include "ctl/eval/expect.h"
#include "ctl/source.h"
#include "ctl/verdict.h"

#define LINE_MAX_LEN 1024 /* bytes of a line, NUL included */
#define WORDS_MAX    32

struct options {
	const char *file;
	const char *socket_path;
	bool json;
	bool quiet;
};

/* One run over one input. */
struct run {
	const struct policy *policy;
	const char *name; /* of the input, for messages */
	bool json;
	bool quiet;
	unsigned long line;
	unsigned long expected;
	unsigned long mismatched;
	unsigned long malformed;
};

__attribute__((format(printf, 2, 3))) static void complain(const struct run *run,
							   const char *format, ...)
{
	va_list args;

	fflush(stdout); /* answers and complaints in order where both go to one place */
	fprintf(stderr, "%s:%lu: ", run->name, run->line);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
}

static void put_json(const struct run *run, json_t *object)
{
	json_object_set_new(object, "line", json_integer((json_int_t)run->line));
	json_dumpf(object, stdout, JSON_COMPACT);
	putchar('\n');
	json_decref(object);
}

static void malformed(struct run *run, const char *error)
{
	run->malformed++;
	complain(run, "error: %s", error);
	if (run->json && !run->quiet)
		put_json(run, json_pack("{s:s}", "error", error));
}

static void answer(struct run *run, const struct packet_line *line,
		   const struct policy_verdict *verdict, const char *text, const char *expectation,
		   bool holds)
{
	json_t *object;

	if (run->quiet)
		return;
	if (!run->json) {
		puts(text);
		return;
	}
	object = verdict_json(run->policy, line, verdict);
	if (*expectation != '\0') {
		json_object_set_new(object, "expected", json_string(expectation));
		json_object_set_new(object, "holds", json_boolean(holds));
	}
	put_json(run, object);
}

static size_t split_words(char *text, char **words)
{
	size_t count = 0;
	char *state, *word = strtok_r(text, " \t\r", &state);

	for (; word && count < WORDS_MAX; word = strtok_r(NULL, " \t\r", &state))
		words[count++] = word;
	return count;
}

static size_t find_arrow(char **words, size_t count)
{
	size_t i = 0;

	while (i < count && strcmp(words[i], "=>") != 0)
		i++;
	return i;
}

static void judge_line(struct run *run, char *text)
{
	char error[PACKETLINE_ERROR_LEN], answer_text[VERDICT_TEXT_LEN];
	char *words[WORDS_MAX], *comment = strchr(text, '#');
	struct policy_verdict verdict;
	struct expectation expectation = {.text = ""};
	struct packet_line line;
	size_t count, packet_words;
	bool holds;

	if (comment)
		*comment = '\0';
	count = split_words(text, words);
	if (count == 0)
		return;
	packet_words = find_arrow(words, count);
	if (packet_line_parse(words, packet_words, &line, error) < 0 ||
	    (packet_words < count &&
	     !expect_parse(words + packet_words + 1, count - packet_words - 1, &expectation,
			   error))) {
		malformed(run, error);
		return;
	}
	if (walls_are_ambiguous(run->policy, &line.way)) {
		malformed(run, WALLS_AMBIGUOUS);
		return;
	}
	walls_eval(run->policy, &line.way, &line.packet, &verdict);
	verdict_text(run->policy, &line, &verdict, answer_text);
	holds = expect_holds(&expectation, answer_text);
	answer(run, &line, &verdict, answer_text, expectation.text, holds);
	run->expected += packet_words < count;
	if (!holds) {
		run->mismatched++;
		complain(run, "expected %s, got %s", expectation.text, answer_text);
	}
}

/*
 * One line without its newline; false at the end of the input. A line that does not fit, or that
 * contains a NUL byte, is read to its end, and *fits says so. (fgets cannot tell the two apart.)
 */
static bool read_line(FILE *input, char text[static LINE_MAX_LEN], bool *fits)
{
	size_t len = 0;
	int c = getc_unlocked(input);

	if (c == EOF)
		return false;
	for (*fits = true; c != '\n' && c != EOF; c = getc_unlocked(input)) {
		if (c == '\0' || len == LINE_MAX_LEN - 1)
			*fits = false;
		else
			text[len++] = (char)c;
	}
	text[len] = '\0';
	return true;
}

static void judge_all(struct run *run, FILE *input)
{
	char text[LINE_MAX_LEN];
	bool fits;

	while (read_line(input, text, &fits)) {
		run->line++;
		if (fits)
			judge_line(run, text);
		else
			malformed(run, "the line is too long, or contains a NUL byte");
	}
}

static int finish(struct run *run, FILE *input, const char *name)
{
	if (ferror(input)) {
		fprintf(stderr, "naclctl eval: cannot read %s: %s\n", name, strerror(errno));
		return NACLCTL_USAGE;
	}
	if (run->mismatched > 0)
		fprintf(stderr, "%s: %lu of %lu expectations failed\n", name, run->mismatched,
			run->expected);
	if (run->malformed > 0)
		return NACLCTL_USAGE;
	return run->mismatched > 0 ? NACLCTL_NO : NACLCTL_OK;
}

static int judge(const struct options *options, FILE *input, const char *name)
{
	struct run run = {.name = name, .json = options->json, .quiet = options->quiet};
	struct policy *policy = source_policy("eval", options->file, options->socket_path);
	int status;

	if (!policy)
		return NACLCTL_USAGE;
	/* Same answers, sooner; without memory for it the lists are walked. */
	(void)policy_compile(policy);
	run.policy = policy;
	judge_all(&run, input);
	status = finish(&run, input, name);
	policy_free(policy);
	return status;
}

static int eval_main(int argc, char **argv)
{
	struct options options = {.socket_path = PATHS_SOCKET};
	int status = options_parse(&command_eval, argc, argv, &options);
	const char *packets = optind < argc ? argv[optind] : "-";
	FILE *input;

	if (status >= 0)
		return status;
	if (strcmp(packets, "-") == 0)
		return judge(&options, stdin, "stdin");
	input = fopen(packets, "re");
	if (!input) {
		fprintf(stderr, "naclctl eval: cannot open %s: %s\n", packets, strerror(errno));
		return NACLCTL_USAGE;
	}
	status = judge(&options, input, packets);
	fclose(input);
	return status;
}

static const struct option_entry options[] = {
	COMMAND_FILE(struct options, file,
		     "filter by this configuration, not by the running daemon"),
	{'q', "quiet", NULL, "print no answers, only what is wrong",
	 offsetof(struct options, quiet), NULL},
	{'j', "json", NULL, "one JSON object a line", offsetof(struct options, json), NULL},
	COMMAND_SOCKET(struct options, socket_path),
	{0},
};

const struct command command_eval = {
	.program = "naclctl",
	.name = "eval",
	.summary = "evaluate a list of packets, one per line",
	.synopsis = "[OPTION ...] [PACKETS|-]",
	.about =
		"Evaluates packets, one per line (from a file, or stdin), one answer per line:\n"
		"\n"
		"  in tcp 203.0.113.9:40000 192.0.2.1:443          allow web 100\n"
		"  out icmp 192.0.2.1 203.0.113.9 type 8 code 0    deny web *\n"
		"  forward udp 10.0.1.5:5353 10.0.2.7:53           allow a 100 b 110\n"
		"\n"
		"A forwarded packet that leaves one protected subnet and enters another is evaluated twice:\n"
		"the answer names ACL and rule of both, in that order. Where no list applies it is\n"
		"\"allow exempt NAME\", \"allow within-subnet\" or \"allow unprotected\". A line may end in\n"
		"what is expected: => allow, => deny 120, => deny * (of two rules the last one).\n"
		"# begins a comment.\n",
	.after = "Exit status: 0, 1 when an expectation fails, 2 for usage, a bad file or a line\n"
		 "that is not a packet.\n",
	.options = options,
	.operands = {OPTIONS_FILES, ""},
	.operands_max = 1,
	.usage_status = NACLCTL_USAGE,
	.run = eval_main,
};
