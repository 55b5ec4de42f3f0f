/* SPDX-License-Identifier: MIT */
/*
 * What lets the loop's connection run without a single sync: a write-ahead log
 * that starts over is cut to nothing first.
 *
 * Invariant: the header of a log is only ever written to an empty file.
 */
#include "daemon/store/walvfs.h"

#include <sqlite3.h>
#include <stddef.h>

static sqlite3_vfs *base;
static sqlite3_vfs self;
/* Every log file of the base VFS has the same methods. */
static const sqlite3_io_methods *base_methods;
static sqlite3_io_methods log_methods;

/*
 * When all of the log has been copied into the database, SQLite starts it over
 * in place: a new header and new frames over the old ones. Unsynced, the disk
 * may get the frames and not the header, and after a power cut the old header
 * vouches for those old frames that are still there: they would be replayed
 * over a newer database. SQLite prevents that with a sync of the header, which
 * would make the loop wait. Cutting the file does it without waiting: file
 * systems replace the old contents as one step, so the disk has all of the old
 * log, which is harmless, or none.
 */
static int
log_write(sqlite3_file *f, const void *p, int len, sqlite3_int64 off)
{
	int rc = SQLITE_OK;

	if (off == 0)
		rc = base_methods->xTruncate(f, 0);
	if (rc == SQLITE_OK)
		rc = base_methods->xWrite(f, p, len, off);
	return rc;
}

static int
walvfs_open(sqlite3_vfs *vfs, sqlite3_filename name, sqlite3_file *f, int flags,
    int *out)
{
	int rc = base->xOpen(base, name, f, flags, out);

	(void)vfs;
	if (rc == SQLITE_OK && (flags & SQLITE_OPEN_WAL) != 0 &&
	    f->pMethods != NULL) {
		base_methods = f->pMethods;
		log_methods = *base_methods;
		log_methods.xWrite = log_write;
		f->pMethods = &log_methods;
	}
	return rc;
}

const char *
walvfs_name(void)
{
	sqlite3_vfs *now = sqlite3_vfs_find(NULL);

	if (now == NULL)
		return NULL;
	if (now != base) {
		base = now;
		self = *base;
		self.pNext = NULL;
		self.zName = "rdv-log";
		self.xOpen = walvfs_open;
		if (sqlite3_vfs_register(&self, 0) != SQLITE_OK)
			return NULL;
	}
	return self.zName;
}
