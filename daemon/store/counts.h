/* SPDX-License-Identifier: MIT */
#ifndef RDV_STORE_COUNTS_H
#define RDV_STORE_COUNTS_H

#include <stdint.h>

struct db;

struct store_counts {
	int64_t active, suspended; /* sessions of all users */
};

/* 0 or -errno. */
int store_counts_get(struct db *db, struct store_counts *out);

#endif
