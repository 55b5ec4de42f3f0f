/* SPDX-License-Identifier: MIT */
#ifndef RDV_API_APPROVAL_H
#define RDV_API_APPROVAL_H

#include <stdbool.h>

#include "daemon/core/approval.h"

struct api_call;
struct buf;
struct db;
struct js;

/*
 * Shapes of approvals. All text of who asks is for the eyes
 * (lib/showtext.h); nothing else of it is given, but for the questions that an
 * answer has to name.
 */

/* Whole, with what a decision is bound to. */
struct js *approval_json(struct db *db, const struct store_approval *row);
/*
 * One of many: its command may be cut, so there is no digest to decide by.
 */
struct js *approval_item(const struct store_approval *row);
/* As a member of `o`: text or null. */
void approval_put_shown(struct js *o, const char *key, const char *text);

/* The caller as who decides or makes rules. */
struct approval_who approval_who_of(const struct api_call *c);

#endif
