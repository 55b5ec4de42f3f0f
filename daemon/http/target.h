/* SPDX-License-Identifier: MIT */
#ifndef RDV_TARGET_H
#define RDV_TARGET_H

#include <stdbool.h>
#include <stddef.h>

/*
 * A request target in its pieces, none of them copied or decoded. `authority`
 * is NULL for the origin form ("/path?query"), set for the absolute form.
 */
struct target {
	const char *authority;
	size_t authority_len;
	const char *path; /* at least one byte when not empty: '/' */
	size_t path_len;
	const char *query; /* after the '?', or NULL */
	size_t query_len;
};

/* False for anything but origin-form and absolute-form (http, https). */
bool target_split(const char *raw, size_t len, struct target *out);
/*
 * The one canonical spelling of a path, decoded once, into `out` of len+1
 * bytes. Refuses (RDV_E_MALFORMED) what two readers could take differently.
 */
int target_path(const char *raw, size_t len, char *out);
/*
 * 0 when every escape is whole and the decoded text, of which `scratch` has
 * len+1 bytes, is UTF-8 without NUL.
 */
int target_query(const char *raw, size_t len, char *scratch);
/* Decodes a piece of a checked query into `out` of len+1 bytes; '+' is ' '. */
void target_query_decode(const char *raw, size_t len, char *out);
/* Host grammar: name, IPv4 or [IPv6], each with an optional port 1..65535. */
bool target_host_valid(const char *s, size_t len);

#endif
