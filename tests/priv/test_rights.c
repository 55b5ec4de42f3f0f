/* SPDX-License-Identifier: MIT */
/*
 * What the rules of a confined run hold it to, right by right (abuse I14), by
 * device node (I19), where a program would bring power of its own (I16), and
 * where it would leave something that others execute later (I21).
 * Each refusal is of something that the same account does outside, which a
 * login shows, and the same run with its rules off.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "security/landlock.h"
#include "tests/priv/rigops.h"
#include "tests/priv/rigpic.h"
#include "tests/unit/check.h"

#define SAY(name, text) \
	"(" text ") >/dev/null 2>&1 && echo " name " || echo no " name "\n"

/* A directory as each round of attempts finds it; $0. */
#define MAKE                                                              \
	"set -e; rm -rf \"$0\" moved linked own; mkdir -p \"$0/dir\"; "   \
	"cp /bin/true \"$0/prog\"; echo x >\"$0/file\"; : >\"$0/gone\"; " \
	": >\"$0/cut\"; : >own"

/* One attempt for each right of Landlock, by the name of the right. */
#define TRY                                               \
	SAY("execute", "\"$0\"/prog")                     \
	SAY("write_file", "echo y >>\"$0\"/file")         \
	SAY("read_file", "cat \"$0\"/file")               \
	SAY("read_dir", "ls \"$0\"")                      \
	SAY("remove_dir", "rmdir \"$0\"/dir")             \
	SAY("remove_file", "rm \"$0\"/gone")              \
	SAY("make_dir", "mkdir \"$0\"/new")               \
	SAY("make_reg", ": >\"$0\"/made")                 \
	SAY("make_fifo", "mkfifo \"$0\"/fifo")            \
	SAY("make_sym", "ln -s x \"$0\"/sym")             \
	SAY("make_sock", "./actor mknod \"$0\"/sock s")   \
	SAY("make_char", "./actor mknod \"$0\"/dev c")    \
	SAY("truncate", "./actor truncate \"$0\"/cut")    \
	SAY("refer_link", "ln \"$0\"/file linked")        \
	SAY("refer_out", "./actor rename own \"$0\"/own") \
	SAY("refer_in", "./actor rename \"$0\"/file moved")

#define NOTHING                                                     \
	"no execute\nno write_file\nno read_file\nno read_dir\n"    \
	"no remove_dir\nno remove_file\nno make_dir\nno make_reg\n" \
	"no make_fifo\nno make_sym\nno make_sock\nno make_char\n"   \
	"no truncate\nno refer_link\nno refer_out\nno refer_in\n"
#define LOOKING                                                     \
	"execute\nno write_file\nread_file\nread_dir\n"             \
	"no remove_dir\nno remove_file\nno make_dir\nno make_reg\n" \
	"no make_fifo\nno make_sym\nno make_sock\nno make_char\n"   \
	"no truncate\nno refer_link\nno refer_out\nno refer_in\n"
#define WRITING                                                      \
	"execute\nwrite_file\nread_file\nread_dir\nremove_dir\n"     \
	"remove_file\nmake_dir\nmake_reg\nmake_fifo\nmake_sym\n"     \
	"make_sock\nno make_char\ntruncate\nrefer_link\nrefer_out\n" \
	"refer_in\n"
#define ALL                                                       \
	"execute\nwrite_file\nread_file\nread_dir\nremove_dir\n"  \
	"remove_file\nmake_dir\nmake_reg\nmake_fifo\nmake_sym\n"  \
	"make_sock\nmake_char\ntruncate\nrefer_link\nrefer_out\n" \
	"refer_in\n"

static char out[1 << 16];
static char actor[300];

static int
begin_all(void **state)
{
	char tools[256];

	rig_tools(tools, sizeof(tools));
	snprintf(actor, sizeof(actor), "%s/actor", tools);
	return rigops_accounts(state);
}

struct scene {
	struct rig r;
	char work[128], inside[160], outside[128];
};

/* Not below /tmp, which is a run's own. */
static void
begin(struct scene *s, const char *mutant)
{
	char path[200];

	memset(s, 0, sizeof(*s));
	rig_prepare_in(&s->r, "/var/tmp");
	rig_launch(&s->r, mutant);
	rig_daemon(&s->r);
	rig_ops(&s->r);
	rig_login(&s->r);
	snprintf(s->work, sizeof(s->work), "%s/work", s->r.dir);
	snprintf(s->inside, sizeof(s->inside), "%s/inside", s->work);
	snprintf(s->outside, sizeof(s->outside), "%s/outside", s->r.dir);
	assert_int_equal(mkdir(s->work, 0700), 0);
	snprintf(path, sizeof(path), "%s/actor", s->work);
	picture_program(actor, path);
}

static void
run(struct scene *s, const char *profile, const char *text, const char *dir)
{
	const bool login = strcmp(profile, "login") == 0;
	const struct rig_spawn spawn = { .profile = profile,
		.argv = ARGV("/bin/sh", "-c", text, dir),
		.cwd = s->work,
		.paths = login ? NULL : ARGV(s->work) };
	struct priv_exit e;

	rig_run(&s->r, &spawn, out, sizeof(out), &e);
	assert_int_equal(e.status, 0);
}

static void
tries(struct scene *s, const char *profile, const char *dir, const char *want)
{
	run(s, "login", MAKE, dir);
	run(s, profile, TRY, dir);
	if (strcmp(out, want) != 0)
		print_message("# %s in %s\n", profile, dir);
	assert_string_equal(out, want);
}

/* In its path, in a directory beside that, and with no rules at all. */
static void
abuse_I14_right_by_right(void **state)
{
	static const struct {
		const char *profile, *inside;
	} held[] = { { "script", WRITING }, { "agent", WRITING },
		{ "lsp", LOOKING } };
	static const char *const mutants[] = { NULL, "no userns" };
	struct scene s;
	size_t i, m;

	(void)state;
	if (landlock_abi() < 3) {
		print_message("needs Landlock 3 for every right\n");
		skip();
	}
	for (m = 0; m < 2; m++) {
		begin(&s, mutants[m]);
		for (i = 0; i < sizeof(held) / sizeof(held[0]); i++) {
			tries(&s, held[i].profile, s.inside, held[i].inside);
			tries(&s, held[i].profile, s.outside, NOTHING);
		}
		tries(&s, "login", s.outside, ALL);
		rig_stop(&s.r);
	}
	/* It bites: nothing but the rules is in the way. */
	begin(&s, "landlock+no userns");
	tries(&s, "script", s.outside, ALL);
	rig_stop(&s.r);
}

/* Requests to a device are refused, those to the run's terminal are not. */
static void
abuse_I14_requests_to_devices(void **state)
{
	static const char text[] = "./actor ioctl /dev/urandom; "
				   "stty size </dev/tty";
	static const char *const profiles[] = { "script", "agent" };
	struct rig_spawn spawn = { .argv = ARGV("/bin/sh", "-c", text),
		.pty = true };
	struct priv_exit e;
	struct scene s;
	size_t i;

	(void)state;
	if (!landlock_holds(landlock_abi(), LANDLOCK_HOLD_DEVICES)) {
		print_message("this Landlock has no hold on them\n");
		skip();
	}
	begin(&s, NULL);
	spawn.cwd = s.work;
	for (i = 0; i < 2; i++) {
		spawn.profile = profiles[i];
		spawn.paths = ARGV(s.work);
		rig_run(&s.r, &spawn, out, sizeof(out), &e);
		assert_string_equal(out, "EACCES\r\n24 80\r\n");
	}
	spawn.profile = "login";
	spawn.paths = NULL;
	rig_run(&s.r, &spawn, out, sizeof(out), &e);
	assert_string_equal(out, "ok\r\n24 80\r\n");
	rig_stop(&s.r);
}

/* Every node of the machine, by name: which of them open. */
#define LIST "find /dev -type c -o -type b | grep -v ^/dev/pts/ | sort >nodes"
#define OPEN                                                             \
	"for f in $(cat nodes); do for how in \": <$f\" \": >>$f\"; do " \
	"(eval \"$how\") 2>/dev/null && echo $f; done; done | uniq"
#define LISTED "/dev/full\n/dev/null\n/dev/random\n/dev/urandom\n/dev/zero\n"
/* A view of its own has terminals, too. */
#define OWN                                                            \
	"/dev/full\n/dev/null\n/dev/ptmx\n/dev/random\n/dev/urandom\n" \
	"/dev/zero\n"

/* Without a view of its own it is the rules alone that close the others. */
static void
abuse_I19_no_other_device(void **state)
{
	static const char *const profiles[] = { "script", "agent", "lsp" };
	struct scene s;
	size_t i;

	(void)state;
	begin(&s, "no userns");
	run(&s, "login", LIST, "");
	for (i = 0; i < 3; i++) {
		run(&s, profiles[i], OPEN, "");
		assert_string_equal(out, LISTED);
	}
	/* The machine's ptmx is one of what a login has besides. */
	run(&s, "login", OPEN, "");
	assert_non_null(strstr(out, "/dev/ptmx\n"));
	rig_stop(&s.r);
	begin(&s, NULL);
	run(&s, "login", LIST, "");
	for (i = 0; i < 3; i++) {
		run(&s, profiles[i], OPEN, "");
		assert_string_equal(out,
		    s.r.hello.features & PRIV_F_USERNS ? OWN : LISTED);
	}
	rig_stop(&s.r);
}

/* A program that would be root's, and one with a capability of its own. */
static void
with_power(const char *path, bool root)
{
	/* Version 2, effective: CAP_NET_RAW. */
	static const uint32_t cap[5] = { 0x02000001, 1u << 13, 0, 0, 0 };

	picture_program(actor, path);
	assert_int_equal(chown(path, 0, 0), 0);
	assert_int_equal(chmod(path, root ? 06755 : 0755), 0);
	if (!root)
		assert_int_equal(setxattr(path, "security.capability", cap,
				     sizeof(cap), 0),
		    0);
}

/* What it says of itself; where it is not even executed, "refused". */
static void
ask(struct rigops *s, const char *profile, const char *work,
    const char *program)
{
	const bool login = strcmp(profile, "login") == 0;
	const struct rig_spawn spawn = { .profile = profile,
		.argv = ARGV("/bin/sh", "-c",
		    "\"$0\" power 2>/dev/null || echo refused", program),
		.cwd = work,
		.paths = login ? NULL : ARGV(work) };
	struct priv_exit e;

	rig_run(&s->rig, &spawn, out, sizeof(out), &e);
	print_message("# %s %s: %s", profile, program, out);
}

static void
abuse_I16_no_power_by_exec(void **state)
{
	static const char *const profiles[] = { "script", "agent", "lsp" };
	char work[256], root[300], raw[300], itself[64], none[80];
	struct rigops s;
	size_t i;

	(void)state;
	rigops_need();
	rigops_start(&s, NULL);
	rigops_work(&s, 0, work);
	snprintf(root, sizeof(root), "%s/root", work);
	snprintf(raw, sizeof(raw), "%s/raw", work);
	with_power(root, true);
	with_power(raw, false);
	rigops_enter(&s, 0);
	snprintf(itself, sizeof(itself), "uid %u gid %u raw ", s.who[0].uid,
	    s.who[0].gid);
	snprintf(none, sizeof(none), "%sno\n", itself);
	for (i = 0; i < 3; i++) {
		ask(&s, profiles[i], work, root);
		assert_string_equal(out, none);
		/* The kernel may refuse what it cannot give in full. */
		ask(&s, profiles[i], work, raw);
		if (strcmp(out, "refused\n") != 0)
			assert_string_equal(out, none);
	}
	/* Both have it where nobody is confined: the file system is not why. */
	ask(&s, "login", work, root);
	assert_string_equal(out, "uid 0 gid 0 raw yes\n");
	ask(&s, "login", work, raw);
	snprintf(none, sizeof(none), "%syes\n", itself);
	assert_string_equal(out, none);
	rigops_stop(&s);
}

/* What other programs of the account execute by themselves, sooner or later. */
#define PLANT                                                                  \
	"for f in .bashrc .profile .bash_logout .ssh/rc .ssh/authorized_keys " \
	".gitconfig .config/git/config .config/systemd/user/x.service "        \
	".config/autostart/x.desktop .npmrc .vimrc .local/bin/git "            \
	".claude/settings.json; do (mkdir -p \"$(dirname $HOME/$f)\"; "        \
	"echo x >>\"$HOME/$f\") 2>/dev/null && echo $f; done | wc -l; "        \
	"echo x 2>/dev/null >>/var/spool/cron/crontabs/x; "                    \
	"echo x 2>/dev/null >>/etc/cron.d/x; :"
#define PLANTED 13

static unsigned
planted(const struct rigops *s)
{
	static const char *const some[] = { ".bashrc", ".profile", ".ssh/rc",
		".config/systemd/user/x.service", ".local/bin/git" };
	char path[300];
	unsigned n = 0, i;

	for (i = 0; i < sizeof(some) / sizeof(some[0]); i++) {
		snprintf(path, sizeof(path), "%.200s/%s", s->who[0].home,
		    some[i]);
		n += access(path, F_OK) == 0;
	}
	return n;
}

/* A project within the home directory, which is what a run is given. */
static void
abuse_I21_nothing_for_later(void **state)
{
	static const char *const profiles[] = { "script", "agent", "lsp",
		"login" };
	char work[256];
	struct rig_spawn spawn = { .argv = ARGV("/bin/sh", "-c", PLANT),
		.cwd = work };
	struct priv_exit e;
	struct rigops s;
	size_t i;

	(void)state;
	rigops_need();
	rigops_start(&s, NULL);
	rigops_work(&s, 0, work);
	rigops_enter(&s, 0);
	for (i = 0; i < 4; i++) {
		spawn.profile = profiles[i];
		spawn.paths = i < 3 ? ARGV(work) : NULL;
		rig_run(&s.rig, &spawn, out, sizeof(out), &e);
		assert_int_equal(strtol(out, NULL, 10), i < 3 ? 0 : PLANTED);
		assert_int_equal(planted(&s), i < 3 ? 0 : 5);
	}
	rigops_stop(&s);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(abuse_I14_right_by_right),
		cmocka_unit_test(abuse_I14_requests_to_devices),
		cmocka_unit_test(abuse_I19_no_other_device),
		cmocka_unit_test(abuse_I16_no_power_by_exec),
		cmocka_unit_test(abuse_I21_nothing_for_later),
	};

	return cmocka_run_group_tests_name("rights", tests, begin_all,
	    rigops_no_accounts);
}
