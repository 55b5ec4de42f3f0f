/* SPDX-License-Identifier: MIT */
#ifndef RDV_RIGPIC_H
#define RDV_RIGPIC_H

#include <stddef.h>

#define PICTURE_MAX  (1 << 16)
#define PICTURE_ARGS 32

/* What the probe said, NUL-terminated. */
extern char picture[PICTURE_MAX];

/* Every `from` in the picture becomes `to`. */
void picture_replace(const char *from, const char *to);
/* The line that is exactly `name` and `value` is told by `to`. */
void picture_replace_line(const char *name, const char *value, const char *to);
/* The bounding set of this test, as /proc says it. */
void picture_bounding(char *out, size_t size);
/*
 * Fails at the first line that is not as golden/NAME.txt has it, or under root
 * NAME-root.txt; with RDV_GOLDEN set, writes it there instead.
 */
void picture_compare(const char *name);

/* A copy where the confined profiles may run it from. */
void picture_program(const char *from, const char *path);
/*
 * Another terminal of the test's user: its master, and the name of the slave.
 */
int picture_terminal(char *name, size_t size);

/* The probe's arguments, LABEL=MODE:WHAT; argv[0] is the caller's to set. */
struct picture_args {
	char text[PICTURE_ARGS][400];
	const char *argv[PICTURE_ARGS + 1];
	int n;
};
void picture_add(struct picture_args *p, const char *label, char mode,
    const char *what);

#endif
