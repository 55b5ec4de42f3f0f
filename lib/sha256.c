/* SPDX-License-Identifier: MIT */
/*
 * SHA-256 for the processes that need one digest of a short text now and then:
 * [ops], which is forked for each run, and the command line. libcrypto would
 * cost each fork and each start more than all digests they ever make. rdvd,
 * which digests with every request, has libcrypto's.
 */
#include "lib/sha256.h"

#include <string.h>

#include "lib/secret.h"

#define BLOCK	  64
#define LENGTH_AT 56 /* of the bit length, in the last block */
#define ROUNDS	  64

struct state {
	uint32_t h[8];
	uint32_t w[ROUNDS];
	uint8_t tail[2 * BLOCK];
};

static const uint32_t k[ROUNDS] = { 0x428a2f98, 0x71374491, 0xb5c0fbcf,
	0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5, 0xd807aa98,
	0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7,
	0xc19bf174, 0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f,
	0x4a7484aa, 0x5cb0a9dc, 0x76f988da, 0x983e5152, 0xa831c66d, 0xb00327c8,
	0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967, 0x27b70a85,
	0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e,
	0x92722c85, 0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819,
	0xd6990624, 0xf40e3585, 0x106aa070, 0x19a4c116, 0x1e376c08, 0x2748774c,
	0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3, 0x748f82ee,
	0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7,
	0xc67178f2 };

static const uint32_t first[8] = { 0x6a09e667, 0xbb67ae85, 0x3c6ef372,
	0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19 };

static uint32_t
rotr(uint32_t x, unsigned n)
{
	return x >> n | x << (32 - n);
}

static void
schedule(struct state *s, const uint8_t *p)
{
	uint32_t *w = s->w, a, b;
	int i;

	for (i = 0; i < 16; i++, p += 4)
		w[i] = (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 |
		       (uint32_t)p[2] << 8 | p[3];
	for (; i < ROUNDS; i++) {
		a = rotr(w[i - 15], 7) ^ rotr(w[i - 15], 18) ^ w[i - 15] >> 3;
		b = rotr(w[i - 2], 17) ^ rotr(w[i - 2], 19) ^ w[i - 2] >> 10;
		w[i] = w[i - 16] + a + w[i - 7] + b;
	}
}

/* The standard's a..h are v[0]..v[7]. */
static void
block(struct state *s, const uint8_t *p)
{
	uint32_t v[8], t1, t2;
	int i;

	schedule(s, p);
	memcpy(v, s->h, sizeof(v));
	for (i = 0; i < ROUNDS; i++) {
		t1 = v[7] + (rotr(v[4], 6) ^ rotr(v[4], 11) ^ rotr(v[4], 25)) +
		     ((v[4] & v[5]) ^ (~v[4] & v[6])) + k[i] + s->w[i];
		t2 = (rotr(v[0], 2) ^ rotr(v[0], 13) ^ rotr(v[0], 22)) +
		     ((v[0] & v[1]) ^ (v[0] & v[2]) ^ (v[1] & v[2]));
		memmove(v + 1, v, 7 * sizeof(v[0]));
		v[4] += t1;
		v[0] = t1 + t2;
	}
	for (i = 0; i < 8; i++)
		s->h[i] += v[i];
	secret_wipe(v, sizeof(v));
}

static void
put_be(uint8_t *p, uint64_t value, size_t bytes)
{
	while (bytes-- > 0)
		*p++ = (uint8_t)(value >> 8 * bytes);
}

void
sha256(const void *p, size_t len, uint8_t out[SHA256_LEN])
{
	const uint8_t *at = p;
	const size_t whole = len / BLOCK, rest = len % BLOCK;
	const size_t last = rest < LENGTH_AT ? BLOCK : 2 * BLOCK;
	struct state s = { .w = { 0 } };
	size_t i;

	memcpy(s.h, first, sizeof(first));
	for (i = 0; i < whole; i++, at += BLOCK)
		block(&s, at);
	if (rest > 0)
		memcpy(s.tail, at, rest);
	s.tail[rest] = 0x80;
	put_be(s.tail + last - 8, (uint64_t)len * 8, 8);
	for (i = 0; i < last; i += BLOCK)
		block(&s, s.tail + i);
	for (i = 0; i < 8; i++)
		put_be(out + 4 * i, s.h[i], 4);
	secret_wipe(&s, sizeof(s));
}
