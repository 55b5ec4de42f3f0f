/* SPDX-License-Identifier: MIT */
/*
 * Who is admitted, asked from the account database in a child of its own: it
 * may block for as long as a directory server likes, and what it loads and
 * opens ends with the child.
 */
#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "lib/buf.h"
#include "lib/log.h"
#include "lib/path.h"
#include "lib/str.h"
#include "lib/xalloc.h"
#include "priv-helper/accounts.h"
#include "priv-helper/accountwire.h"
#include "security/signals.h"

#define MEM_FD	 3
#define WIRE_MAX ((size_t)256 * 1024 * 1024)

static bool
is_one_of(const char *const *names, const char *name)
{
	for (; *names != NULL; names++)
		if (strcmp(*names, name) == 0)
			return true;
	return false;
}

/* No login: what such an account would run is not for people. */
static bool
shell_refuses(const char *shell)
{
	const char *base = strrchr(shell, '/');

	return base == NULL || strcmp(base, "/nologin") == 0 ||
	       strcmp(base, "/false") == 0;
}

/* NULL, or why the account is left out. */
static const char *
fill(struct account *a, const struct passwd *pw)
{
	int n = USER_GROUPS_MAX;

	a->uid = pw->pw_uid;
	a->gid = pw->pw_gid;
	a->web = true;
	if (pw->pw_uid == 0 || pw->pw_gid == 0)
		return "root is never admitted";
	if (!str_copy(a->name, pw->pw_name, sizeof(a->name)) ||
	    !path_component_ok(a->name) ||
	    !str_utf8_valid(a->name, strlen(a->name)))
		return "the name is not usable";
	if (!str_copy(a->home, pw->pw_dir, sizeof(a->home)) ||
	    !path_absolute_ok(a->home))
		return "the home directory is not an absolute path";
	if (shell_refuses(pw->pw_shell) ||
	    !str_copy(a->shell, pw->pw_shell, sizeof(a->shell)) ||
	    !path_absolute_ok(a->shell))
		return "the shell refuses logins";
	if (getgrouplist(pw->pw_name, pw->pw_gid, a->groups, &n) < 0)
		return "too many groups";
	a->ngroups = (unsigned)n;
	return NULL;
}

static bool
is_there(const struct accounts *a, const struct account *p)
{
	size_t i;

	for (i = 0; i < a->n; i++)
		if (a->list[i].uid == p->uid ||
		    strcmp(a->list[i].name, p->name) == 0)
			return true;
	return false;
}

/* A name that is no account, or one that is left out, stops nobody else. */
static void
add(struct accounts *a, const struct accounts_rule *rule, const char *name)
{
	const struct passwd *pw = getpwnam(name);
	struct account *p;
	const char *why;

	if (a->n == ACCOUNTS_MAX || pw == NULL) {
		log_warnx("accounts", "%s: %s", name,
		    pw == NULL ? "no such account" : "there are too many");
		return;
	}
	a->list = xreallocarray(a->list, a->n + 1, sizeof(*a->list));
	p = &a->list[a->n];
	memset(p, 0, sizeof(*p));
	why = fill(p, pw);
	if (why == NULL && is_one_of(rule->never, p->name))
		why = "it is rdv's own";
	if (why != NULL)
		log_warnx("accounts", "%s is left out: %s", name, why);
	else if (!is_there(a, p))
		a->n++;
}

/*
 * Members by the list of the group. Those who have it as their first group are
 * not in there, and no database has to tell who they are.
 */
static void
add_group(struct accounts *a, const struct accounts_rule *rule,
    const char *name)
{
	const struct group *gr = getgrnam(name);
	char **names;
	size_t n = 0, i;

	if (gr == NULL) {
		log_warnx("accounts", "@%s: no such group", name);
		return;
	}
	while (gr->gr_mem[n] != NULL)
		n++;
	/* Copied: the next question may overwrite the answer. */
	names = xcalloc(n + 1, sizeof(*names));
	for (i = 0; i < n; i++)
		names[i] = xstrdup(gr->gr_mem[i]);
	for (i = 0; i < n; i++) {
		add(a, rule, names[i]);
		free(names[i]);
	}
	free(names);
}

static int
by_uid(const void *a, const void *b)
{
	const struct account *x = a, *y = b;

	return (x->uid > y->uid) - (x->uid < y->uid);
}

static bool
write_all(int fd, const struct buf *b)
{
	size_t at = 0;
	ssize_t n;

	while (at < b->len) {
		n = write(fd, b->data + at, b->len - at);
		if (n <= 0)
			return false;
		at += (size_t)n;
	}
	return true;
}

static _Noreturn void
ask(const struct accounts_rule *rule, int fd)
{
	struct accounts a = { .n = 0 };
	const char *const *p;
	struct buf b;

	log_init("rdv-accounts", STDERR_FILENO, LOG_INFO);
	for (p = rule->admit; *p != NULL; p++) {
		if (**p == '@')
			add_group(&a, rule, *p + 1);
		else
			add(&a, rule, *p);
	}
	if (a.n > 1)
		qsort(a.list, a.n, sizeof(*a.list), by_uid);
	buf_init(&b, WIRE_MAX);
	accountwire_put(&b, &a);
	_exit(buf_ok(&b) && write_all(fd, &b) ? 0 : 1);
}

/*
 * Nothing of [main] but its log: a directory server that never answers must
 * not keep a listening socket alive, nor this child when [main] has gone.
 */
static void
alone(int *mem)
{
	sigset_t none;

	sigemptyset(&none);
	if (signals_default() < 0 || sigprocmask(SIG_SETMASK, &none, NULL) < 0)
		_exit(1);
	if (*mem != MEM_FD && dup2(*mem, MEM_FD) < 0)
		_exit(1);
	*mem = MEM_FD;
	if (syscall(SYS_close_range, MEM_FD + 1, ~0u, 0) < 0 ||
	    prctl(PR_SET_PDEATHSIG, SIGKILL) < 0)
		_exit(1);
}

pid_t
accounts_ask(const struct accounts_rule *rule, int *fd)
{
	pid_t pid;
	int mem = memfd_create("rdv-accounts", MFD_CLOEXEC);

	if (mem < 0)
		return -errno;
	pid = fork();
	if (pid == 0) {
		alone(&mem);
		ask(rule, mem);
	}
	if (pid < 0) {
		pid = -errno;
		(void)close(mem);
		return pid;
	}
	*fd = mem;
	return pid;
}
