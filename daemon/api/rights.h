/* SPDX-License-Identifier: MIT */
#ifndef RDV_API_RIGHTS_H
#define RDV_API_RIGHTS_H

struct api_answer;
struct api_call;
struct credential_change;
struct tx;

/*
 * A change of credentials (core/credential.h) in the transaction of its answer.
 * Nothing may be begun in between: changes inside of a change are part of it.
 */
struct rights {
	struct api_call *c;
	struct credential_change *ch;
	struct tx *tx;
};

struct rights rights_begin(struct api_call *c);
/* Undone, in memory too; the caller answers. */
void rights_undo(struct rights *r, int err);
/* Undone, and answered by answer_bounded(). */
void rights_fail(struct rights *r, int err, const char *why);
/* Commits, and answers when it is durable and in force. */
void rights_commit(struct rights *r, struct api_answer *answer);

#endif
