/* SPDX-License-Identifier: MIT */
/*
 * Capabilities: which ones [ops] keeps and how a child loses all of them.
 * libcap's sets live on the heap, so what runs in the child uses the kernel's
 * plain arrays instead.
 */
#include "security/caps.h"

#include <errno.h>
#include <stddef.h>
#include <sys/capability.h>
#include <sys/prctl.h>

#include "security/mutant.h"

/* [main] keeps all of them, [ops] the first four, [audit] none. */
static const cap_value_t kept[] = { CAP_SETUID, CAP_SETGID, CAP_SETPCAP,
	CAP_KILL, CAP_CHOWN };
#define KEPT_OPS  4
#define KEPT_MAIN 5

static bool
has(cap_t set, cap_value_t cap)
{
	cap_flag_value_t v;

	return cap_get_flag(set, cap, CAP_EFFECTIVE, &v) == 0 && v == CAP_SET;
}

bool
caps_privileged(void)
{
	cap_t now = cap_get_proc();
	bool yes;

	if (now == NULL)
		return false;
	yes = has(now, CAP_SETUID) && has(now, CAP_SETGID) &&
	      has(now, CAP_SETPCAP);
	(void)cap_free(now);
	return yes;
}

static int
keep(int n)
{
	cap_t now = cap_get_proc(), want = cap_init();
	int i, err = 0;

	if (now == NULL || want == NULL)
		err = -errno;
	/* What a container took away already cannot be kept. */
	for (i = 0; err == 0 && i < n; i++) {
		if (!has(now, kept[i]))
			continue;
		if (cap_set_flag(want, CAP_PERMITTED, 1, &kept[i], CAP_SET) <
			0 ||
		    cap_set_flag(want, CAP_EFFECTIVE, 1, &kept[i], CAP_SET) < 0)
			err = -errno;
	}
	if (err == 0 && cap_set_proc(want) < 0)
		err = -errno;
	(void)cap_free(now);
	(void)cap_free(want);
	return err;
}

int
caps_keep_four(void)
{
	return keep(KEPT_OPS);
}

int
caps_keep_main(void)
{
	return keep(KEPT_MAIN);
}

int
caps_drop_all(void)
{
	struct __user_cap_header_struct head = {
		.version = _LINUX_CAPABILITY_VERSION_3
	};
	struct __user_cap_data_struct data[2] = { 0 };

	return capset(&head, data) < 0 ? -errno : 0;
}

int
caps_keep_kill(void)
{
	struct __user_cap_header_struct head = {
		.version = _LINUX_CAPABILITY_VERSION_3
	};
	struct __user_cap_data_struct data[2] = { 0 };

	if (capget(&head, data) < 0)
		return -errno;
	data[0].permitted &= mutant("reaper kill") ? 0 : CAP_TO_MASK(CAP_KILL);
	data[0].effective = data[0].permitted;
	data[0].inheritable = 0;
	data[1] = (struct __user_cap_data_struct){ 0 };
	return capset(&head, data) < 0 ? -errno : 0;
}

int
caps_verify_none(void)
{
	struct __user_cap_header_struct head = {
		.version = _LINUX_CAPABILITY_VERSION_3
	};
	struct __user_cap_data_struct data[2] = { 0 };
	int i;

	if (capget(&head, data) < 0)
		return -errno;
	for (i = 0; i < 2; i++)
		if (data[i].effective != 0 || data[i].permitted != 0 ||
		    data[i].inheritable != 0)
			return -EPERM;
	return 0;
}

int
caps_clear_ambient(void)
{
	if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) < 0)
		return -errno;
	return 0;
}

int
caps_drop_bounding(void)
{
	unsigned long cap;

	/* Not up to a constant: the kernel may know more than our headers. */
	for (cap = 0; prctl(PR_CAPBSET_DROP, cap, 0, 0, 0) == 0; cap++)
		continue;
	return errno == EINVAL ? 0 : -errno;
}
