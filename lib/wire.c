/* SPDX-License-Identifier: MIT */
/*
 * Structs to bytes and back by table. A kind of field is its encoder and its
 * decoder side by side, and both keep the same bounds: what the peer would have
 * to refuse is never sent, and a body is accepted only when its last byte was
 * consumed. Only members are written, so no padding leaves a process (abuse
 * E03).
 */
#include "lib/wire.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "lib/buf.h"
#include "lib/secret.h"
#include "lib/xalloc.h"

struct wire_kind {
	void (*put)(struct buf *b, const struct wire_field *f, const void *m);
	bool (*get)(struct buf *b, const struct wire_field *f, void *m);
	void (*drop)(const struct wire_field *f, void *m); /* or NULL */
};

static const void *
at(const void *m, size_t offset)
{
	return (const char *)m + offset;
}

static void *
at_mut(void *m, size_t offset)
{
	return (char *)m + offset;
}

static void
put_u8(struct buf *b, const struct wire_field *f, const void *m)
{
	const uint8_t *v = at(m, f->at);

	b->failed = b->failed || *v > f->max;
	buf_put_u8(b, *v);
}

static bool
get_u8(struct buf *b, const struct wire_field *f, void *m)
{
	uint8_t *v = at_mut(m, f->at);

	return buf_get_u8(b, v) && *v <= f->max;
}

static void
put_u16(struct buf *b, const struct wire_field *f, const void *m)
{
	buf_put_u16(b, *(const uint16_t *)at(m, f->at));
}

static bool
get_u16(struct buf *b, const struct wire_field *f, void *m)
{
	return buf_get_u16(b, at_mut(m, f->at));
}

static void
put_u32(struct buf *b, const struct wire_field *f, const void *m)
{
	buf_put_u32(b, *(const uint32_t *)at(m, f->at));
}

static bool
get_u32(struct buf *b, const struct wire_field *f, void *m)
{
	return buf_get_u32(b, at_mut(m, f->at));
}

static void
put_u64(struct buf *b, const struct wire_field *f, const void *m)
{
	buf_put_u64(b, *(const uint64_t *)at(m, f->at));
}

static bool
get_u64(struct buf *b, const struct wire_field *f, void *m)
{
	return buf_get_u64(b, at_mut(m, f->at));
}

static void
put_bytes(struct buf *b, const struct wire_field *f, const void *m)
{
	buf_put(b, at(m, f->at), f->max);
}

static bool
get_bytes(struct buf *b, const struct wire_field *f, void *m)
{
	return buf_get(b, at_mut(m, f->at), f->max);
}

static void
put_text(struct buf *b, const struct wire_field *f, const void *m)
{
	const char *s = at(m, f->at);

	if (memchr(s, '\0', f->max + 1) == NULL)
		b->failed = true;
	else
		buf_put_str(b, s);
}

static bool
get_text(struct buf *b, const struct wire_field *f, void *m)
{
	return buf_get_str(b, at_mut(m, f->at), f->max);
}

static void
put_heap(struct buf *b, const struct wire_field *f, const void *m)
{
	const char *s = *(char *const *)at(m, f->at);

	if (s == NULL || strlen(s) > f->max)
		b->failed = true;
	else
		buf_put_str(b, s);
}

static bool
get_heap(struct buf *b, const struct wire_field *f, void *m)
{
	char **s = at_mut(m, f->at);

	*s = buf_get_strdup(b, f->max);
	return *s != NULL;
}

static void
drop_heap(const struct wire_field *f, void *m)
{
	char **s = at_mut(m, f->at);

	free(*s);
	*s = NULL;
}

static void
put_list(struct buf *b, const struct wire_field *f, const void *m)
{
	char *const *list = *(char *const *const *)at(m, f->at);
	const unsigned *have = at(m, f->count);
	unsigned n = *have, i;

	if (n > f->max) {
		b->failed = true;
		return;
	}
	buf_put_u16(b, (uint16_t)n);
	for (i = 0; i < n; i++)
		buf_put_str(b, list[i]);
}

/* The length counts what stands, so that a failure frees just that. */
static bool
get_list(struct buf *b, const struct wire_field *f, void *m)
{
	char ***list = at_mut(m, f->at);
	unsigned *have = at_mut(m, f->count);
	uint16_t n;

	if (!buf_get_u16(b, &n) || n > f->max)
		return false;
	*list = xcalloc(n + 1u, sizeof(**list));
	for (*have = 0; *have < n; ++*have) {
		(*list)[*have] = buf_get_strdup(b, UINT16_MAX);
		if ((*list)[*have] == NULL)
			return false;
	}
	return true;
}

static void
drop_list(const struct wire_field *f, void *m)
{
	char ***list = at_mut(m, f->at);
	unsigned *have = at_mut(m, f->count);

	while (*have > 0)
		free((*list)[--*have]);
	free(*list);
	*list = NULL;
}

const struct wire_kind wire_u8 = { put_u8, get_u8, NULL };
const struct wire_kind wire_u16 = { put_u16, get_u16, NULL };
const struct wire_kind wire_u32 = { put_u32, get_u32, NULL };
const struct wire_kind wire_u64 = { put_u64, get_u64, NULL };
const struct wire_kind wire_bytes = { put_bytes, get_bytes, NULL };
const struct wire_kind wire_text = { put_text, get_text, NULL };
const struct wire_kind wire_heap = { put_heap, get_heap, drop_heap };
const struct wire_kind wire_list = { put_list, get_list, drop_list };

void
wire_put(struct buf *b, const struct wire_field *f, const void *m)
{
	for (; f->kind != NULL; f++)
		f->kind->put(b, f, m);
}

static bool
get(struct buf *b, const struct wire_field *f, void *m, size_t size, bool last)
{
	const struct wire_field *next = f;

	memset(m, 0, size);
	while (next->kind != NULL && next->kind->get(b, next, m))
		next++;
	if (next->kind == NULL && (!last || buf_end(b)))
		return true;
	b->failed = true;
	wire_drop(f, m);
	secret_wipe(m, size);
	return false;
}

bool
wire_get(struct buf *b, const struct wire_field *f, void *m, size_t size)
{
	return get(b, f, m, size, true);
}

bool
wire_get_next(struct buf *b, const struct wire_field *f, void *m, size_t size)
{
	return get(b, f, m, size, false);
}

void
wire_drop(const struct wire_field *f, void *m)
{
	for (; f->kind != NULL; f++)
		if (f->kind->drop != NULL)
			f->kind->drop(f, m);
}
