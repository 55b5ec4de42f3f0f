/* SPDX-License-Identifier: MIT */
/*
 * What may be cloned from. A URL comes from anybody who could make a person or
 * an agent paste it, and git has transports that are programs, options that
 * begin like a host and a place for passwords in the middle. So only what these
 * tables name is let through, and what is refused is told without being shown.
 */
#include "daemon/core/cloneurl.h"

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "lib/path.h"
#include "lib/str.h"

#define URL_MAX 2048

/*
 * ssh needs the account's keys and its agent, which no confined program gets:
 * what a person's own `git clone` has, and nothing that the repository names.
 */
const struct clone_way_row clone_ways[CLONE_WAYS] = {
	[CLONE_HTTPS] = { "https", "script" },
	[CLONE_HTTP] = { "http", "script" },
	[CLONE_SSH] = { "ssh", "login" },
	[CLONE_LOCAL] = { "file", "script" },
};

static const struct {
	const char *prefix;
	enum clone_way way;
	const char *why; /* not to be used, because of this */
} schemes[] = {
	{ "https://", CLONE_HTTPS, NULL },
	{ "http://", CLONE_HTTP, NULL },
	{ "ssh://", CLONE_SSH, NULL },
	{ "git://", CLONE_WAYS,
	    "url: git:// neither encrypts nor proves who answers; take https "
	    "or ssh" },
	{ "file://", CLONE_WAYS,
	    "url: a repository of this host is named by its path alone" },
};

static bool
no(const char **why, const char *sentence)
{
	*why = sentence;
	return false;
}

static bool
is_one_of(char c, const char *others)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       (c >= '0' && c <= '9') || (c != '\0' && strchr(others, c));
}

/* All of `len` bytes are letters, digits or of `others`, and no dash begins. */
static bool
is_word(const char *s, size_t len, const char *others)
{
	if (len == 0 || s[0] == '-')
		return false;
	for (size_t i = 0; i < len; i++)
		if (!is_one_of(s[i], others))
			return false;
	return true;
}

/* "ext::sh -c ...": what stands before is the name of a program of git's. */
static bool
is_helper(const char *url)
{
	size_t n = 0;

	while (is_one_of(url[n], "+-.") || url[n] == '_')
		n++;
	return url[n] == ':' && url[n + 1] == ':';
}

/* Also what would be a control byte once it is decoded (abuse G16). */
static bool
is_printable(const char *url)
{
	for (; *url != '\0'; url++) {
		if (*url <= ' ' || *url > '~' || strchr("\"'`\\<>", *url))
			return false;
		if (url[0] == '%' &&
		    (url[1] == '0' || url[1] == '1' ||
			(url[1] == '7' && (url[2] | 0x20) == 'f')))
			return false;
	}
	return true;
}

/* A name, an address, or an IPv6 address in brackets; then perhaps a port. */
static bool
is_host(const char *s, size_t len, bool with_port)
{
	const char *colon = NULL;
	char digits[8] = "";
	uint64_t port;

	if (len > 0 && s[0] == '[') {
		const char *end = memchr(s, ']', len);

		if (end == NULL || !is_word(s + 1, (size_t)(end - s) - 1, ":."))
			return false;
		colon = end + 1 < s + len ? end + 1 : NULL;
		if (colon != NULL && *colon != ':')
			return false;
	} else {
		colon = memchr(s, ':', len);
		if (!is_word(s, colon != NULL ? (size_t)(colon - s) : len,
			"-."))
			return false;
	}
	if (colon == NULL)
		return true;
	len -= (size_t)(colon + 1 - s);
	if (!with_port || len >= sizeof(digits))
		return false;
	memcpy(digits, colon + 1, len);
	return str_to_u64(digits, 1, UINT16_MAX, &port);
}

static bool
is_loopback(const char *host)
{
	static const char *const own[] = { "localhost", "127.0.0.1", "[::1]" };
	size_t len;

	for (size_t i = 0; i < sizeof(own) / sizeof(own[0]); i++) {
		len = strlen(own[i]);
		if (strncmp(host, own[i], len) == 0 &&
		    (host[len] == '/' || host[len] == ':'))
			return true;
	}
	return false;
}

/* What stands before the host, `len` bytes with its '@'; 0: nothing does. */
static bool
user_ok(const char *s, size_t len, enum clone_way way, const char **why)
{
	if (len == 0)
		return true;
	if (way != CLONE_SSH)
		return no(why,
		    "url: holds a user or a password, and rdv takes and keeps "
		    "none in a URL");
	if (memchr(s, ':', len) != NULL)
		return no(why,
		    "url: holds a password, and rdv takes and keeps none in a "
		    "URL");
	if (way == CLONE_SSH && !is_word(s, len - 1, "-._+"))
		return no(why, "url: its user is no plain name");
	return true;
}

/* Behind the scheme. */
static bool
rest_ok(const char *at, enum clone_way way, bool plain, const char **why)
{
	const size_t len = strcspn(at, "/?#");
	const char *host = at;

	/* Of more than one the last counts, for git and curl as well. */
	for (size_t i = 0; i < len; i++)
		if (at[i] == '@')
			host = at + i + 1;
	if (!user_ok(at, (size_t)(host - at), way, why))
		return false;
	if (!is_host(host, len - (size_t)(host - at), true))
		return no(why, "url: has no plain host, perhaps with a port");
	if (at[len] != '/' || at[len + 1] == '\0')
		return no(why, "url: names no repository of its host");
	if (strpbrk(at, "?#") != NULL)
		return no(why,
		    "url: has a query or a fragment, which no repository "
		    "needs and tokens hide in");
	if (way == CLONE_HTTP && !plain && !is_loopback(host))
		return no(why,
		    "url: http neither encrypts nor proves who answers; take "
		    "https, or set worktrees.clone_http");
	return true;
}

/* "user@host:path", which git has ssh for. */
static bool
scp_ok(const char *url, const char **why)
{
	const char *at = strchr(url, '@');
	const char *host = at != NULL ? at + 1 : url;
	const char *path;

	/* To git it would be a host, and to who wrote it a password. */
	if (!user_ok(url, (size_t)(host - url), CLONE_SSH, why))
		return false;
	path = host[0] == '[' ? strstr(host, "]:") : strchr(host, ':');
	if (path == NULL)
		return no(why, "url: has no plain host");
	path += host[0] == '[';
	if (!is_host(host, (size_t)(path - host), false))
		return no(why, "url: has no plain host");
	if (path[1] == '\0' || path[1] == '-')
		return no(why, "url: names no repository of its host");
	return true;
}

static bool
remote_ok(const char *url, bool plain, enum clone_way *way, const char **why)
{
	for (size_t i = 0; i < sizeof(schemes) / sizeof(schemes[0]); i++) {
		if (!str_starts(url, schemes[i].prefix))
			continue;
		if (schemes[i].why != NULL)
			return no(why, schemes[i].why);
		*way = schemes[i].way;
		return rest_ok(url + strlen(schemes[i].prefix), *way, plain,
		    why);
	}
	if (strstr(url, "://") != NULL)
		return no(why, "url: is for none of https, ssh and a path");
	*way = CLONE_SSH;
	if (url[strcspn(url, ":/")] != ':')
		return no(why, "url: is neither a URL nor an absolute path");
	return scp_ok(url, why);
}

bool
clone_url_ok(const char *url, bool plain, enum clone_way *way, const char **why)
{
	if (strlen(url) > URL_MAX)
		return no(why, "url: is too long");
	if (url[0] == '/') {
		*way = CLONE_LOCAL;
		return path_absolute_ok(url)
			   ? true
			   : no(why, "url: is no plain absolute path");
	}
	if (url[0] == '-')
		return no(why, "url: begins like an option");
	if (is_helper(url))
		return no(why, "url: names a program of git's, not a host");
	if (!is_printable(url))
		return no(why,
		    "url: has blanks, quotes or bytes that are no text, "
		    "perhaps encoded");
	return remote_ok(url, plain, way, why);
}

bool
clone_filter_ok(const char *filter)
{
	static const char *const sized[] = { "blob:limit=", "tree:" };
	size_t len, digits;

	if (strcmp(filter, "blob:none") == 0)
		return true;
	for (size_t i = 0; i < sizeof(sized) / sizeof(sized[0]); i++) {
		len = strlen(sized[i]);
		if (strncmp(filter, sized[i], len) != 0)
			continue;
		digits = strspn(filter + len, "0123456789");
		len += digits;
		/* A size may have a unit, a depth has none. */
		len += i == 0 && filter[len] != '\0' &&
		       strchr("kmg", filter[len]) != NULL;
		return digits > 0 && digits < 10 && filter[len] == '\0';
	}
	return false;
}
