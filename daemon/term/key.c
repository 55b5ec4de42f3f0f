/* SPDX-License-Identifier: MIT */
/*
 * Names of keys. The table says what each sends without modifiers; the forms
 * with modifiers are those of xterm's ctlseqs ("PC-Style Function Keys").
 * Invariant: what is not wholly understood is no key, so that a name with a
 * mistake in it is never typed as text.
 */
#include "daemon/term/key.h"

#include <stdint.h>
#include <string.h>
#include <strings.h>

#include "daemon/term/utf8.h"
#include "lib/buf.h"
#include "lib/str.h"

enum mod { SHIFT = 1, ALT = 2, CTRL = 4 };

enum form {
	TEXT,	/* as it is; Alt puts ESC before it, others there are none */
	CURSOR, /* CSI final; SS3 final while DECCKM is on */
	SS3,	/* SS3 final, always */
	TILDE	/* CSI number ~ */
};

struct key_row {
	const char *name;
	enum form form;
	const char *sends; /* the text, the final, or the number */
};

/* Names of the contract first, then what else people and tmux call them. */
static const struct key_row rows[] = {
	{ "Enter", TEXT, "\r" },
	{ "Return", TEXT, "\r" },
	{ "Tab", TEXT, "\t" },
	{ "Escape", TEXT, "\x1b" },
	{ "Esc", TEXT, "\x1b" },
	{ "Up", CURSOR, "A" },
	{ "Down", CURSOR, "B" },
	{ "Left", CURSOR, "D" },
	{ "Right", CURSOR, "C" },
	{ "PageUp", TILDE, "5" },
	{ "PageDown", TILDE, "6" },
	{ "Home", CURSOR, "H" },
	{ "End", CURSOR, "F" },
	{ "Backspace", TEXT, "\x7f" },
	{ "C-Backspace", TEXT, "\b" },
	{ "Space", TEXT, " " },
	{ "BTab", TEXT, "\x1b[Z" },
	{ "S-Tab", TEXT, "\x1b[Z" },
	{ "Delete", TILDE, "3" },
	{ "Insert", TILDE, "2" },
	{ "F1", SS3, "P" },
	{ "F2", SS3, "Q" },
	{ "F3", SS3, "R" },
	{ "F4", SS3, "S" },
	{ "F5", TILDE, "15" },
	{ "F6", TILDE, "17" },
	{ "F7", TILDE, "18" },
	{ "F8", TILDE, "19" },
	{ "F9", TILDE, "20" },
	{ "F10", TILDE, "21" },
	{ "F11", TILDE, "23" },
	{ "F12", TILDE, "24" },
	{ "BSpace", TEXT, "\x7f" },
	{ "PgUp", TILDE, "5" },
	{ "PPage", TILDE, "5" },
	{ "PgDn", TILDE, "6" },
	{ "NPage", TILDE, "6" },
	{ "DC", TILDE, "3" },
	{ "IC", TILDE, "2" },
};
#define ROWS (sizeof(rows) / sizeof(rows[0]))

static const struct {
	const char *before;
	enum mod mod;
} prefixes[] = {
	{ "C-", CTRL },
	{ "Ctrl-", CTRL },
	{ "M-", ALT },
	{ "Alt-", ALT },
	{ "Meta-", ALT },
	{ "S-", SHIFT },
	{ "Shift-", SHIFT },
};
#define PREFIXES (sizeof(prefixes) / sizeof(prefixes[0]))

static const struct key_row *
find_row(const char *name)
{
	for (size_t i = 0; i < ROWS; i++)
		if (strcasecmp(rows[i].name, name) == 0)
			return &rows[i];
	return NULL;
}

/* What stands behind one modifier, or NULL: "C-" itself is none. */
static const char *
behind_prefix(const char *name, unsigned *mods)
{
	for (size_t i = 0; i < PREFIXES; i++) {
		size_t n = strlen(prefixes[i].before);

		if (strncasecmp(name, prefixes[i].before, n) != 0 ||
		    name[n] == '\0')
			continue;
		*mods |= prefixes[i].mod;
		return name + n;
	}
	return NULL;
}

/*
 * The control characters by the key that makes them: a letter, one of @[\]^_?,
 * or what xterm takes in place of those on keyboards that lack them.
 */
static bool
control(char c, char *out)
{
	static const char keys[] = "@ 2[3\\4]5^6_7/?8";
	static const char made[] = "\0\0\0\x1b\x1b\x1c\x1c\x1d\x1d\x1e\x1e\x1f"
				   "\x1f\x1f\x7f\x7f";
	const char *at = strchr(keys, c);

	if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')) {
		*out = (char)(c & 0x1f);
		return true;
	}
	if (c == '\0' || at == NULL)
		return false;
	*out = made[at - keys];
	return true;
}

/* One character. S- says nothing of it: it is given as it shall arrive. */
static bool
take_char(struct key *k, const char *p)
{
	size_t len = strlen(p);
	uint32_t ch;

	if (len == 0 || len > 4 || (k->mods & SHIFT) ||
	    utf8_next((const uint8_t *)p, len, &ch) != len || ch == 0xfffd)
		return false;
	memcpy(k->text, p, len);
	k->len = (unsigned)len;
	if (!(k->mods & CTRL))
		return true;
	return len == 1 && control(*p, k->text);
}

bool
key_find(const char *name, struct key *out)
{
	struct key k = { .row = find_row(name) };
	const char *rest;

	/* The whole name before a modifier: S-Tab is in the table. */
	while (k.row == NULL && (rest = behind_prefix(name, &k.mods)) != NULL) {
		name = rest;
		k.row = find_row(name);
	}
	if (k.row != NULL && k.row->form == TEXT && (k.mods & ~ALT) != 0) {
		/* C-Space is NUL, as C-@ is. */
		if (strcmp(k.row->sends, " ") != 0)
			return false;
		name = k.row->sends;
		k.row = NULL;
	}
	if (k.row == NULL && !take_char(&k, name))
		return false;
	*out = k;
	return true;
}

bool
key_has_modes(const struct key *k)
{
	return k->row != NULL && k->row->form == CURSOR && k->mods == 0;
}

static void
put_text(const struct key *k, struct buf *out)
{
	if (k->mods & ALT)
		buf_put_u8(out, 0x1b);
	if (k->row != NULL)
		buf_put_text(out, k->row->sends);
	else
		buf_put(out, k->text, k->len);
}

void
key_put(const struct key *k, bool application, struct buf *out)
{
	const struct key_row *r = k->row;

	if (r == NULL || r->form == TEXT) {
		put_text(k, out);
	} else if (r->form == TILDE) {
		buf_printf(out, "\x1b[%s", r->sends);
		if (k->mods != 0)
			buf_printf(out, ";%u", k->mods + 1);
		buf_put_u8(out, '~');
	} else if (k->mods != 0) {
		buf_printf(out, "\x1b[1;%u%s", k->mods + 1, r->sends);
	} else {
		buf_printf(out, "\x1b%c%s",
		    r->form == SS3 || application ? 'O' : '[', r->sends);
	}
}

#define CLOSE_LEN 16 /* no name is longer */

/* Letters to be changed, left out or added to make the one of the other. */
static unsigned
distance(const char *a, const char *b)
{
	unsigned cost[CLOSE_LEN + 1], i, j;

	for (j = 0; b[j] != '\0'; j++)
		cost[j] = j;
	cost[j] = j;
	for (i = 0; a[i] != '\0'; i++) {
		unsigned corner = cost[0];

		cost[0] = i + 1;
		for (j = 0; b[j] != '\0'; j++) {
			char pair[2][2] = { { a[i] }, { b[j] } };
			unsigned best =
			    corner + (strcasecmp(pair[0], pair[1]) != 0);

			corner = cost[j + 1];
			if (corner + 1 < best)
				best = corner + 1;
			if (cost[j] + 1 < best)
				best = cost[j] + 1;
			cost[j + 1] = best;
		}
	}
	return cost[j];
}

void
key_close_to(const char *name, struct buf *out)
{
	const char *rest, *sep = "";
	unsigned mods = 0;

	size_t len;

	while ((rest = behind_prefix(name, &mods)) != NULL)
		name = rest;
	len = strlen(name);
	if (len < 2 || len > CLOSE_LEN)
		return;
	for (size_t i = 0; i < ROWS; i++) {
		/* Two letters of a short name are most of it. */
		if (distance(name, rows[i].name) > (len > 4 ? 2 : 1) &&
		    strncasecmp(name, rows[i].name, len) != 0)
			continue;
		buf_printf(out, "%s%s", sep, rows[i].name);
		sep = ", ";
	}
}
