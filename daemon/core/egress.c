/* SPDX-License-Identifier: MIT */
/*
 * The counts of rdv-egress in words. They are read where it writes them, so
 * that what is shown of a run is what is so now, and after its end what was so
 * then.
 */
#include "daemon/core/egress.h"

#include <stddef.h>

#include "lib/buf.h"
#include "lib/egress.h"
#include "lib/js.h"
#include "lib/xalloc.h"

#define TEXT_MAX (64 * 1024)

static const char *const names[EGRESS_COUNTS] = {
	[EGRESS_SENT] = "sent",
	[EGRESS_RECEIVED] = "received",
	[EGRESS_CONNECTIONS] = "connections",
	[EGRESS_REFUSED] = "refused",
	[EGRESS_FAILED] = "failed",
};

/* Nobody has sent so much; who says so would not be believed in JSON. */
static int64_t
number(uint64_t n)
{
	return n > INT64_MAX ? INT64_MAX : (int64_t)n;
}

static struct js *
row_json(const struct egress_row *r)
{
	struct js *o = js_object();

	js_add_str(o, "host", r->host);
	for (int i = 0; i < EGRESS_COUNTS; i++)
		js_add_int(o, names[i], number(r->count[i]));
	return o;
}

char *
egress_json(int page)
{
	struct egress_page p;
	struct js *o, *list;
	struct buf b;
	char *text;

	if (page < 0 || !egress_read(page, &p))
		return NULL;
	o = js_object();
	list = js_array();
	for (uint32_t i = 0; i < p.n; i++)
		js_push(list, row_json(&p.rows[i]));
	js_add(o, "hosts", list);
	js_add_int(o, "refused", number(p.rows[p.n].count[EGRESS_REFUSED]));
	buf_init(&b, TEXT_MAX);
	js_finish(o, &b);
	text = xstrdup(buf_cstr(&b));
	buf_done(&b);
	return text;
}

uint64_t
egress_sum(int page)
{
	struct egress_page p;
	uint64_t sum = 0;

	if (page < 0 || !egress_read(page, &p))
		return 0;
	for (uint32_t i = 0; i <= p.n; i++)
		for (int k = 0; k < EGRESS_COUNTS; k++)
			sum += p.rows[i].count[k];
	return sum;
}
