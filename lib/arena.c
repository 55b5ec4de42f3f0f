/* SPDX-License-Identifier: MIT */
/*
 * Memory of one request: a list of blocks that only grows until all of it goes
 * at once. What is handed out is zero, and what goes is wiped, because requests
 * carry tokens.
 */
#include "lib/arena.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/log.h"
#include "lib/secret.h"
#include "lib/xalloc.h"

/*
 * Under a sanitizer every allocation gets a block of its own, so that an
 * overflow inside the arena is seen as one.
 */
#ifdef RDV_SANITIZED
#define ARENA_BLOCK 1
#else
#define ARENA_BLOCK 8192
#endif

struct block {
	struct block *next; /* older */
	size_t size, used;
	max_align_t data[];
};

struct arena {
	struct block *head; /* never NULL; the last one is kept by a reset */
};

static struct block *
block_new(size_t need, struct block *next)
{
	size_t size = need > ARENA_BLOCK ? need : ARENA_BLOCK;
	struct block *k;

	if (size > SIZE_MAX - sizeof(*k))
		fatalx("arena", "allocation of %zu bytes", need);
	k = xmalloc(sizeof(*k) + size);
	k->next = next;
	k->size = size;
	k->used = 0;
	return k;
}

struct arena *
arena_new(void)
{
	struct arena *a = xmalloc(sizeof(*a));

	a->head = block_new(0, NULL);
	return a;
}

void
arena_reset(struct arena *a)
{
	struct block *k;

	while ((k = a->head)->next != NULL) {
		a->head = k->next;
		secret_free(k, sizeof(*k) + k->used);
	}
	secret_wipe(k->data, k->used);
	k->used = 0;
}

void
arena_free(struct arena *a)
{
	if (a == NULL)
		return;
	arena_reset(a);
	free(a->head);
	free(a);
}

static void *
take(struct arena *a, size_t size)
{
	const size_t align = _Alignof(max_align_t);
	struct block *k = a->head;
	size_t at;

	at = k->used + (align - k->used % align) % align;
	if (at > k->size || size > k->size - at) {
		k = a->head = block_new(size, k);
		at = 0;
	}
	k->used = at + size;
	return (uint8_t *)k->data + at;
}

void *
arena_alloc(struct arena *a, size_t size)
{
	return memset(take(a, size), 0, size);
}

/* `len` bytes and a NUL. */
static char *
copy(struct arena *a, const char *s, size_t len)
{
	char *out = take(a, len + 1);

	out[len] = '\0';
	return memcpy(out, s, len);
}

char *
arena_strdup(struct arena *a, const char *s)
{
	return copy(a, s, strlen(s));
}

const char *
arena_text(struct arena *a, const char *s)
{
	return s != NULL ? arena_strdup(a, s) : NULL;
}

char *
arena_strndup(struct arena *a, const char *s, size_t len)
{
	return copy(a, s, strnlen(s, len));
}

char *
arena_printf(struct arena *a, const char *fmt, ...)
{
	va_list ap, again;
	char *out;
	int n;

	va_start(ap, fmt);
	va_copy(again, ap);
	n = vsnprintf(NULL, 0, fmt, ap);
	if (n < 0)
		fatalx("arena", "cannot format text");
	out = arena_alloc(a, (size_t)n + 1);
	vsnprintf(out, (size_t)n + 1, fmt, again);
	va_end(again);
	va_end(ap);
	return out;
}
