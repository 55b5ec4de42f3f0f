/* SPDX-License-Identifier: MIT */
#ifndef RDV_LOG_H
#define RDV_LOG_H

#include <stdarg.h>
#include <stdbool.h>

enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARN, LOG_ERROR };

/*
 * One line per record on `fd` (not owned, never closed here):
 *   ts=2026-11-21T01:02:03.456Z level=info proc=rdvd mod=term msg="..." k=v
 * `proc` must outlive the process. Lines are written whole, so those of several
 * processes on one pipe or O_APPEND file never interleave.
 */
void log_init(const char *proc, int fd, enum log_level min);
void log_set_level(enum log_level min);
/* For callers whose arguments cost something to make. */
bool log_wants(enum log_level level);
/* Parses "debug", "info", "warn" or "error"; false for anything else. */
bool log_level_parse(const char *name, enum log_level *out);
/*
 * While on, records below LOG_WARN may wait for log_flush(), which whoever
 * turned it on calls before it waits for anything. Order is kept, and a warning
 * takes along what waits. A process that is killed loses what waited.
 */
void log_gather(bool on);
void log_flush(void);
/* Request id put on every record until changed; NULL clears. Not copied. */
void log_set_request(const char *id);

/*
 * `mod` is the module's prefix. The format never comes from data, and every
 * control byte, quote, backslash and non-UTF-8 byte of the result is escaped
 * (abuse J09). Key=value pairs belong into the format: "session=%s". The _warn
 * and _fatal forms without x append the text of errno; errno survives all.
 */
void log_debug(const char *mod, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
void log_info(const char *mod, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
void log_warn(const char *mod, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
void log_warnx(const char *mod, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
void log_error(const char *mod, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
void log_errorx(const char *mod, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
/* Only where going on would be worse; never for bad input. Exit status 1. */
_Noreturn void fatal(const char *mod, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
_Noreturn void fatalx(const char *mod, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

#endif
