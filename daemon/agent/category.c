/* SPDX-License-Identifier: MIT */
/*
 * The category of a command line, by its first word and what it redirects. A
 * guess for the eye: nothing that is allowed or refused may depend on it.
 */
#include "daemon/agent/category.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <strings.h>

#include "lib/arena.h"

#define UNWRAP_MAX 8 /* shells in shells */
#define BLANK	   " \t\r\n"

static const struct {
	const char *word, *category;
} words[] = {
	{ "cat", "read" },
	{ "head", "read" },
	{ "tail", "read" },
	{ "zcat", "read" },
	{ "gzcat", "read" },
	{ "ls", "read" },
	{ "grep", "search" },
	{ "rg", "search" },
	{ "find", "search" },
	{ "awk", "search" },
	{ "tee", "edit" },
	{ "truncate", "edit" },
	{ "chmod", "edit" },
	{ "chown", "edit" },
	{ "rm", "edit" },
	{ "mv", "edit" },
	{ "cp", "edit" },
	{ "touch", "edit" },
	{ "ln", "edit" },
	{ "curl", "fetch" },
	{ "wget", "fetch" },
};

static bool
is_shell(const char *word, size_t len)
{
	static const char *const shells[] = { "sh", "bash", "zsh" };

	for (size_t i = len; i > 0; i--) {
		if (word[i - 1] != '/')
			continue;
		word += i;
		len -= i;
		break;
	}
	for (size_t i = 0; i < sizeof(shells) / sizeof(shells[0]); i++)
		if (strlen(shells[i]) == len &&
		    strncmp(shells[i], word, len) == 0)
			return true;
	return false;
}

/* What a quoted word says; the whole rest when its quote has no end. */
static const char *
unquoted(struct arena *a, const char *s)
{
	char quote = *s == '\'' || *s == '"' ? *s : '\0';
	char *out = arena_alloc(a, strlen(s) + 1);
	size_t n = 0;

	if (quote == '\0')
		return s;
	for (s++; *s != '\0' && *s != quote; s++) {
		if (quote == '"' && *s == '\\' && s[1] != '\0')
			s++;
		out[n++] = *s;
	}
	return out;
}

/* The command in `sh -c 'command'`, or NULL. */
static const char *
unwrapped(struct arena *a, const char *s)
{
	size_t n = strcspn(s, BLANK);

	if (!is_shell(s, n))
		return NULL;
	s += n + strspn(s + n, BLANK);
	n = strcspn(s, BLANK);
	if (*s != '-' || n < 2 || s[n - 1] != 'c')
		return NULL;
	return unquoted(a, s + n + strspn(s + n, BLANK));
}

/* `s` stands behind '>'. To a descriptor or /dev/null is no edit. */
static bool
into_file(const char *s)
{
	static const char null[] = "/dev/null";
	size_t n = sizeof(null) - 1;

	s += strspn(s, ">|");
	if (*s == '&')
		return false;
	s += strspn(s, " \t");
	return strncmp(s, null, n) != 0 ||
	       (s[n] != '\0' && strchr(BLANK ";&|)", s[n]) == NULL);
}

static bool
redirects(const char *s)
{
	char quote = '\0';

	for (; *s != '\0'; s++) {
		if (*s == '\\' && quote != '\'' && s[1] != '\0')
			s++;
		else if (quote != '\0')
			quote = *s == quote ? '\0' : quote;
		else if (*s == '\'' || *s == '"')
			quote = *s;
		else if (*s == '>') {
			if (into_file(s + 1))
				return true;
			s += strspn(s + 1, ">|&");
		}
	}
	return false;
}

static const char *
by_word(const char *s)
{
	size_t n = strcspn(s, BLANK), at = n;

	while (at > 0 && s[at - 1] != '/')
		at--;
	if (n - at == 3 && strncasecmp(s + at, "sed", 3) == 0)
		return strstr(s, "-i") != NULL ? "edit" : "read";
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strlen(words[i].word) == n - at &&
		    strncasecmp(words[i].word, s + at, n - at) == 0)
			return words[i].category;
	return "other";
}

const char *
category_of(const char *command)
{
	struct arena *a = arena_new();
	const char *inner, *found;

	command += strspn(command, BLANK);
	for (int i = 0; i < UNWRAP_MAX; i++) {
		inner = unwrapped(a, command);
		if (inner == NULL)
			break;
		command = inner + strspn(inner, BLANK);
	}
	found = redirects(command) ? "edit" : by_word(command);
	arena_free(a);
	return found;
}
