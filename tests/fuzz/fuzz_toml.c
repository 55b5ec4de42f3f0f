/* SPDX-License-Identifier: MIT */
/*
 * Configuration text. Invariant: refused with a line that exists, or every
 * key stands there once and its value holds what its type says.
 */
#include "tests/fuzz/fuzz.h"

#include <string.h>

#include "lib/err.h"
#include "lib/str.h"
#include "lib/toml.h"

static void
check_value(const struct toml *t, const struct toml_value *v, unsigned lines)
{
	size_t i;

	for (i = 0; i < t->n; i++)
		FUZZ_CHECK(&t->values[i] == v ||
			   strcmp(t->values[i].key, v->key) != 0);
	FUZZ_CHECK(v->line >= 1 && v->line <= lines);
	FUZZ_CHECK(str_utf8_valid(v->key, strlen(v->key)));
	FUZZ_CHECK((v->type == TOML_STRING) == (v->str != NULL));
	FUZZ_CHECK((v->type == TOML_STRINGS) == (v->strs != NULL));
	if (v->str != NULL)
		FUZZ_CHECK(str_utf8_valid(v->str, strlen(v->str)));
	for (i = 0; i < v->nstrs; i++)
		FUZZ_CHECK(str_utf8_valid(v->strs[i], strlen(v->strs[i])));
	FUZZ_CHECK(v->strs == NULL || v->strs[v->nstrs] == NULL);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	unsigned lines = 1, line = 0;
	const char *why = NULL;
	struct toml t;
	size_t i;
	int err;

	for (i = 0; i < size; i++)
		lines += data[i] == '\n';
	err = toml_parse(&t, (const char *)data, size, &line, &why);
	if (err != 0) {
		FUZZ_CHECK(err == RDV_E_INVALID && why != NULL);
		FUZZ_CHECK(line >= 1 && line <= lines);
		return 0;
	}
	for (i = 0; i < t.n; i++)
		check_value(&t, &t.values[i], lines);
	toml_done(&t);
	return 0;
}
