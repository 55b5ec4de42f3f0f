/* SPDX-License-Identifier: MIT */
/*
 * What has to be looked at again. Invariant: it never grows beyond its bound,
 * and whatever does not fit makes it "all", so that nothing is forgotten.
 */
#include "git-worker/touched.h"

#include <stdlib.h>
#include <string.h>

#include "lib/xalloc.h"

void
touched_clear(struct touched *t)
{
	while (t->n > 0)
		free(t->name[--t->n]);
	t->all = false;
}

void
touched_all(struct touched *t)
{
	touched_clear(t);
	t->all = true;
}

void
touched_add(struct touched *t, const char *name)
{
	if (t->all)
		return;
	/* What happens to one file is told in several events. */
	for (size_t i = t->n; i-- > 0;)
		if (strcmp(t->name[i], name) == 0)
			return;
	if (t->n == TOUCHED_MAX)
		touched_all(t);
	else
		t->name[t->n++] = xstrdup(name);
}

void
touched_join(struct touched *t, const struct touched *from)
{
	if (from->all)
		touched_all(t);
	for (size_t i = 0; i < from->n; i++)
		touched_add(t, from->name[i]);
}

bool
touched_any(const struct touched *t)
{
	return t->all || t->n > 0;
}
