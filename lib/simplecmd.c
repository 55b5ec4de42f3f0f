/* SPDX-License-Identifier: MIT */
/*
 * Which program a line for a shell would start, with which words (POSIX.1-2017,
 * shell section 2.2). Rules are matched against that and never against text, so
 * the one error that counts is to see a simple command where a shell sees more
 * (abuse K04). Hence whatever is not surely a word's character ends it all: a
 * rule that does not match only asks a person.
 */
#include "lib/simplecmd.h"

#include <stdint.h>
#include <string.h>

#include "lib/arena.h"
#include "lib/str.h"

/* Out of quotes these are more than characters, in some shell or other. */
#define SPECIAL ";&|<>()$`{}\r\n"

struct scan {
	const char *at, *end;
	char *out;	/* of the word; never longer than what is left */
	bool any;	/* it is a word: quotes make an empty one */
	bool is_quoted; /* some of it was, so it is no keyword */
	bool is_bad;
};

static bool
text_ok(const char *text, size_t len)
{
	if (len > SIMPLECMD_BYTES || !str_utf8_valid(text, len))
		return false;
	for (size_t i = 0; i < len; i++)
		if ((uint8_t)text[i] < 0x20 || text[i] == 0x7f)
			return false;
	return true;
}

static void
take(struct scan *s)
{
	*s->out++ = *s->at++;
	s->any = true;
}

/* Past the closing quote. */
static void
single_quotes(struct scan *s)
{
	s->any = s->is_quoted = true;
	for (s->at++; s->at < s->end && *s->at != '\'';)
		take(s);
	if (s->at == s->end)
		s->is_bad = true;
	else
		s->at++;
}

/* Here a backslash is one but before what it would keep from its meaning. */
static void
double_quotes(struct scan *s)
{
	s->any = s->is_quoted = true;
	for (s->at++; s->at < s->end && *s->at != '"';) {
		if (*s->at == '$' || *s->at == '`') {
			s->is_bad = true;
			return;
		}
		if (*s->at == '\\' && s->end - s->at > 1 &&
		    strchr("$`\"\\", s->at[1]) != NULL)
			s->at++;
		take(s);
	}
	if (s->at == s->end)
		s->is_bad = true;
	else
		s->at++;
}

static void
backslash(struct scan *s)
{
	s->at++;
	s->is_quoted = true;
	if (s->at == s->end)
		s->is_bad = true;
	else
		take(s);
}

/* At its beginning these make something else of a word: = is zsh's. */
static bool
begins_badly(char c)
{
	return c == '#' || c == '~' || c == '=';
}

static void
word(struct scan *s)
{
	if (begins_badly(*s->at))
		s->is_bad = true;
	while (!s->is_bad && s->at < s->end && *s->at != ' ') {
		if (strchr(SPECIAL, *s->at) != NULL)
			s->is_bad = true;
		else if (*s->at == '\'')
			single_quotes(s);
		else if (*s->at == '"')
			double_quotes(s);
		else if (*s->at == '\\')
			backslash(s);
		else
			take(s);
	}
}

/* What opens something longer, or stands before a command of its own. */
static bool
is_keyword(const char *w)
{
	static const char *const words[] = { "!", "[[", "case", "coproc", "do",
		"done", "elif", "else", "end", "esac", "fi", "for", "foreach",
		"function", "if", "in", "nocorrect", "noglob", "repeat",
		"select", "then", "time", "until", "while" };

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strcmp(words[i], w) == 0)
			return true;
	return false;
}

/* An assignment is one by its "=", wherever the quotes are. */
static bool
first_ok(const char *w, bool is_quoted)
{
	return *w != '\0' && strchr(w, '=') == NULL &&
	       (is_quoted || !is_keyword(w));
}

char **
simplecmd_words(struct arena *a, const char *text, size_t len)
{
	struct scan s = { .at = text, .end = text + len };
	char **words, *begin;
	size_t n = 0;

	if (!text_ok(text, len))
		return NULL;
	words = arena_alloc(a, (SIMPLECMD_WORDS + 1) * sizeof(*words));
	/* A NUL for each word, which has a blank or the end behind it. */
	s.out = arena_alloc(a, len + 1);
	for (;;) {
		while (s.at < s.end && *s.at == ' ')
			s.at++;
		if (s.at == s.end)
			break;
		begin = s.out;
		s.any = s.is_quoted = false;
		word(&s);
		if (s.is_bad || !s.any || n == SIMPLECMD_WORDS)
			return NULL;
		*s.out++ = '\0';
		if (n == 0 && !first_ok(begin, s.is_quoted))
			return NULL;
		words[n++] = begin;
	}
	return n > 0 ? words : NULL;
}

bool
simplecmd_match(const char *const *pattern, const char *const *argv)
{
	while (*pattern != NULL) {
		if (pattern[1] == NULL && strcmp(*pattern, "*") == 0)
			return true;
		if (*argv == NULL || strcmp(*pattern, *argv) != 0)
			return false;
		pattern++;
		argv++;
	}
	return *argv == NULL;
}
