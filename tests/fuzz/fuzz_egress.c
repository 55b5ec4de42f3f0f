/* SPDX-License-Identifier: MIT */
/*
 * What a run says to rdv-egress. Invariant: what goes on to the other side is
 * one request, for the target that was judged, with that target as its only
 * Host, and no byte follows its body.
 */
#include "tests/fuzz/fuzz.h"

#include <string.h>
#include <strings.h>

#include "egress/body.h"
#include "egress/head.h"
#include "lib/egress.h"
#include "lib/host.h"

static struct head head, again;

static size_t
count(const char *p, size_t n, const char *word)
{
	const size_t len = strlen(word);
	size_t found = 0;

	for (size_t i = 0; i + len <= n; i++)
		found += strncasecmp(p + i, word, len) == 0;
	return found;
}

/* The head that goes on, as it would be taken by another parser of ours. */
static void
check_out(const struct head *h)
{
	const char *p = h->out;

	FUZZ_CHECK(h->outlen > 4 && h->outlen <= sizeof(h->out));
	FUZZ_CHECK(memcmp(p + h->outlen - 4, "\r\n\r\n", 4) == 0);
	FUZZ_CHECK(count(p, h->outlen, "\r\n\r\n") == 1);
	FUZZ_CHECK(count(p, h->outlen, "\r\nhost:") == 1);
	FUZZ_CHECK(count(p, h->outlen, "\r\nconnection:") == 1);
	FUZZ_CHECK(count(p, h->outlen, "\r\nproxy-connection:") == 0);
	FUZZ_CHECK(count(p, h->outlen, "\r\nupgrade:") == 0);
	FUZZ_CHECK(count(p, h->outlen, "\r\ncontent-length:") +
		       count(p, h->outlen, "\r\ntransfer-encoding:") <=
		   1);
	FUZZ_CHECK(count(p, h->outlen, "\n") == count(p, h->outlen, "\r\n"));
	FUZZ_CHECK(memchr(p, '\0', h->outlen) == NULL);
}

static void
check_head(const char *p, size_t size, int n)
{
	struct egress_page page = { .n = 1 };
	const char *why = NULL;

	FUZZ_CHECK((size_t)n <= size && n <= HEAD_MAX);
	FUZZ_CHECK(host_port_ok(head.shown));
	memcpy(page.rows[0].host, head.shown, strlen(head.shown) + 1);
	FUZZ_CHECK(judge_target(&page, &head.target) == 0);
	/* Whatever follows the head changes nothing of it. */
	FUZZ_CHECK(head_parse(p, (size_t)n, &again, &why) == n);
	FUZZ_CHECK(head.outlen == again.outlen &&
		   memcmp(head.out, again.out, head.outlen) == 0);
	if (head.connect)
		FUZZ_CHECK(head.outlen == 0 && head.body == BODY_NONE);
	else
		check_out(&head);
}

/* All at once is the same as byte by byte. */
static void
check_body(const char *p, size_t size)
{
	struct body whole, steps;
	size_t used, n = 1, sum = 0;

	body_begin(&whole, head.body, head.length);
	body_begin(&steps, head.body, head.length);
	used = body_take(&whole, p, size);
	for (; sum < size && n == 1; sum += n)
		n = body_take(&steps, p + sum, 1);
	FUZZ_CHECK(used == sum && used <= size);
	FUZZ_CHECK(whole.at == steps.at && whole.left == steps.left);
	FUZZ_CHECK(used == size || whole.at >= BODY_END);
	FUZZ_CHECK(head.body != BODY_LENGTH || used <= head.length);
	FUZZ_CHECK(head.body != BODY_NONE || used == 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *p = (const char *)data, *why = NULL;
	int n = head_parse(p, size, &head, &why);

	if (n > 0) {
		check_head(p, size, n);
		check_body(p + n, size - (size_t)n);
	}
	FUZZ_CHECK(n >= 0 || (why != NULL && n <= -400));
	return 0;
}
