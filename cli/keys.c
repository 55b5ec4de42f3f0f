/* SPDX-License-Identifier: MIT */
/*
 * The detach key. It has three spellings: the control byte, and two that
 * programs switch on in the terminal to tell keys apart.
 */
#include "cli/keys.h"

#include <string.h>

#include "lib/clock.h"

/* Between two presses; a single one reaches the program that much later. */
#define HOLD_MS 500

/* A control byte; kitty's keyboard protocol; xterm's modifyOtherKeys. */
static const char *const spellings[] = { "\034", "\033[92;5u",
	"\033[27;5;92~" };

/* Length of a detach key at `p`, or 0. */
static size_t
key_at(const char *p, size_t len)
{
	size_t i, n;

	for (i = 0; i < sizeof(spellings) / sizeof(spellings[0]); i++) {
		n = strlen(spellings[i]);
		if (n <= len && memcmp(p, spellings[i], n) == 0)
			return n;
	}
	return 0;
}

/* Detach keys in `p` when it holds nothing else, or 0. */
static unsigned
only_keys(const char *p, size_t len)
{
	unsigned keys = 0;
	size_t n;

	while (len > 0) {
		n = key_at(p, len);
		if (n == 0)
			return 0;
		p += n;
		len -= n;
		keys++;
	}
	return keys;
}

size_t
keys_feed(struct keys *k, char *p, size_t len)
{
	unsigned keys = only_keys(p, len);

	if (keys >= 2 || (keys == 1 && k->len > 0)) {
		k->detach = true;
		k->len = 0;
		return 0;
	}
	if (keys == 1) {
		memcpy(k->held, p, len);
		k->len = len;
		k->since_ms = clock_mono_ms();
		return 0;
	}
	/*
	 * It was no pair: what was held goes in front, in the order it was
	 * typed.
	 */
	memmove(p + k->len, p, len);
	memcpy(p, k->held, k->len);
	len += k->len;
	k->len = 0;
	return len;
}

size_t
keys_tick(struct keys *k, char *p)
{
	size_t len = k->len;

	if (len == 0 || clock_mono_ms() - k->since_ms < HOLD_MS)
		return 0;
	memcpy(p, k->held, len);
	k->len = 0;
	return len;
}

int
keys_wait(const struct keys *k)
{
	int64_t left;

	if (k->len == 0)
		return -1;
	left = HOLD_MS - (clock_mono_ms() - k->since_ms);
	return left > 0 ? (int)left : 0;
}
