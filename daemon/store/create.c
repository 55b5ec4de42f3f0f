/* SPDX-License-Identifier: MIT */
/*
 * The first start: an empty database comes into being as a whole. Because the
 * name never stands for a file that is not complete, an empty or short one
 * under that name is damage and never an interrupted first start.
 */
#include "daemon/store/create.h"

#include <errno.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "daemon/store/migrate.h"
#include "daemon/store/stmt.h"
#include "lib/err.h"
#include "lib/xalloc.h"

/* What an interrupted attempt may have left, and what this one may leave. */
static void
remove_all(const char *path)
{
	static const char *const tails[] = { "", "-journal", "-wal", "-shm" };

	for (size_t i = 0; i < sizeof tails / sizeof tails[0]; i++) {
		char *name = xasprintf("%s%s", path, tails[i]);

		(void)unlink(name);
		free(name);
	}
}

static int
fill(const char *path, const struct migration *list, char *why, size_t whysize)
{
	sqlite3 *conn = NULL;
	int err = 0;

	/* No journal: a half-made file is thrown away, not repaired. */
	if (sqlite3_open_v2(path, &conn,
		SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX |
		    SQLITE_OPEN_NOFOLLOW,
		NULL) != SQLITE_OK ||
	    sqlite3_exec(conn,
		"PRAGMA journal_mode=MEMORY; PRAGMA synchronous=OFF;", NULL,
		NULL, NULL) != SQLITE_OK)
		err = stmt_errno(conn, sqlite3_errcode(conn));
	if (err == 0)
		err = migrate(conn, list, path, why, whysize);
	else
		(void)snprintf(why, whysize, "%s cannot be made: %s", path,
		    sqlite3_errmsg(conn));
	/*
	 * Without the pages of tables that migrations have made anew; and kept
	 * in the header: every later connection writes ahead.
	 */
	if (err == 0 && sqlite3_exec(conn, "VACUUM; PRAGMA journal_mode=WAL",
			    NULL, NULL, NULL) != SQLITE_OK) {
		err = stmt_errno(conn, sqlite3_errcode(conn));
		(void)snprintf(why, whysize, "%s cannot be made: %s", path,
		    sqlite3_errmsg(conn));
	}
	(void)sqlite3_close(conn);
	return err == -ENOSPC ? RDV_E_FULL : err;
}

static int
say(const char *path, int err, char *why, size_t whysize)
{
	(void)snprintf(why, whysize, "%s cannot be made: %s", path,
	    strerror(-err));
	return err == -ENOSPC ? RDV_E_FULL : err;
}

int
create_database(const char *path, const struct migration *list, char *why,
    size_t whysize)
{
	char *tmp = xasprintf("%s.new", path);
	int fd, err;

	remove_all(tmp);
	fd =
	    open(tmp, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0) {
		err = say(tmp, -errno, why, whysize);
		free(tmp);
		return err;
	}
	err = fill(tmp, list, why, whysize);
	/* The directory is synced with the log's name, by flusher_new(). */
	if (err == 0 && (fsync(fd) < 0 || rename(tmp, path) < 0))
		err = say(path, -errno, why, whysize);
	(void)close(fd);
	remove_all(tmp);
	free(tmp);
	return err;
}
