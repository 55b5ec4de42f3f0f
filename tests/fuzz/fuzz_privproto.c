/* SPDX-License-Identifier: MIT */
/*
 * Packets of the helper protocol as a taken-over peer would send them.
 * Invariant: refused, or encoded again to the same bytes.
 */
#include "tests/fuzz/fuzz.h"

#include <string.h>

#include "lib/buf.h"
#include "lib/seqpkt.h"
#include "tests/unit/lib/priv_echo.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct buf out;

	if (size > SEQPKT_MAX)
		return 0;
	buf_init(&out, SEQPKT_MAX);
	if (priv_echo(data, size, &out)) {
		FUZZ_CHECK(buf_ok(&out) && out.len == size);
		FUZZ_CHECK(memcmp(out.data, data, size) == 0);
	}
	buf_done(&out);
	return 0;
}
