/* SPDX-License-Identifier: MIT */
/*
 * Strings and lists one behind the other, in pages that come into being when
 * they are written to. Nothing is taken back: it serves for one start.
 */
#include "priv-helper/order.h"

#include <limits.h>
#include <linux/filter.h>
#include <linux/futex.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "lib/seqpkt.h"

/*
 * A request of nothing but empty strings, each a pointer as well, what the
 * environment has beside it, and before that the longest filter.
 */
#define ORDER_BYTES ((size_t)SEQPKT_MAX * 64)

_Static_assert(ORDER_BYTES > sizeof(struct order) +
				 USHRT_MAX * sizeof(struct sock_filter) +
				 SEQPKT_MAX * 16,
    "room for a filter");

static void *
put(struct order *t, const void *p, size_t len)
{
	const size_t at = (t->used + sizeof(p) - 1) & ~(sizeof(p) - 1);

	if (len > ORDER_BYTES - sizeof(*t) - at)
		return NULL;
	t->used = at + len;
	return memcpy(t->bytes + at, p, len);
}

struct order *
order_new(const struct filter *f)
{
	struct order *t = mmap(NULL, ORDER_BYTES, PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (t == MAP_FAILED)
		return NULL;
	t->filter = *f;
	if (f->len > 0)
		t->filter.code = put(t, f->code, f->len * sizeof(*f->code));
	return t;
}

void
order_free(struct order *t)
{
	if (t != NULL)
		(void)munmap(t, ORDER_BYTES);
}

static char *
put_text(struct order *t, const char *s)
{
	return put(t, s, strlen(s) + 1);
}

static char *const *
put_list(struct order *t, char *const *from)
{
	size_t n = 0, i;
	char **list;

	while (from[n] != NULL)
		n++;
	list = put(t, from, (n + 1) * sizeof(*from));
	for (i = 0; list != NULL && i < n; i++) {
		list[i] = put_text(t, from[i]);
		if (list[i] == NULL)
			return NULL;
	}
	return list;
}

bool
order_tell(struct order *t, const struct drop_order *o)
{
	t->told.cwd = put_text(t, o->cwd);
	t->told.path = put_text(t, o->path);
	t->told.argv = put_list(t, o->argv);
	t->told.envp = put_list(t, o->envp);
	return t->told.cwd != NULL && t->told.path != NULL &&
	       t->told.argv != NULL && t->told.envp != NULL;
}

void
order_give(struct order *t)
{
	__atomic_store_n(&t->told.given, 1, __ATOMIC_RELEASE);
	(void)syscall(SYS_futex, &t->told.given, FUTEX_WAKE, 1, NULL, NULL, 0);
}
