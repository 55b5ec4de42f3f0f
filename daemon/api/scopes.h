/* SPDX-License-Identifier: MIT */
#ifndef RDV_API_SCOPES_H
#define RDV_API_SCOPES_H

#include <stdint.h>

struct js;

/* The fewest words for these bits, as an array of strings. */
struct js *api_scopes_json(uint32_t bits);

#endif
