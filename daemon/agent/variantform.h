/* SPDX-License-Identifier: MIT */
#ifndef RDV_VARIANTFORM_H
#define RDV_VARIANTFORM_H

struct js;

/*
 * What a variant of each agent may have, for who makes a form of it:
 * [{"agent", "fields": [{"name", "kind": "text|flag|texts|pairs|word",
 * "words": [...], "choice": "model_id"}], "policies": ["PLAN"]}]. `choice` is
 * what a request calls that field, or null. The caller's to free.
 */
struct js *variantform(void);

#endif
