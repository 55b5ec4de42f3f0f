/* SPDX-License-Identifier: MIT */
/*
 * What rdvd may not have, or it could act for everybody: whose token is whose.
 * A line of the file is "UID SHA256 EXPIRES". It is replaced as a whole, and a
 * change is answered only when it is durable. Whoever could write here could
 * make tokens, and whoever reads here still has none: there are hashes only.
 */
#include "priv-helper/tokens.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/buf.h"
#include "lib/err.h"
#include "lib/path.h"
#include "lib/secret.h"
#include "lib/str.h"
#include "lib/xalloc.h"
#include "security/mutant.h"

#define LINE_MAX_BYTES 128
#define FILE_MAX       ((size_t)TOKENS_MAX * LINE_MAX_BYTES)
#define TEXT_MAX       256 /* of a file with one token */
#define UID_MAX	       0xfffffffe

static bool
live(const struct token *t, int64_t now)
{
	return t->expires == 0 || t->expires > now || mutant("token expiry");
}

/* Cuts the next word of `*p` off; "" when there is none. */
static const char *
word(char **p)
{
	const char *w = strsep(p, " ");

	return w != NULL ? w : "";
}

static bool
parse_line(char *line, struct token *out)
{
	int64_t uid;

	if (!str_to_i64(word(&line), 1, UID_MAX, &uid) ||
	    !str_unhex(out->sha256, SHA256_LEN, word(&line)) ||
	    !str_to_i64(word(&line), 0, INT64_MAX, &out->expires))
		return false;
	out->uid = (uid_t)uid;
	return line == NULL;
}

/* Every line ends; a file that was cut short is not half right. */
static int
parse(struct tokens *t, char *text, size_t len)
{
	char *line;

	if (strlen(text) != len || (len > 0 && text[len - 1] != '\n'))
		return RDV_E_MALFORMED;
	while ((line = strsep(&text, "\n")) != NULL && text != NULL) {
		if (t->n == TOKENS_MAX || !parse_line(line, &t->list[t->n]))
			return RDV_E_MALFORMED;
		t->n++;
	}
	return 0;
}

static int
load(struct tokens *t)
{
	char *text;
	size_t len;
	int err = path_read_private(t->dir, TOKENS_FILE, FILE_MAX, &text, &len);

	if (err == -ENOENT)
		return 0;
	if (err != 0)
		return err;
	err = parse(t, text, len);
	free(text);
	return err;
}

int
tokens_open(struct tokens *t, const char *dir, char *why, size_t whysize)
{
	int err;

	*t = (struct tokens){ .dir = path_private_dir(AT_FDCWD, dir) };
	if (t->dir < 0) {
		err = t->dir;
		snprintf(why, whysize, "%s: %s", dir,
		    err == -EPERM ? "not ours, or open to others; needs 0700"
				  : strerror(-err));
		t->dir = -1;
		return err;
	}
	t->list = xcalloc(TOKENS_MAX, sizeof(*t->list));
	err = load(t);
	if (err == 0)
		return 0;
	snprintf(why, whysize, "%s/" TOKENS_FILE ": %s", dir,
	    err < 0 ? strerror(-err)
		    : "not ours, open to others, or not understood");
	tokens_close(t);
	return err;
}

void
tokens_close(struct tokens *t)
{
	free(t->list);
	if (t->dir >= 0)
		(void)close(t->dir);
	*t = (struct tokens){ .dir = -1 };
}

const struct token *
tokens_find(const struct tokens *t, const uint8_t sum[SHA256_LEN], int64_t now)
{
	const struct token *found = NULL;
	size_t i;

	for (i = 0; i < t->n; i++)
		if (secret_equal(t->list[i].sha256, sum, SHA256_LEN) &&
		    live(&t->list[i], now))
			found = &t->list[i];
	return found;
}

static int
save(const struct tokens *t)
{
	char hex[SHA256_TEXT];
	struct buf b;
	size_t i;
	int err;

	buf_init(&b, FILE_MAX);
	for (i = 0; i < t->n; i++) {
		str_hex(hex, t->list[i].sha256, SHA256_LEN);
		buf_printf(&b, "%u %s %lld\n", t->list[i].uid, hex,
		    (long long)t->list[i].expires);
	}
	err = buf_ok(&b)
		  ? path_write_private(t->dir, TOKENS_FILE, b.data, b.len)
		  : -EFBIG;
	buf_done(&b);
	return err;
}

static void
forget_expired(struct tokens *t, int64_t now)
{
	size_t i, kept = 0;

	for (i = 0; i < t->n; i++)
		if (live(&t->list[i], now))
			t->list[kept++] = t->list[i];
	t->n = kept;
}

/* 0 when there is room for one more of that uid. */
static int
judge(const struct tokens *t, const struct token *token)
{
	size_t i, own = 0;

	for (i = 0; i < t->n; i++) {
		if (memcmp(t->list[i].sha256, token->sha256, SHA256_LEN) == 0)
			return RDV_E_EXISTS;
		own += t->list[i].uid == token->uid;
	}
	return own < TOKENS_EACH && t->n < TOKENS_MAX ? 0 : RDV_E_FULL;
}

int
tokens_add(struct tokens *t, const struct token *token, int64_t now)
{
	int err;

	forget_expired(t, now);
	err = judge(t, token);
	if (err != 0)
		return err;
	t->list[t->n++] = *token;
	err = save(t);
	if (err != 0)
		t->n--;
	return err;
}

int
tokens_remove(struct tokens *t, uid_t uid, const uint8_t sum[SHA256_LEN],
    int64_t now)
{
	struct token *p;

	forget_expired(t, now);
	for (p = t->list; p < t->list + t->n; p++)
		if (p->uid == uid && secret_equal(p->sha256, sum, SHA256_LEN))
			break;
	if (p == t->list + t->n)
		return RDV_E_NOT_FOUND;
	*p = t->list[--t->n];
	return save(t);
}

/* The one line of a file of ours, without its end; NULL: there is none. */
static char *
read_one(const struct tokens *t, const char *name)
{
	char *text;
	size_t len;

	if (path_read_private(t->dir, name, TEXT_MAX, &text, &len) != 0)
		return NULL;
	text[strcspn(text, "\n")] = '\0';
	return text;
}

static bool
is_text(const char *text, const uint8_t sum[SHA256_LEN])
{
	uint8_t own[SHA256_LEN];

	sha256(text, strlen(text), own);
	return text[0] != '\0' && secret_equal(own, sum, SHA256_LEN);
}

static bool
is_current(const struct tokens *t, const uint8_t sum[SHA256_LEN])
{
	char *text = read_one(t, TOKENS_SERVICE);
	bool same;

	if (text == NULL)
		return false;
	same = is_text(text, sum);
	secret_free(text, strlen(text));
	return same;
}

/* "SHA256 UNTIL": nginx has it until it is reloaded. */
static bool
is_previous(const struct tokens *t, const uint8_t sum[SHA256_LEN], int64_t now)
{
	char *text = read_one(t, TOKENS_SERVICE_UNTIL), *p = text;
	uint8_t old[SHA256_LEN];
	int64_t until;
	bool same;

	if (text == NULL)
		return false;
	same = str_unhex(old, SHA256_LEN, word(&p)) &&
	       str_to_i64(word(&p), 0, INT64_MAX, &until) && p == NULL &&
	       now < until && secret_equal(old, sum, SHA256_LEN);
	free(text);
	return same;
}

bool
tokens_is_service(const struct tokens *t, const uint8_t sum[SHA256_LEN],
    int64_t now)
{
	return is_current(t, sum) || is_previous(t, sum, now);
}
