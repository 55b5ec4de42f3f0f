/* SPDX-License-Identifier: MIT */
#ifndef RDV_PUSHCRYPT_H
#define RDV_PUSHCRYPT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buf;

#define PUSH_SECRET    32 /* a number, big endian */
#define PUSH_POINT     65 /* of P-256, uncompressed */
#define PUSH_AUTH      16
#define PUSH_SALT      16
#define PUSH_SIGNATURE 64
#define PUSH_RECORD    4096 /* the record size that every head names */

struct push_key {
	uint8_t secret[PUSH_SECRET];
	uint8_t point[PUSH_POINT];
};

/* A new one; and the point of a secret. False: it is no secret of P-256. */
bool push_key_new(struct push_key *k);
bool push_key_open(struct push_key *k);
bool push_point_ok(const uint8_t point[PUSH_POINT]);

/* Who is to read it, as its browser has said. */
struct push_reader {
	uint8_t point[PUSH_POINT];
	uint8_t auth[PUSH_AUTH];
};
/*
 * RFC 8291: `text` for that reader, by a key and a salt that are used once, as
 * one record of aes128gcm. Zeros are put behind it until there are `padded`
 * bytes. Appends; false when any of it is not possible.
 */
bool push_seal(const struct push_reader *to, const struct push_key *once,
    const uint8_t salt[PUSH_SALT], const void *text, size_t len, size_t padded,
    struct buf *out);

/*
 * What push_seal() is made of, and tests compare with the RFC. RFC 8188: a
 * record by keying material of any length, named by `id`.
 */
struct push_keying {
	const void *ikm, *id;
	size_t ikmlen, idlen; /* an id has 255 bytes at most */
};
bool push_record(const struct push_keying *k, const uint8_t salt[PUSH_SALT],
    const void *text, size_t len, size_t padded, struct buf *out);

/* ES256 over `text`: r and s (RFC 7518, section 3.4). */
bool push_sign(const struct push_key *k, const char *text,
    uint8_t out[PUSH_SIGNATURE]);

#endif
