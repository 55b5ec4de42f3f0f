/* SPDX-License-Identifier: MIT */
#ifndef RDV_API_DECODE_H
#define RDV_API_DECODE_H

#include "lib/js.h"

struct api_call;

/*
 * Body and query of a request into c->in by the tables of its row. 0, or the
 * status to answer with (400 or 422) and `err` filled.
 */
int api_decode(struct api_call *c, struct js_error *err);

#endif
