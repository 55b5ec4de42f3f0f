/* SPDX-License-Identifier: MIT */
/*
 * Records of the audit log, written and read. Reading is strict, because what
 * two readers take differently is as good as changed: a line that this file
 * would not have written itself is no record.
 */
#include "lib/auditline.h"

#include <string.h>

#include "lib/buf.h"
#include "lib/secret.h"
#include "lib/str.h"

#define KEY_MAX	    16
#define DOMAIN_LEN  (sizeof(AUDITLINE_DOMAIN) - 1)
#define NUMBER_TEXT 21

static bool
is_key_byte(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

static bool
is_word_byte(char c)
{
	return is_key_byte(c) || (c >= 'A' && c <= 'Z') ||
	       (c != '\0' && strchr("._:+-", c) != NULL);
}

static int
hex_digit(char c)
{
	const char *digits = "0123456789abcdef", *at = strchr(digits, c);

	return c == '\0' || at == NULL ? -1 : (int)(at - digits);
}

/* Bytes of one escape sequence and the byte it stands for; 0: it is none. */
static size_t
unescape(const char *s, size_t len, char *out)
{
	static const char names[] = "nrte\"\\", bytes[] = "\n\r\t\033\"\\";
	const char *at;
	int hi, lo;

	if (len < 2 || s[1] == '\0')
		return 0;
	at = strchr(names, s[1]);
	if (at != NULL) {
		*out = bytes[at - names];
		return 2;
	}
	if (s[1] != 'x' || len < 4)
		return 0;
	hi = hex_digit(s[2]);
	lo = hex_digit(s[3]);
	*out = (char)(hi * 16 + lo);
	return hi < 0 || lo < 0 ? 0 : 4;
}

/*
 * Length of the text between quotes, or -1. Whether it was needed is asked
 * by writing it again, a piece at a time, since a text may be long.
 */
static long
text_length(const char *s, size_t len)
{
	size_t i = 0, n;
	char byte;

	while (i < len && s[i] != '"') {
		if ((unsigned char)s[i] < 0x20 || s[i] == 0x7f)
			return -1;
		n = s[i] == '\\' ? unescape(s + i, len - i, &byte) : 1;
		if (n == 0)
			return -1;
		i += n;
	}
	return i < len ? (long)i : -1;
}

/* What text_length() has seen to be well formed. */
static void
put_raw(struct buf *out, const char *s, size_t len)
{
	size_t i = 0, n;
	char byte;

	while (i < len) {
		byte = s[i];
		n = byte == '\\' ? unescape(s + i, len - i, &byte) : 1;
		buf_put(out, &byte, 1);
		i += n;
	}
}

void
auditline_value(const struct auditline_field *f, struct buf *out)
{
	put_raw(out, f->value, f->len);
}

/* As written by str_escape(), which is asked once more. */
static bool
is_canonical(const char *s, size_t len)
{
	struct buf raw, again;
	size_t n;
	bool same;

	buf_init(&raw, len + 1);
	put_raw(&raw, s, len);
	buf_init(&again, 4 * raw.len + 8);
	n = str_escape((char *)buf_room(&again, 4 * raw.len + 8),
	    4 * raw.len + 8, (const char *)raw.data, raw.len);
	same = n == len && (len == 0 || memcmp(again.data, s, len) == 0);
	buf_done(&again);
	buf_done(&raw);
	return same;
}

/* One key=value at `s`; its length, or 0. */
static size_t
parse_field(const char *s, size_t len, struct auditline_field *f)
{
	size_t i = 0, from;
	long n;

	while (i < len && i <= KEY_MAX && is_key_byte(s[i]))
		i++;
	if (i == 0 || i > KEY_MAX || i == len || s[i] != '=')
		return 0;
	f->key = s;
	f->keylen = i++;
	f->text = i < len && s[i] == '"';
	if (f->text) {
		n = text_length(s + i + 1, len - i - 1);
		if (n < 0 || !is_canonical(s + i + 1, (size_t)n))
			return 0;
		f->value = s + i + 1;
		f->len = (size_t)n;
		return i + 2 + f->len;
	}
	for (from = i; i < len && is_word_byte(s[i]); i++)
		continue;
	f->value = s + from;
	f->len = i - from;
	return f->len > 0 ? i : 0;
}

const struct auditline_field *
auditline_find(const struct auditline *l, const char *key)
{
	size_t len = strlen(key);
	unsigned i;

	for (i = 0; i < l->n; i++)
		if (l->field[i].keylen == len &&
		    memcmp(l->field[i].key, key, len) == 0)
			return &l->field[i];
	return NULL;
}

bool
auditline_is(const struct auditline *l, const char *key, const char *value)
{
	const struct auditline_field *f = auditline_find(l, key);

	return f != NULL && f->len == strlen(value) &&
	       memcmp(f->value, value, f->len) == 0;
}

static bool
is_twice(const struct auditline *l)
{
	const struct auditline_field *a, *b = &l->field[l->n - 1];

	for (a = l->field; a < b; a++)
		if (a->keylen == b->keylen &&
		    memcmp(a->key, b->key, a->keylen) == 0)
			return true;
	return false;
}

static const char *
parse_fields(struct auditline *l, const char *text, size_t len)
{
	size_t at = 0, n;

	while (at < len) {
		if (l->n == AUDITLINE_FIELDS)
			return "too many fields";
		n = parse_field(text + at, len - at, &l->field[l->n]);
		if (n == 0)
			return "not a record";
		l->n++;
		if (is_twice(l))
			return "a field stands there twice";
		at += n;
		if (at < len && (text[at] != ' ' || ++at == len))
			return "not a record";
	}
	return NULL;
}

/* The field counted from the end, if it is `key` with `n` bytes in hex. */
static const struct auditline_field *
hex_field(const struct auditline *l, unsigned back, const char *key, void *out,
    size_t n)
{
	const struct auditline_field *f;
	char text[2 * AUDIT_SIG + 1];

	if (l->n < back)
		return NULL;
	f = &l->field[l->n - back];
	if (f->text || f->keylen != strlen(key) ||
	    memcmp(f->key, key, f->keylen) != 0 || f->len != 2 * n)
		return NULL;
	memcpy(text, f->value, f->len);
	text[f->len] = '\0';
	/* Upper case would be a second way to write it. */
	if (strspn(text, "0123456789abcdef") != f->len)
		return NULL;
	return str_unhex(out, n, text) ? f : NULL;
}

static bool
parse_seq(struct auditline *l)
{
	const struct auditline_field *f = &l->field[0];
	char text[NUMBER_TEXT];

	if (f->text || f->keylen != 3 || memcmp(f->key, "seq", 3) != 0 ||
	    f->len >= sizeof(text) || f->value[0] == '0')
		return false;
	memcpy(text, f->value, f->len);
	text[f->len] = '\0';
	return str_to_u64(text, 1, UINT64_MAX, &l->seq);
}

const char *
auditline_parse(struct auditline *l, const char *text, size_t len)
{
	const struct auditline_field *mac, *sig;
	const char *why;
	bool head;

	memset(l, 0, sizeof(*l));
	if (len == 0 || len > AUDITLINE_MAX || !str_utf8_valid(text, len))
		return "not a record";
	why = parse_fields(l, text, len);
	if (why != NULL)
		return why;
	if (!parse_seq(l))
		return "no number";
	mac = hex_field(l, 1, "mac", l->mac, AUDIT_HASH);
	if (mac == NULL)
		return "no mac";
	l->maced_len = (size_t)(mac->key - text) - 1;
	sig = hex_field(l, 2, "sig", l->sig, AUDIT_SIG);
	if (sig != NULL)
		l->signed_len = (size_t)(sig->key - text) - 1;
	head = auditline_is(l, "act", "head");
	if (head != (sig != NULL))
		return head ? "a head without a signature"
			    : "a signature where none belongs";
	if (hex_field(l, head ? 3 : 2, "prev", l->prev, AUDIT_HASH) == NULL)
		return "no hash of the record before";
	return NULL;
}

static void
put_key(struct buf *b, const char *key)
{
	if (b->len > 0)
		buf_put_u8(b, ' ');
	buf_put_text(b, key);
	buf_put_u8(b, '=');
}

void
auditline_put_word(struct buf *b, const char *key, const char *word)
{
	put_key(b, key);
	buf_put_text(b, word);
}

void
auditline_put_text(struct buf *b, const char *key, const char *text)
{
	const size_t len = strlen(text), room = 4 * len + 1;
	const size_t before = (put_key(b, key), buf_put_u8(b, '"'), b->len);
	uint8_t *p = buf_room(b, room);

	if (p == NULL)
		return;
	b->len = before + str_escape((char *)p, room, text, len);
	buf_put_u8(b, '"');
}

void
auditline_put_num(struct buf *b, const char *key, int64_t n)
{
	put_key(b, key);
	buf_put_dec(b, n);
}

void
auditline_put_hex(struct buf *b, const char *key, const void *p, size_t n)
{
	char text[2 * AUDIT_SIG + 1];

	str_hex(text, p, n);
	auditline_put_word(b, key, text);
}

/* What is signed begins with its purpose, so that it is good for no other. */
static void
signed_bytes(struct buf *b, const void *line, size_t len)
{
	buf_init(b, DOMAIN_LEN + len);
	buf_put(b, AUDITLINE_DOMAIN, DOMAIN_LEN);
	buf_put(b, line, len);
}

void
auditline_sign(struct buf *b, const uint8_t seed[AUDIT_KEY])
{
	uint8_t sig[AUDIT_SIG];
	struct buf all;

	signed_bytes(&all, b->data, b->len);
	auditcrypt_sign(seed, all.data, all.len, sig);
	buf_done(&all);
	auditline_put_hex(b, "sig", sig, sizeof(sig));
}

void
auditline_end(struct buf *b, const uint8_t key[AUDIT_KEY])
{
	uint8_t mac[AUDIT_HASH];

	auditcrypt_mac(key, b->data, b->len, mac);
	auditline_put_hex(b, "mac", mac, sizeof(mac));
}

bool
auditline_signed_by(const struct auditline *l, const char *text,
    const uint8_t key[AUDIT_KEY])
{
	struct buf all;
	bool good;

	signed_bytes(&all, text, l->signed_len);
	good = l->signed_len > 0 &&
	       auditcrypt_verify(key, all.data, all.len, l->sig);
	buf_done(&all);
	return good;
}

bool
auditline_maced_by(const struct auditline *l, const char *text,
    const uint8_t key[AUDIT_KEY])
{
	uint8_t mac[AUDIT_HASH];

	auditcrypt_mac(key, text, l->maced_len, mac);
	return secret_equal(mac, l->mac, sizeof(mac));
}
