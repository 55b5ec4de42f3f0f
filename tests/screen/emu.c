/* SPDX-License-Identifier: MIT */
/*
 * The daemon's emulator behind a pipe, for tests that compare it. A request is
 * three numbers, u32 little endian: NEW cols rows; FEED length work, then the
 * bytes; RESIZE cols rows; RESTORE; TEXT sgr. The last two are answered by two
 * numbers, the bytes that were half a character and a length, and the bytes.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "daemon/emu/emu.h"
#include "lib/buf.h"
#include "lib/xalloc.h"

enum { NEW, FEED, RESIZE, RESTORE, TEXT };

static bool
take(void *p, size_t len)
{
	return fread(p, 1, len, stdin) == len;
}

static bool
feed(struct emu *e, size_t len, size_t work)
{
	uint8_t *p = xmalloc(len + 1);
	bool ok = take(p, len);
	size_t at = 0;

	while (ok && at < len)
		at += emu_feed(e, p + at, len - at, work);
	free(p);
	return ok;
}

static void
answer(const struct emu *e, bool text, bool sgr)
{
	uint32_t head[2];
	struct buf b;

	buf_init(&b, (size_t)256 << 20);
	if (text)
		emu_text(e, sgr, &b);
	else
		emu_restore(e, EMU_HISTORY, &b);
	head[0] = (uint32_t)emu_partial(e);
	head[1] = buf_ok(&b) ? (uint32_t)b.len : 0;
	(void)fwrite(head, sizeof(head), 1, stdout);
	(void)fwrite(b.data, 1, head[1], stdout);
	(void)fflush(stdout);
	buf_done(&b);
}

int
main(void)
{
	struct emu *e = emu_new(80, 24);
	uint32_t ask[3];

	while (take(ask, sizeof(ask))) {
		if (ask[0] == NEW) {
			emu_free(e);
			e = emu_new(ask[1], ask[2]);
		} else if (ask[0] == FEED && !feed(e, ask[1], ask[2])) {
			break;
		} else if (ask[0] == RESIZE) {
			emu_resize(e, ask[1], ask[2]);
		} else if (ask[0] >= RESTORE) {
			answer(e, ask[0] == TEXT, ask[1] != 0);
		}
	}
	emu_free(e);
	return 0;
}
