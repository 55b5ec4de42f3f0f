/* SPDX-License-Identifier: MIT */
/*
 * What comes over a pipe from another process, cut anywhere into messages.
 * Invariant: each is an object within the bound, nothing is taken twice, and
 * the same bytes mean the same in one piece as in two.
 */
#include "tests/fuzz/fuzz.h"

#include "lib/buf.h"
#include "lib/err.h"
#include "lib/frame.h"
#include "lib/js.h"

#define MAX 512

/* Takes all there is; the last outcome, and how many there were. */
static int
take(struct buf *b, unsigned *n)
{
	size_t left = buf_left(b);
	struct js *v;
	int err;

	while ((err = frame_get(b, MAX, &v)) == 0) {
		FUZZ_CHECK(js_is_object(v));
		FUZZ_CHECK(buf_left(b) < left &&
			   left - buf_left(b) <= MAX + FRAME_HEAD);
		left = buf_left(b);
		js_free(v);
		++*n;
	}
	FUZZ_CHECK(err == RDV_E_BUSY || err == RDV_E_TOO_BIG ||
		   err == RDV_E_MALFORMED);
	return err;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const size_t cut = size > 0 ? data[0] % size : 0;
	unsigned whole = 0, pieces = 0;
	struct buf a, b;
	int err;

	buf_init(&a, 1 << 20);
	buf_init(&b, 1 << 20);
	buf_put(&a, data, size);
	err = take(&a, &whole);
	buf_put(&b, data, cut);
	/* After what is no message nothing is read any more. */
	if (take(&b, &pieces) == RDV_E_BUSY) {
		buf_put(&b, data + cut, size - cut);
		FUZZ_CHECK(take(&b, &pieces) == err && pieces == whole);
	}
	buf_done(&a);
	buf_done(&b);
	return 0;
}
