/* SPDX-License-Identifier: MIT */
/*
 * tmux's control mode as a strict reader. Invariant: a reply ends with the very
 * time, number and flags it began with, so what a command prints is never taken
 * for its end unless it guesses all three; callers see to it that no line of
 * what they ask for begins with other people's text.
 */
#include "daemon/term/tmuxctl.h"

#include <string.h>

#include "lib/err.h"
#include "lib/str.h"

void
tmuxctl_init(struct tmuxctl *c)
{
	memset(c, 0, sizeof(*c));
	buf_init(&c->line, TMUXCTL_LINE_MAX);
	buf_init(&c->text, TMUXCTL_REPLY_MAX);
}

void
tmuxctl_done(struct tmuxctl *c)
{
	buf_done(&c->line);
	buf_done(&c->text);
}

/* "123 45 1" behind a guard's word. */
static bool
guard_numbers(char *text, uint64_t out[3])
{
	char *word;

	for (int i = 0; i < 3; i++) {
		word = strsep(&text, " ");
		if (word == NULL || !str_to_u64(word, 0, INT64_MAX, &out[i]))
			return false;
	}
	return text == NULL;
}

static int
begin(struct tmuxctl *c, const char *numbers)
{
	char copy[80];
	uint64_t n[3];

	if (!str_copy(copy, numbers, sizeof(copy)) || !guard_numbers(copy, n))
		return RDV_E_MALFORMED;
	c->time = n[0];
	c->number = n[1];
	c->flags = n[2];
	c->in_reply = true;
	buf_reset(&c->text);
	return 0;
}

/*
 * The line is this reply's last: by its numbers, whatever else it looks like.
 */
static bool
ends(const struct tmuxctl *c, const char *line, bool *ok)
{
	char copy[80];
	uint64_t n[3];

	*ok = str_starts(line, "%end ");
	if (!*ok && !str_starts(line, "%error "))
		return false;
	line = strchr(line, ' ') + 1;
	return str_copy(copy, line, sizeof(copy)) && guard_numbers(copy, n) &&
	       n[0] == c->time && n[1] == c->number && n[2] == c->flags;
}

static int
reply_line(struct tmuxctl *c, const char *line, size_t len,
    tmuxctl_reply_fn *cb, void *arg)
{
	bool ok;

	if (ends(c, line, &ok)) {
		c->in_reply = false;
		cb(ok, c->flags == 1, buf_cstr(&c->text), c->text.len, arg);
		return 0;
	}
	buf_put(&c->text, line, len);
	buf_put(&c->text, "\n", 1);
	return buf_ok(&c->text) ? 0 : RDV_E_TOO_BIG;
}

/* Outside of replies each line is a notification: a word, then its own. */
static int
note_line(struct tmuxctl *c, const char *line)
{
	size_t n = strspn(line, "%abcdefghijklmnopqrstuvwxyz-");

	if (str_starts(line, "%begin "))
		return begin(c, line + 7);
	if (line[0] != '%' || n < 2 || strchr(line + 1, '%') == line + 1 ||
	    (line[n] != ' ' && line[n] != '\0') || str_starts(line, "%end ") ||
	    str_starts(line, "%error "))
		return RDV_E_MALFORMED;
	return 0;
}

static int
one_line(struct tmuxctl *c, tmuxctl_reply_fn *cb, void *arg)
{
	const char *line = buf_cstr(&c->line);
	size_t len = c->line.len;
	int err;

	if (!buf_ok(&c->line))
		return RDV_E_TOO_BIG;
	if (strlen(line) != len)
		return RDV_E_MALFORMED;
	err = c->in_reply ? reply_line(c, line, len, cb, arg)
			  : note_line(c, line);
	buf_reset(&c->line);
	return err;
}

int
tmuxctl_feed(struct tmuxctl *c, const void *p, size_t len, tmuxctl_reply_fn *cb,
    void *arg)
{
	const char *at = p, *end = at + len, *nl;

	while (c->broken == 0 && at < end) {
		nl = memchr(at, '\n', (size_t)(end - at));
		buf_put(&c->line, at, (size_t)((nl != NULL ? nl : end) - at));
		if (nl == NULL) {
			c->broken = buf_ok(&c->line) ? 0 : RDV_E_TOO_BIG;
			break;
		}
		c->broken = one_line(c, cb, arg);
		at = nl + 1;
	}
	return c->broken;
}

/*
 * What is not a letter, a digit or plain is written in octal: then there is
 * nothing to remember about tmux's grammar.
 */
static void
put_byte(struct buf *b, uint8_t byte)
{
	static const char plain[] =
	    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
	    "_-./:=@+,";

	if (strchr(plain, byte) != NULL)
		buf_put_u8(b, byte);
	else
		buf_printf(b, "\\%03o", byte);
}

void
tmuxctl_word(struct buf *b, const char *word)
{
	buf_put_text(b, " \"");
	for (; *word != '\0'; word++)
		put_byte(b, (uint8_t)*word);
	buf_put_text(b, "\"");
}

bool
tmuxctl_format(struct buf *b, const char *text)
{
	if (strstr(text, "#[") != NULL)
		return false;
	buf_put_text(b, " \"");
	for (; *text != '\0'; text++) {
		if (*text == '#')
			put_byte(b, '#');
		put_byte(b, (uint8_t)*text);
	}
	buf_put_text(b, "\"");
	return true;
}
