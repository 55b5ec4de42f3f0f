/* SPDX-License-Identifier: MIT */
/*
 * The session's screen on a terminal that is not empty and not ours. rdvd sends
 * it behind a reset (RIS), which in xterm takes the lines above the screen
 * along: so that one is left out, and what it would do is done step by step.
 */
#include "cli/redraw.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/crop.h"
#include "cli/view.h"
#include "cli/vt.h"
#include "cli/ws.h"
#include "lib/buf.h"
#include "lib/js.h"

#define THEIRS_MAX 1000 /* columns or rows that rdvd has at most */
#define DRAWN_MAX  ((size_t)16 << 20) /* of a view, in colours without end */

/* How a screen begins: CAN and RIS; see daemon/emu/restore.c. */
static const char reset[] = "\030\033c";

/* From whatever was switched on to an empty screen. */
static void
begin(struct view *v)
{
	unsigned i;

	/*
	 * What was not taken so far nobody wants to see any more. CAN ends a
	 * sequence of which the terminal has only the beginning.
	 */
	if (v->drawn) {
		buf_reset(v->out);
		buf_put_u8(v->out, '\030');
	}
	vt_doubt(v->vt);
	vt_leave(v->vt, v->out);
	/* The first time what was here before moves up, to be found there. */
	for (i = 0; i < v->rows && !v->drawn; i++)
		buf_put_text(v->out, "\r\n");
	buf_put_text(v->out, "\033[m\033(B\017\033[4l\033[?6l\033[r"
			     "\033[H\033[J");
	v->drawing = v->drawn = true;
}

/*
 * Who follows sees a terminal of another size through a view of ours. Of a link
 * it is not proven who says that size.
 */
static void
frame(struct view *v, const struct js *m)
{
	const int64_t cols = js_int(m, "cols", 0), rows = js_int(m, "rows", 0);
	const bool sane =
	    cols > 1 && cols <= THEIRS_MAX && rows > 0 && rows <= THEIRS_MAX;

	crop_free(v->crop);
	v->crop = NULL;
	v->their_cols = sane ? (unsigned)cols : v->cols;
	v->their_rows = sane ? (unsigned)rows : v->rows;
	if (v->follow && (v->their_cols != v->cols || v->their_rows != v->rows))
		v->crop = crop_new(v->their_cols, v->their_rows);
}

void
redraw_msg(struct view *v, const struct js *m)
{
	const char *data = js_str(m, "data", "");

	if (!v->drawing) {
		begin(v);
		frame(v, m);
		if (strncmp(data, reset, sizeof(reset) - 1) == 0)
			data += sizeof(reset) - 1;
	}
	vt_set(v->vt, VT_REPLAY);
	if (v->crop != NULL)
		crop_feed(v->crop, data, strlen(data));
	else
		vt_feed(v->vt, data, strlen(data), v->out);
	v->drawing = js_bool(m, "more", false);
	if (v->drawing)
		return;
	v->offset = v->live = js_int(m, "offset", v->offset);
	v->skipping = v->align = v->told = false;
	redraw_crop(v);
	v->screens++;
	v->whole = buf_left(v->out);
}

void
redraw_judge(struct view *v, const struct js *m)
{
	int64_t cols = js_int(m, "cols", 0), rows = js_int(m, "rows", 0);

	if (v->follow && v->drawn &&
	    (cols != v->their_cols || rows != v->their_rows))
		(void)view_redraw(v);
}

void
redraw_crop(struct view *v)
{
	struct buf b;

	if (v->crop == NULL)
		return;
	buf_init(&b, DRAWN_MAX);
	crop_draw(v->crop, v->cols, v->rows, &b);
	vt_set(v->vt, VT_WATCH);
	vt_feed(v->vt, (const char *)b.data, b.len, v->out);
	buf_done(&b);
}

void
redraw_tell(struct view *v, const char *text)
{
	if (!isatty(STDERR_FILENO))
		(void)fprintf(stderr, "rdv: %s\n", text);
	/* The cursor is back where the program left it. */
	buf_printf(v->out, "\0337\033[%u;1H\033[7mrdv: %.*s\033[m\033[K\0338",
	    v->rows, (int)v->cols - 6, text);
}

bool
view_redraw(struct view *v)
{
	static const char ask[] = "{\"type\":\"screen\",\"lines\":0}";

	if (!v->has_screen)
		return false;
	/* Asked for when it opens, if it is not open now. */
	v->anew = !v->ready;
	v->skipping = v->ready;
	v->drawing = false;
	if (v->ready)
		ws_send_text(v->ws, ask, sizeof(ask) - 1);
	return true;
}
