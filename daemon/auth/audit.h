/* SPDX-License-Identifier: MIT */
#ifndef RDV_AUDIT_H
#define RDV_AUDIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* Who did what; NULL texts become "-". Never the value of a credential. */
struct audit_entry {
	const char *event;  /* "auth", "login", "token.new", ... */
	const char *result; /* "ok", or the code of the refusal */
	const char *via;
	const char *token, *user; /* ids */
	const char *subject;	  /* id of what was acted on */
	const char *request;
	uid_t peer_uid;
	pid_t peer_pid;
};

/*
 * An append-only file in a private directory, one write(2) per line, mode
 * 0600. At `max` bytes it becomes audit.log.1, of which three are kept.
 */
struct audit;

/* 0 or -errno. */
int audit_open(struct audit **out, const char *dir, int64_t max);
void audit_close(struct audit *a);
/* False, counted, when the line could not be written as a whole. */
bool audit_write(struct audit *a, const struct audit_entry *e);
/*
 * For attempts, which cost whoever makes them nothing: 1000 lines at once and
 * two a second in the long run, each kind apart from the others, so that no run
 * at its door keeps out what is refused elsewhere. The rest is a number,
 * left_out, in the next line of any kind, so that nobody can push what stands
 * here out of the files. False as above.
 */
enum audit_kind {
	AUDIT_ADMITTED,
	AUDIT_REFUSED,
	AUDIT_REFUSED_AT_DOOR,
	AUDIT_KINDS
};
bool audit_attempt(struct audit *a, const struct audit_entry *e,
    enum audit_kind kind);
/* Tells of what was left out if no line has since. */
void audit_catch_up(struct audit *a);
uint64_t audit_errors(const struct audit *a);
uint64_t audit_left_out(const struct audit *a);

#endif
