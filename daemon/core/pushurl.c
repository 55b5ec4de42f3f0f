/* SPDX-License-Identifier: MIT */
/*
 * Where a push may go. An endpoint is a URL of somebody else's choosing, so it
 * is taken apart strictly, and its host has to be one that the administrator
 * named. What a name leads to is judged by rdv-egress when it is dialled.
 */
#include "daemon/core/pushurl.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "lib/host.h"
#include "lib/str.h"

#define HTTPS "443"

/* HOST[:PORT] into both; the port is 443 where none is said. */
static bool
split(const char *text, char host[256], char port[6])
{
	const size_t n = host_ok(text) ? host_name_len(text) : 0;
	uint64_t number;

	if (n == 0 || n >= 256)
		return false;
	for (size_t i = 0; i < n; i++)
		host[i] = (char)tolower((unsigned char)text[i]);
	host[n] = '\0';
	return str_copy(port, text[n] == ':' ? text + n + 1 : HTTPS, 6) &&
	       str_to_u64(port, 1, 65535, &number);
}

static bool
printable(const char *s)
{
	for (; *s != '\0'; s++)
		if (*s <= ' ' || *s > '~' || strchr("\"#<>\\^`{|}", *s) != NULL)
			return false;
	return true;
}

bool
push_url_parse(const char *text, struct push_url *out)
{
	static const char scheme[] = "https://";
	const char *at = text + sizeof(scheme) - 1, *path;
	char authority[264];

	if (strncmp(text, scheme, sizeof(scheme) - 1) != 0 ||
	    strlen(text) > PUSH_URL_MAX || !printable(text))
		return false;
	path = strchr(at, '/');
	if (path == NULL || (size_t)(path - at) >= sizeof(authority))
		return false;
	memcpy(authority, at, (size_t)(path - at));
	authority[path - at] = '\0';
	if (!split(authority, out->host, out->port))
		return false;
	out->path = path;
	(void)snprintf(out->at, sizeof(out->at), "%s:%s", out->host, out->port);
	(void)snprintf(out->origin, sizeof(out->origin), "%s%s", scheme,
	    strcmp(out->port, HTTPS) == 0 ? out->host : out->at);
	return true;
}

/* "x.example" lies below "example"; "xexample" and "example" do not. */
static bool
lies_below(const char *host, const char *top)
{
	const size_t n = strlen(host), ntop = strlen(top);

	return n > ntop + 1 && host[n - ntop - 1] == '.' &&
	       strcmp(host + n - ntop, top) == 0;
}

bool
push_url_listed(char *const *hosts, const struct push_url *u)
{
	char host[256], port[6];

	for (; hosts != NULL && *hosts != NULL; hosts++) {
		const bool below = str_starts(*hosts, "*.");

		if (!split(*hosts + (below ? 2 : 0), host, port) ||
		    strcmp(port, u->port) != 0)
			continue;
		if (below ? lies_below(u->host, host)
			  : strcmp(host, u->host) == 0)
			return true;
	}
	return false;
}
