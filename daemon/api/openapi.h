/* SPDX-License-Identifier: MIT */
#ifndef RDV_OPENAPI_H
#define RDV_OPENAPI_H

#include <stdint.h>
#include <stdio.h>

struct api_route;
struct js;

/* The rows as an OpenAPI 3.1 document. The caller frees it. */
struct js *openapi_json(const struct api_route *const *tables);
/* The rows as docs/http-api.md: `rdvd --routes`. */
void openapi_print(const struct api_route *const *tables, FILE *out);

/* "read or run", "none", ... for people; `out` of SCOPE_TEXT bytes. */
void openapi_scope(uint32_t scope, char *out);

#endif
