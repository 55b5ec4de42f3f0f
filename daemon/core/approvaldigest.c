/* SPDX-License-Identifier: MIT */
/*
 * The digest of what is asked (abuse K02). Lengths stand before all texts, so
 * nothing can move from one of them into the next; absent is not empty; and the
 * order of variables, which means nothing, changes nothing.
 */
#include "daemon/core/approvaldigest.h"

#include <stdlib.h>
#include <string.h>

#include "daemon/core/approval.h"
#include "lib/buf.h"
#include "lib/log.h"
#include "lib/str.h"
#include "lib/xalloc.h"

#define MAGIC	  "rdv-approval-1"
#define BYTES_MAX (4u << 20) /* all bounds of a wish together are less */

static void
put_be(struct buf *b, uint64_t v, int bytes)
{
	while (bytes-- > 0)
		buf_put_u8(b, (uint8_t)(v >> (8 * bytes)));
}

static void
put_text(struct buf *b, const char *s)
{
	put_be(b, strlen(s), 8);
	buf_put_text(b, s);
}

static void
put_one(struct buf *b, char what, const char *s)
{
	buf_put_u8(b, (uint8_t)what);
	put_be(b, s != NULL, 4);
	if (s != NULL)
		put_text(b, s);
}

static void
put_list(struct buf *b, char what, const char *const *list)
{
	size_t n = 0;

	while (list != NULL && list[n] != NULL)
		n++;
	buf_put_u8(b, (uint8_t)what);
	put_be(b, n, 4);
	for (size_t i = 0; i < n; i++)
		put_text(b, list[i]);
}

static int
by_bytes(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void
put_sorted(struct buf *b, char what, const char *const *list)
{
	const char **copy;
	size_t n = 0;

	while (list != NULL && list[n] != NULL)
		n++;
	copy = xcalloc(n + 1, sizeof(*copy));
	for (size_t i = 0; i < n; i++)
		copy[i] = list[i];
	qsort(copy, n, sizeof(*copy), by_bytes);
	put_list(b, what, copy);
	free(copy);
}

void
approval_digest(const struct approval_wish *w, char out[SHA256_TEXT])
{
	uint8_t sum[SHA256_LEN];
	struct buf b;

	buf_init(&b, BYTES_MAX);
	buf_put(&b, MAGIC, sizeof(MAGIC)); /* and its NUL */
	put_one(&b, 't', w->tool);
	put_one(&b, 'c', w->command);
	put_list(&b, 'a', w->argv);
	put_one(&b, 'i', w->input_json);
	put_one(&b, 'd', w->cwd);
	put_sorted(&b, 'e', w->env);
	put_one(&b, 'p', w->profile);
	if (!buf_ok(&b))
		fatalx("approval", "a wish over its bounds");
	sha256(b.data, b.len, sum);
	str_hex(out, sum, sizeof(sum));
	buf_done(&b);
}
