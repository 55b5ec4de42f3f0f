/* SPDX-License-Identifier: MIT */
#ifndef RDV_SCOPE_H
#define RDV_SCOPE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SCOPE_TEXT 64 /* holds every word, comma-separated */

struct scope_word {
	const char *name;
	uint32_t bits;
	const char *help;
};
/* What a token can be given, ended by a NULL name. */
extern const struct scope_word scope_words[];

/* Adds the bits of one word; false when there is no such word. */
bool scope_add(const char *word, size_t len, uint32_t *bits);
/* Comma-separated words as stored; unknown ones are ignored: less is safe. */
uint32_t scope_parse(const char *text);
/* Whether "run" is among the words, which is then bound to a session. */
bool scope_is_run(uint32_t bits);
/* The fewest words for `bits`, comma-separated. */
void scope_format(uint32_t bits, char out[SCOPE_TEXT]);

#endif
