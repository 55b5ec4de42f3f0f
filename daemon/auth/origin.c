/* SPDX-License-Identifier: MIT */
/*
 * Host, Origin and Sec-Fetch-Site as pure functions over two lists. Every
 * comparison is of whole strings: a prefix or suffix of an allowed name is a
 * different name.
 */
#include "daemon/auth/origin.h"

#include <stdlib.h>
#include <string.h>

#include "lib/str.h"
#include "lib/xalloc.h"

/* What clients of the Unix socket send; no page is ever loaded from these. */
static const char *const local_names[] = { "localhost", "rdv" };

static void
list_add(char ***list, size_t *n, const char *s)
{
	*list = xreallocarray(*list, *n + 2, sizeof(**list));
	(*list)[(*n)++] = xstrdup(s);
	(*list)[*n] = NULL;
}

static void
list_done(char **list)
{
	for (size_t i = 0; list != NULL && list[i] != NULL; i++)
		free(list[i]);
	free(list);
}

static bool
list_has(char *const *list, const char *s)
{
	for (; list != NULL && *list != NULL; list++) {
		if (strcmp(*list, s) == 0)
			return true;
	}
	return false;
}

static char *
lower(const char *s)
{
	char *copy = xstrdup(s);

	for (char *p = copy; *p != '\0'; p++) {
		if (*p >= 'A' && *p <= 'Z')
			*p = (char)(*p + ('a' - 'A'));
	}
	return copy;
}

/* A page on 127.0.0.1:PORT may as well have been opened as localhost:PORT. */
static void
add_web(struct origin_rules *r, size_t *n, const char *hostport)
{
	const char *colon = strrchr(hostport, ':');
	char *name = lower(hostport);

	list_add(&r->web, n, name);
	free(name);
	if (colon == NULL)
		return;
	name = xasprintf("localhost%s", colon);
	list_add(&r->web, n, name);
	free(name);
}

void
origin_init(struct origin_rules *r, char *const *web, char *const *allowed)
{
	size_t nweb = 0, nhosts = 0;

	*r = (struct origin_rules){ NULL, NULL };
	for (; web != NULL && *web != NULL; web++)
		add_web(r, &nweb, *web);
	for (; allowed != NULL && *allowed != NULL; allowed++) {
		char *name = lower(*allowed);

		list_add(&r->web, &nweb, name);
		free(name);
	}
	for (size_t i = 0; i < sizeof(local_names) / sizeof(*local_names); i++)
		list_add(&r->hosts, &nhosts, local_names[i]);
	for (size_t i = 0; i < nweb; i++)
		list_add(&r->hosts, &nhosts, r->web[i]);
}

void
origin_done(struct origin_rules *r)
{
	list_done(r->hosts);
	list_done(r->web);
	*r = (struct origin_rules){ NULL, NULL };
}

bool
origin_host_ok(const struct origin_rules *r, const char *host)
{
	return host != NULL && list_has(r->hosts, host);
}

/*
 * "null", which sandboxed frames and file: pages send, has neither scheme and
 * fails like any other text (A03).
 */
bool
origin_ok(const struct origin_rules *r, const char *origin)
{
	if (str_starts(origin, "http://"))
		return list_has(r->web, origin + strlen("http://"));
	/* Whoever puts TLS in front keeps the names. */
	if (str_starts(origin, "https://"))
		return list_has(r->web, origin + strlen("https://"));
	return false;
}

/*
 * "same-site" is not enough: it says nothing about the port (W3C Fetch
 * Metadata). "none" is a person who typed the address.
 */
bool
origin_site_ok(const char *site)
{
	return site == NULL || strcmp(site, "same-origin") == 0 ||
	       strcmp(site, "none") == 0;
}
