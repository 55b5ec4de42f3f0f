/* SPDX-License-Identifier: MIT */
#ifndef RDV_RUNDOOR_H
#define RDV_RUNDOOR_H

#include <stdint.h>

#include "lib/privproto.h"

struct run;
struct seqpkt_fds;

/*
 * A run's own way to rdvd (docs/approvals.md). Before its row is written: makes
 * the token that asks the helper for it, if the run is one that may have one.
 */
void run_door_wish(struct run *run, struct priv_spawn *m);
/* Takes the last of its descriptors, if it has got one; `guards`: PRIV_G_*. */
void run_door_take(struct run *run, uint32_t guards, struct seqpkt_fds *fds);
/* Serves it, as the row has it: by the SHA-256 of its token, hexadecimal. */
void run_door_open(struct run *run, const char *digest);
/* What was open by it ends, and nobody is answered there any more. */
void run_door_shut(struct run *run);

#endif
