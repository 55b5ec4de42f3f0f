/* SPDX-License-Identifier: MIT */
/*
 * Tables, objects, JSON and messages. A cell is escaped when it is made, so
 * nothing that a branch, a name or a path contains can act on the terminal
 * (abuse J08, J09).
 */
#include "cli/out.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <wchar.h>

#include "cli/cli.h"
#include "lib/buf.h"
#include "lib/clock.h"
#include "lib/js.h"
#include "lib/str.h"

#define CELL	 512
#define COLS_MAX 16
/* A list of all there is; beyond it something is wrong. */
#define JSON_MAX ((size_t)512 << 20)

static const struct {
	const char *state;
	const char *color;
} colors[] = {
	{ "active", "32" },
	{ "running", "32" },
	{ "ready", "32" },
	{ "completed", "32" },
	{ "ok", "32" },
	{ "starting", "33" },
	{ "stopped", "33" },
	{ "suspended", "33" },
	{ "warning", "33" },
	{ "asks", "33" },
	{ "waiting", "33" },
	{ "closed", "2" },
	{ "failed", "31" },
	{ "killed", "31" },
	{ "lost", "31" },
};

/* Bytes that are no character count one column each: better than none. */
size_t
out_width(const char *text)
{
	mbstate_t state;
	size_t width = 0, n, left = strlen(text);
	wchar_t wc;
	int w;

	memset(&state, 0, sizeof(state));
	while (left > 0) {
		n = mbrtowc(&wc, text, left, &state);
		if (n == 0 || n > left)
			return width + left;
		w = wcwidth(wc);
		width += w > 0 ? (size_t)w : 0;
		text += n;
		left -= n;
	}
	return width;
}

void
out_bytes(char *out, size_t size, int64_t n)
{
	static const char *const units[] = { "KB", "MB", "GB", "TB" };
	double v = (double)n / 1024;
	size_t u = 0;

	if (n < 1024) {
		(void)snprintf(out, size, "%lld", (long long)n);
		return;
	}
	while (v >= 1024 && u + 1 < sizeof(units) / sizeof(units[0])) {
		v /= 1024;
		u++;
	}
	(void)snprintf(out, size, v < 10 ? "%.1f %s" : "%.0f %s", v, units[u]);
}

/* One unit, the largest: a column to look over, not to reckon with. */
void
out_age(char *out, size_t size, int64_t ms)
{
	int64_t s = ms < 0 ? 0 : ms / 1000;

	if (s < 60)
		(void)snprintf(out, size, "%llds", (long long)s);
	else if (s < 3600)
		(void)snprintf(out, size, "%lldm", (long long)s / 60);
	else if (s < 86400)
		(void)snprintf(out, size, "%lldh", (long long)s / 3600);
	else
		(void)snprintf(out, size, "%lldd", (long long)s / 86400);
}

/* In local time, for people; --json has the number. */
static void
put_time(char *out, size_t size, int64_t ms)
{
	time_t t = (time_t)(ms / 1000);
	struct tm tm;

	if (localtime_r(&t, &tm) == NULL ||
	    strftime(out, size, "%Y-%m-%d %H:%M:%S", &tm) == 0)
		out[0] = '\0';
}

/* The member "a" or "a.b" of `row`, or NULL when absent or null. */
static const struct js *
member(const struct js *row, const char *key)
{
	const char *dot = strchr(key, '.');
	const struct js *v;
	char first[64];

	if (dot == NULL) {
		v = js_get(row, key);
		return v == NULL || js_is_null(v) ? NULL : v;
	}
	(void)snprintf(first, sizeof(first), "%.*s", (int)(dot - key), key);
	v = js_get(row, first);
	return v == NULL || js_is_null(v) ? NULL : member(v, dot + 1);
}

void
out_text(const char *text, bool escape)
{
	out_text_to(stdout, text, escape);
}

void
out_text_to(FILE *f, const char *text, bool escape)
{
	const unsigned char *p = (const unsigned char *)text;

	for (; *p != '\0'; p++) {
		const bool c1 = p[0] == 0xc2 && p[1] >= 0x80 && p[1] < 0xa0;

		if (escape && ((*p < 0x20 && *p != '\t') || *p == 0x7f))
			(void)fprintf(f, "\\x%02x", *p);
		else if (escape && c1)
			(void)fprintf(f, "\\x%02x", *++p);
		else
			(void)putc(*p, f);
	}
}

void
out_sentence(char *out, size_t size, const char *text)
{
	size_t used = 0, n;

	while (*text != '\0' && used + 1 < size) {
		n = strcspn(text, "\"\\");
		if (n > 0)
			used += str_escape(out + used, size - used, text, n);
		text += n;
		if (*text != '\0' && used + 1 < size)
			out[used++] = *text++;
	}
	out[used] = '\0';
}

static void
put_list(char *out, size_t size, const struct js *v)
{
	struct buf b;
	const char *s;
	size_t i;

	buf_init(&b, CELL * 4);
	for (i = 0; i < js_len(v); i++) {
		s = js_text(js_at(v, i));
		buf_printf(&b, i > 0 ? " %s" : "%s", s != NULL ? s : "?");
	}
	(void)buf_cstr(&b);
	str_escape(out, size, buf_ok(&b) ? buf_cstr(&b) : "...",
	    buf_ok(&b) ? b.len : 3);
	buf_done(&b);
}

/* The body of an event has no columns: it is shown whole. */
static void
put_json(char *out, size_t size, const struct js *v)
{
	struct buf b;

	buf_init(&b, CELL * 4);
	js_dump(v, &b);
	out_sentence(out, size, buf_ok(&b) ? buf_cstr(&b) : "...");
	buf_done(&b);
}

static void
put_number(char *out, size_t size, enum out_kind kind, int64_t n)
{
	if (kind == OUT_BYTES)
		out_bytes(out, size, n);
	else if (kind == OUT_AGE)
		out_age(out, size, clock_wall_ms() - n);
	else if (kind == OUT_AGE_S)
		out_age(out, size, clock_wall_ms() - n * 1000);
	else if (kind == OUT_TIME)
		put_time(out, size, n);
	else
		(void)snprintf(out, size, "%lld", (long long)n);
}

/*
 * Our ids begin with 48 bits of time: the first 13 characters tell apart what
 * was not made in the same millisecond, the first 8 only minutes.
 */
static size_t
short_id(const char *s)
{
	size_t len = strcspn(s, "-");

	if (s[len] == '-')
		return len + 1 + strcspn(s + len + 1, "-");
	return len < 8 ? len : 8;
}

/* NULL: there is none. */
static const char *
run_word(const struct js *run)
{
	if (js_bool(run, "stopped", false))
		return "stopped";
	return js_str(run, "state", NULL);
}

static void
put_cell(char *out, size_t size, const struct out_col *col,
    const struct js *row)
{
	const struct js *v = member(row, col->key);
	const char *s = col->kind == OUT_RUN ? run_word(v) : js_text(v);
	size_t len;

	out[0] = '\0';
	if (v == NULL)
		return;
	if (col->kind == OUT_JSON) {
		put_json(out, size, v);
	} else if (s != NULL) {
		len = strlen(s);
		if (col->kind == OUT_SHORT_ID)
			len = short_id(s);
		str_escape(out, size, s, len);
	} else if (js_is_array(v)) {
		put_list(out, size, v);
	} else if (col->kind == OUT_YES) {
		(void)str_copy(out, js_flag(v, false) ? "yes" : "no", size);
	} else {
		put_number(out, size, col->kind, js_num(v, 0));
	}
}

/* After escaping: only a word that is exactly one of ours is coloured. */
static const char *
color_of(const struct cli *cli, const struct out_col *col, const char *text)
{
	size_t i;

	if (!cli->color || (col->kind != OUT_STATE && col->kind != OUT_RUN))
		return NULL;
	for (i = 0; i < sizeof(colors) / sizeof(colors[0]); i++) {
		if (strcmp(colors[i].state, text) == 0)
			return colors[i].color;
	}
	return NULL;
}

/* Numbers line up by their last digit. */
static bool
to_the_right(enum out_kind kind)
{
	return kind == OUT_NUMBER || kind == OUT_BYTES || kind == OUT_AGE ||
	       kind == OUT_AGE_S;
}

/* No blanks behind the last column: lines are copied and compared. */
static void
print_cell(const struct cli *cli, const struct out_col *col, const char *text,
    size_t width)
{
	const char *color = color_of(cli, col, text);
	bool last = col[1].title == NULL;
	int pad = (int)(width - out_width(text));

	if (to_the_right(col->kind))
		(void)printf("%*s", pad, "");
	if (color != NULL)
		(void)printf("\033[%sm%s\033[m", color, text);
	else
		(void)printf("%s", text);
	if (!last && !to_the_right(col->kind))
		(void)printf("%*s", pad, "");
	(void)printf(last ? "\n" : "  ");
}

/* Twice over the rows: the first time only for the widths. */
void
out_table(const struct cli *cli, const struct out_col *cols,
    const struct js *rows, const char *none)
{
	size_t width[COLS_MAX] = { 0 }, i, c, w;
	char cell[CELL];

	if (js_len(rows) == 0) {
		out_note(cli, "%s", none);
		return;
	}
	for (c = 0; c < COLS_MAX && cols[c].title != NULL; c++) {
		width[c] = strlen(cols[c].title);
		for (i = 0; i < js_len(rows); i++) {
			put_cell(cell, sizeof(cell), &cols[c], js_at(rows, i));
			w = out_width(cell);
			width[c] = w > width[c] ? w : width[c];
		}
	}
	for (c = 0; c < COLS_MAX && cols[c].title != NULL && !cli->quiet; c++)
		print_cell(cli, &cols[c], cols[c].title, width[c]);
	for (i = 0; i < js_len(rows); i++) {
		for (c = 0; c < COLS_MAX && cols[c].title != NULL; c++) {
			put_cell(cell, sizeof(cell), &cols[c], js_at(rows, i));
			print_cell(cli, &cols[c], cell, width[c]);
		}
	}
}

void
out_row(const struct cli *cli, const struct out_col *cols, const struct js *row)
{
	char cell[CELL];

	for (; cols->title != NULL; cols++) {
		put_cell(cell, sizeof(cell), cols, row);
		print_cell(cli, cols, cell, out_width(cell));
	}
}

void
out_fields(const struct cli *cli, const struct out_col *cols,
    const struct js *object)
{
	const char *color;
	char cell[CELL * 4];
	size_t width = 0, i;

	for (i = 0; cols[i].title != NULL; i++) {
		if (strlen(cols[i].title) > width)
			width = strlen(cols[i].title);
	}
	for (i = 0; cols[i].title != NULL; i++) {
		put_cell(cell, sizeof(cell), &cols[i], object);
		/* What is not known or does not apply takes no line. */
		if (cell[0] == '\0')
			continue;
		color = color_of(cli, &cols[i], cell);
		(void)printf("%-*s  ", (int)width, cols[i].title);
		(void)printf(color != NULL ? "\033[%sm" : "%s",
		    color != NULL ? color : "");
		(void)printf("%s%s\n", cell, color != NULL ? "\033[m" : "");
	}
}

/* A document too large to be held prints nothing rather than a part. */
static void
print_json(const struct js *v, bool pretty, FILE *to)
{
	struct buf b;

	buf_init(&b, JSON_MAX);
	if (pretty)
		js_dump_pretty(v, &b);
	else
		js_dump(v, &b);
	(void)fwrite(b.data, 1, b.len, to);
	(void)fputc('\n', to);
	buf_done(&b);
}

void
out_json(const struct js *v)
{
	print_json(v, true, stdout);
}

void
out_json_line(const struct js *v)
{
	print_json(v, false, stdout);
}

void
out_json_error(const struct js *v)
{
	print_json(v, false, stderr);
}

void
out_line(const char *text)
{
	(void)printf("%s\n", text);
}

void
out_note(const struct cli *cli, const char *fmt, ...)
{
	/*
	 * Built first and escaped whole: the arguments come from outside, too.
	 */
	char text[2048], safe[4096];
	va_list ap;

	if (cli->quiet)
		return;
	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	out_sentence(safe, sizeof(safe), text);
	(void)fprintf(stderr, "rdv: %s\n", safe);
}

void
out_error(const struct cli *cli, const char *code, const char *fmt, ...)
{
	char text[2048], safe[4096];
	struct js *o;
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (!cli->json) {
		out_sentence(safe, sizeof(safe), text);
		(void)fprintf(stderr, "rdv: %s\n", safe);
		return;
	}
	o = js_object();
	js_add_str(o, "error", text);
	js_add_str(o, "code", code);
	print_json(o, false, stderr);
	js_free(o);
}
