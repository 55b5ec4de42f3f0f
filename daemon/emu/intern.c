/* SPDX-License-Identifier: MIT */
/*
 * Small numbers for byte strings that cells refer to: links, underlines,
 * characters with marks. Invariant: neither their number nor their bytes pass
 * the bound, whatever a program writes (abuse J06); what finds no room is 0.
 */
#include <stdlib.h>
#include <string.h>

#include "daemon/emu/state.h"
#include "lib/xalloc.h"

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

/* FNV-1a: short keys, and a bad spread costs no more than a table is large. */
static uint32_t
hash(const uint8_t *p, size_t len)
{
	uint32_t h = 0x811c9dc5u;

	for (size_t i = 0; i < len; i++)
		h = (h ^ p[i]) * 0x01000193u;
	return h;
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

/* Twice as many slots as there may be strings: a search always ends. */
uint32_t
intern_id(struct intern *t, const void *p, size_t len)
{
	uint32_t slots = 2 * t->n_max, i;
	const uint8_t *have;
	size_t n;

	if (t->slot == NULL) {
		t->bytes = xmalloc(t->max);
		t->at = xcalloc(t->n_max, sizeof(*t->at));
		t->slot = xcalloc(slots, sizeof(*t->slot));
	}
	for (i = hash(p, len) % slots; t->slot[i] != 0; i = (i + 1) % slots) {
		have = intern_get(t, t->slot[i], &n);
		if (n == len && memcmp(have, p, len) == 0)
			return t->slot[i];
	}
	return t->slot[i] = add(t, p, len);
}
