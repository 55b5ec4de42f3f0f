/* SPDX-License-Identifier: MIT */
/*
 * The words for what a credential may do. Each stands before those that it
 * holds, so that formatting prefers it; "full" deliberately does not hold
 * "service", which only the service token has.
 */
#include "daemon/auth/scope.h"

#include <stdio.h>
#include <string.h>

#include "daemon/auth/auth.h"

const struct scope_word scope_words[] = {
	{ "full", SCOPE_FULL, "everything the user may do" },
	{ "service", SCOPE_ACT_AS,
	    "act for a user and make sign-in codes; no decisions and no "
	    "tokens; of the service token alone" },
	{ "approve", SCOPE_READ | SCOPE_APPROVE,
	    "decide what runs ask leave for, and look at everything" },
	{ "read", SCOPE_READ, "look at everything of the user" },
	{ "run", SCOPE_RUN,
	    "look at and act in one session, named when the token is made; "
	    "everything else is not there" },
	{ NULL, 0, NULL },
};

/* Length and bytes: "readx" is no "read". */
bool
scope_add(const char *word, size_t len, uint32_t *bits)
{
	for (const struct scope_word *w = scope_words; w->name != NULL; w++) {
		if (strlen(w->name) == len && memcmp(w->name, word, len) == 0) {
			*bits |= w->bits;
			return true;
		}
	}
	return false;
}

uint32_t
scope_parse(const char *text)
{
	uint32_t bits = 0;

	while (*text != '\0') {
		size_t len = strcspn(text, ",");

		(void)scope_add(text, len, &bits);
		text += len + (text[len] == ',');
	}
	return bits;
}

/* Bits that a word covers are gone when those it holds come. */
void
scope_format(uint32_t bits, char out[SCOPE_TEXT])
{
	size_t used = 0;

	out[0] = '\0';
	for (const struct scope_word *w = scope_words; w->name != NULL; w++) {
		if ((bits & w->bits) != w->bits)
			continue;
		bits &= ~w->bits;
		used += (size_t)snprintf(out + used, SCOPE_TEXT - used, "%s%s",
		    used > 0 ? "," : "", w->name);
	}
}

bool
scope_is_run(uint32_t bits)
{
	return (bits & SCOPE_RUN) != 0 && (bits & SCOPE_FULL) != SCOPE_FULL &&
	       (bits & SCOPE_ACT_AS) != SCOPE_ACT_AS;
}
