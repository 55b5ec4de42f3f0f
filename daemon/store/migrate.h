/* SPDX-License-Identifier: MIT */
#ifndef RDV_MIGRATE_H
#define RDV_MIGRATE_H

#include <stddef.h>

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

#endif
