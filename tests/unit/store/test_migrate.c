/* SPDX-License-Identifier: MIT */
/*
 * Migrations: all pending ones or none, recorded with their checksums; and the
 * schema they make is the one that can be read in daemon/store/schema.sql.
 */
#include "tests/unit/check.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sqlite3.h>

#include "daemon/store/migrate.h"
#include "lib/buf.h"
#include "lib/err.h"
#include "tests/unit/store/fx.h"

#define GOLDEN "daemon/store/schema.sql"

static const struct migration one[] = {
	{ 1, "0001_a", "aa", "CREATE TABLE a (x); INSERT INTO a VALUES (1);" },
	{ 0, NULL, NULL, NULL },
};
static const struct migration two[] = {
	{ 1, "0001_a", "aa", "CREATE TABLE a (x); INSERT INTO a VALUES (1);" },
	{ 2, "0002_b", "bb", "ALTER TABLE a ADD COLUMN y DEFAULT 2;" },
	{ 0, NULL, NULL, NULL },
};
static const struct migration broken[] = {
	{ 1, "0001_a", "aa", "CREATE TABLE a (x);" },
	{ 2, "0002_b", "bb", "CREATE TABLE b (x); INSERT INTO a VALUES (2);" },
	{ 3, "0003_c", "cc", "CREATE TABLE c (x); SELECT nonsense;" },
	{ 0, NULL, NULL, NULL },
};
static const struct migration edited[] = {
	{ 1, "0001_a", "xx", "CREATE TABLE a (z);" },
	{ 2, "0002_b", "bb", "CREATE TABLE b (x);" },
	{ 0, NULL, NULL, NULL },
};

static sqlite3 *conn;
static char why[512];

static int
setup(void **state)
{
	(void)state;
	why[0] = '\0';
	return sqlite3_open(":memory:", &conn) == SQLITE_OK ? 0 : -1;
}

static int
teardown(void **state)
{
	(void)state;
	return sqlite3_close(conn) == SQLITE_OK ? 0 : -1;
}

static int
number(const char *sql)
{
	sqlite3_stmt *st;
	int n = -1;

	if (sqlite3_prepare_v2(conn, sql, -1, &st, NULL) != SQLITE_OK)
		return -2;
	if (sqlite3_step(st) == SQLITE_ROW)
		n = sqlite3_column_int(st, 0);
	(void)sqlite3_finalize(st);
	return n;
}

static int
apply(const struct migration *list)
{
	return migrate(conn, list, "/x/rdv.db", why, sizeof why);
}

static void
an_empty_database_gets_them_all(void **state)
{
	(void)state;
	assert_int_equal(apply(two), 0);
	assert_int_equal(number("SELECT y FROM a"), 2);
	assert_int_equal(number("SELECT COUNT(*) FROM schema_migration"), 2);
	assert_int_equal(number("PRAGMA user_version"), 2);
	assert_int_equal(number("PRAGMA application_id"), MIGRATE_APP_ID);
	/* Again: nothing to do. */
	assert_int_equal(apply(two), 0);
	assert_int_equal(number("SELECT COUNT(*) FROM a"), 1);
}

static void
an_older_one_gets_what_it_lacks(void **state)
{
	(void)state;
	assert_int_equal(apply(one), 0);
	assert_int_equal(number("SELECT y FROM a"), -2);
	assert_int_equal(apply(two), 0);
	assert_int_equal(number("SELECT y FROM a"), 2);
	assert_int_equal(number("SELECT COUNT(*) FROM a"), 1);
}

static void
all_or_nothing(void **state)
{
	(void)state;
	assert_int_equal(apply(one), 0);
	assert_int_equal(apply(broken), -EINVAL);
	assert_non_null(strstr(why, "/x/rdv.db"));
	assert_non_null(strstr(why, "nonsense"));
	assert_int_equal(number("SELECT COUNT(*) FROM a"), 1);
	assert_int_equal(number("SELECT COUNT(*) FROM b"), -2);
	assert_int_equal(number("SELECT COUNT(*) FROM schema_migration"), 1);
	assert_int_equal(number("PRAGMA user_version"), 1);
	assert_int_equal(apply(two), 0);
}

static void
abuse_O12_newer_is_refused(void **state)
{
	(void)state;
	assert_int_equal(apply(two), 0);
	assert_int_equal(apply(one), RDV_E_NEWER);
	assert_non_null(strstr(why, "schema 2; this one knows 1"));
	assert_int_equal(number("SELECT y FROM a"), 2);
}

static void
an_edited_migration_is_refused(void **state)
{
	(void)state;
	assert_int_equal(apply(one), 0);
	assert_int_equal(apply(edited), RDV_E_CORRUPT);
	assert_non_null(strstr(why, "schema version 1"));
	assert_int_equal(number("SELECT COUNT(*) FROM b"), -2);
	assert_int_equal(apply(two), 0);
}

static void
no_space_changes_nothing(void **state)
{
	static const struct migration large[] = {
		{ 1, "0001_a", "aa", "" },
		{ 2, "0002_b", "bb",
		    "CREATE TABLE b (x);"
		    "INSERT INTO b VALUES (zeroblob(1000000));" },
		{ 0, NULL, NULL, NULL },
	};

	(void)state;
	assert_int_equal(apply(one), 0);
	(void)number("PRAGMA max_page_count = 20");
	assert_int_equal(apply(large), RDV_E_FULL);
	assert_non_null(strstr(why, "no space"));
	assert_int_equal(number("SELECT COUNT(*) FROM schema_migration"), 1);
	(void)number("PRAGMA max_page_count = 10000");
	assert_int_equal(apply(large), 0);
}

static void
our_own_are_numbered_and_named(void **state)
{
	int n = 0;

	(void)state;
	for (const struct migration *m = migrations; m->version != 0; m++) {
		char prefix[8];

		assert_int_equal(m->version, ++n);
		(void)snprintf(prefix, sizeof prefix, "%04d_", n % 1000);
		assert_memory_equal(m->name, prefix, 5);
		assert_int_equal(strlen(m->sha256), 64);
	}
	assert_int_equal(migrate_newest(migrations), n);
	assert_true(n >= 1);
}

static void
dump(struct buf *b)
{
	sqlite3_stmt *st;

	buf_put_text(b,
	    "-- The schema as all migrations together make it; for reading.\n"
	    "-- tests/unit/store/test_migrate.c keeps it true.\n");
	assert_int_equal(
	    sqlite3_prepare_v2(conn,
		"SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL "
		"ORDER BY tbl_name, type DESC, name",
		-1, &st, NULL),
	    SQLITE_OK);
	while (sqlite3_step(st) == SQLITE_ROW)
		buf_printf(b, "\n%s;\n",
		    (const char *)sqlite3_column_text(st, 0));
	(void)sqlite3_finalize(st);
}

static void
the_schema_is_the_golden_one(void **state)
{
	static char golden[65536];
	struct buf now;
	size_t len;
	FILE *f;

	(void)state;
	assert_int_equal(apply(migrations), 0);
	buf_init(&now, sizeof golden);
	dump(&now);
	f = fopen(GOLDEN, "r");
	if (f == NULL)
		fail_msg("run from the top of the tree: no %s", GOLDEN);
	len = fread(golden, 1, sizeof golden - 1, f);
	fclose(f);
	golden[len] = '\0';
	if (strcmp(golden, buf_cstr(&now)) != 0) {
		/* Whole: cmocka cuts its messages. */
		fputs(buf_cstr(&now), stderr);
		fail_msg("%s is stale; it should be as above", GOLDEN);
	}
	buf_done(&now);
}

/* All before the one with that number. */
static void
apply_before(int version)
{
	static struct migration list[100];
	int n = 0;

	for (; migrations[n].version < version; n++)
		list[n] = migrations[n];
	list[n] = (struct migration){ 0, NULL, NULL, NULL };
	assert_int_equal(apply(list), 0);
}

/* So that an undo that has begun is not taken for one that has not. */
static void
what_is_back_was_begun(void **state)
{
	static const char rows[] =
	    "INSERT INTO reset (id, session_id, user_id, workspace_id, "
	    "turn_id, state, force, cause, created_at) VALUES "
	    "('undo', '', '', 'a', '', 'returning', 0, NULL, 0), "
	    "('fails', '', '', 'b', '', 'returning', 0, 'why', 0), "
	    "('moves', '', '', 'c', '', 'moving', 0, NULL, 0), "
	    "('over', '', '', 'd', '', 'done', 0, NULL, 0);"
	    "INSERT INTO reset_repo (reset_id, place, repo_id, name, path, "
	    "from_head, to_head, moved) "
	    "SELECT id, 0, '', '', '', 'f', 't', 0 FROM reset UNION ALL "
	    "SELECT id, 1, '', '', '', 'f', 'f', 0 FROM reset UNION ALL "
	    "SELECT id, 2, '', '', '', 'f', 't', 1 FROM reset;";

	(void)state;
	apply_before(34);
	assert_int_equal(sqlite3_exec(conn, rows, NULL, NULL, NULL), SQLITE_OK);
	assert_int_equal(apply(migrations), 0);
	assert_int_equal(number("SELECT COUNT(*) FROM reset_repo WHERE begun = "
				"(place = 2 AND reset_id <> 'over' OR "
				"place = 0 AND reset_id = 'undo')"),
	    12);
}

int
main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(an_empty_database_gets_them_all),
		T(an_older_one_gets_what_it_lacks),
		T(all_or_nothing),
		T(abuse_O12_newer_is_refused),
		T(an_edited_migration_is_refused),
		T(no_space_changes_nothing),
		T(our_own_are_numbered_and_named),
		T(the_schema_is_the_golden_one),
		T(what_is_back_was_begun),
	};

	return CHECK_RUN("store/migrate", tests);
}
