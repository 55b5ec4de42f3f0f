/* SPDX-License-Identifier: MIT */
/*
 * Small numbers for byte strings that cells refer to: links, underlines,
 * characters with marks. Invariant: neither their number nor their bytes pass
 * the bound, whatever a program writes (abuse J06), and no search looks at more
 * than INTERN_PROBES of them; what finds no room is 0.
 */
#include <stdlib.h>
#include <string.h>

#include "daemon/emu/state.h"
#include "lib/secret.h"
#include "lib/xalloc.h"

#define SLOTS(t) (4 * (t)->n_max)

void
intern_init(struct intern *t, uint32_t n_max, size_t bytes_max)
{
	*t = (struct intern){ .n_max = n_max, .max = bytes_max };
}

void
intern_done(struct intern *t)
{
	free(t->bytes);
	free(t->at);
	free(t->slot);
}

static uint64_t
rotl(uint64_t v, unsigned n)
{
	return v << n | v >> (64 - n);
}

static void
sip_round(uint64_t v[4])
{
	v[0] += v[1];
	v[2] += v[3];
	v[1] = rotl(v[1], 13) ^ v[0];
	v[3] = rotl(v[3], 16) ^ v[2];
	v[0] = rotl(v[0], 32) + v[3];
	v[2] += v[1];
	v[3] = rotl(v[3], 21) ^ v[0];
	v[1] = rotl(v[1], 17) ^ v[2];
	v[2] = rotl(v[2], 32);
}

/*
 * SipHash-1-3 with a key of this process: a program that chooses the strings
 * cannot know which of them meet in one slot.
 */
static uint64_t
hash(const uint8_t *p, size_t len)
{
	static uint64_t key[2];
	uint64_t v[4], word;

	if ((key[0] | key[1]) == 0)
		secret_random(key, sizeof(key));
	v[0] = key[0] ^ 0x736f6d6570736575u;
	v[1] = key[1] ^ 0x646f72616e646f6du;
	v[2] = key[0] ^ 0x6c7967656e657261u;
	v[3] = key[1] ^ 0x7465646279746573u;
	for (size_t i = 0; i <= len; i += sizeof(word)) {
		word = i + sizeof(word) > len ? (uint64_t)len << 56 : 0;
		memcpy(&word, p + i, len - i < sizeof(word) ? len - i : 8);
		v[3] ^= word;
		sip_round(v);
		v[0] ^= word;
	}
	v[2] ^= 0xff;
	for (unsigned i = 0; i < 3; i++)
		sip_round(v);
	return v[0] ^ v[1] ^ v[2] ^ v[3];
}

const uint8_t *
intern_get(const struct intern *t, uint32_t id, size_t *len)
{
	size_t from = t->at[id - 1];

	*len = (id < t->n ? t->at[id] : t->len) - from;
	return t->bytes + from;
}

static uint32_t
add(struct intern *t, const void *p, size_t len)
{
	if (t->n == t->n_max || len > t->max - t->len)
		return 0;
	memcpy(t->bytes + t->len, p, len);
	t->at[t->n++] = (uint32_t)t->len;
	t->len += len;
	return t->n;
}

/* Where a search begins, of four times as many slots as strings. */
static uint32_t
first_slot(struct intern *t, const void *p, size_t len)
{
	if (t->slot == NULL) {
		t->bytes = xmalloc(t->max);
		t->at = xcalloc(t->n_max, sizeof(*t->at));
		t->slot = xcalloc(SLOTS(t), sizeof(*t->slot));
	}
	return (uint32_t)(hash(p, len) % SLOTS(t));
}

/* Hardly any search is as long as that, even when the table is full. */
uint32_t
intern_id(struct intern *t, const void *p, size_t len, size_t *work)
{
	uint32_t i = first_slot(t, p, len);
	const uint8_t *have;
	size_t n;

	for (unsigned left = INTERN_PROBES; left > 0;
	     left--, i = (i + 1) % SLOTS(t)) {
		++*work;
		if (t->slot[i] == 0)
			return t->slot[i] = add(t, p, len);
		have = intern_get(t, t->slot[i], &n);
		if (n == len && memcmp(have, p, len) == 0)
			return t->slot[i];
	}
	return 0;
}
