/* SPDX-License-Identifier: MIT */
/*
 * What rdv-git answers to three questions, read by rdvd. Invariant: refused, or
 * each fact is in its bounds, its text ends, and a sentence is printable.
 */
#include "tests/fuzz/fuzz.h"

#include <string.h>

#include "lib/buf.h"
#include "lib/gitproto.h"
#include "lib/str.h"

static struct git_fact one, two, three;

static void
check(const struct git_fact *f)
{
	const size_t len = strnlen(f->text, sizeof(f->text));

	FUZZ_CHECK(f->found < GIT_FOUND_MAX && len < sizeof(f->text));
	if (f->found == GIT_FOUND)
		return;
	FUZZ_CHECK(str_utf8_valid(f->text, len));
	for (size_t i = 0; i < len; i++)
		FUZZ_CHECK((unsigned char)f->text[i] >= 0x20 &&
			   f->text[i] != 0x7f);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct git_fact *const facts[] = { &one, &two, &three };
	struct buf b;

	buf_wrap(&b, data, size);
	if (gitproto_get(&b, "b", facts, 3) != 0)
		return 0;
	for (size_t i = 0; i < 3; i++)
		check(facts[i]);
	return 0;
}
