/* SPDX-License-Identifier: MIT */
/*
 * Ids to objects, by open addressing with linear probing. The table is never
 * more than three quarters full, and removal closes the gap it leaves, so there
 * are no tombstones and a lookup ends at the first empty slot.
 */
#include "lib/idmap.h"

#include <stdlib.h>
#include <string.h>

#include "lib/log.h"
#include "lib/xalloc.h"

struct idmap_slot {
	uint64_t id; /* 0: empty */
	void *ptr;
};

/* Ids are often consecutive; the finisher of splitmix64 spreads them. */
static size_t
home(const struct idmap *m, uint64_t id)
{
	id = (id ^ id >> 30) * 0xbf58476d1ce4e5b9u;
	id = (id ^ id >> 27) * 0x94d049bb133111ebu;
	return (size_t)(id ^ id >> 31) & (m->cap - 1);
}

void
idmap_init(struct idmap *m)
{
	memset(m, 0, sizeof(*m));
}

void
idmap_done(struct idmap *m)
{
	free(m->slots);
	idmap_init(m);
}

/* The slot of `id`, or the empty one where it belongs. cap > 0. */
static struct idmap_slot *
probe(const struct idmap *m, uint64_t id)
{
	size_t i = home(m, id);

	while (m->slots[i].id != 0 && m->slots[i].id != id)
		i = (i + 1) & (m->cap - 1);
	return &m->slots[i];
}

static void
rehash(struct idmap *m)
{
	struct idmap_slot *old = m->slots;
	size_t n = m->cap, i;

	m->cap = n > 0 ? n * 2 : 16;
	m->slots = xcalloc(m->cap, sizeof(*m->slots));
	for (i = 0; i < n; i++)
		if (old[i].id != 0)
			*probe(m, old[i].id) = old[i];
	free(old);
}

void
idmap_put(struct idmap *m, uint64_t id, void *ptr)
{
	struct idmap_slot *s;

	if (id == 0)
		fatalx("idmap", "id 0");
	if (m->used + 1 > m->cap / 4 * 3)
		rehash(m);
	s = probe(m, id);
	if (s->id == 0)
		m->used++;
	s->id = id;
	s->ptr = ptr;
}

void *
idmap_find(const struct idmap *m, uint64_t id)
{
	if (m->cap == 0 || id == 0)
		return NULL;
	return probe(m, id)->ptr;
}

/*
 * Moves later members of the run into the gap at `hole`, but only those whose
 * home is not between the gap and themselves: they would become unreachable.
 */
static void
close_gap(struct idmap *m, size_t hole)
{
	size_t mask = m->cap - 1, i, h;

	for (i = (hole + 1) & mask; m->slots[i].id != 0; i = (i + 1) & mask) {
		h = home(m, m->slots[i].id);
		if (((i - h) & mask) < ((i - hole) & mask))
			continue;
		m->slots[hole] = m->slots[i];
		hole = i;
	}
	m->slots[hole] = (struct idmap_slot){ 0, NULL };
}

void *
idmap_del(struct idmap *m, uint64_t id)
{
	struct idmap_slot *s;
	void *ptr;

	if (m->cap == 0 || id == 0)
		return NULL;
	s = probe(m, id);
	if (s->id == 0)
		return NULL;
	ptr = s->ptr;
	m->used--;
	close_gap(m, (size_t)(s - m->slots));
	return ptr;
}
