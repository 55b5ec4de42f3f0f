/* SPDX-License-Identifier: MIT */
/*
 * What a push service, or the proxy on the way to it, has answered. Whoever
 * that is may say anything; what comes out of here is two numbers in bounds.
 */
#include "push/answer.h"

#include <string.h>
#include <strings.h>

#include "lib/str.h"

/* A day: whoever wants to be asked later than that is asked then. */
#define RETRY_MAX 86400

size_t
answer_head(const char *p, size_t n)
{
	const char *end = memmem(p, n, "\r\n\r\n", 4);

	return end != NULL ? (size_t)(end - p) + 4 : 0;
}

/* "HTTP/1.1 201 Created", and no 1xx: nobody has asked for one. */
static bool
status_line(const char *p, size_t n, int *status)
{
	char digits[4];
	uint64_t v;

	if (n < 13 || memcmp(p, "HTTP/1.", 7) != 0 || p[8] != ' ' ||
	    (p[12] != ' ' && p[12] != '\r'))
		return false;
	memcpy(digits, p + 9, 3);
	digits[3] = '\0';
	if (!str_to_u64(digits, 200, 599, &v))
		return false;
	*status = (int)v;
	return true;
}

/* A date is none of it: clocks differ, and there are pauses of our own. */
static uint32_t
retry_after(const char *line, size_t n)
{
	static const char name[] = "retry-after:";
	const size_t skip = sizeof(name) - 1;
	char text[8];
	uint64_t v;

	if (n <= skip || strncasecmp(line, name, skip) != 0)
		return 0;
	line += skip;
	n -= skip;
	while (n > 0 && (*line == ' ' || *line == '\t')) {
		line++;
		n--;
	}
	if (n == 0 || n >= sizeof(text))
		return 0;
	memcpy(text, line, n);
	text[n] = '\0';
	return str_to_u64(text, 0, RETRY_MAX, &v) ? (uint32_t)v : 0;
}

bool
answer_parse(const char *p, size_t n, struct answer *out)
{
	const char *end;
	uint32_t s;

	*out = (struct answer){ .retry_s = 0 };
	if (!status_line(p, n, &out->status))
		return false;
	while ((end = memmem(p, n, "\r\n", 2)) != NULL && end > p) {
		s = retry_after(p, (size_t)(end - p));
		if (s > 0)
			out->retry_s = s;
		n -= (size_t)(end + 2 - p);
		p = end + 2;
	}
	return true;
}
