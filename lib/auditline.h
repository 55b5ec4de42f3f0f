/* SPDX-License-Identifier: MIT */
#ifndef RDV_AUDITLINE_H
#define RDV_AUDITLINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/auditcrypt.h"

/*
 * One record of the audit log, a line of key=value pairs:
 *
 *   seq=7 time=2026-11-21T01:02:03.456Z mono=912 boot=<uuid> by=ops pid=41
 *   act=spawn phase=before ... prev=<64 hex> [sig=<128 hex>] mac=<64 hex>
 *
 * prev: SHA-256 of the whole line before, without its newline; zeros at first.
 * sig:  Ed25519 over AUDITLINE_DOMAIN and the line before " sig="; stands in
 *       the records with act=head and in no other.
 * mac:  HMAC-SHA256 over the line before " mac=".
 *
 * There is one way to write a record: keys come once, numbers without leading
 * zeros, text in quotes and escaped as str_escape() does it (abuse O04).
 */
#define AUDITLINE_MAX	 81920 /* bytes, without the newline */
#define AUDITLINE_FIELDS 48
#define AUDITLINE_DOMAIN "rdv audit head 1\n"

struct buf;

struct auditline_field {
	const char *key, *value; /* into the line; text without its quotes */
	size_t keylen, len;
	bool text;
};

struct auditline {
	struct auditline_field field[AUDITLINE_FIELDS];
	unsigned n;
	uint64_t seq;
	size_t signed_len; /* bytes the signature covers; 0: there is none */
	size_t maced_len;  /* bytes the MAC covers */
	uint8_t prev[AUDIT_HASH], mac[AUDIT_HASH], sig[AUDIT_SIG];
};

/* NULL, or what is wrong with the line, in a few words. Borrows `text`. */
const char *auditline_parse(struct auditline *l, const char *text, size_t len);
/* The field of that name, or NULL. */
const struct auditline_field *
auditline_find(const struct auditline *l, const char *key);
/* True when that field is there and has this value. */
bool
auditline_is(const struct auditline *l, const char *key, const char *value);

/* The value itself, without escapes: bytes, into an empty buf. */
void auditline_value(const struct auditline_field *f, struct buf *out);

/* Append " key=..." (without the blank to an empty buf). */
void auditline_put_word(struct buf *b, const char *key, const char *word);
void auditline_put_text(struct buf *b, const char *key, const char *text);
void auditline_put_num(struct buf *b, const char *key, int64_t n);
void auditline_put_hex(struct buf *b, const char *key, const void *p, size_t n);
/* Appends sig, for the line as it stands, and mac, which ends it. */
void auditline_sign(struct buf *b, const uint8_t seed[AUDIT_KEY]);
void auditline_end(struct buf *b, const uint8_t key[AUDIT_KEY]);

/* Whether the signature, the MAC of a parsed line are good. */
bool auditline_signed_by(const struct auditline *l, const char *text,
    const uint8_t key[AUDIT_KEY]);
bool auditline_maced_by(const struct auditline *l, const char *text,
    const uint8_t key[AUDIT_KEY]);

#endif
