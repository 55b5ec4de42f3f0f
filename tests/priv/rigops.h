/* SPDX-License-Identifier: MIT */
#ifndef RDV_RIGOPS_H
#define RDV_RIGOPS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "priv-helper/accounts.h"
#include "tests/priv/rig.h"

#define RIGOPS_PEOPLE 2
#define RIGOPS_TEXT   48 /* of a token, with its NUL */

/*
 * [ops] and [audit] as system mode has them, with this test in the places of
 * [main] and of rdvd, and two real accounts of its own, both in one group.
 * Needs root.
 */
struct rigops {
	struct rig rig; /* rig.login is of whoever logged in last */
	int main;	/* [main]'s end */
	int audit;	/* the same to [audit] */
	pid_t auditor;
	struct account who[RIGOPS_PEOPLE];
	char run[96], state[96];
	char policy[512]; /* a test may change it before launch or reload */
	char service[RIGOPS_TEXT];
	unsigned enrolled;
};

/* cmocka's group set-up and tear-down: the accounts. Nothing without root. */
int rigops_accounts(void **state);
int rigops_no_accounts(void **state);
/* Skips the test without root. */
void rigops_need(void);

/* [ops] serves both, nobody is logged in. `mutant` as in rig_start(). */
void rigops_start(struct rigops *s, const char *mutant);
/* The two halves of it: the directories, and the processes. */
void rigops_prepare(struct rigops *s);
void rigops_launch(struct rigops *s, const char *mutant);
void rigops_stop(struct rigops *s);
/* What [main] says on a reload: bit i of `served` for who[i]. */
void rigops_reload(struct rigops *s, unsigned served);
/* The same, without waiting for [ops] to take it. */
void rigops_tell(struct rigops *s, unsigned served);
/* Another rdvd; the old connection is closed. */
void rigops_reconnect(struct rigops *s);

/* Another rdvd that has not said HELLO. */
void rigops_mute(struct rigops *s);
/* [ops] has ended itself: nobody is served by this one any more. */
void rigops_ended(struct rigops *s);

/* A fresh token text and its hash. */
void rigops_token(struct rigops *s, char text[RIGOPS_TEXT],
    uint8_t sum[PRIV_HASH_LEN]);
/* The proof for `sum`, as its owner makes it; `path` may be NULL. */
void rigops_proof(struct rigops *s, unsigned person,
    const uint8_t sum[PRIV_HASH_LEN], char path[256]);
/* Result of LOGIN; on DONE rig.login is what was answered. */
enum priv_result rigops_login(struct rigops *s, enum priv_login_kind kind,
    uid_t uid, const char *secret);
/* A token of that person's, enrolled. */
void rigops_enrol(struct rigops *s, unsigned person, int64_t expires,
    char text[RIGOPS_TEXT], uint8_t sum[PRIV_HASH_LEN]);
/* The same, and LOGIN. */
void rigops_enter(struct rigops *s, unsigned person);
/* A whole run with the rig's grant, or why there is none. */
enum priv_result rigops_spawn(struct rigops *s);
/* That person is served. */
void rigops_control(struct rigops *s, unsigned person);

/* A directory of that person's, in the home. */
void rigops_work(const struct rigops *s, unsigned person, char path[256]);
/* Enters, and starts cat in a terminal: the slave's name, the program's pid. */
void rigops_terminal(struct rigops *s, unsigned person, struct rig_result *res,
    char pts[64], char pid[16]);
/* A value of /proc/PID/status, up to the first blank. */
void rigops_status(pid_t pid, const char *key, char out[128]);

#endif
