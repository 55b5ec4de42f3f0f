/* SPDX-License-Identifier: MIT */
/*
 * Whom the policy admits, asked from the account database in a child of its
 * own: it may block for as long as a directory server likes, and what it loads
 * and opens ends with the child. The policy is read here as well, once, so that
 * who is admitted and what he may do come from the same text.
 */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
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
#include "priv-helper/policyfile.h"
#include "priv-helper/policyfor.h"
#include "priv-helper/policyuser.h"
#include "security/signals.h"

#define DAY_MS	  (24 * 3600 * 1000LL)
#define MINUTE_MS 60000
#define MEM_FD	  3

static bool
is_one_of(const char *const *names, const char *name)
{
	for (; *names != NULL; names++)
		if (strcmp(*names, name) == 0)
			return true;
	return false;
}

/* NULL, or why the account is left out. */
static const char *
fill(struct account *a, const struct passwd *pw)
{
	int n = USER_GROUPS_MAX;

	a->uid = pw->pw_uid;
	a->gid = pw->pw_gid;
	if (pw->pw_uid == 0 || pw->pw_gid == 0)
		return "root is never admitted";
	if (!str_copy(a->name, pw->pw_name, sizeof(a->name)) ||
	    !path_component_ok(a->name) ||
	    !str_utf8_valid(a->name, strlen(a->name)))
		return "the name is not usable";
	if (!str_copy(a->home, pw->pw_dir, sizeof(a->home)) ||
	    !path_absolute_ok(a->home))
		return "the home directory is not an absolute path";
	if (!str_copy(a->shell, pw->pw_shell, sizeof(a->shell)) ||
	    !path_absolute_ok(a->shell))
		return "the shell is not an absolute path";
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

/* What rdvd is to hold it to, which sees no policy. */
static void
take_limits(struct account *a, const struct policy_rights *r)
{
	static const enum policy_key keys[CTL_WHATS] = {
		[CTL_WORKTREES] = POLICY_MAX_WORKTREES,
		[CTL_TRANSFER] = POLICY_MAX_TRANSFER,
	};

	for (int i = 0; i < CTL_WHATS; i++) {
		struct ctl_limit *l = &a->limits[i];

		l->what = (uint8_t)i;
		l->uid = a->uid;
		if (r->limit[keys[i]] == POLICY_NO_LIMIT)
			continue;
		l->mb = (uint64_t)r->limit[keys[i]];
		(void)str_copy(l->by, policy_rule(r, keys[i]), sizeof(l->by));
	}
}

/* What the policy says; takes over the names of its groups. */
static bool
admitted(struct account *a, struct policyuser *u, const struct policy *p,
    char *why, size_t whysize)
{
	struct policy_account of;
	struct policy_rights r;

	policyuser_account(u, &of);
	if (policy_for(p, &of, &r, why, whysize) != 0)
		return false;
	a->web = r.web;
	if (r.limit[POLICY_MAX_DISK] != POLICY_NO_LIMIT)
		a->output_bytes = (uint64_t)r.limit[POLICY_MAX_DISK] << 20;
	take_limits(a, &r);
	policy_rights_done(&r);
	if (u->uid != a->uid ||
	    !str_copy(a->real_home, u->home, sizeof(a->real_home)) ||
	    !path_absolute_ok(a->real_home)) {
		(void)str_copy(why, "the home directory is not usable",
		    whysize);
		return false;
	}
	a->named = u->groups;
	u->groups = NULL;
	return true;
}

static bool
add_known(struct accounts *a, const struct accounts_rule *rule,
    const struct policy *policy, struct policyuser *u, char *why,
    size_t whysize)
{
	const struct passwd *pw = getpwnam(u->name);
	struct account *p;
	const char *wrong;

	if (pw == NULL || a->n == ACCOUNTS_MAX) {
		(void)str_copy(why,
		    pw == NULL ? "no such account" : "there are too many",
		    whysize);
		return false;
	}
	a->list = xreallocarray(a->list, a->n + 1, sizeof(*a->list));
	p = &a->list[a->n];
	memset(p, 0, sizeof(*p));
	wrong = fill(p, pw);
	if (wrong == NULL && is_one_of(rule->never, p->name))
		wrong = "it is rdv's own";
	if (wrong != NULL) {
		(void)str_copy(why, wrong, whysize);
		return false;
	}
	if (!admitted(p, u, policy, why, whysize))
		return false;
	if (!is_there(a, p))
		a->n++;
	return true;
}

/*
 * A name that is no account, or one that is left out, stops nobody else. But
 * where the shadow file cannot be read nothing is known of anybody.
 */
static bool
add(struct accounts *a, const struct accounts_rule *rule,
    const struct policy *policy, const char *name)
{
	char why[512];
	struct policyuser u;
	int err = policyuser_load(&u, name);

	if (err != 0) {
		log_warnx("accounts", "%s is left out: %s", name,
		    err > 0 ? "no such account" : strerror(-err));
		return err != -EACCES;
	}
	if (!add_known(a, rule, policy, &u, why, sizeof(why)))
		log_warnx("accounts", "%s is left out: %s", name, why);
	policyuser_done(&u);
	return true;
}

static bool
add_all(struct accounts *a, const struct accounts_rule *rule,
    const struct policy *policy)
{
	int err;
	char **names = policyuser_names(policy, &err), **name;

	if (names == NULL) {
		log_errorx("accounts", "the account database: %s",
		    strerror(-err));
		return false;
	}
	for (name = names; *name != NULL; name++)
		if (!add(a, rule, policy, *name))
			return false;
	policyuser_free_names(names);
	return true;
}

static int
open_policy(const struct accounts_rule *rule, int *fd, char *why,
    size_t whysize)
{
	int top = open(*rule->root != '\0' ? rule->root : "/",
	    O_PATH | O_DIRECTORY | O_CLOEXEC);
	int err;

	if (top < 0) {
		err = -errno;
		(void)snprintf(why, whysize, ".: %s", strerror(-err));
		return err;
	}
	err =
	    policyfile_open(top, &POLICYFILE[1], rule->owner, fd, why, whysize);
	(void)close(top);
	return err;
}

static void
take_times(struct accounts *a, const struct policy *p)
{
	const int64_t days = p->access.values[POLICY_ROTATION].num;

	a->rotation_ms = days == POLICY_NO_LIMIT ? INT64_MAX : days * DAY_MS;
	a->grace_ms = p->access.values[POLICY_GRACE].num * MINUTE_MS;
}

/* Its text goes into `a`, for whoever judges by it. */
static bool
load_policy(struct accounts *a, const struct accounts_rule *rule,
    struct policy *p, char *why, size_t whysize)
{
	char part[512];
	int fd = -1, err = open_policy(rule, &fd, part, sizeof(part));

	a->source = xasprintf("%s%s", rule->root, POLICYFILE);
	if (err != 0) {
		(void)snprintf(why, whysize, "%s/%s", rule->root, part);
		return false;
	}
	err = policyfile_text(&a->policy, &a->npolicy, fd, a->source, why,
	    whysize);
	(void)close(fd);
	if (err == 0)
		err = policy_parse(p, a->policy, a->npolicy, a->source, why,
		    whysize);
	if (err == 0)
		take_times(a, p);
	return err == 0;
}

static int
by_uid(const void *a, const void *b)
{
	const struct account *x = a, *y = b;

	return (x->uid > y->uid) - (x->uid < y->uid);
}

static bool
write_all(int fd, const void *p, size_t len)
{
	size_t at = 0;
	ssize_t n;

	while (at < len) {
		n = write(fd, (const char *)p + at, len - at);
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
	struct policy policy;
	char why[1024];
	struct buf b;

	log_init("rdv-accounts", STDERR_FILENO, LOG_INFO);
	if (!load_policy(&a, rule, &policy, why, sizeof(why))) {
		log_errorx("accounts", "policy: %s", why);
		(void)write_all(fd, why, strlen(why));
		_exit(ACCOUNTS_BAD_POLICY);
	}
	if (!add_all(&a, rule, &policy))
		_exit(1);
	if (a.n > 1)
		qsort(a.list, a.n, sizeof(*a.list), by_uid);
	buf_init(&b, ACCOUNTS_WIRE_MAX);
	accountwire_put(&b, &a);
	_exit(buf_ok(&b) && write_all(fd, b.data, b.len) ? 0 : 1);
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
