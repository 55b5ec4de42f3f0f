/* SPDX-License-Identifier: MIT */
#ifndef RDV_AUDITACTS_H
#define RDV_AUDITACTS_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/privproto.h"

struct accounts;
struct audit_link;
struct ops;
struct run;

/*
 * The records of each verb. The ones with `why` (PRIV_WHY_MAX + 1 bytes) come
 * before the act, which must not be when they answer false; the others tell
 * what has become of it.
 */
bool audit_login(struct ops *o, const struct priv_login *m, char *why);
/* `uid`: whose the grant is, or who was asked for. */
void audit_login_done(struct ops *o, const struct priv_login *m,
    const struct priv_login_answer *a, uint32_t uid, bool refused);
/*
 * To be called before the grant is dropped. The act takes power away and does
 * not wait.
 */
void audit_logout(struct ops *o, const struct priv_logout *m);
/* True when something could begin now, as far as records go. */
bool audit_ask(struct ops *o, char *why);
/* Sent and not waited for: audit_wait() is, right before the fork. */
bool audit_spawn(struct ops *o, const struct priv_spawn *m, const struct run *r,
    char *why);
void audit_spawn_done(struct ops *o, const struct run *r,
    const struct priv_spawn_answer *a);
void audit_spawn_refused(struct ops *o, const struct priv_spawn *m,
    enum priv_result result, const char *why);
bool audit_signal(struct ops *o, const struct priv_signal *m, char *why);
void audit_signal_done(struct ops *o, const struct priv_signal *m, bool refused,
    enum priv_result result, const char *why);
bool audit_enroll(struct ops *o, const struct priv_enroll *m, char *why);
void audit_enroll_done(struct ops *o, const struct priv_enroll *m, bool refused,
    enum priv_result result, const char *why);
bool audit_revoke(struct ops *o, const struct priv_revoke *m, char *why);
void audit_revoke_done(struct ops *o, const struct priv_revoke *m, bool refused,
    enum priv_result result, const char *why);
void audit_exit(struct ops *o, const struct run *r);
/* A packet that no rdvd of ours sends; what it asked for is not done. */
void audit_broken(struct ops *o, const char *why);
/*
 * The policy was read again: from `before` to `after`, whose groups are sorted.
 * `why`: the one before stays in force; NULL: it does not. Told and not asked
 * for: what withdraws rights must not wait for a log that is broken.
 */
void audit_policy(struct audit_link *link, const struct accounts *before,
    const struct accounts *after, const char *why);

#endif
