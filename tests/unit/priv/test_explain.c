/* SPDX-License-Identifier: MIT */
/*
 * What `rdv-helper --explain` says of a profile, on hosts that are made up: the
 * kernel of the test must not decide. Each sentence that a guard gives rise to
 * is looked for where the guard is, and missed where it is not.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/js.h"
#include "priv-helper/cglimit.h"
#include "priv-helper/explain.h"
#include "priv-helper/explainpolicy.h"
#include "security/profile.h"
#include "tests/unit/check.h"

static char *text;
static size_t len;

static const char *
opt_is_missing(const char *path, void *arg)
{
	(void)arg;
	return strcmp(path, "/opt") == 0 ? "not on this host" : NULL;
}

/* Without a file, as in user mode. */
static const struct explain_policy own;
static const struct explain_host newest = { .abi = 7,
	.policy = &own,
	.seccomp = true,
	.cgroup_known = true,
	.cgroup = true,
	.cgroup_on = CGLIMIT_PIDS | CGLIMIT_MEMORY | CGLIMIT_CPU,
	.left_out = opt_is_missing };

static int
done(void **state)
{
	(void)state;
	free(text);
	text = NULL;
	return 0;
}

static void
explain(const char *profile, const struct explain_host *h, bool json)
{
	FILE *f;

	free(text);
	f = open_memstream(&text, &len);
	assert_non_null(f);
	explain_profile(&profiles[profile_find(profile)], h, json, f);
	assert_int_equal(fclose(f), 0);
}

static void
says(const char *part)
{
	if (strstr(text, part) == NULL)
		fail_msg("\"%s\" is not in:\n%s", part, text);
}

static void
says_not(const char *part)
{
	if (strstr(text, part) != NULL)
		fail_msg("\"%s\" is in:\n%s", part, text);
}

static void
test_script(void **state)
{
	(void)state;
	explain("script", &newest, false);
	says("\nMay read:\n"
	     "  /usr /bin /sbin /lib /lib32 /lib64 /etc "
	     "/run/systemd/resolve/resolv.conf\n"
	     "  /run/systemd/resolve/stub-resolv.conf /proc /sys\n"
	     "  all that it may write\n");
	says("\nMay write:\n"
	     "  /dev/null /dev/zero /dev/full /dev/random /dev/urandom "
	     "/dev/tty\n"
	     "  the directory it is started in\n");
	says("\nNetwork:\n"
	     "  every host and port the account can reach\n"
	     "  with the network \"list\" the hosts of that list alone, "
	     "through a proxy at\n"
	     "    127.0.0.1:3128; this takes namespaces\n"
	     "  sockets of these families, and pairs of its own: IPv4, IPv6, "
	     "netlink\n");
	says("  signals only to what it started\n");
	says("  refused on all of them: TIOCSTI, TIOCLINUX, TIOCSETD\n");
	says("  open files of a process: 65536\n");
	says("  processes and threads of the run: 8192\n");
	says("  processors, where they are short, are shared out by runs,");
	says("\nNot granted here:\n  /opt: not on this host\n");
	says("\nWhat this kernel cannot hold:\n  nothing\n");
	says_not("cannot be used");
}

/* Nothing of what only the other profiles have. */
static void
test_git(void **state)
{
	(void)state;
	explain("git", &newest, false);
	says("\nNetwork:\n  none\n  no sockets but pairs of its own\n");
	says("  nothing that has no path: memfd_create fails\n");
	says_not("in a linked worktree");
	says_not("what it may write in the directory");
	says("  GIT_CONFIG_NOSYSTEM=1 ");
}

static void
test_login(void **state)
{
	(void)state;
	explain("login", &newest, false);
	says("\nMay write:\n  whatever the account may\n");
	says("\nNetwork:\n  every host and port the account can reach\n\n");
	says("  whatever the account may, sudo too\n");
	says("\nWhat this kernel cannot hold:\n  nothing\n");
}

static void
test_older_kernels(void **state)
{
	static const struct {
		const char *part;
		int since; /* the version that holds it */
	} rows[] = {
		{ "renames across directories; what follows: they all", 2 },
		{ "truncate(2); what follows: it can empty, by opening", 3 },
		{ "ioctls of devices; what follows: those of a device", 5 },
		{ "signals; what follows: it can end every process", 6 },
		{ "abstract UNIX sockets; what follows: the system", 6 },
	};
	struct explain_host h = newest;

	(void)state;
	for (h.abi = 1; h.abi <= 7; h.abi++) {
		explain("script", &h, false);
		for (size_t i = 0; i < 5; i++)
			if (h.abi < rows[i].since)
				says(rows[i].part);
			else
				says_not(rows[i].part);
		if (h.abi < 6)
			says_not("signals only to what it started");
	}
}

static void
test_what_is_refused(void **state)
{
	struct explain_host h = newest;

	(void)state;
	h.abi = 0;
	explain("script", &h, false);
	says("It cannot be used on this kernel.\n");
	says("files, for want of Landlock; what follows: runs of this");
	explain("login", &h, false);
	says_not("cannot be used");
	h = newest;
	h.seccomp = false;
	explain("git", &h, false);
	says("It cannot be used on this kernel.\n");
	says("system calls, for want of seccomp; what follows: runs of");
}

static void
test_cgroups(void **state)
{
	struct explain_host h = newest;

	(void)state;
	h.cgroup_on = 0;
	explain("script", &h, false);
	says("processes of a run; what follows: they count for all");
	says_not("processes and threads of the run");
	says_not("shared out by runs");
	says("a share of the processors for each run; what follows: the");
	says_not("a cgroup for each run");
	h.cgroup = false;
	explain("script", &h, false);
	says("a cgroup for each run; what follows: one that forks faster");
	h.cgroup_known = false;
	explain("script", &h, false);
	says("whether a run has a cgroup is known only while rdvd runs");
	says_not("a cgroup for each run");
}

/* Stable: a key is never renamed, and the groups are the same for all. */
/* What it only reads is not among what it writes. */
static void
test_lsp(void **state)
{
	(void)state;
	explain("lsp", &newest, false);
	says("  the directory it is started in\n  all that it may write\n");
	says("\nMay write:\n"
	     "  /dev/null /dev/zero /dev/full /dev/random /dev/urandom "
	     "/dev/tty\n"
	     "  $TMPDIR, a directory of its own that is removed at its end\n"
	     "\n");
	says("  in a root of its own UNIX sockets, too");
	says("  new ones, which nobody else sees, where the host");
	says("its own processes alone");
	/* Where it may write what it is started in, that is there. */
	explain("agent", &newest, false);
	says("/dev/tty\n  the directory it is started in\n  $TMPDIR");
	explain("git", &newest, false);
	says("  no new one can be made\n");
	says_not("namespaces: its own processes");
}

static void
test_json(void **state)
{
	static const char *const keys[] = { "profile", "help", "confined",
		"network_allowed", "usable", "landlock_abi", "seccomp",
		"cgroup", "may_read", "may_write", "may_run", "network",
		"processes", "terminals", "environment", "limits", "left_out",
		"not_held", "policy", NULL };
	const char *key;
	char why[128];
	struct js *v, *member;

	(void)state;
	for (int i = 0; i < PROFILES; i++) {
		explain(profiles[i].name, &newest, true);
		assert_int_equal(text[len - 1], '\n');
		v = js_parse(text, len, why, sizeof(why));
		if (v == NULL)
			fail_msg("%s: %s", why, text);
		for (size_t k = 0; keys[k] != NULL; k++) {
			assert_true(js_member(v, k, &key, &member));
			assert_string_equal(key, keys[k]);
		}
		assert_false(js_member(v, 19, &key, &member));
		assert_string_equal(js_str(v, "profile", ""), profiles[i].name);
		assert_true(js_bool(v, "usable", false));
		js_free(v);
	}
	explain("git", &newest, true);
	says("\"may_run\":[\"/usr/lib/git-core\",");
}

static void
test_list(void **state)
{
	struct js *v;
	char why[128];
	FILE *f = open_memstream(&text, &len);

	(void)state;
	explain_list(false, f);
	assert_int_equal(fclose(f), 0);
	says("login   a terminal as ssh would give it");
	says("\ngit     git on one repository");
	free(text);
	f = open_memstream(&text, &len);
	explain_list(true, f);
	assert_int_equal(fclose(f), 0);
	v = js_parse(text, len, why, sizeof(why));
	assert_int_equal(js_len(v), PROFILES);
	assert_false(js_bool(js_at(v, 0), "confined", true));
	assert_true(js_bool(js_at(v, 1), "confined", false));
	js_free(v);
}

#define T(name) cmocka_unit_test_teardown(name, done)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_script),
		T(test_git),
		T(test_login),
		T(test_older_kernels),
		T(test_what_is_refused),
		T(test_cgroups),
		T(test_lsp),
		T(test_json),
		T(test_list),
	};

	return CHECK_RUN("explain", tests);
}
