/* SPDX-License-Identifier: MIT */
/*
 * A text for a shell, and how it is shown. Invariants: words put in quotes
 * again give the same words; out of quotes a text that was taken has nothing
 * but words; and what is shown has no character that is not seen.
 */
#include "tests/fuzz/fuzz.h"

#include <stdbool.h>
#include <string.h>

#include "lib/arena.h"
#include "lib/buf.h"
#include "lib/showtext.h"
#include "lib/simplecmd.h"
#include "lib/str.h"

#define MOST 4096

/* Written apart from the product's: a set of characters by where one is. */
static bool
is_clean(const char *s, size_t len)
{
	char in = 0;

	for (size_t i = 0; i < len; i++) {
		if (in == 0 && s[i] == '\\')
			i++;
		else if (in == 0 && (s[i] == '\'' || s[i] == '"'))
			in = s[i];
		else if (in == 0 && strchr(";&|<>()$`{}", s[i]) != NULL)
			return false;
		else if (in == '"' && s[i] == '\\')
			i++;
		else if (in == '"' && (s[i] == '$' || s[i] == '`'))
			return false;
		else if (in == s[i])
			in = 0;
	}
	return in == 0;
}

static void
again(struct arena *a, char **words)
{
	char text[8 * MOST + 4 * SIMPLECMD_WORDS];
	size_t n = 0, i;
	char **back;

	for (i = 0; words[i] != NULL; i++) {
		text[n++] = ' ';
		text[n++] = '\'';
		for (const char *w = words[i]; *w != '\0'; w++) {
			if (*w == '\'') {
				memcpy(text + n, "'\\'", 3);
				n += 3;
			}
			text[n++] = *w;
		}
		text[n++] = '\'';
	}
	back = simplecmd_words(a, text, n);
	FUZZ_CHECK(back != NULL);
	for (i = 0; words[i] != NULL; i++)
		FUZZ_CHECK(back[i] != NULL && strcmp(back[i], words[i]) == 0);
	FUZZ_CHECK(back[i] == NULL);
	FUZZ_CHECK(simplecmd_match((const char *const *)words,
	    (const char *const *)back));
}

static void
shown(const char *text, size_t len)
{
	struct buf b, twice;

	buf_init(&b, 16 * MOST);
	buf_init(&twice, 64 * MOST);
	(void)showtext(&b, text, len);
	FUZZ_CHECK(buf_ok(&b));
	FUZZ_CHECK(str_utf8_valid((char *)b.data, b.len));
	for (size_t i = 0; i < b.len; i++)
		FUZZ_CHECK(b.data[i] >= 0x20 && b.data[i] != 0x7f);
	/* Nothing is left to be spelled out but the marks of that. */
	FUZZ_CHECK((showtext(&twice, (char *)b.data, b.len) &
		       (SHOWTEXT_LINES | SHOWTEXT_CONTROL | SHOWTEXT_BIDI |
			   SHOWTEXT_INVISIBLE | SHOWTEXT_INVALID)) == 0);
	buf_done(&twice);
	buf_done(&b);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *text = (const char *)data;
	struct arena *a = arena_new();
	char **words;

	if (size > MOST)
		size = MOST;
	words = simplecmd_words(a, text, size);
	if (words != NULL) {
		FUZZ_CHECK(is_clean(text, size));
		again(a, words);
	}
	shown(text, size);
	arena_free(a);
	return 0;
}
