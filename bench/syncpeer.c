/* SPDX-License-Identifier: MIT */
/*
 * What a durable write costs without group commit: one SQLite transaction
 * with a full sync per change, as fast as this disk allows, and the bare
 * fsync beside it.
 *
 *   syncpeer FILE SECONDS
 */
#include <fcntl.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "bench/bench.h"

#define SAMPLES_MAX 1000000

static void
run(sqlite3 *db, const char *sql)
{
	if (sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK) {
		fprintf(stderr, "%s: %s\n", sql, sqlite3_errmsg(db));
		exit(1);
	}
}

static double
commits_per_second(const char *path, long seconds)
{
	const int64_t start = bench_ns(), until = start + seconds * 1000000000;
	sqlite3_stmt *st;
	sqlite3 *db;
	long n = 0;

	if (sqlite3_open(path, &db) != SQLITE_OK)
		bench_die(path);
	run(db, "PRAGMA journal_mode=WAL");
	run(db, "PRAGMA synchronous=FULL");
	run(db, "CREATE TABLE IF NOT EXISTS t (id INTEGER PRIMARY KEY, v)");
	run(db, "INSERT OR REPLACE INTO t VALUES (1, 0)");
	if (sqlite3_prepare_v2(db, "UPDATE t SET v = ?1 WHERE id = 1", -1, &st,
		NULL) != SQLITE_OK)
		bench_die("prepare");
	while (bench_ns() < until) {
		sqlite3_bind_int64(st, 1, ++n);
		if (sqlite3_step(st) != SQLITE_DONE)
			bench_die("step");
		sqlite3_reset(st);
	}
	sqlite3_finalize(st);
	sqlite3_close(db);
	return (double)n * 1e9 / (double)(bench_ns() - start);
}

/* Median of appending 4 KiB and fdatasync(2), in microseconds. */
static double
fsync_us(const char *path)
{
	static int64_t took[200];
	static char page[4096];
	int fd = open(path, O_WRONLY | O_APPEND | O_CLOEXEC);
	int64_t t;
	size_t i;

	if (fd < 0)
		bench_die(path);
	for (i = 0; i < 200; i++) {
		t = bench_ns();
		bench_write_all(fd, page, sizeof(page));
		if (fdatasync(fd) != 0)
			bench_die("fdatasync");
		took[i] = bench_ns() - t;
	}
	(void)close(fd);
	return (double)bench_quantile(took, 200, 0.5) / 1e3;
}

int
main(int argc, char **argv)
{
	double rate;
	char log[4096];

	if (argc != 3) {
		fprintf(stderr, "usage: syncpeer FILE SECONDS\n");
		return 2;
	}
	rate = commits_per_second(argv[1], bench_num(argv[2]));
	snprintf(log, sizeof(log), "%s.log", argv[1]);
	(void)close(open(log, O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
	printf("{\"commits_per_s\":%.0f,\"fsync_us\":%.1f}\n", rate,
	    fsync_us(log));
	return 0;
}
