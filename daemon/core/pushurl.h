/* SPDX-License-Identifier: MIT */
#ifndef RDV_PUSHURL_H
#define RDV_PUSHURL_H

#include <stdbool.h>

#define PUSH_URL_MAX 2000 /* bytes of an endpoint */

/* An endpoint, judged. `at` is HOST:PORT, `origin` as in RFC 6454. */
struct push_url {
	char host[256], port[6]; /* in lower case */
	char at[264];
	char origin[272];
	const char *path; /* of the text: "/..." */
};

/*
 * "https://HOST[:PORT]/PATH[?QUERY]" and nothing else: no user, no fragment, no
 * byte that is not printable ASCII. False: it is something else.
 */
bool push_url_parse(const char *text, struct push_url *out);
/* Whether push.hosts has it; an entry is HOST or *.HOST, perhaps :PORT. */
bool push_url_listed(char *const *hosts, const struct push_url *u);

#endif
