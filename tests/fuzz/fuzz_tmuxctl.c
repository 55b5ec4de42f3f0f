/* SPDX-License-Identifier: MIT */
/*
 * What a control-mode client of tmux says, and words that are said to it.
 * Invariants: however the bytes are cut, the replies are the same; a reply ends
 * with a NUL and is in its bounds; after a refusal nothing is answered; a word
 * is one line without quotes and controls of its own.
 */
#include "tests/fuzz/fuzz.h"

#include <string.h>

#include "daemon/term/tmuxctl.h"
#include "lib/buf.h"

struct seen {
	unsigned n;
	uint64_t sum;
};

static void
fuzz_reply_cb(bool ok, bool asked, const char *text, size_t len, void *arg)
{
	struct seen *s = arg;

	FUZZ_CHECK(len <= TMUXCTL_REPLY_MAX && text[len] == '\0');
	FUZZ_CHECK(strlen(text) == len);
	s->n++;
	s->sum = s->sum * 31 + (ok ? 2 : 0) + (asked ? 1 : 0);
	for (size_t i = 0; i < len; i++)
		s->sum = s->sum * 31 + (uint8_t)text[i];
}

static int
feed(const uint8_t *data, size_t size, size_t step, struct seen *s)
{
	struct tmuxctl c;
	struct seen after;
	int err = 0;

	tmuxctl_init(&c);
	for (size_t at = 0, n; at < size && err == 0; at += n) {
		n = size - at < step ? size - at : step;
		err = tmuxctl_feed(&c, data + at, n, fuzz_reply_cb, s);
	}
	after = *s;
	if (err != 0)
		FUZZ_CHECK(tmuxctl_feed(&c, "%begin 1 1 1\n%end 1 1 1\n", 24,
			       fuzz_reply_cb, &after) == err &&
			   after.n == s->n);
	tmuxctl_done(&c);
	return err;
}

static void
word(const uint8_t *data, size_t size)
{
	char text[256];
	struct buf b;
	const char *out;

	if (size >= sizeof(text))
		size = sizeof(text) - 1;
	memcpy(text, data, size);
	text[size] = '\0';
	buf_init(&b, 8192);
	tmuxctl_word(&b, text);
	(void)tmuxctl_format(&b, text);
	out = buf_cstr(&b);
	FUZZ_CHECK(buf_ok(&b) && strpbrk(out, "\n\r;'$#~{}") == NULL);
	buf_done(&b);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct seen whole = { 0, 0 }, bits = { 0, 0 };
	int err = feed(data, size, size > 0 ? size : 1, &whole);

	FUZZ_CHECK(feed(data, size, 1, &bits) == err);
	FUZZ_CHECK(whole.n == bits.n && whole.sum == bits.sum);
	word(data, size);
	return 0;
}
