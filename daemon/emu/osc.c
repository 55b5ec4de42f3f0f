/* SPDX-License-Identifier: MIT */
/*
 * Operating system commands that a terminal keeps something of: title, colours,
 * links. What is longer than EMU_OSC was dropped before (abuse J03, J04); all
 * others mean nothing here, the clipboard first of all (J01).
 */
#include <stdlib.h>
#include <string.h>

#include "daemon/emu/state.h"
#include "lib/xalloc.h"

static void
title(struct emu *e, char *text)
{
	free(e->title);
	e->title = xstrdup(text);
}

/* rgb:r/g/b or #rgb, as in XParseColor(3) but without names. */
static bool
is_colour(const char *s)
{
	size_t len = strlen(s), hex;

	if (len >= EMU_SPEC)
		return false;
	if (s[0] == '#') {
		hex = strspn(s + 1, "0123456789abcdefABCDEF");
		return hex == len - 1 && hex > 0 && hex % 3 == 0 && hex <= 12;
	}
	if (strncmp(s, "rgb:", 4) != 0)
		return false;
	s += 4;
	len = strspn(s, "0123456789abcdefABCDEF");
	if (len < 1 || len > 4 || strlen(s) != 3 * len + 2)
		return false;
	return s[len] == '/' && s[2 * len + 1] == '/' &&
	       strspn(s + len + 1, "0123456789abcdefABCDEF") == len &&
	       strspn(s + 2 * len + 2, "0123456789abcdefABCDEF") == len;
}

static void
colour_set(struct emu *e, unsigned i, const char *spec)
{
	if (e->colour == NULL)
		e->colour = xcalloc(EMU_COLOURS, EMU_SPEC);
	memcpy(e->colour[i], spec, strlen(spec) + 1);
}

/* A number below `limit` that is all of the text, or `limit`. */
static unsigned
number(const char *s, unsigned limit)
{
	unsigned n = 0;

	if (*s == '\0')
		return limit;
	for (; *s >= '0' && *s <= '9' && n < limit; s++)
		n = n * 10 + (unsigned)(*s - '0');
	return *s == '\0' && n < limit ? n : limit;
}

/* Pairs of index and colour. */
static void
indexed(struct emu *e, char *text)
{
	char *index, *spec;

	while (text != NULL) {
		unsigned i;

		index = strsep(&text, ";");
		spec = strsep(&text, ";");
		i = number(index, 256);
		if (spec != NULL && i < 256 && is_colour(spec))
			colour_set(e, i, spec);
	}
}

static void
special(struct emu *e, unsigned at, char *text)
{
	for (; text != NULL && at < EMU_COLOURS; at++) {
		char *spec = strsep(&text, ";");

		if (is_colour(spec))
			colour_set(e, at, spec);
	}
}

static void
forget(struct emu *e, char *text)
{
	if (e->colour == NULL)
		return;
	if (*text == '\0')
		memset(e->colour, 0, (size_t)256 * EMU_SPEC);
	while (text != NULL) {
		unsigned i = number(strsep(&text, ";"), 256);

		if (i < 256)
			e->colour[i][0] = '\0';
	}
}

/* `id=` of a link's parameters, which are separated by colons. */
static const char *
link_name(char *params)
{
	while (params != NULL) {
		const char *p = strsep(&params, ":");

		if (strncmp(p, "id=", 3) == 0)
			return p + 3;
	}
	return "";
}

/* A link is its name, NUL, its address. */
static void
hyperlink(struct emu *e, char *text)
{
	char key[EMU_OSC], *uri = strchr(text, ';');
	const char *name;
	size_t len;

	if (uri == NULL)
		return;
	*uri++ = '\0';
	if (*uri == '\0') {
		if (text[strspn(text, " ")] == '\0')
			emu_pen_link(e, 0);
		return;
	}
	name = link_name(text);
	len = strlen(name) + 1;
	memcpy(key, name, len);
	memcpy(key + len, uri, strlen(uri));
	emu_pen_link(e, intern_id(&e->links, key, len + strlen(uri), &e->work));
}

void
emu_osc(struct emu *e)
{
	char *text = strchr(e->in.osc, ';'), none[] = "";
	unsigned n;

	if (text != NULL)
		*text++ = '\0';
	n = number(e->in.osc, 1000);
	if (text == NULL)
		text = none;
	if (n == 0 || n == 2)
		title(e, text);
	else if (n == 4)
		indexed(e, text);
	else if (n == 8)
		hyperlink(e, text);
	else if (n >= 10 && n <= 12)
		special(e, 246 + n, text);
	else if (n == 104)
		forget(e, text);
	else if (n >= 110 && n <= 112 && e->colour != NULL)
		e->colour[146 + n][0] = '\0';
}
