/* SPDX-License-Identifier: MIT */
/*
 * The words for what a credential may do. "full" stands first, so that
 * formatting prefers it to its parts; it deliberately does not hold "service",
 * which only the service token has.
 */
#include "daemon/auth/scope.h"

#include <stdio.h>
#include <string.h>

#include "daemon/auth/auth.h"

const struct scope_word scope_words[] = {
	{ "full", SCOPE_FULL, "everything the user may do" },
	{ "read", SCOPE_READ, "look at sessions, output and events" },
	{ "run", SCOPE_RUN, "type into sessions and signal them" },
	{ "write", SCOPE_WRITE, "create, change and delete" },
	{ "approve", SCOPE_APPROVE, "decide what a run asks leave for" },
	{ "tokens", SCOPE_TOKENS, "make and revoke tokens" },
	{ "service", SCOPE_SERVICE, "make sign-in codes" },
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

/* Bits that "full" covers are gone when its parts come. */
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
