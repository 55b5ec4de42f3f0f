/* SPDX-License-Identifier: MIT */
#ifndef RDV_OUT_H
#define RDV_OUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

struct cli;
struct js;

/*
 * Everything rdv prints. Results go to stdout, everything else to stderr.
 * Strings that came from outside are escaped before they reach a terminal.
 */

/* How a cell is made from the member `key` of its row. */
enum out_kind {
	OUT_TEXT,
	OUT_SHORT_ID, /* the beginning of an id or a commit */
	OUT_NUMBER,
	OUT_BYTES,
	OUT_AGE,   /* "5m" since a time in ms */
	OUT_AGE_S, /* the same, since one in seconds */
	OUT_TIME,  /* local date and time */
	OUT_YES,   /* a boolean */
	OUT_STATE, /* text, coloured by what it says */
	OUT_RUN,   /* the same of a run: its state, or that it is stopped */
	OUT_LIST,  /* strings, joined by blanks */
	OUT_JSON,  /* whatever it is, in JSON */
};

struct out_col {
	const char *title; /* NULL ends a table */
	const char *key;   /* "run.state" reaches into an object */
	enum out_kind kind;
};

/* Rows under a heading, or one sentence when there are none. */
void out_table(const struct cli *cli, const struct out_col *cols,
    const struct js *rows, const char *none);
/* One row without heading, for output that has no end. */
void out_row(const struct cli *cli, const struct out_col *cols,
    const struct js *row);
/* One object, a member per line; absent and null ones are left out. */
void out_fields(const struct cli *cli, const struct out_col *cols,
    const struct js *object);
/* Indented JSON and a newline. */
void out_json(const struct js *v);
/* The same in one line. */
void out_json_line(const struct js *v);
/* An error object of the server, in one line on stderr. */
void out_json_error(const struct js *v);
/* A result, as it is: for paths, ids and URLs that scripts take. */
void out_line(const char *text);
/*
 * Text of a file, with its tabs. `escape`: it goes to a terminal, which obeys
 * what is below blank, DEL and in UTF-8 what follows 0xc2.
 */
void out_text(const char *text, bool escape);
/* The same, to another stream. */
void out_text_to(FILE *f, const char *text, bool escape);
/* "rdv: ..." on stderr, unless --quiet. The format never comes from data. */
void out_note(const struct cli *cli, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
/*
 * An error on stderr: "rdv: sentence", or with --json one line
 * {"error","code"}. Arguments may come from outside: the result is escaped.
 */
void out_error(const struct cli *cli, const char *code, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/*
 * For sentences: control bytes are escaped as everywhere, but quotes and
 * backslashes, which do nothing to a terminal, stay as they are.
 */
void out_sentence(char *out, size_t size, const char *text);
/* Columns a terminal uses for valid UTF-8. */
size_t out_width(const char *text);
/* Into `out`: "812", "1.5 KB", "20 MB" / "5s", "12m", "3h", "9d". */
void out_bytes(char *out, size_t size, int64_t n);
void out_age(char *out, size_t size, int64_t ms);

#endif
