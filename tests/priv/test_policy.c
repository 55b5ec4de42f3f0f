/* SPDX-License-Identifier: MIT */
/*
 * The policy's file in places where somebody else decides what it says, what
 * `rdv-helper -t` tells an administrator, and [ops] with a policy that grants
 * less than all. Cases with a second account need root and are skipped without.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/err.h"
#include "priv-helper/policy.h"
#include "priv-helper/policyfile.h"
#include "priv-helper/policyfor.h"
#include "priv-helper/scratch.h"
#include "tests/priv/rig.h"
#include "tests/unit/check.h"

#define FILE_NAME "etc/rdv/helper.toml"
#define GOOD	  "[access]\nusers = [\"ann\"]\n"
#define OTHER	  ((uid_t)65534)

static char dir[64];
static char said[1024];
static int top = -1;

static const char *
in(const char *name)
{
	static char path[4][256];
	static unsigned turn;
	char *p = path[turn++ % 4];

	snprintf(p, sizeof(path[0]), "%s/%s", dir, name);
	return p;
}

static void
put(const char *name, const char *text)
{
	FILE *f = fopen(in(name), "w");

	assert_non_null(f);
	assert_true(fputs(text, f) >= 0);
	assert_int_equal(fclose(f), 0);
	assert_int_equal(chmod(in(name), 0644), 0);
}

static int
set_up(void **state)
{
	(void)state;
	(void)umask(022);
	snprintf(dir, sizeof(dir), "/tmp/rdv-policy-XXXXXX");
	assert_non_null(mkdtemp(dir));
	assert_int_equal(mkdir(in("etc"), 0755), 0);
	assert_int_equal(mkdir(in("etc/rdv"), 0755), 0);
	put(FILE_NAME, GOOD);
	top = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	return top < 0;
}

static int
tear_down(void **state)
{
	(void)state;
	(void)close(top);
	scratch_remove(dir, geteuid());
	return access(dir, F_OK) == 0;
}

/* Opens, and reads what was opened; no descriptor may be left. */
static int
load_as(uid_t owner)
{
	const unsigned before = rig_count_fds();
	struct policy p;
	int fd = -1, err;

	said[0] = '\0';
	err = policyfile_open(top, FILE_NAME, owner, &fd, said, sizeof(said));
	if (err == 0) {
		err = policyfile_read(&p, fd, "F", said, sizeof(said));
		(void)close(fd);
		if (err == 0)
			policy_done(&p);
	} else {
		assert_int_equal(fd, -1);
	}
	assert_int_equal(rig_count_fds(), before);
	return err;
}

static void
refused(const char *text)
{
	assert_int_equal(load_as(geteuid()), RDV_E_DENIED);
	assert_string_equal(said, text);
}

static void
taken(void)
{
	if (load_as(geteuid()) != 0)
		fail_msg("%s", said);
}

static void
abuse_F17_modes(void **state)
{
	static const struct {
		const char *name;
		mode_t mode, back;
		const char *said; /* NULL: it is taken */
	} modes[] = {
		{ FILE_NAME, 0600, 0644, NULL },
		{ FILE_NAME, 0444, 0644, NULL },
		{ "etc/rdv", 0711, 0755, NULL },
		{ FILE_NAME, 0664, 0644,
		    FILE_NAME ": can be written by its group or others" },
		{ FILE_NAME, 0646, 0644,
		    FILE_NAME ": can be written by its group or others" },
		{ "etc/rdv", 0775, 0755,
		    "etc/rdv: can be written by its group or others" },
		{ "etc", 0757, 0755,
		    "etc: can be written by its group or others" },
		/* In one like /tmp others cannot rename it, but come first. */
		{ "etc", 01777, 0755,
		    "etc: can be written by its group or others" },
		{ ".", 0770, 0700, ".: can be written by its group or others" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
		assert_int_equal(chmod(in(modes[i].name), modes[i].mode), 0);
		if (modes[i].said != NULL)
			refused(modes[i].said);
		else
			taken();
		assert_int_equal(chmod(in(modes[i].name), modes[i].back), 0);
	}
	taken();
}

/* Root's are taken whoever is asked for; anybody else's are not. */
static void
abuse_F17_owners(void **state)
{
	static const struct {
		const char *name, *said;
	} owned[] = {
		{ FILE_NAME, FILE_NAME ": belongs to somebody else than root" },
		{ "etc/rdv", "etc/rdv: belongs to somebody else than root" },
		{ "etc", "etc: belongs to somebody else than root" },
		{ ".", ".: belongs to somebody else than root" },
	};

	(void)state;
	if (geteuid() != 0)
		skip();
	for (size_t i = 0; i < sizeof(owned) / sizeof(owned[0]); i++) {
		taken();
		assert_int_equal(load_as(OTHER), 0);
		assert_int_equal(chown(in(owned[i].name), OTHER, OTHER), 0);
		refused(owned[i].said);
		assert_int_equal(load_as(OTHER), 0);
		assert_int_equal(load_as(OTHER - 1), RDV_E_DENIED);
		assert_int_equal(chown(in(owned[i].name), 0, 0), 0);
	}
}

/* What it is shown as, when whose it is is all one. */
static void
a_draft_is_anybody_s(void **state)
{
	(void)state;
	assert_int_equal(chmod(in(FILE_NAME), 0666), 0);
	assert_int_equal(load_as(POLICYFILE_ANYBODY), 0);
	refused(FILE_NAME ": can be written by its group or others");
}

static void
abuse_F01_links(void **state)
{
	(void)state;
	assert_int_equal(rename(in(FILE_NAME), in("etc/rdv/real")), 0);
	assert_int_equal(symlink("real", in(FILE_NAME)), 0);
	refused(FILE_NAME ": is a symbolic link");
	assert_int_equal(rename(in("etc/rdv/real"), in(FILE_NAME)), 0);
	taken();
	assert_int_equal(rename(in("etc/rdv"), in("etc/real")), 0);
	assert_int_equal(symlink("real", in("etc/rdv")), 0);
	refused("etc/rdv: is a symbolic link");
	assert_int_equal(unlink(in("etc/rdv")), 0);
	put("etc/rdv", GOOD);
	refused("etc/rdv: is not a directory");
	assert_int_equal(unlink(in("etc/rdv")), 0);
	assert_int_equal(load_as(geteuid()), -ENOENT);
	assert_string_equal(said, "etc/rdv: No such file or directory");
}

static void
make_socket(const char *path)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(sun.sun_path, sizeof(sun.sun_path), "%s", path);
	assert_int_equal(bind(fd, (struct sockaddr *)&sun, sizeof(sun)), 0);
	(void)close(fd);
}

static void
interrupt(int sig)
{
	(void)sig;
}

/* What no file is, and a FIFO nobody writes to: neither read nor waited for. */
static void
abuse_F09_kinds(void **state)
{
	/* Without SA_RESTART, so that it ends a wait and the case. */
	const struct sigaction deadline = { .sa_handler = interrupt };

	(void)state;
	assert_int_equal(sigaction(SIGALRM, &deadline, NULL), 0);
	taken();
	assert_int_equal(unlink(in(FILE_NAME)), 0);
	assert_int_equal(mkfifo(in(FILE_NAME), 0600), 0);
	(void)alarm(20);
	refused(FILE_NAME ": is not a regular file");
	(void)alarm(0);
	assert_int_equal(unlink(in(FILE_NAME)), 0);
	assert_int_equal(mkdir(in(FILE_NAME), 0700), 0);
	refused(FILE_NAME ": is not a regular file");
	assert_int_equal(rmdir(in(FILE_NAME)), 0);
	make_socket(in(FILE_NAME));
	assert_int_equal(load_as(geteuid()), -ENXIO);
	assert_int_equal(unlink(in(FILE_NAME)), 0);
	put(FILE_NAME, GOOD);
	taken();
}

static void
abuse_F09_sizes(void **state)
{
	char *lines = malloc(POLICY_TEXT_MAX + 1);
	struct policy p;
	int fd;

	(void)state;
	assert_non_null(lines);
	memset(lines, '\n', POLICY_TEXT_MAX);
	lines[POLICY_TEXT_MAX] = '\0';
	put(FILE_NAME, lines);
	free(lines);
	taken();
	assert_int_equal(truncate(in(FILE_NAME), POLICY_TEXT_MAX + 1), 0);
	refused(FILE_NAME ": is larger than 256 KiB");
	/* 8 EiB that take no room, and one that grew once it was judged. */
	(void)truncate(in(FILE_NAME), INT64_MAX);
	refused(FILE_NAME ": is larger than 256 KiB");
	fd = open(in(FILE_NAME), O_RDONLY | O_CLOEXEC);
	assert_int_equal(policyfile_read(&p, fd, "F", said, sizeof(said)),
	    RDV_E_DENIED);
	(void)close(fd);
}

/* It is opened once: what takes its name later is not what is read. */
static void
abuse_F17_opened_once(void **state)
{
	struct policy p;
	int fd;

	(void)state;
	assert_int_equal(policyfile_open(top, FILE_NAME, geteuid(), &fd, said,
			     sizeof(said)),
	    0);
	put("etc/rdv/new", "[access]\nusers = [\"eve\"]\n");
	assert_int_equal(rename(in("etc/rdv/new"), in(FILE_NAME)), 0);
	assert_int_equal(policyfile_read(&p, fd, "F", said, sizeof(said)), 0);
	assert_string_equal(p.access.values[POLICY_USERS].list[0], "ann");
	policy_done(&p);
	(void)close(fd);
}

/* From the root of the file system: /tmp is no place, and /etc is one. */
static void
abuse_F17_whole_paths(void **state)
{
	struct policy p;

	(void)state;
	assert_int_equal(policyfile_load(&p, in(FILE_NAME), 0, said,
			     sizeof(said)),
	    RDV_E_DENIED);
	assert_string_equal(said,
	    "/tmp: can be written by its group or others");
	assert_int_equal(policyfile_load(&p, "/etc/passwd", 0, said,
			     sizeof(said)),
	    RDV_E_INVALID);
	assert_string_equal(said, "/etc/passwd:1: key without =");
	assert_int_equal(policyfile_load(&p, "/etc/../etc/passwd", 0, said,
			     sizeof(said)),
	    RDV_E_DENIED);
	assert_int_equal(policyfile_load(&p, "etc/passwd", 0, said,
			     sizeof(said)),
	    RDV_E_DENIED);
}

/* Whatever becomes of the file, the policy in force is as it was. */
static void
a_bad_reload_changes_nothing(void **state)
{
	static const char *const bad[] = { "[access]\nusers = 1\n",
		"[access]\nusers = [\"eve\"]\nx = 1\n", "\1", "[access" };
	struct policy p;

	(void)state;
	assert_int_equal(policyfile_load(&p, in(FILE_NAME), POLICYFILE_ANYBODY,
			     said, sizeof(said)),
	    0);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		put(FILE_NAME, bad[i]);
		assert_int_equal(policyfile_load(&p, in(FILE_NAME),
				     POLICYFILE_ANYBODY, said, sizeof(said)),
		    RDV_E_INVALID);
		assert_non_null(strstr(said, FILE_NAME ":"));
		assert_string_equal(p.access.values[POLICY_USERS].list[0],
		    "ann");
	}
	assert_int_equal(unlink(in(FILE_NAME)), 0);
	assert_int_equal(policyfile_load(&p, in(FILE_NAME), POLICYFILE_ANYBODY,
			     said, sizeof(said)),
	    -ENOENT);
	assert_string_equal(p.access.values[POLICY_USERS].list[0], "ann");
	policy_done(&p);
}

static char out[1 << 16];

/* `rdv-helper -t NAME` in our directory; its status, and both outputs. */
static int
explain(const char *name)
{
	char tools[PATH_MAX], program[PATH_MAX + 32];
	int fds[2], status;
	pid_t pid;

	rig_tools(tools, sizeof(tools));
	snprintf(program, sizeof(program), "%s/real/rdv-helper", tools);
	assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		(void)dup2(fds[1], 1);
		(void)dup2(fds[1], 2);
		if (chdir(dir) == 0)
			execl(program, "rdv-helper", "-t", name, (char *)NULL);
		_exit(127);
	}
	(void)close(fds[1]);
	(void)rig_read_all(fds[0], out, sizeof(out));
	(void)close(fds[0]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static void
shows(const char *text)
{
	if (strstr(out, text) == NULL)
		fail_msg("not shown: %s\n%s", text, out);
}

static void
explained_wrong(void **state)
{
	(void)state;
	put("draft", "[access]\nusers = [\"ann\"]\nadmins = []\n");
	assert_int_equal(explain("draft"), 78);
	shows("/draft:3: access.admins: no such key in this table\n");
	assert_null(strstr(out, "[default]"));
	assert_int_equal(explain("none"), 78);
	shows("/none: No such file or directory\n");
	assert_int_equal(mkfifo(in("fifo"), 0600), 0);
	assert_int_equal(explain("fifo"), 78);
	shows("/fifo: is not a regular file\n");
}

/*
 * Every key, and what it means. "sync" has a shell that is none to work in, but
 * refuses nobody, and its first group is that of "nobody", whose does.
 */
static void
explained(void **state)
{
	(void)state;
	if (getpwnam("sync") == NULL || getpwnam("nobody") == NULL)
		skip();
	put("draft",
	    "[access]\ngroups = [\"nogroup\"]\nusers = [\"no-such\", "
	    "\"root\"]\n"
	    "min_uid = 2\ndeny_groups = [\"no-group\"]\n[default]\nprofiles = "
	    "[\"script\", \"git\", \"agent\"]\nweb = true\n"
	    "[group.nogroup]\nmax_runs = 7\nrecording_required = true\nroots = "
	    "[\"~\", \"/s/%u\"]\n"
	    "[group.none-such]\nweb = false\n[user.sync]\ndeny_roots = "
	    "[\"/s/sync/keys\"]\nweb = false\n"
	    "[profile.script]\nnetwork = \"none\"\n");
	assert_int_equal(explain("draft"), 1);
	for (int k = 0; k < POLICY_KEYS; k++)
		if (k != POLICY_NAME)
			shows(policy_rows[k].help);
	shows("min_uid = 2 # ");
	shows("/draft:4\n");
	shows("# [access]: there is no group no-group on this host\n");
	shows("# [group.none-such]: there is no group none-such on this host");
	assert_null(strstr(out, "no group nogroup"));
	shows("# no-such: refused: there is no such account\n");
	shows("# root (uid 0): refused: this uid is never admitted\n");
	shows("# nobody (uid 65534): refused: its shell refuses logins\n");
	shows("# sync (uid 4): is admitted by the policy: [access] groups (");
	shows("#   profiles: script git agent; [default] profiles (");
	shows("/s/sync; [group.nogroup] roots (");
	shows("#   denied roots: /s/sync/keys; [user.sync] deny_roots (");
	shows("#   web: no; [user.sync] web (");
	shows("#   recording required: yes; [group.nogroup] "
	      "recording_required (");
	shows("#   max_runs: 7; [group.nogroup] max_runs (");
	shows("#   max_disk_mb: 0 (no limit); [default] max_disk_mb (the "
	      "default)\n");
	shows("#   profile script, network: none; [profile.script] network (");
	shows("#   profile git, network: none; ");
	shows("#   profile agent, network: full; ");
	shows("would not be taken from there: /tmp: can be written by its "
	      "group or others\n");
	assert_int_equal(geteuid() != 0,
	    strstr(out, "only root can see whether it is locked") != NULL);
}

static void
start(struct rig *r, const struct rig_spawn *s, struct rig_result *res,
    enum priv_result result, const char *why)
{
	rig_spawn(r, s, res);
	assert_int_equal(res->a.result, result);
	assert_string_equal(res->a.why, why);
	assert_int_equal(res->fds.n > 0, result == PRIV_DONE);
}

static void
end(struct rig *r, struct rig_result *res)
{
	struct priv_exit e;

	rig_close(res);
	rig_exit(r, res->a.handle, &e);
	assert_int_equal(rig_ack(r, res->a.handle), PRIV_DONE);
}

/* More than the policy grants: refused, by the rule, and in the audit log. */
static void
abuse_E01_more_than_granted(void **state)
{
	const struct rig_spawn git = { .argv = ARGV("git"), .profile = "git" };
	const struct rig_spawn script = { .argv = ARGV("true"),
		.profile = "script" };
	const struct rig_spawn terminal = { .argv = ARGV("cat"), .pty = true };
	const struct rig_spawn pipes = { .argv = ARGV("cat") };
	struct rig_result one, two, no;
	struct rig r;

	(void)state;
	rig_start(&r, "policy");
	start(&r, &git, &no, PRIV_DENIED,
	    "this profile is not granted by the policy: [default] profiles "
	    "(user mode)");
	rig_expect_log(&r, "denied op=SPAWN why=\\\"this profile is not");
	start(&r, &script, &no, PRIV_DENIED,
	    "this profile is denied by the policy: [default] deny_profiles "
	    "(user mode)");
	start(&r, &terminal, &one, PRIV_DONE, "");
	start(&r, &terminal, &no, PRIV_BUSY,
	    "one terminal more is not granted by the policy: [default] "
	    "max_terminals (user mode)");
	start(&r, &pipes, &two, PRIV_DONE, "");
	start(&r, &pipes, &no, PRIV_BUSY,
	    "one run more is not granted by the policy: [default] max_runs "
	    "(user mode)");
	/* One that has ended takes no place. */
	end(&r, &two);
	start(&r, &pipes, &two, PRIV_DONE, "");
	end(&r, &two);
	(void)rig_signal(&r, one.a.handle, 9, true);
	end(&r, &one);
	start(&r, &terminal, &one, PRIV_DONE, "");
	(void)rig_signal(&r, one.a.handle, 9, true);
	end(&r, &one);
	rig_stop(&r);
}

#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		T(abuse_F17_modes),
		T(abuse_F17_owners),
		T(a_draft_is_anybody_s),
		T(abuse_F01_links),
		T(abuse_F09_kinds),
		T(abuse_F09_sizes),
		T(abuse_F17_opened_once),
		T(abuse_F17_whole_paths),
		T(a_bad_reload_changes_nothing),
		T(explained_wrong),
		T(explained),
		cmocka_unit_test(abuse_E01_more_than_granted),
	};

	return CHECK_RUN("policy", tests);
}
