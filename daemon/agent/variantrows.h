/* SPDX-License-Identifier: MIT */
#ifndef RDV_VARIANTROWS_H
#define RDV_VARIANTROWS_H

#include <stddef.h>

/* The fields an agent's variant has, for daemon/agent/variant.c. */
enum variant_kind {
	VARIANT_TEXT,
	VARIANT_BOOL,
	VARIANT_TEXTS,
	VARIANT_PAIRS, /* an object of texts */
	VARIANT_WORD   /* one of `words` */
};
struct variant_field {
	const char *name;
	enum variant_kind kind;
	const char *words; /* "low|high" */
};

/* What a policy sets; `unless` is a value that stays, or NULL. */
struct variant_policy {
	const char *field, *json, *unless;
};

struct variant_row {
	const char *agent;
	const struct variant_field *fields; /* ends with a NULL name */
	/* The fields that choices of a request go to, or NULL. */
	const char *model, *mode, *reasoning;
	/* Ends with a NULL field; an empty list cannot be chosen. */
	struct variant_policy automatic[4], supervised[4], plan[4];
};

/* Of every agent. */
extern const struct variant_field variant_common[];
/* The i-th, or NULL. */
const struct variant_row *variant_row(size_t i);
/* By name, also an older one; or NULL. */
const struct variant_row *variant_row_of(const char *agent);

#endif
