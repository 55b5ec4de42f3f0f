/* SPDX-License-Identifier: MIT */
/*
 * The spawn profiles: everything that decides how a child is held stands on
 * this page, so that it can be reviewed on it. tests/priv/golden shows what
 * each row means from inside; security/THREAT-MODEL.md says why.
 */
#include "security/profile.h"

#include <string.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

/* All CLONE_NEW* that clone(2) takes: a new user namespace is new power. */
#define NAMESPACES                                                     \
	(CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC | \
	    CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET)
#define ALL ~0u

/* The type in socketpair(2)'s second argument, without its flags. */
#define SOCK_TYPE 0xfu

/*
 * No AF_UNIX socket(): Landlock does not see connect(2) to a socket's path, and
 * a service manager, tmux server, container daemon or agent socket that is
 * merely visible would run anything outside. socketpair(2) stays, but not for
 * datagrams, of which either half could be sent to any path. No limits of other
 * processes: one on CPU time ends them, and no Landlock scope holds that. No
 * other line discipline: the kernel would load code for it that nobody needs.
 */
#define COMMON_GUARDS                                                       \
	{ "clone", 0, NAMESPACES, false, { 0 }, 1 },                        \
	    { "ioctl", 1, ALL, true, { TIOCSTI, TIOCLINUX, TIOCSETD }, 3 }, \
	    { "prlimit64", 0, ALL, false, { 0 }, 1 },                       \
	{                                                                   \
		"socketpair", 0, ALL, false, { AF_UNIX }, 1                 \
	}
#define NO_DATAGRAMS                                   \
	{                                              \
		"socketpair", 1, SOCK_TYPE, false,     \
		    { SOCK_STREAM, SOCK_SEQPACKET }, 2 \
	}

static const struct filter_guard script_guards[] = {
	COMMON_GUARDS,
	NO_DATAGRAMS,
	{ "socket", 0, ALL, false, { AF_INET, AF_INET6, AF_NETLINK }, 3 },
	{ NULL, 0, 0, false, { 0 }, 0 },
};

/* Nothing to execute that has no path, where Landlock decides by paths. */
static const struct filter_guard git_guards[] = {
	COMMON_GUARDS,
	NO_DATAGRAMS,
	{ "execveat", 0, ALL, false, { 0 }, 0 },
	{ "memfd_create", 0, ALL, false, { 0 }, 0 },
	{ "socket", 0, ALL, false, { 0 }, 0 },
	{ NULL, 0, 0, false, { 0 }, 0 },
};

/* The one socket of rdv-push leads to rdv-egress, in its own network. */
static const struct filter_guard push_guards[] = {
	COMMON_GUARDS,
	NO_DATAGRAMS,
	{ "memfd_create", 0, ALL, false, { 0 }, 0 },
	{ "execveat", 0, ALL, false, { 0 }, 0 },
	{ "socket", 0, ALL, false, { AF_INET }, 1 },
	{ NULL, 0, 0, false, { 0 }, 0 },
};

static const struct filter_guard offline_guards[] = {
	COMMON_GUARDS,
	NO_DATAGRAMS,
	{ "socket", 0, ALL, false, { 0 }, 0 },
	{ NULL, 0, 0, false, { 0 }, 0 },
};

/*
 * For a root of its own. There an AF_UNIX socket reaches what is below the
 * run's own paths, and abstract names are held by Landlock or by a network
 * namespace; a browser, a build server or a database needs one.
 */
static const struct filter_guard own_guards[] = {
	COMMON_GUARDS,
	{ "socket", 0, ALL, false, { AF_UNIX, AF_INET, AF_INET6, AF_NETLINK },
	    4 },
	{ NULL, 0, 0, false, { 0 }, 0 },
};

static const struct filter_spec script_filter = { "@program", "@forbidden",
	script_guards, NULL };
static const struct filter_spec git_filter = { "@program", "@forbidden",
	git_guards, NULL };

static const struct filter_spec push_filter = { "@program", "@forbidden",
	push_guards, NULL };
static const struct filter_spec offline_filter = { "@program", "@forbidden",
	offline_guards, NULL };
static const struct filter_spec own_filter = { "@program-own", "@power",
	own_guards, NULL };

/*
 * No /dev/ptmx and /dev/pts: other terminals of the user live there (H07);
 * child.c adds the run's own. No /tmp: child.c makes a private one.
 */
static const struct profile_path script_paths[] = {
	{ "/usr", LANDLOCK_READ_EXEC },
	{ "/bin", LANDLOCK_READ_EXEC },
	{ "/sbin", LANDLOCK_READ_EXEC },
	{ "/lib", LANDLOCK_READ_EXEC },
	{ "/lib32", LANDLOCK_READ_EXEC },
	{ "/lib64", LANDLOCK_READ_EXEC },
	{ "/opt", LANDLOCK_READ_EXEC },
	{ "/etc", LANDLOCK_READ_EXEC },
	{ "/run/systemd/resolve/resolv.conf", LANDLOCK_READ },
	{ "/run/systemd/resolve/stub-resolv.conf", LANDLOCK_READ },
	{ "/proc", LANDLOCK_READ },
	{ "/sys", LANDLOCK_READ },
	{ "/dev/null", LANDLOCK_DEVICE },
	{ "/dev/zero", LANDLOCK_DEVICE },
	{ "/dev/full", LANDLOCK_DEVICE },
	{ "/dev/random", LANDLOCK_DEVICE },
	{ "/dev/urandom", LANDLOCK_DEVICE },
	{ "/dev/tty", LANDLOCK_TERMINAL },
	{ NULL, LANDLOCK_READ },
};

/*
 * A repository that a worktree of ours belongs to. What git writes when it
 * commits, and nothing that decides what the user's own git, which nobody
 * confines, runs or writes there: not config, hooks, info, commondir, other
 * worktrees, nor HEAD and index of the main one. Files right in the directory
 * cannot be granted without these. And no links: git follows one that stands
 * for a reflog. "rdv" is where packed-refs may be put for programs in here to
 * delete refs (security/THREAT-MODEL.md).
 */
static const struct profile_path script_repo[] = {
	{ ".", LANDLOCK_READ_EXEC },
	{ "objects", LANDLOCK_STORE },
	{ "refs", LANDLOCK_STORE },
	{ "logs/refs", LANDLOCK_STORE },
	{ "reftable", LANDLOCK_STORE },
	{ "rr-cache", LANDLOCK_STORE },
	{ "rdv", LANDLOCK_STORE },
	{ NULL, LANDLOCK_READ },
};

/* A language server looks, and writes nothing that git or a person would. */
static const struct profile_path lsp_repo[] = {
	{ ".", LANDLOCK_READ },
	{ NULL, LANDLOCK_READ },
};

/*
 * git may run itself, its helpers and the loader, and nothing of the
 * repository's choosing: hooks, filters and "sh -c" end with EACCES.
 */
static const struct profile_path git_paths[] = {
	{ "/usr", LANDLOCK_READ },
	{ "/bin", LANDLOCK_READ },
	{ "/lib", LANDLOCK_READ },
	{ "/lib64", LANDLOCK_READ },
	{ "/etc", LANDLOCK_READ },
	{ "/usr/lib/git-core", LANDLOCK_READ_EXEC },
	{ "/usr/libexec/git-core", LANDLOCK_READ_EXEC },
	{ "/usr/local/libexec/git-core", LANDLOCK_READ_EXEC },
	{ "/lib64/ld-linux-x86-64.so.2", LANDLOCK_READ_EXEC },
	{ "/lib/ld-linux-aarch64.so.1", LANDLOCK_READ_EXEC },
	{ "/proc", LANDLOCK_READ },
	{ "/dev/null", LANDLOCK_DEVICE },
	{ "/dev/urandom", LANDLOCK_DEVICE },
	{ "/dev/tty", LANDLOCK_TERMINAL },
	{ NULL, LANDLOCK_READ },
};

/*
 * One program that carries bytes: what it is linked with, the names and
 * certificates of /etc, and no other file to run.
 */
static const struct profile_path push_paths[] = {
	{ "/usr", LANDLOCK_READ },
	{ "/lib", LANDLOCK_READ },
	{ "/lib64", LANDLOCK_READ },
	{ "/etc", LANDLOCK_READ },
	{ "/lib64/ld-linux-x86-64.so.2", LANDLOCK_READ_EXEC },
	{ "/lib/ld-linux-aarch64.so.1", LANDLOCK_READ_EXEC },
	{ "/proc", LANDLOCK_READ },
	{ "/dev/null", LANDLOCK_DEVICE },
	{ "/dev/urandom", LANDLOCK_DEVICE },
	{ NULL, LANDLOCK_READ },
};

#define PROCESSES 8192

/* Against accidents, not a quota: each counts for the uid or one process. */
static const struct profile_limit confined_limits[] = {
	{ RLIMIT_CORE, 0 },
	{ RLIMIT_NOFILE, 65536 },
	{ RLIMIT_NPROC, PROCESSES },
	{ RLIMIT_FSIZE, (rlim_t)64 << 30 },
	{ -1, 0 },
};

static const struct profile_limit no_limits[] = { { -1, 0 } };

static const char *const no_env[] = { NULL };

/* It could not finish in a repository of which it may write only a part. */
static const char *const script_env[] = {
	"GIT_CONFIG_COUNT=2",
	"GIT_CONFIG_KEY_0=gc.auto",
	"GIT_CONFIG_VALUE_0=0",
	"GIT_CONFIG_KEY_1=maintenance.auto",
	"GIT_CONFIG_VALUE_1=false",
	NULL,
};

/*
 * The user's and the system's configuration are not read: only what stands
 * here, on git's command line and in the repository itself.
 */
static const char *const git_env[] = {
	"GIT_CONFIG_NOSYSTEM=1",
	"GIT_CONFIG_GLOBAL=/dev/null",
	"GIT_ATTR_NOSYSTEM=1",
	"GIT_TERMINAL_PROMPT=0",
	"GIT_ASKPASS=/bin/false",
	"SSH_ASKPASS=/bin/false",
	/* None: git starts nothing then, and takes the text as it is. */
	"GIT_EDITOR=:",
	"GIT_SEQUENCE_EDITOR=/bin/false",
	"GIT_PAGER=cat",
	"GIT_CONFIG_COUNT=6",
	"GIT_CONFIG_KEY_0=core.hooksPath",
	"GIT_CONFIG_VALUE_0=/dev/null",
	"GIT_CONFIG_KEY_1=core.fsmonitor",
	"GIT_CONFIG_VALUE_1=false",
	"GIT_CONFIG_KEY_2=protocol.ext.allow",
	"GIT_CONFIG_VALUE_2=never",
	"GIT_CONFIG_KEY_3=credential.helper",
	"GIT_CONFIG_VALUE_3=",
	"GIT_CONFIG_KEY_4=gc.auto",
	"GIT_CONFIG_VALUE_4=0",
	"GIT_CONFIG_KEY_5=maintenance.auto",
	"GIT_CONFIG_VALUE_5=false",
	"LC_ALL=C.UTF-8",
	"PATH=/usr/bin:/bin:/usr/local/bin",
	NULL,
};

const struct profile profiles[PROFILES] = {
	{
	    .name = "login",
	    .help = "a terminal as ssh would give it; sudo works",
	    .network = true,
	    .env = no_env,
	    .limits = no_limits,
	},
	{
	    .name = "script",
	    .help = "a confined program with network: its own paths, the "
		    "system's programs, nothing else of the user's",
	    .confined = true,
	    .network = true,
	    .view = NSPACE_OVER,
	    .env = script_env,
	    .paths = script_paths,
	    .roots = LANDLOCK_WRITE_EXEC,
	    .scratch = LANDLOCK_WRITE_EXEC,
	    .repo = script_repo,
	    .repo_own = LANDLOCK_STORE,
	    .filter = &script_filter,
	    .offline_filter = &offline_filter,
	    .limits = confined_limits,
	    .quota = { .processes = PROCESSES },
	},
	{
	    .name = "git",
	    .help = "git on one repository, without network and without "
		    "running anything the repository names",
	    .confined = true,
	    .exe = "git",
	    .search = "/usr/bin:/bin:/usr/local/bin",
	    .worker = "rdv-git",
	    .env = git_env,
	    .paths = git_paths,
	    .roots = LANDLOCK_WRITE,
	    .scratch = LANDLOCK_WRITE,
	    .filter = &git_filter,
	    .limits = confined_limits,
	    .quota = { .processes = PROCESSES },
	},
	{
	    .name = "agent",
	    .help = "a coding agent: its paths and of their repository what "
		    "git writes, in a root where nothing else can be named",
	    .confined = true,
	    .network = true,
	    .view = NSPACE_ROOT,
	    .door = true,
	    .env = script_env,
	    .paths = script_paths,
	    .roots = LANDLOCK_WRITE_EXEC,
	    .scratch = LANDLOCK_WRITE_EXEC,
	    .repo = script_repo,
	    .repo_own = LANDLOCK_STORE,
	    .filter = &script_filter,
	    .offline_filter = &offline_filter,
	    .own_filter = &own_filter,
	    .limits = confined_limits,
	    .quota = { .processes = PROCESSES },
	},
	{
	    .name = "lsp",
	    .help = "a language server: reads and runs what is in its paths, "
		    "writes to its own /tmp alone, and has no network",
	    .confined = true,
	    .view = NSPACE_ROOT,
	    .env = script_env,
	    .paths = script_paths,
	    .roots = LANDLOCK_READ_EXEC,
	    .scratch = LANDLOCK_WRITE_EXEC,
	    .repo = lsp_repo,
	    .repo_own = LANDLOCK_READ,
	    .filter = &offline_filter,
	    .own_filter = &own_filter,
	    .limits = confined_limits,
	    .quota = { .processes = PROCESSES },
	},
	{
	    .name = "push",
	    .help = "rdv-push and nothing else: carries a push to its service, "
		    "reads certificates, writes to its own /tmp alone",
	    .confined = true,
	    .network = true,
	    .view = NSPACE_OVER,
	    .own = "rdv-push",
	    .env = no_env,
	    .paths = push_paths,
	    .roots = LANDLOCK_READ,
	    .scratch = LANDLOCK_WRITE,
	    .filter = &push_filter,
	    /* As git's: one program alone, and no socket. */
	    .offline_filter = &git_filter,
	    .limits = confined_limits,
	    .quota = { .processes = PROCESSES },
	},
};

int
profile_find(const char *name)
{
	int i;

	for (i = 0; i < PROFILES; i++)
		if (strcmp(profiles[i].name, name) == 0)
			return i;
	return -1;
}
