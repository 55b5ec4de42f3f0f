/* SPDX-License-Identifier: MIT */
#ifndef RDV_STORE_COUNTS_H
#define RDV_STORE_COUNTS_H

#include <stdint.h>

struct db;

struct store_counts {
	int64_t active, suspended; /* sessions of all users */
};

/* Messages of all users that wait to become turns. */
struct store_queue_counts {
	int64_t waiting;
	int64_t since; /* wall clock, when the oldest came; -1: none waits */
};

/* 0 or -errno. */
int store_queue_counts_get(struct db *db, struct store_queue_counts *out);
int store_counts_get(struct db *db, struct store_counts *out);

#endif
