/* SPDX-License-Identifier: MIT */
#ifndef RDV_TOML_H
#define RDV_TOML_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/*
 * The subset of TOML 1.0 that rdv's configuration uses: [tables], bare and
 * quoted keys, basic and literal strings, integers, booleans, arrays of
 * strings, comments. Anything else is an error with its line. Pure: no files.
 */
enum toml_type { TOML_STRING, TOML_INT, TOML_BOOL, TOML_STRINGS };

struct toml_value {
	char *key; /* "table.key", tables joined by dots */
	enum toml_type type;
	unsigned line;
	char *str;
	int64_t num;
	bool flag;
	char **strs; /* NULL-terminated */
	size_t nstrs;
};

struct toml {
	struct toml_value *values;
	size_t n;
};

/*
 * Parses `len` bytes (at most 1 MiB). 0, or RDV_E_INVALID with `*line` and a
 * static sentence in `*why`; a key given twice is an error. The result is
 * freed with toml_done().
 */
int toml_parse(struct toml *t, const char *text, size_t len, unsigned *line,
    const char **why);
void toml_done(struct toml *t);
const char *toml_type_name(enum toml_type type);
/* As a basic string, with its quotes, that toml_parse() reads back. */
void toml_print_string(const char *s, FILE *out);

#endif
