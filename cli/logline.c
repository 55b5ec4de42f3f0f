/* SPDX-License-Identifier: MIT */
/*
 * Lines of rdv's log, for those commands that read it. Programs that rdv starts
 * write there as well, so a line is only believed as far as its form goes, and
 * what comes of it is escaped before it reaches a terminal.
 */
#include "cli/logline.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define TIME_TEXT (sizeof("2026-11-21T01:02:03.456Z") - 1)

void
logline_message(char *out, size_t size, const char *line)
{
	const char *at = strstr(line, " msg=\"");
	size_t used = 0;

	for (at = at != NULL ? at + 6 : ""; *at != '\0' && *at != '"'; at++) {
		if (*at == '\\' && (at[1] == '"' || at[1] == '\\'))
			at++;
		if (used + 1 < size)
			out[used++] = *at;
	}
	out[used] = '\0';
}

void
logline_word(char *out, size_t size, const char *line, const char *key)
{
	char name[32];
	const char *at;
	size_t len;

	(void)snprintf(name, sizeof(name), " %s=", key);
	at = strstr(line, name);
	at = at != NULL ? at + strlen(name) : "";
	len = strcspn(at, " \n");
	(void)snprintf(out, size, "%.*s", (int)len, at);
}

static bool
in_word(char c)
{
	return isalnum((unsigned char)c) || c == '-';
}

bool
logline_names(const char *line, const char *id)
{
	const size_t len = strlen(id);

	for (const char *at = line; (at = strstr(at, id)) != NULL; at += len)
		if ((at == line || !in_word(at[-1])) && !in_word(at[len]))
			return true;
	return false;
}

int64_t
logline_time(const char *text, size_t len)
{
	struct tm tm = { 0 };
	int ms = 0;

	if (len < TIME_TEXT ||
	    sscanf(text, "%4d-%2d-%2dT%2d:%2d:%2d.%3dZ", &tm.tm_year,
		&tm.tm_mon, &tm.tm_mday, &tm.tm_hour, &tm.tm_min, &tm.tm_sec,
		&ms) != 7)
		return -1;
	tm.tm_year -= 1900;
	tm.tm_mon--;
	return (int64_t)timegm(&tm) * 1000 + ms;
}
