/* SPDX-License-Identifier: MIT */
/*
 * Allocation that cannot fail as far as its callers can see, because no caller
 * in this tree has a sensible second plan when the system is out of memory.
 * What comes back is never NULL, and a size of zero never gets this far.
 */
#include "lib/xalloc.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/log.h"

void *
xmalloc(size_t size)
{
	void *p;

	if (size == 0)
		fatalx("xalloc", "zero size");
	p = malloc(size);
	if (p == NULL)
		fatalx("xalloc", "out of memory: %zu bytes", size);
	return p;
}

void *
xcalloc(size_t n, size_t size)
{
	void *p;

	if (n == 0 || size == 0)
		fatalx("xalloc", "zero size");
	p = calloc(n, size);
	if (p == NULL)
		fatalx("xalloc", "out of memory: %zu x %zu bytes", n, size);
	return p;
}

void *
xreallocarray(void *ptr, size_t n, size_t size)
{
	void *p;

	if (n == 0 || size == 0)
		fatalx("xalloc", "zero size");
	p = reallocarray(ptr, n, size);
	if (p == NULL)
		fatalx("xalloc", "out of memory: %zu x %zu bytes", n, size);
	return p;
}

char *
xstrdup(const char *s)
{
	return xmemdup(s, strlen(s) + 1);
}

char *
xstrndup(const char *s, size_t max)
{
	size_t len = strnlen(s, max);
	char *copy = xmalloc(len + 1);

	memcpy(copy, s, len);
	copy[len] = '\0';
	return copy;
}

void *
xmemdup(const void *p, size_t len)
{
	return memcpy(xmalloc(len), p, len);
}

char *
xasprintf(const char *fmt, ...)
{
	char *out;
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vasprintf(&out, fmt, ap);
	va_end(ap);
	if (n < 0)
		fatalx("xalloc", "out of memory formatting text");
	return out;
}
