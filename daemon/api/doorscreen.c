/* SPDX-License-Identifier: MIT */
/*
 * A client that knows nothing of a terminal yet is given its screen, and then
 * the bytes behind it, instead of a piece of its past. Invariant: the viewer is
 * held until all of the screen is on its way, and goes on at the very offset it
 * stands for, so that nothing is missing and nothing comes twice.
 */
#include "daemon/api/door.h"

#include "daemon/emu/emu.h"
#include "daemon/http/ws.h"
#include "daemon/term/screen.h"
#include "daemon/term/term.h"
#include "daemon/term/utf8.h"

/*
 * What is kept for a client that takes its time, and what a terminal in a page
 * takes a second for. More is needed only by lines in which each cell has a
 * colour of its own, and then there are fewer of them above the screen; the
 * screen itself may have as much as the largest needs.
 */
#define SCREEN_MAX (4u << 20)
#define ALONE_MAX  (32u << 20)
/* Of it in one message: a byte may be six in JSON. */
#define PIECE	  32768
#define PIECE_MAX (6 * PIECE + 256)

static void
put_piece(struct door *d, const uint8_t *p, size_t len, bool more)
{
	struct buf b;

	buf_init(&b, PIECE_MAX);
	buf_put_text(&b, "{\"type\":\"screen\",\"data\":\"");
	utf8_put_json(&b, p, len);
	buf_printf(&b,
	    "\",\"offset\":%llu,\"cols\":%u,\"rows\":%u,\"more\":%s}",
	    (unsigned long long)d->screen_end, d->screen_cols, d->screen_rows,
	    more ? "true" : "false");
	ws_text(d->ws, buf_cstr(&b), b.len);
	buf_done(&b);
}

void
door_screen_more(struct door *d)
{
	struct buf *b = &d->screen;

	while (d->has_screen && !d->closing && ws_queued(d->ws) < VIEWER_LOW) {
		const uint8_t *p = b->data + b->off;
		size_t len = b->len - b->off;

		if (len > PIECE)
			len = utf8_whole(p, PIECE, false);
		b->off += len;
		put_piece(d, p, len, b->off < b->len);
		if (b->off < b->len)
			continue;
		door_screen_drop(d);
		viewer_release(d->viewer, d->screen_end);
	}
}

static void
screen_done_cb(int err, const struct screen_got *got, void *arg)
{
	struct door *d = arg;
	uint64_t tail = door_tail(d, DOOR_TAIL);
	struct emu_look look;

	d->job = NULL;
	if (err != 0 || got->put == NULL) {
		door_say_resync(d, tail, "its screen cannot be had");
		viewer_release(d->viewer, tail);
		return;
	}
	d->screen = *got->put;
	buf_init(got->put, 0);
	emu_look(got->emu, &look);
	d->screen_cols = look.cols;
	d->screen_rows = look.rows;
	d->screen_end = got->offset;
	d->has_screen = true;
	door_screen_more(d);
}

bool
door_has_screen(const struct door *d)
{
	unsigned cols, rows;

	term_size(d->term, &cols, &rows);
	return cols > 0 && rows > 0;
}

void
door_screen(struct door *d, unsigned lines)
{
	/* What is above it was before. */
	const struct screen_wish wish = { SCREEN_OUTPUT,
		d->newcomer ? 0 : lines, SCREEN_MAX, ALONE_MAX };

	d->job = screen_job_new(d->term, d->user_id, &wish, screen_done_cb, d);
}

void
door_screen_drop(struct door *d)
{
	screen_job_free(d->job);
	d->job = NULL;
	if (d->has_screen)
		buf_done(&d->screen);
	d->has_screen = false;
}
