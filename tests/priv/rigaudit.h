/* SPDX-License-Identifier: MIT */
#ifndef RDV_RIGAUDIT_H
#define RDV_RIGAUDIT_H

#include <stdint.h>

#include "tests/priv/rig.h"

/* All records of the log, from the last time it was read. */
extern char audit_text[1 << 20];

/* Verifies the whole log with both keys, into audit_text. Its last number. */
uint64_t audit_verified(const struct rig *r);
/* Waits for a record with this in it, since some are not waited for. */
void audit_expect(const struct rig *r, const char *want);
/* Asked to start something, it must say no, and why. */
void audit_refused(struct rig *r, const char *why);
/* Asked as /health asks: PRIV_NO_SUCH, or PRIV_BUSY while nothing can begin. */
enum priv_result audit_question(struct rig *r);
/* The same for a login. */
void audit_login_refused(struct rig *r);
/* Waits until something can be started. */
void audit_allowed(struct rig *r);

#endif
