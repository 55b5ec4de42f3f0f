/* SPDX-License-Identifier: MIT */
#ifndef RDV_ALLOWED_H
#define RDV_ALLOWED_H

#include <stdbool.h>
#include <stddef.h>

struct buf;
struct js;

#define ALLOWED_LEN 260 /* a name, ":65535" and NUL, rounded up */

/* auth.allowed_hosts for nginx, in lower case as browsers send them. */
struct allowed {
	char (*hosts)[ALLOWED_LEN];
	size_t n;
};

/*
 * From a JSON list of texts, NULL being an empty one. False when one of them is
 * no host (lib/host.h). To be freed with allowed_done() whatever it says.
 */
bool allowed_take(struct allowed *a, const struct js *list);
void allowed_done(struct allowed *a);

/* Bytes that the three below write at most, together. */
size_t allowed_room(const struct allowed *a);
/* Entries of a map of whole Host values, of one of Origins, server names. */
void allowed_put_hosts(const struct allowed *a, struct buf *out);
void allowed_put_origins(const struct allowed *a, struct buf *out);
void allowed_put_names(const struct allowed *a, struct buf *out);

#endif
