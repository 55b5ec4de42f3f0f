/* SPDX-License-Identifier: MIT */
#ifndef RDV_LOGLINE_H
#define RDV_LOGLINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A line of rdv's own log, as lib/log.h has its form. */

/* Its text, quotes and backslashes as they were; "" when it has none. */
void logline_message(char *out, size_t size, const char *line);
/* The word behind ` key=`, as far as there is room; "" when there is none. */
void logline_word(char *out, size_t size, const char *line, const char *key);
/* Whether that id stands in it, and not as a part of a longer word. */
bool logline_names(const char *line, const char *id);
/*
 * "2026-11-21T01:02:03.456Z" at the beginning of `len` bytes, as the audit log
 * writes it too: ms since the epoch, or -1.
 */
int64_t logline_time(const char *text, size_t len);

#endif
