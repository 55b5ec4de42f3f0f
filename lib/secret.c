/* SPDX-License-Identifier: MIT */
/*
 * What touches secrets or makes unguessable values: wiping that the compiler
 * may not remove, comparison whose time tells nothing, randomness from the
 * kernel alone, and the ids built on it.
 */
#include "lib/secret.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "lib/clock.h"
#include "lib/log.h"

void
secret_wipe(void *p, size_t len)
{
	if (p != NULL)
		explicit_bzero(p, len);
}

void
secret_free(void *p, size_t len)
{
	secret_wipe(p, len);
	free(p);
}

bool
secret_equal(const void *a, const void *b, size_t len)
{
	const uint8_t *x = a, *y = b;
	uint8_t diff = 0;
	size_t i;

	for (i = 0; i < len; i++)
		diff |= x[i] ^ y[i];
	return diff == 0;
}

void
secret_random(void *p, size_t len)
{
	uint8_t *at = p;
	ssize_t n;

	while (len > 0) {
		n = getrandom(at, len, 0);
		if (n < 0 && errno == EINTR)
			continue;
		/* Going on with guessable tokens would be worse than ending. */
		if (n <= 0)
			fatal("secret", "getrandom");
		at += n;
		len -= (size_t)n;
	}
}

/*
 * The 12 bits after the time are a counter (RFC 9562 section 6.2, method 1)
 * that starts low and random in every millisecond. When it is used up, or the
 * wall clock went back, the time of the last id is carried on instead, so ids
 * of one process always sort in the order they were made.
 */
static void
uuid_tick(int64_t *ms, unsigned *seq)
{
	static int64_t last_ms;
	static unsigned last_seq;
	int64_t now = clock_wall_ms();
	uint8_t start;

	if (now > last_ms || last_seq == 0xfff) {
		last_ms = now > last_ms ? now : last_ms + 1;
		secret_random(&start, sizeof(start));
		last_seq = start;
	} else
		last_seq++;
	*ms = last_ms;
	*seq = last_seq;
}

void
uuid_v7(char out[UUID_TEXT])
{
	static const char digits[] = "0123456789abcdef";
	uint8_t id[16];
	unsigned i, seq;
	int64_t ms;
	char *p = out;

	uuid_tick(&ms, &seq);
	secret_random(id, sizeof(id));
	for (i = 0; i < 6; i++)
		id[i] = (uint8_t)((uint64_t)ms >> (40 - 8 * i));
	id[6] = (uint8_t)(0x70 | seq >> 8);
	id[7] = (uint8_t)seq;
	id[8] = (uint8_t)(0x80 | (id[8] & 0x3f));
	for (i = 0; i < sizeof(id); i++) {
		if (i == 4 || i == 6 || i == 8 || i == 10)
			*p++ = '-';
		*p++ = digits[id[i] >> 4];
		*p++ = digits[id[i] & 15];
	}
	*p = '\0';
}

bool
uuid_valid(const char *s)
{
	size_t i;

	for (i = 0; i < UUID_TEXT - 1; i++) {
		if (i == 8 || i == 13 || i == 18 || i == 23) {
			if (s[i] != '-')
				return false;
		} else if (s[i] == '\0' ||
			   strchr("0123456789abcdef", s[i]) == NULL)
			return false;
	}
	return s[i] == '\0';
}
