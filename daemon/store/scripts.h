/* SPDX-License-Identifier: MIT */
#ifndef RDV_STORE_SCRIPTS_H
#define RDV_STORE_SCRIPTS_H

#include <stdint.h>

#include "daemon/store/runs.h"

/* What a run of a script is beside its row of `run`. NULL texts are NULL. */
struct store_script {
	const char *run_id, *user_id, *workspace_id;
	const char *repo_id, *name; /* NULL: of the whole workspace */
};

/* Strings are borrowed while it runs; false ends the walk. */
typedef bool store_script_fn(const struct store_script *s,
    const struct store_run *r, void *arg);

/* 0 or -errno. */
int store_script_insert(struct tx *tx, const struct store_script *s);
/* Copied into the arena. 0, -errno, or RDV_E_NOT_FOUND. */
int store_script_get(struct db *db, struct arena *a, const char *run_id,
    struct store_script *out);
/* Of a workspace the newest first, behind `cursor` unless that is NULL. */
int
store_scripts_list(struct db *db, const char *user_id, const char *workspace_id,
    const char *cursor, int64_t limit, store_script_fn *cb, void *arg);
/* Those of all users that are starting or running. */
int store_scripts_in_flight(struct db *db, store_script_fn *cb, void *arg);

/* Where a run listens, as it was seen last. */
struct store_port {
	const char *address; /* as inet_ntop(3) has it */
	int64_t port, since; /* wall clock, ms */
};
typedef bool store_port_fn(const struct store_port *p, void *arg);

/* By address and port. 0 or -errno; so are those below. */
int
store_ports_of(struct db *db, const char *run_id, store_port_fn *cb, void *arg);
int store_port_insert(struct tx *tx, const char *run_id,
    const struct store_port *p);
int store_port_delete(struct tx *tx, const char *run_id,
    const struct store_port *p);
/* Of a run that has ended. */
int store_ports_clear(struct tx *tx, const char *run_id);
/* Of all that have: a daemon that died has left them. */
int store_ports_sweep(struct tx *tx);

#endif
