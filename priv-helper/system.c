/* SPDX-License-Identifier: MIT */
/*
 * System mode, as [main] sees it. As root it makes directories and sockets and
 * starts its processes; what it reads, policy and account database, it reads in
 * a child, and is nothing that a person can write.
 */
#include "priv-helper/system.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/buf.h"
#include "lib/clock.h"
#include "lib/err.h"
#include "lib/log.h"
#include "lib/path.h"
#include "lib/secret.h"
#include "lib/str.h"
#include "lib/xalloc.h"
#include "priv-helper/accountwire.h"
#include "priv-helper/carry.h"
#include "priv-helper/doors.h"
#include "priv-helper/lock.h"
#include "priv-helper/policy.h"
#include "priv-helper/policyfile.h"
#include "priv-helper/servicetoken.h"
#include "priv-helper/user.h"
#include "security/caps.h"
#include "security/mutant.h"

#define SERVICE_USER "rdv"
/* nginx is told of one token before there may be another. */
#define SPACING_MS 3000
/* The wall clock may be set at any time; what fails is not tried at once. */
#define LOOK_MS	 (3600 * 1000)
#define AGAIN_MS 100
/* So often; then nginx has another token, and rdvd when it listens again. */
#define DEAF_MAX 20

static int
refuse(int err, char *why, size_t whysize, const char *text)
{
	(void)snprintf(why, whysize, "%s", text);
	return err;
}

/* The first list is waited for: without it there is nothing to serve. */
static int
first_accounts(struct system *s)
{
	int status, fd, err;
	pid_t pid = accounts_ask(&s->rule, &fd);

	if (pid < 0)
		return (int)pid;
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return -errno;
	if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
		err = WIFEXITED(status) &&
			      WEXITSTATUS(status) == ACCOUNTS_BAD_POLICY
			  ? RDV_E_INVALID
			  : -EIO;
	else
		err = accounts_take(&s->accounts, fd);
	(void)close(fd);
	return err;
}

/* For who wants to signal [main] (rotate.c). */
static int
write_pid(const struct system *s)
{
	char text[24];
	int n = snprintf(text, sizeof(text), "%ld\n", (long)getpid());

	return path_write_private(s->places.keep_fd, PLACES_PID, text,
	    (size_t)n);
}

static int
open_web(struct system *s, char *why, size_t whysize)
{
	struct user *u;
	struct account a = { .web = false };
	int err;

	if (s->options->web_user == NULL)
		return 0;
	u = xcalloc(1, sizeof(*u));
	err = user_named(u, s->options->web_user, why, whysize);
	if (err == 0) {
		a.uid = u->uid;
		a.gid = u->gid;
		err = doors_open_web(s->doors, &a, why, whysize);
	}
	secret_free(u, sizeof(*u));
	return err;
}

static void
set_rule(struct system *s)
{
	size_t n = 0;

	s->never[n++] = SERVICE_USER;
	/* The reverse proxy's directory has this name. */
	s->never[n++] = "web";
	if (s->options->web_user != NULL)
		s->never[n++] = s->options->web_user;
	s->rule = (struct accounts_rule){
		.root = s->options->root != NULL ? s->options->root : "",
		.never = s->never,
	};
}

static int
open_all(struct system *s, char *why, size_t whysize)
{
	int err;

	err = lock_take(s->places.keep_fd, &s->lock, why, whysize);
	if (err == 0) {
		err = servicetoken_make(s->places.keep_fd);
		if (err == 0)
			err = write_pid(s);
		if (err != 0)
			return refuse(err, why, whysize,
			    "the service token is not to be had");
		err = first_accounts(s);
		if (err != 0)
			return refuse(err, why, whysize,
			    err == RDV_E_INVALID
				? "not without a policy, " POLICYFILE
				: "the account database cannot be asked");
		s->doors = doors_new(s->places.run, s->places.run_fd);
		err = open_web(s, why, whysize);
	}
	if (err != 0)
		return err;
	doors_follow(s->doors, &s->accounts);
	err = caps_keep_main();
	return err == 0 ? 0 : refuse(err, why, whysize, "capabilities");
}

int
system_open(struct system *s, const struct system_options *o, char *why,
    size_t whysize)
{
	int err;

	*s = (struct system){ .options = o, .lock = -1, .answer = -1 };
	if (geteuid() != 0)
		return refuse(-EPERM, why, whysize,
		    "system mode is started by root");
	if (!mutant("E12-groups") && setgroups(0, NULL) < 0)
		return refuse(-errno, why, whysize, "setgroups");
	s->service = xcalloc(1, sizeof(*s->service));
	err = user_named(s->service, SERVICE_USER, why, whysize);
	if (err == 0)
		err = places_make(&s->places, o->root != NULL ? o->root : "",
		    s->service->uid, s->service->gid, why, whysize);
	if (err != 0)
		return err;
	set_rule(s);
	err = open_all(s, why, whysize);
	if (err != 0)
		system_close(s);
	return err;
}

int
system_take(struct system *s, const struct system_options *o,
    const struct carry *c, char *why, size_t whysize)
{
	const struct carry_system *from = &c->system;
	int err = geteuid() == 0 ? caps_keep_main() : -EPERM;

	*s = (struct system){ .options = o, .lock = c->lock, .answer = -1 };
	system_take_rotation(s, from);
	if (err != 0)
		return refuse(err, why, whysize, "capabilities");
	s->service = xcalloc(1, sizeof(*s->service));
	*s->service = from->service;
	places_take(&s->places, o->root != NULL ? o->root : "", from->run,
	    from->keep);
	set_rule(s);
	err = accounts_take(&s->accounts, from->accounts);
	if (err != 0)
		return refuse(err, why, whysize, "the accounts");
	s->doors = doors_take(s->places.run, from->run, from->doors);
	(void)close(from->accounts);
	(void)close(from->doors);
	return s->doors != NULL ? 0
				: refuse(RDV_E_MALFORMED, why, whysize,
				      "the accounts' sockets");
}

bool
system_fits(const struct system *s, char *why, size_t whysize)
{
	const struct accounts *a = &s->accounts;
	struct policy p;

	if (policy_parse(&p, a->policy, a->npolicy, a->source, why, whysize) !=
	    0)
		return false;
	policy_done(&p);
	return true;
}

static int
put_accounts(const struct accounts *a)
{
	struct buf b;
	int fd;

	buf_init(&b, ACCOUNTS_WIRE_MAX);
	accountwire_put(&b, a);
	fd = carry_memory(&b);
	buf_done(&b);
	return fd;
}

void
system_carry_rotation(const struct system *s, struct carry_system *c)
{
	c->rotated_at = s->rotated_at;
	c->rotation_asked = s->rotation_asked;
	c->rotating = s->rotating;
}

void
system_take_rotation(struct system *s, const struct carry_system *c)
{
	s->rotated_at = c->rotated_at;
	s->rotating = c->rotating;
	if (c->rotation_asked)
		system_ask_rotation(s);
}

/* Who is being asked for ends unheard; the next program asks anew. */
int
system_carry(const struct system *s, struct carry_system *c)
{
	c->run = s->places.run_fd;
	c->keep = s->places.keep_fd;
	c->service = *s->service;
	system_carry_rotation(s, c);
	c->reload = s->asking != 0;
	c->accounts = put_accounts(&s->accounts);
	c->doors = c->accounts < 0 ? -1 : doors_put(s->doors);
	if (c->doors >= 0)
		return 0;
	system_uncarry(c);
	return -EIO;
}

void
system_uncarry(struct carry_system *c)
{
	if (c->accounts >= 0)
		(void)close(c->accounts);
	if (c->doors >= 0)
		(void)close(c->doors);
	c->accounts = c->doors = -1;
}

static void
release(struct system *s)
{
	accounts_done(&s->accounts);
	places_done(&s->places);
	free(s->service);
	s->service = NULL;
	s->doors = NULL;
}

void
system_close(struct system *s)
{
	if (s->doors != NULL)
		doors_free(s->doors);
	if (s->lock >= 0 && s->places.run != NULL)
		(void)unlinkat(s->places.keep_fd, PLACES_PID, 0);
	release(s);
}

void
system_forget(struct system *s)
{
	doors_forget(s->doors);
	release(s);
}

void
system_reload(struct system *s)
{
	pid_t pid;

	s->again = s->asking != 0;
	if (s->again)
		return;
	pid = accounts_ask(&s->rule, &s->answer);
	if (pid < 0)
		log_errorx("system", "accounts: %s", strerror(-pid));
	else
		s->asking = pid;
}

static void
why_not(const struct system *s, int status, char why[SYSTEM_WHY])
{
	ssize_t n = -1;

	if (WIFEXITED(status) && WEXITSTATUS(status) == ACCOUNTS_BAD_POLICY)
		n = pread(s->answer, why, SYSTEM_WHY - 1, 0);
	if (n > 0)
		why[n] = '\0';
	else
		(void)str_copy(why, "the account database cannot be asked",
		    SYSTEM_WHY);
}

/* What cannot be read leaves everything as it was. */
static bool
take(struct system *s, int status, char why[SYSTEM_WHY])
{
	struct accounts fresh;

	if (!WIFEXITED(status) || WEXITSTATUS(status) != 0 ||
	    accounts_take(&fresh, s->answer) != 0) {
		log_errorx("system",
		    "policy and accounts cannot be loaded; both stay as "
		    "they were");
		why_not(s, status, why);
		return false;
	}
	accounts_done(&s->accounts);
	s->accounts = fresh;
	doors_follow(s->doors, &s->accounts);
	log_info("system", "accounts loaded n=%zu", s->accounts.n);
	return true;
}

bool
system_is_asking(const struct system *s, pid_t pid)
{
	return s->asking != 0 && s->asking == pid;
}

bool
system_asked(struct system *s, pid_t pid, int status, int *fd,
    char why[SYSTEM_WHY])
{
	bool taken;

	why[0] = '\0';
	if (pid != s->asking)
		return false;
	s->asking = 0;
	taken = take(s, status, why);
	*fd = s->answer;
	if (!taken)
		(void)close(s->answer);
	s->answer = -1;
	if (s->again)
		system_reload(s);
	return taken;
}

int
system_daemon(struct system *s, int control)
{
	doors_untold(s->doors);
	s->token_untold = true;
	return system_tell(s, control);
}

int
system_tell(struct system *s, int control)
{
	int err;

	if (s->token_untold) {
		err = servicetoken_tell(s->places.keep_fd, control);
		if (err != 0)
			return err;
		s->token_untold = false;
	}
	return doors_tell(s->doors, control);
}

void
system_ask_rotation(struct system *s)
{
	const int64_t now = clock_mono_ms();

	s->rotation_asked = true;
	s->look_at =
	    s->rotated_at + SPACING_MS > now ? s->rotated_at + SPACING_MS : now;
}

/* When it was made is the file's own time; one without any is old enough. */
bool
system_rotation_due(struct system *s)
{
	const int64_t now = clock_mono_ms();
	int64_t age;

	if (now < s->look_at)
		return false;
	s->look_at = now + LOOK_MS;
	age = clock_wall_ms() - servicetoken_made(s->places.keep_fd);
	return s->rotation_asked || age >= s->accounts.rotation_ms;
}

int64_t
system_patience(const struct system *s)
{
	const int64_t left = s->look_at - clock_mono_ms();

	return left > 0 ? left : 0;
}

int
system_rotate(struct system *s, int control, uint8_t sum[SHA256_LEN])
{
	const int64_t now = clock_mono_ms();
	const bool deaf = s->deaf >= DEAF_MAX;
	bool told;
	int err = servicetoken_rotate(s->places.keep_fd, s->accounts.grace_ms,
	    deaf ? -1 : control, sum, &told);

	/* rdvd has too much to read: nothing has been said or done. */
	if (err == -EAGAIN) {
		s->deaf++;
		s->look_at = now + AGAIN_MS;
		return err;
	}
	s->deaf = 0;
	s->rotation_asked = false;
	if (err == 0)
		s->rotated_at = now;
	if (!told)
		log_warnx("system", "rdvd has not heard of the service token");
	if (err != 0 || !told)
		s->token_untold = true;
	return err;
}
