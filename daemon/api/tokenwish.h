/* SPDX-License-Identifier: MIT */
#ifndef RDV_TOKENWISH_H
#define RDV_TOKENWISH_H

#include <stdbool.h>
#include <stdint.h>

struct api_call;
struct credential_spec;

/* What a token is asked to be for, by either of the ways to make one. */
struct token_wish {
	const char **scopes;	/* words, NULL-terminated; NULL: everything */
	const char *session_id; /* NULL: for none alone */
	uint32_t most;		/* what whoever asks has */
};

/*
 * Fills scopes and session of `spec`, whose user is set; the strings stay those
 * of the wish. False when it was refused and answered.
 */
bool token_wish_ok(struct api_call *c, const struct token_wish *w,
    struct credential_spec *spec);
/* Names of tokens are shown in terminals: no control characters. */
bool token_name_ok(const char *s);

#endif
