/* SPDX-License-Identifier: MIT */
/*
 * A client's pattern over a program's output: the first byte says how long the
 * pattern is and whether it is a glob. Invariant: the first match ends where a
 * search that looks at every place finds it, and text is the same however the
 * output is cut.
 */
#include "tests/fuzz/fuzz.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/term/plain.h"
#include "lib/buf.h"
#include "lib/err.h"
#include "lib/pattern.h"

#define TEXT_MAX 512

/*
 * By a table: where in the text so many characters of the pattern may end. Of
 * stars at its end there is nothing to find.
 */
static size_t
naive(const char *pattern, bool glob, const uint8_t *text, size_t size)
{
	size_t len = strlen(pattern);
	bool ends[TEXT_MAX + 1], was, had;

	while (glob && len > 0 && pattern[len - 1] == '*')
		len--;
	memset(ends, true, sizeof(ends));
	for (size_t i = 0; i < len; i++) {
		had = false;
		for (size_t e = 0; e <= size; e++) {
			bool same = e > 0 && text[e - 1] == (uint8_t)pattern[i];
			bool goes_on =
			    e > 0 && text[e - 1] != '\n' && ends[e - (e > 0)];

			was = ends[e];
			ends[e] = glob && pattern[i] == '*' ? was || goes_on
							    : same && had;
			had = was;
		}
	}
	for (size_t e = 1; e <= size; e++)
		if (ends[e])
			return e;
	return 0;
}

static size_t
found(struct pattern *p, const uint8_t *text, size_t size)
{
	for (size_t i = 0; i < size;) {
		i += pattern_idle(p, text + i, size - i);
		if (i < size && pattern_byte(p, text[i++]))
			return i;
	}
	return 0;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct plain plain = { 0 };
	struct pattern p;
	char pattern[32];
	uint8_t out[2];
	size_t len, n;
	struct buf text;
	bool glob;

	if (size < 1)
		return 0;
	glob = data[0] & 0x80;
	len = data[0] & 0x0f;
	if (len > size - 1)
		len = size - 1;
	memcpy(pattern, data + 1, len);
	pattern[len] = '\0';
	buf_init(&text, 1u << 20);
	for (size_t i = 1 + len; i < size; i++) {
		n = plain_byte(&plain, data[i], out);
		FUZZ_CHECK(n <= 2);
		buf_put(&text, out, n);
	}
	if (text.len > TEXT_MAX)
		text.len = TEXT_MAX;
	for (size_t i = 0; i < text.len; i++)
		FUZZ_CHECK(text.data[i] != 0x1b && text.data[i] != '\r');
	if (pattern_init(&p, pattern, glob) == 0)
		FUZZ_CHECK(found(&p, text.data, text.len) ==
			   naive(pattern, glob, text.data, text.len));
	buf_done(&text);
	return 0;
}
