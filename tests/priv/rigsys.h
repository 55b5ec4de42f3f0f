/* SPDX-License-Identifier: MIT */
#ifndef RDV_RIGSYS_H
#define RDV_RIGSYS_H

#include <stdbool.h>
#include <sys/types.h>

#include "lib/ctlproto.h"
#include "tests/priv/rig.h"

#define RIGSYS_PEOPLE 2

struct rigkeep;

/*
 * System mode below a root of its own, with accounts made for it: a group of
 * two people, and one in the reverse proxy's place. Needs root.
 */
struct rigsys {
	struct rig rig;
	char group[32];
	char people[RIGSYS_PEOPLE][32], web[32];
	uid_t uids[RIGSYS_PEOPLE], web_uid;
	uid_t service;	      /* of the account "rdv" */
	struct rigkeep *keep; /* in systemd's place; NULL: nobody */
};

/* False, having said so, without root. */
bool rigsys_possible(void);
/* Makes accounts and root; both people are members of the group. */
void rigsys_prepare(struct rigsys *s);
/* The whole text of the policy. */
void rigsys_policy(const struct rigsys *s, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
void rigsys_launch(struct rigsys *s, const char *mutant);
/* Waits for (another) rdvd: its control socket. */
void rigsys_daemon(struct rigsys *s);
/* All of it, up to the moment when rdvd knows all there is. */
void rigsys_start(struct rigsys *s, const char *mutant);
/* Ends it all and removes the accounts. */
void rigsys_stop(struct rigsys *s);
/* HELLO on a fresh connection, and a grant for that person. */
void rigsys_login(struct rigsys *s, unsigned person);
void rigsys_cleanup(struct rigsys *s);
/* Changes the group, and has [main] read it. */
void rigsys_member(struct rigsys *s, unsigned person, bool in);
void rigsys_reload(struct rigsys *s);

/* The next packet of [main] to rdvd: its first byte, what it says, its fd. */
struct rigsys_word {
	char what;
	struct ctl_listen listen;
	struct ctl_unlisten unlisten;
	struct ctl_output output;
	struct ctl_limit limit;
	struct ctl_service service;
	int fd; /* -1: none */
};
void rigsys_word(struct rigsys *s, struct rigsys_word *out);
/* The word of how much output is kept for that uid. */
void rigsys_expect_output(struct rigsys *s, uid_t uid, uint64_t bytes);
/* And what its worktrees or transfers are held to, with that in the rule. */
void rigsys_expect_limit(struct rigsys *s, uid_t uid, enum ctl_what what,
    uint64_t mb, const char *by);
/*
 * Waits for the two sockets of that uid and closes them; a person's output has
 * no limit.
 */
void rigsys_expect_listen(struct rigsys *s, uid_t uid, bool web);

/* DIR/run/rdv/`name`/`file` or, with NULL, shorter. */
void rigsys_path(const struct rigsys *s, char out[256], const char *name,
    const char *file);
/* What connect(2) says to that uid: 0 or -errno. */
int rigsys_dial(const char *path, uid_t uid);
/* A value of /proc/PID/status, without blanks around it. */
void rigsys_status(pid_t pid, const char *key, char out[128]);

#endif
