/* SPDX-License-Identifier: MIT */
/*
 * Holds together what becomes free together: when its program has begun,
 * or when there will be none.
 */
#include "priv-helper/spare.h"

#include <stdlib.h>
#include <unistd.h>

#include "lib/xalloc.h"
#include "priv-helper/order.h"
#include "priv-helper/view.h"

struct spare *
spare_new(void)
{
	struct spare *s = xcalloc(1, sizeof(*s));

	s->tty.child[0] = s->tty.child[1] = s->tty.child[2] = -1;
	s->rules.ruleset = s->door = -1;
	return s;
}

void
spare_free(struct spare *s)
{
	if (s == NULL)
		return;
	tty_done(&s->tty);
	if (s->rules.ruleset >= 0)
		(void)close(s->rules.ruleset);
	if (s->door >= 0)
		(void)close(s->door);
	view_done(&s->spaces);
	order_free(s->order);
	free(s);
}
