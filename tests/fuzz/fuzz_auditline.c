/* SPDX-License-Identifier: MIT */
/*
 * A record of the audit log. Invariant: refused, or written again from its
 * fields it is the same to the last byte, so that it can be read in one way.
 */
#include "tests/fuzz/fuzz.h"

#include <string.h>

#include "lib/auditline.h"
#include "lib/buf.h"

static void
write_again(struct buf *b, const struct auditline_field *f)
{
	struct buf value;
	char key[32];

	FUZZ_CHECK(f->keylen < sizeof(key));
	memcpy(key, f->key, f->keylen);
	key[f->keylen] = '\0';
	buf_init(&value, AUDITLINE_MAX);
	auditline_value(f, &value);
	FUZZ_CHECK(buf_ok(&value));
	/* A NUL stands for itself in no text the writer takes. */
	if (value.len > 0 && memchr(value.data, 0, value.len) != NULL)
		b->failed = true;
	else if (f->text)
		auditline_put_text(b, key, buf_cstr(&value));
	else
		auditline_put_word(b, key, buf_cstr(&value));
	buf_done(&value);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *text = (const char *)data;
	struct auditline l;
	struct buf again;
	unsigned i;

	if (auditline_parse(&l, text, size) != NULL)
		return 0;
	FUZZ_CHECK(l.seq > 0 && l.n >= 3);
	FUZZ_CHECK(l.maced_len < size && l.signed_len < l.maced_len);
	FUZZ_CHECK(memchr(data, '\n', size) == NULL);
	/* As much as a text takes before it is known how short it is. */
	buf_init(&again, 6 * AUDITLINE_MAX);
	for (i = 0; i < l.n; i++)
		write_again(&again, &l.field[i]);
	FUZZ_CHECK(again.failed ||
		   (again.len == size && memcmp(again.data, data, size) == 0));
	buf_done(&again);
	return 0;
}
