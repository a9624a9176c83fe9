/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Asked before a tool is run that would fail with a text of its own. By capability, not by user: in
 * a user namespace, or a unit with a few capabilities, root is not the question.
 */
#include "steer/privilege.h"

#include <linux/capability.h>
#include <sys/syscall.h>
#include <unistd.h>

bool steer_may_administer(void)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = {0};

	if (syscall(SYS_capget, &header, data))
		return false;
	return data[CAP_TO_INDEX(CAP_NET_ADMIN)].effective & CAP_TO_MASK(CAP_NET_ADMIN);
}
