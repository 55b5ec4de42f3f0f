/* SPDX-License-Identifier: MIT */
#ifndef RDV_SYSTEM_H
#define RDV_SYSTEM_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "lib/sha256.h"
#include "priv-helper/accounts.h"
#include "priv-helper/places.h"

struct carry;
struct carry_system;
struct doors;
struct user;

struct system_options {
	const char *root;     /* the directory that stands for "/", or NULL */
	const char *web_user; /* the reverse proxy's account; NULL: no web */
};

#define SYSTEM_WHY 513 /* as in a record, with its NUL */

/* What [main] owns in system mode. */
struct system {
	const struct system_options *options;
	struct user *service; /* rdvd's account */
	struct accounts_rule rule;
	const char *never[5];
	struct places places;
	struct doors *doors;
	struct accounts accounts; /* admitted now */
	pid_t asking;		  /* the child that loads the next; 0: none */
	int answer;		  /* where it writes them */
	bool again;		  /* asked to reload while it was at it */
	int lock;
	bool token_untold; /* rdvd is still to be told of the service token */
	bool rotation_asked;
	bool rotating;		     /* begun and on record, and not done yet */
	int64_t rotated_at, look_at; /* monotonic ms */
	unsigned deaf; /* how often rdvd did not take this token */
};

/*
 * Places, lock, policy and accounts, sockets, and then none of root's
 * capabilities but those of caps_keep_main(). 0, or an error with a sentence in
 * `why` and with no name of a socket left behind; RDV_E_INVALID: the policy is
 * missing, wrong or not in a place that is root's alone.
 */
int system_open(struct system *s, const struct system_options *o, char *why,
    size_t whysize);
/*
 * The same of what the program before this one had, all of it open: nobody is
 * asked, and of root's capabilities, which executing it has brought back, none
 * but those are left. 0, or RDV_E_MALFORMED or -errno with a sentence in `why`
 * and nothing removed.
 */
int system_take(struct system *s, const struct system_options *o,
    const struct carry *c, char *why, size_t whysize);
/* Whether this program could judge by the policy that is in force. */
bool system_fits(const struct system *s, char *why, size_t whysize);
/*
 * What system_take() is to get, with two memory files of its own in it, which
 * system_uncarry() closes. 0 or -errno.
 */
int system_carry(const struct system *s, struct carry_system *c);
/*
 * What of that is a rotation: one under way is on record once, and one that is
 * asked for comes no sooner for the new program. Apart they are seams for
 * tests.
 */
void system_carry_rotation(const struct system *s, struct carry_system *c);
void system_take_rotation(struct system *s, const struct carry_system *c);
void system_uncarry(struct carry_system *c);
/* Removes the sockets' names, and frees what is owned; not the lock. */
void system_close(struct system *s);
/* After system_take(), and leaves all of it as it is: only frees. */
void system_forget(struct system *s);

/* Loads policy and accounts anew; system_asked() follows. */
void system_reload(struct system *s);
/*
 * A child of [main] has ended. True when there are new accounts, with their
 * memory file in `*fd`, which the caller closes. False with a sentence in `why`
 * when all stays as it was; with "" when it was another child.
 */
bool system_is_asking(const struct system *s, pid_t pid);
bool system_asked(struct system *s, pid_t pid, int status, int *fd,
    char why[SYSTEM_WHY]);

/* There is a new rdvd behind `control`. 0, or -errno: it does not listen. */
int system_daemon(struct system *s, int control);
/* The service token if need be, then as doors_tell(). */
int system_tell(struct system *s, int control);

/*
 * The service token is replaced when root asks for it or at the age the policy
 * says. Asked for twice in a moment, nginx is given time for the first one.
 */
void system_ask_rotation(struct system *s);
/* True: system_rotate() is next. */
bool system_rotation_due(struct system *s);
/* ms until that is worth asking again. */
int64_t system_patience(const struct system *s);
/* As servicetoken_rotate(); -EAGAIN is tried again, some 2 s long. */
int system_rotate(struct system *s, int control, uint8_t sum[SHA256_LEN]);

#endif
