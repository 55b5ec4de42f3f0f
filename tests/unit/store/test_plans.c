/* SPDX-License-Identifier: MIT */
/*
 * Every statement of the daemon, found in its sources: `static const char
 * sql_x[] = "..."`. Each must be valid against the schema, and none may read a
 * table from end to end.
 */
#include "tests/unit/check.h"

#include <ctype.h>
#include <fcntl.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sqlite3.h>

#include "daemon/store/migrate.h"
#include "lib/buf.h"
#include "lib/str.h"

/* Small by nature, and read whole on purpose. */
static const char *const small[] = { "user", "schema_migration",
	"sqlite_schema", "run_port" };
/* Not statements of the schema: transactions, and a table in the making. */
static const char *const other[] = { "BEGIN", "COMMIT", "ROLLBACK", "SAVEPOINT",
	"RELEASE", "CREATE TABLE IF" };

static sqlite3 *conn;
static unsigned found, bad;
static char headers[200000]; /* all of daemon/store, one after the other */

/* The value of `#define name "..." "..."` in `text`, appended to `out`. */
static void
literals(const char *text, const char *at, const char *end, struct buf *out);

static void
macro(const char *text, const char *name, size_t len, struct buf *out)
{
	char want[80];
	const char *def, *end;

	(void)snprintf(want, sizeof want, "#define %.*s", (int)len, name);
	def = strstr(text, want);
	if (def == NULL)
		def = strstr(text = headers, want);
	if (def == NULL)
		fail_msg("no definition of %.*s", (int)len, name);
	def += strlen(want);
	/* To the first end of line that is not escaped. */
	for (end = def; *end != '\0'; end++)
		if (*end == '\n' && end[-1] != '\\')
			break;
	literals(text, def, end, out);
}

static const char *
literal(const char *at, struct buf *out)
{
	for (at++; *at != '"'; at++) {
		if (*at == '\\')
			at++;
		buf_put(out, at, 1);
	}
	return at + 1;
}

static const char *
comment(const char *at)
{
	return strstr(at, "*/") + 2;
}

static void
literals(const char *text, const char *at, const char *end, struct buf *out)
{
	while (at < end) {
		const char *name = at;

		if (*at == '"') {
			at = literal(at, out);
		} else if (at[0] == '/' && at[1] == '*') {
			at = comment(at);
		} else if (isalpha((unsigned char)*at)) {
			while (isalnum((unsigned char)*at) || *at == '_')
				at++;
			macro(text, name, (size_t)(at - name), out);
		} else {
			at++;
		}
	}
}

static bool
listed(const char *const *list, size_t n, const char *text)
{
	for (size_t i = 0; i < n; i++)
		if (str_starts(text, list[i]))
			return true;
	return false;
}

#define LISTED(list, text) listed(list, sizeof list / sizeof list[0], text)

static void
explain(const char *file, const char *sql)
{
	char *text = sqlite3_mprintf("EXPLAIN QUERY PLAN %s", sql);
	sqlite3_stmt *st;

	if (sqlite3_prepare_v2(conn, text, -1, &st, NULL) != SQLITE_OK) {
		print_error("%s: %s\n  %s\n", file, sqlite3_errmsg(conn), sql);
		bad++;
	}
	while (st != NULL && sqlite3_step(st) == SQLITE_ROW) {
		const char *step = (const char *)sqlite3_column_text(st, 3);

		if (!str_starts(step, "SCAN ") ||
		    str_starts(step, "SCAN CONSTANT ROW") ||
		    LISTED(small, step + 5))
			continue;
		print_error("%s: %s\n  %s\n", file, step, sql);
		bad++;
	}
	(void)sqlite3_finalize(st);
	sqlite3_free(text);
}

static const char *
statement_end(const char *at)
{
	while (*at != ';') {
		if (*at == '"')
			for (at++; *at != '"'; at++)
				at += *at == '\\';
		at++;
	}
	return at;
}

static void
statements_of(const char *file, const char *text)
{
	static const char head[] = "static const char sql_";
	const char *at = text, *end;
	struct buf sql;

	while ((at = strstr(at, head)) != NULL) {
		at = strchr(at, '=');
		end = statement_end(at);
		buf_init(&sql, 8192);
		literals(text, at, end, &sql);
		assert_true(buf_ok(&sql));
		if (!LISTED(other, buf_cstr(&sql)))
			explain(file, buf_cstr(&sql));
		found++;
		buf_done(&sql);
		at = end;
	}
}

static size_t
slurp(const char *file, char *text, size_t size)
{
	int fd = open(file, O_RDONLY | O_CLOEXEC);
	ssize_t n;

	assert_true(fd >= 0);
	n = read(fd, text, size - 1);
	assert_true(n > 0 && n < (ssize_t)size - 1);
	text[n] = '\0';
	close(fd);
	return (size_t)n;
}

static void
read_headers(void)
{
	size_t len = 0;
	glob_t g;

	if (glob("daemon/store/*.h", 0, NULL, &g) != 0)
		fail_msg("run from the top of the tree");
	for (size_t i = 0; i < g.gl_pathc; i++)
		len +=
		    slurp(g.gl_pathv[i], headers + len, sizeof headers - len);
	globfree(&g);
}

/* SQL that does not follow the form would go unseen. */
static void
nothing_hides(const char *file, const char *text)
{
	static const char *const words[] = { "\"SELECT ", "\"INSERT INTO ",
		"\"UPDATE ", "\"DELETE FROM " };

	if (strstr(text, "static const char sql_") != NULL ||
	    strstr(file, "/check.c") != NULL ||
	    strstr(file, "/flusher.c") != NULL)
		return;
	for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
		if (strstr(text, words[i]) != NULL) {
			print_error("%s: SQL outside sql_x[]\n", file);
			bad++;
		}
}

static void
no_statement_scans_a_table(void **state)
{
	static char text[200000];
	char why[256];
	glob_t g;

	(void)state;
	read_headers();
	assert_int_equal(sqlite3_open(":memory:", &conn), SQLITE_OK);
	assert_int_equal(migrate(conn, migrations, "memory", why, sizeof why),
	    0);
	if (glob("daemon/*/*.c", 0, NULL, &g) != 0)
		fail_msg("run from the top of the tree");
	for (size_t i = 0; i < g.gl_pathc; i++) {
		(void)slurp(g.gl_pathv[i], text, sizeof text);
		nothing_hides(g.gl_pathv[i], text);
		statements_of(g.gl_pathv[i], text);
	}
	globfree(&g);
	assert_int_equal(sqlite3_close(conn), SQLITE_OK);
	assert_true(found > 20);
	assert_int_equal(bad, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_statement_scans_a_table),
	};

	return CHECK_RUN("store/plans", tests);
}
