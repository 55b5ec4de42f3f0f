/* SPDX-License-Identifier: MIT */
/*
 * What git says while it clones. Half of it is a server's own text, sent
 * through git, so nothing here is believed: any bytes, in any pieces, make some
 * progress or a few printable lines, within fixed memory.
 */
#include "daemon/core/clonetalk.h"

#include <string.h>

#include "lib/str.h"

#define NONE (-1)
/* Of a number; beyond that it is none. */
#define DIGITS_MAX 15

/* Titles of git's (progress.c and its callers), and what they are called. */
static const struct {
	const char *title, *phase;
} phases[] = {
	{ "Enumerating objects: ", "enumerating" },
	{ "Counting objects: ", "counting" },
	{ "Compressing objects: ", "compressing" },
	{ "Writing objects: ", "sending" },
	{ "Receiving objects: ", "receiving" },
	{ "Unpacking objects: ", "receiving" },
	{ "Resolving deltas: ", "resolving" },
	{ "Checking connectivity: ", "checking" },
	{ "Updating files: ", "writing" },
	{ "Filtering content: ", "writing" },
};

static const struct {
	const char *name;
	int64_t bytes;
} units[] = {
	{ " bytes", 1 },
	{ " byte", 1 },
	{ " KiB", 1LL << 10 },
	{ " MiB", 1LL << 20 },
	{ " GiB", 1LL << 30 },
	{ " TiB", 1LL << 40 },
};

void
clone_talk_init(struct clone_talk *t)
{
	memset(t, 0, sizeof(*t));
	t->now = (struct clone_progress){ NULL, NONE, NONE, NONE, NONE, NONE };
}

/* Moves behind a whole number; NONE, and nothing moves, where there is none. */
static int64_t
number(const char **at)
{
	const size_t len = strspn(*at, "0123456789");
	int64_t n = 0;

	if (len == 0 || len > DIGITS_MAX)
		return NONE;
	for (size_t i = 0; i < len; i++)
		n = n * 10 + ((*at)[i] - '0');
	*at += len;
	return n;
}

static int64_t
scaled(int64_t whole, int64_t hundredths, int64_t unit)
{
	if (whole > INT64_MAX / 2 / unit)
		return NONE;
	return whole * unit + hundredths * unit / 100;
}

/* "12 bytes", "1.20 MiB": always two digits behind the point. */
static int64_t
size(const char **at)
{
	const char *p = *at;
	int64_t whole = number(&p), hundredths = 0;
	size_t len;

	if (whole == NONE)
		return NONE;
	if (p[0] == '.') {
		p++;
		hundredths = strspn(p, "0123456789") == 2 ? number(&p) : NONE;
	}
	if (hundredths == NONE)
		return NONE;
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		len = strlen(units[i].name);
		if (strncmp(p, units[i].name, len) != 0)
			continue;
		*at = p + len;
		return scaled(whole, hundredths, units[i].bytes);
	}
	return NONE;
}

/* " 45% (450/1000), 1.20 MiB | 300.00 KiB/s", or "12, done." */
static bool
parse(const char *p, struct clone_progress *out)
{
	p += strspn(p, " ");
	out->done = number(&p);
	if (out->done == NONE)
		return false;
	if (*p == '%') {
		out->percent = out->done;
		p += strspn(p, "% (");
		out->done = number(&p);
		if (out->percent > 100 || out->done == NONE || *p++ != '/')
			return false;
		out->total = number(&p);
		if (*p++ != ')')
			return false;
	}
	if (strncmp(p, ", ", 2) != 0)
		return true;
	p += 2;
	out->bytes = size(&p);
	if (strncmp(p, " | ", 3) == 0) {
		p += 3;
		out->rate = size(&p);
	}
	return true;
}

static bool
is_progress(struct clone_talk *t, const char *line)
{
	struct clone_progress p = { NULL, NONE, NONE, NONE, NONE, NONE };
	size_t len;

	for (size_t i = 0; i < sizeof(phases) / sizeof(phases[0]); i++) {
		len = strlen(phases[i].title);
		if (strncmp(line, phases[i].title, len) != 0)
			continue;
		if (!parse(line + len, &p))
			return false;
		p.phase = phases[i].phase;
		/* What was received stays true in what comes after. */
		if (p.bytes == NONE)
			p.bytes = t->now.bytes;
		t->now = p;
		return true;
	}
	return false;
}

/* Behind "://": how much of it is a user, with its '@'. */
static size_t
userinfo(const char *p, size_t len)
{
	size_t found = 0;

	for (size_t i = 0; i < len && strchr("/ \t'\"", p[i]) == NULL; i++)
		if (p[i] == '@')
			found = i + 1;
	return found;
}

/*
 * `len` bytes as printable text in which no URL has a user or a password. It is
 * cut at the end.
 */
static void
hide(char *out, size_t size, const char *text, size_t len)
{
	char clean[CLONE_LINE_MAX];
	size_t n = 0, i = 0, skip;

	while (i < len && n + 8 < sizeof(clean)) {
		skip = 0;
		if (len - i > 3 && memcmp(text + i, "://", 3) == 0)
			skip = userinfo(text + i + 3, len - i - 3);
		if (skip == 0) {
			clean[n++] = text[i++];
			continue;
		}
		memcpy(clean + n, "://***@", 7);
		n += 7;
		i += 3 + skip;
	}
	(void)str_escape(out, size, clean, n);
}

static bool
take_line(struct clone_talk *t)
{
	const char *line = t->line;
	size_t len;

	t->line[t->len] = '\0';
	/* Blanks at the end are git's, over what stood there before. */
	while (t->len > 0 && t->line[t->len - 1] == ' ')
		t->line[--t->len] = '\0';
	len = t->len;
	t->len = 0;
	if (str_starts(line, "remote: ")) {
		line += strlen("remote: ");
		len -= strlen("remote: ");
	}
	if (len == 0 || strlen(line) != len)
		return false;
	if (is_progress(t, line))
		return true;
	hide(t->said[t->nsaid++ % CLONE_SAID_MAX], CLONE_TEXT_MAX, t->line,
	    strlen(t->line));
	return false;
}

bool
clone_hear(struct clone_talk *t, const char *bytes, size_t len)
{
	bool changed = false;

	for (size_t i = 0; i < len; i++) {
		if (bytes[i] == '\r' || bytes[i] == '\n')
			changed |= take_line(t);
		/* The rest of a line that is too long says nothing more. */
		else if (t->len < sizeof(t->line) - 1)
			t->line[t->len++] = bytes[i];
	}
	return changed;
}

bool
clone_hear_end(struct clone_talk *t)
{
	return take_line(t);
}

const char *
clone_said(const struct clone_talk *t, size_t i)
{
	const size_t first =
	    t->nsaid > CLONE_SAID_MAX ? t->nsaid - CLONE_SAID_MAX : 0;

	return first + i < t->nsaid ? t->said[(first + i) % CLONE_SAID_MAX]
				    : NULL;
}

const char *
clone_complaint(const struct clone_talk *t)
{
	const char *line, *last = "", *found = NULL;

	for (size_t i = 0; (line = clone_said(t, i)) != NULL; i++) {
		last = line;
		/* The first: what is fatal later follows from it. */
		if (found == NULL && (str_starts(line, "fatal: ") ||
					 str_starts(line, "error: ") ||
					 str_starts(line, "ERROR: ")))
			found = line;
	}
	return found != NULL ? found : last;
}
