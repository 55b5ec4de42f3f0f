/* SPDX-License-Identifier: MIT */
/*
 * One record is one line, whatever the text contains: all of it is escaped.
 * One write(2) has whole lines and never more than PIPE_BUF bytes, up to which
 * the kernel keeps writes of several processes to one pipe apart. Logging never
 * waits and never fails its caller; records that could not be written are
 * counted and reported by the next one that can.
 */
#include "lib/log.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "lib/clock.h"
#include "lib/str.h"

static const char *const level_names[] = {
	[LOG_DEBUG] = "debug",
	[LOG_INFO] = "info",
	[LOG_WARN] = "warn",
	[LOG_ERROR] = "error",
};
#define LEVELS (sizeof(level_names) / sizeof(level_names[0]))

static const char *log_proc = "rdv";
static int log_fd = STDERR_FILENO;
static enum log_level log_min = LOG_INFO;
static const char *log_request;
static unsigned log_dropped;

/* Lines that wait for log_flush(). */
static struct {
	bool on;
	unsigned lines;
	size_t len;
	char text[PIPE_BUF];
} gathered;

void
log_init(const char *proc, int fd, enum log_level min)
{
	log_proc = proc;
	log_fd = fd;
	log_min = min;
}

void
log_set_level(enum log_level min)
{
	log_min = min;
}

bool
log_wants(enum log_level level)
{
	return level >= log_min;
}

bool
log_level_parse(const char *name, enum log_level *out)
{
	size_t i;

	for (i = 0; i < LEVELS; i++) {
		if (strcmp(name, level_names[i]) == 0) {
			*out = (enum log_level)i;
			return true;
		}
	}
	return false;
}

void
log_set_request(const char *id)
{
	log_request = id;
}

/* The time to the second, made once for all records of it. */
static const char *
second_text(time_t sec)
{
	static char text[32];
	static time_t of = -1;
	struct tm tm;

	if (sec == of)
		return text;
	of = sec;
	if (gmtime_r(&sec, &tm) == NULL ||
	    strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &tm) == 0)
		str_copy(text, "?", sizeof(text));
	return text;
}

struct head {
	char *text;
	size_t size, used;
};

/* At most `max` bytes: no part of a head is long. */
static void
put(struct head *h, const char *s, size_t max)
{
	size_t len = strnlen(s, max);

	if (len >= h->size - h->used)
		len = h->size - h->used - 1;
	memcpy(h->text + h->used, s, len);
	h->used += len;
}

/*
 * Everything before the message, bounded far below the line's length. By hand:
 * a record is made for each change, and printf took longer than the rest.
 */
static size_t
put_head(char *line, size_t size, enum log_level level, const char *mod)
{
	struct head h = { line, size, 0 };
	int64_t ms = clock_wall_ms();
	const unsigned part = (unsigned)(ms % 1000);
	const char fraction[] = { '.', (char)('0' + part / 100),
		(char)('0' + part / 10 % 10), (char)('0' + part % 10), '\0' };
	char text[80];

	put(&h, "ts=", 8);
	put(&h, second_text((time_t)(ms / 1000)), 32);
	put(&h, fraction, 4);
	put(&h, "Z level=", 8);
	put(&h, level_names[level], 8);
	put(&h, " proc=", 8);
	put(&h, log_proc, 32);
	put(&h, " mod=", 8);
	put(&h, mod, 32);
	if (log_request != NULL) {
		str_escape(text, sizeof(text), log_request,
		    strlen(log_request));
		put(&h, " req=", 8);
		put(&h, text, sizeof(text));
	}
	if (log_dropped > 0) {
		snprintf(text, sizeof(text), " dropped=%u", log_dropped);
		put(&h, text, sizeof(text));
	}
	put(&h, " msg=\"", 8);
	return h.used;
}

/*
 * A pipe has room for a whole line then, a terminal is not stopped. O_NONBLOCK
 * would be simpler, and is not ours to set on what others write to as well.
 */
static bool
takes_a_line(void)
{
	struct pollfd p = { .fd = log_fd, .events = POLLOUT };

	return poll(&p, 1, 0) == 1 && (p.revents & POLLOUT);
}

static void
write_lines(const char *text, size_t len, unsigned lines)
{
	ssize_t n = -1;

	if (takes_a_line()) {
		do
			n = write(log_fd, text, len);
		while (n < 0 && errno == EINTR);
	}
	if (n == (ssize_t)len)
		log_dropped = 0;
	else
		log_dropped += lines;
}

void
log_flush(void)
{
	int saved = errno;

	if (gathered.lines > 0)
		write_lines(gathered.text, gathered.len, gathered.lines);
	gathered.lines = 0;
	gathered.len = 0;
	errno = saved;
}

void
log_gather(bool on)
{
	gathered.on = on;
	log_flush();
}

/* A warning may be the last word, and a count of lost ones stands once. */
static void
put_line(enum log_level level, const char *line, size_t len)
{
	bool wait = gathered.on && level < LOG_WARN && log_dropped == 0;

	if (!wait || len > sizeof(gathered.text) - gathered.len)
		log_flush();
	if (!wait) {
		write_lines(line, len, 1);
		return;
	}
	memcpy(gathered.text + gathered.len, line, len);
	gathered.len += len;
	gathered.lines++;
}

static __attribute__((format(printf, 4, 0))) void
record(enum log_level level, const char *mod, int err, const char *fmt,
    va_list ap)
{
	/* As long as the line, so that what is cut here is cut there too. */
	char text[PIPE_BUF], line[PIPE_BUF];
	const char *cause;
	size_t used, len;

	vsnprintf(text, sizeof(text), fmt, ap);
	if (err != 0) {
		len = strlen(text);
		cause = strerrordesc_np(err);
		snprintf(text + len, sizeof(text) - len, ": %s",
		    cause != NULL ? cause : "unknown error");
	}
	used = put_head(line, sizeof(line), level, mod);
	/* Two bytes are left for the closing quote and the newline. */
	used += str_escape(line + used, sizeof(line) - used - 1, text,
	    strlen(text));
	line[used++] = '"';
	line[used++] = '\n';
	put_line(level, line, used);
}

#define RECORD(level, mod, err, fmt)               \
	do {                                       \
		int saved_ = errno;                \
		va_list ap_;                       \
		if ((level) < log_min)             \
			break;                     \
		va_start(ap_, fmt);                \
		record(level, mod, err, fmt, ap_); \
		va_end(ap_);                       \
		errno = saved_;                    \
	} while (0)

void
log_debug(const char *mod, const char *fmt, ...)
{
	RECORD(LOG_DEBUG, mod, 0, fmt);
}

void
log_info(const char *mod, const char *fmt, ...)
{
	RECORD(LOG_INFO, mod, 0, fmt);
}

void
log_warn(const char *mod, const char *fmt, ...)
{
	RECORD(LOG_WARN, mod, saved_, fmt);
}

void
log_warnx(const char *mod, const char *fmt, ...)
{
	RECORD(LOG_WARN, mod, 0, fmt);
}

void
log_error(const char *mod, const char *fmt, ...)
{
	RECORD(LOG_ERROR, mod, saved_, fmt);
}

void
log_errorx(const char *mod, const char *fmt, ...)
{
	RECORD(LOG_ERROR, mod, 0, fmt);
}

/*
 * _exit, not exit: what made us stop may be a broken heap or a lack of memory,
 * and exit handlers would run on it.
 */
void
fatal(const char *mod, const char *fmt, ...)
{
	RECORD(LOG_ERROR, mod, saved_, fmt);
	_exit(1);
}

void
fatalx(const char *mod, const char *fmt, ...)
{
	RECORD(LOG_ERROR, mod, 0, fmt);
	_exit(1);
}
