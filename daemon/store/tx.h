/* SPDX-License-Identifier: MIT */
#ifndef RDV_TX_H
#define RDV_TX_H

struct db;
struct tx;

/*
 * What the outbox needs of a change: a malloc'ed block that is handed to the
 * publisher when the change is durable, before its `done`, in the order of
 * staging over all changes; freed when it is undone or nobody publishes.
 */
void tx_stage(struct tx *tx, void *event);
/* `publish` takes the block over. NULL: nobody. */
void db_publish_to(struct db *db, void (*publish)(void *event, void *arg),
    void *arg);

#endif
