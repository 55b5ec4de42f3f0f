/* SPDX-License-Identifier: MIT */
#ifndef RDV_STR_H
#define RDV_STR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Whole-string decimal within [min, max]; no sign games, no blanks. */
bool str_to_u64(const char *s, uint64_t min, uint64_t max, uint64_t *out);
bool str_to_i64(const char *s, int64_t min, int64_t max, int64_t *out);
bool str_starts(const char *s, const char *prefix);
bool str_ends(const char *s, const char *suffix);
/* Always terminates; true when `src` fitted into `size` bytes with its NUL. */
bool str_copy(char *dst, const char *src, size_t size);
/* Valid UTF-8 by RFC 3629: no overlongs, no surrogates, <= U+10FFFF. */
bool str_utf8_valid(const char *s, size_t len);
/*
 * Bytes at the end of `s` that begin a UTF-8 sequence not yet complete (0..3),
 * so that a stream can be cut between characters.
 */
size_t str_utf8_tail(const char *s, size_t len);
/*
 * Printable form for logs and terminals: control bytes, DEL, C1, quote,
 * backslash and invalid UTF-8 become \n \r \t \e \xHH \" \\. Writes at most
 * size-1 bytes and a NUL; ends with "..." when cut. Returns bytes written.
 */
size_t str_escape(char *dst, size_t size, const char *src, size_t len);
/* Lower-case hexadecimal; `dst` has 2*len+1 bytes. */
void str_hex(char *dst, const void *src, size_t len);
bool str_unhex(void *dst, size_t len, const char *hex);
/* Standard base64 with padding (RFC 4648 section 4); dst >= 4*((len+2)/3)+1. */
void str_base64(char *dst, const void *src, size_t len);
/* URL-safe base64 without padding (section 5). */
void str_base64url(char *dst, const void *src, size_t len);
/* Strict decoding: right padding, no blanks; false otherwise. */
bool str_unbase64(void *dst, size_t max, size_t *len, const char *src);
/* The same of the URL-safe one without padding, of exactly `len` bytes. */
bool str_unbase64url(void *dst, size_t len, const char *src);

#endif
