/* SPDX-License-Identifier: MIT */
#ifndef RDV_ORIGIN_H
#define RDV_ORIGIN_H

#include <stdbool.h>

/*
 * The names rdv answers to. A browser can be made to send any Host and any
 * cross-site request; it cannot be made to lie about the three headers judged
 * here, so whatever is not on the list is refused.
 */
struct origin_rules {
	char **hosts; /* every Host value that is served */
	char **web;   /* those of them a page can have been loaded from */
};

/*
 * `web` are nginx's HOST:PORT, `allowed` the configured further names; both
 * end with NULL or are NULL.
 */
void
origin_init(struct origin_rules *r, char *const *web, char *const *allowed);
void origin_done(struct origin_rules *r);

/* `host` in lower case, as the HTTP gate leaves it. */
bool origin_host_ok(const struct origin_rules *r, const char *host);
/* "http://" or "https://" and one of the web names, nothing else (A03, A10). */
bool origin_ok(const struct origin_rules *r, const char *origin);
/* Sec-Fetch-Site: absent (NULL), "same-origin" or "none" (A16). */
bool origin_site_ok(const char *site);

#endif
