/* SPDX-License-Identifier: MIT */
/*
 * Strings and lists one behind the other, in pages that come into being when
 * they are written to. Nothing is taken back: it serves for one start. What is
 * in there may be anything by now, so all that decides where the next byte goes
 * is kept outside of it.
 */
#include "priv-helper/order.h"

#include <linux/futex.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "lib/log.h"
#include "lib/xalloc.h"
#include "security/nspace.h"

/* Room for so much, or NULL. */
static void *
take(struct order *t, size_t len)
{
	const size_t at =
	    (t->used + sizeof(void *) - 1) & ~(sizeof(void *) - 1);

	if (len > ORDER_BYTES - sizeof(*t->page) - at)
		return NULL;
	t->used = at + len;
	return t->page->bytes + at;
}

static void *
put(struct order *t, const void *p, size_t len)
{
	void *to = take(t, len);

	return to == NULL ? NULL : memcpy(to, p, len);
}

struct order *
order_new(void)
{
	struct order *t;
	void *page = mmap(NULL, ORDER_BYTES, PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (page == MAP_FAILED)
		return NULL;
	t = xcalloc(1, sizeof(*t));
	t->page = page;
	return t;
}

/* It is a mapping of its own, so nothing has to be split and nothing fails. */
static void
advise(struct order *t, int advice)
{
	if (madvise(t->page, ORDER_BYTES, advice) < 0)
		fatal("order", "madvise");
}

void
order_keep(struct order *t)
{
	advise(t, MADV_DONTFORK);
}

void
order_lend(struct order *t)
{
	advise(t, MADV_DOFORK);
}

void
order_free(struct order *t)
{
	if (t == NULL)
		return;
	(void)munmap(t->page, ORDER_BYTES);
	free(t);
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
	char **list, *text;

	while (from[n] != NULL)
		n++;
	list = take(t, (n + 1) * sizeof(*list));
	if (list == NULL)
		return NULL;
	for (i = 0; i < n; i++) {
		text = put_text(t, from[i]);
		if (text == NULL)
			return NULL;
		list[i] = text;
	}
	list[n] = NULL;
	return list;
}

static void
wake(uint32_t *word)
{
	__atomic_store_n(word, 1, __ATOMIC_RELEASE);
	(void)syscall(SYS_futex, word, FUTEX_WAKE, 1, NULL, NULL, 0);
}

/* `to` may point into `from`, or be a name of the program's own. */
static bool
put_mount(struct order *t, struct nspace_mount *to,
    const struct nspace_mount *m)
{
	struct nspace_mount copy = *m;

	copy.from = put_text(t, m->from);
	copy.to = put_text(t, m->to);
	copy.link = m->link != NULL ? put_text(t, m->link) : NULL;
	*to = copy;
	return copy.from != NULL && copy.to != NULL &&
	       (m->link == NULL || copy.link != NULL);
}

/* Without the first `skip` mounts; or NULL. */
static const struct nspace *
put_view(struct order *t, const struct nspace *s, size_t skip)
{
	struct nspace *view = take(t, sizeof(*view));
	size_t i;

	if (view == NULL)
		return NULL;
	/* Pages that nothing is written to do not come into being. */
	memcpy(view, s, offsetof(struct nspace, mounts));
	for (i = skip; i < s->n; i++)
		if (!put_mount(t, &view->mounts[i - skip], &s->mounts[i]))
			return NULL;
	view->n = s->n - skip;
	return view;
}

bool
order_begin(struct order *t, const struct nspace *s)
{
	const struct nspace *common = put_view(t, s, 0);

	if (common == NULL)
		return false;
	t->page->told.common = common;
	wake(&t->page->told.begun);
	return true;
}

bool
order_show(struct order *t, const struct nspace *s, size_t skip)
{
	const struct nspace *view = put_view(t, s, skip);

	if (view == NULL)
		return false;
	t->page->told.view = view;
	wake(&t->page->told.shown);
	return true;
}

bool
order_tell(struct order *t, const struct drop_order *o)
{
	const struct drop_order told = {
		.token = o->token != NULL ? put_text(t, o->token) : NULL,
		.cwd = put_text(t, o->cwd),
		.path = put_text(t, o->path),
		.argv = put_list(t, o->argv),
		.envp = put_list(t, o->envp)
	};
	struct drop_order *to = &t->page->told;

	to->token = told.token;
	to->cwd = told.cwd;
	to->path = told.path;
	to->argv = told.argv;
	to->envp = told.envp;
	return (o->token == NULL || told.token != NULL) && told.cwd != NULL &&
	       told.path != NULL && told.argv != NULL && told.envp != NULL;
}

void
order_give(struct order *t)
{
	wake(&t->page->told.given);
}
