/* SPDX-License-Identifier: MIT */
#ifndef RDV_MIGRATE_H
#define RDV_MIGRATE_H

#include <stddef.h>

struct sqlite3;

/*
 * The schema's versions, embedded by mk/gen-migrations.sh from
 * store/migrations/NNNN_name.sql; ends with version 0. A released file never
 * changes: its checksum stands in every database it was applied to.
 */
struct migration {
	int version;
	const char *name;
	const char *sha256;
	const char *sql;
};
extern const struct migration migrations[];

#define MIGRATE_APP_ID 0x52445631 /* "RDV1", in the header of our databases */

int migrate_newest(const struct migration *list);
/*
 * Brings a database to the newest version of `list`, in one transaction.
 * RDV_E_NEWER, RDV_E_CORRUPT (a recorded migration is not ours), RDV_E_FULL or
 * -errno, each with a sentence in `why` and nothing changed.
 */
int migrate(struct sqlite3 *conn, const struct migration *list,
    const char *path, char *why, size_t whysize);

#endif
