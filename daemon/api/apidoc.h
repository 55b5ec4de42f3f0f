/* SPDX-License-Identifier: MIT */
#ifndef RDV_APIDOC_H
#define RDV_APIDOC_H

#include <stdio.h>

struct api_route;

/* The rows as docs/http-api.md: `rdvd --routes`. */
void apidoc_print(const struct api_route *const *tables, FILE *out);

#endif
