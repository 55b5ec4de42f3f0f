/* SPDX-License-Identifier: MIT */
/*
 * What makes the audit log a chain: each record says the hash of the one
 * before and its own number, so that none can be changed, left out, put in or
 * moved without all that follow. A head seals everything up to itself; kept
 * elsewhere it also shows that the end was cut off (abuse O02, O03).
 */
#include "lib/auditchain.h"

#include <stdio.h>
#include <string.h>

#include "lib/secret.h"

static const char *
check_place(const struct auditchain *c, const struct auditline *l)
{
	if (c->seq == 0 && c->loose)
		return NULL;
	if (l->seq != c->seq + 1)
		return "not the number that follows";
	if (!secret_equal(l->prev, c->hash, AUDIT_HASH))
		return "does not follow the record before";
	return NULL;
}

static const char *
check_seals(const struct auditchain *c, const char *text,
    const struct auditline *l)
{
	if (c->mac != NULL && !auditline_maced_by(l, text, c->mac))
		return "its mac is not of this key";
	if (c->pub != NULL && l->signed_len > 0 &&
	    !auditline_signed_by(l, text, c->pub))
		return "its signature is not of this key";
	return NULL;
}

/* So that the border between two files cannot be moved either. */
static const char *
check_file(const struct auditchain *c, const struct auditline *l)
{
	char file[AUDIT_NAME];

	if (!c->fresh)
		return NULL;
	snprintf(file, sizeof(file), "%u", c->file);
	if (!auditline_is(l, "act", "open") || !auditline_is(l, "file", file))
		return "not the beginning of this file";
	return NULL;
}

static void
check_marks(struct auditchain *c)
{
	struct audit_mark *m;

	for (m = c->mark; m < c->mark + AUDIT_MARKS; m++)
		m->seen =
		    m->seen || (m->seq == c->seq &&
				   secret_equal(m->hash, c->hash, AUDIT_HASH));
}

const char *
auditchain_take(struct auditchain *c, const char *text, size_t len,
    struct auditline *l)
{
	const char *why = auditline_parse(l, text, len);

	if (why == NULL)
		why = check_place(c, l);
	if (why == NULL)
		why = check_file(c, l);
	if (why == NULL)
		why = check_seals(c, text, l);
	if (why != NULL)
		return why;
	c->seq = l->seq;
	if (c->first == 0)
		c->first = l->seq;
	if (l->signed_len > 0)
		c->head = l->seq;
	auditcrypt_hash(text, len, c->hash);
	c->fresh = false;
	check_marks(c);
	return NULL;
}

const char *
auditchain_mark(struct auditchain *c, unsigned which, const char *text,
    size_t len)
{
	struct audit_mark *m = &c->mark[which];
	struct auditline l;
	const char *why;

	if (len > 0 && text[len - 1] == '\n')
		len--;
	why = auditline_parse(&l, text, len);
	if (why != NULL)
		return why;
	if (c->pub == NULL || !auditline_signed_by(&l, text, c->pub))
		return "its signature is not of this key";
	m->seq = l.seq;
	auditcrypt_hash(text, len, m->hash);
	return NULL;
}

const char *
auditchain_marks(const struct auditchain *c)
{
	const struct audit_mark *m;

	for (m = c->mark; m < c->mark + AUDIT_MARKS; m++) {
		if (m->seq == 0 || m->seen || (c->loose && m->seq < c->first))
			continue;
		return m->seq > c->seq
			   ? "records are missing at the end: a signed head "
			     "is of a later one"
			   : "a signed head is of another log";
	}
	return NULL;
}
