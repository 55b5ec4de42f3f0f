/* SPDX-License-Identifier: MIT */
#ifndef RDV_PEER_H
#define RDV_PEER_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/privproto.h"

struct buf;
struct ops;
struct seqpkt_fds;
struct seqpkt_many;

/* A new rdvd on `sock`, which is taken over; the old one is forgotten. */
void peer_connect(struct ops *o, int sock);
void peer_disconnect(struct ops *o);
/*
 * Takes one packet from rdvd and carries it out. A malformed one ends this
 * process, because its sender is broken or taken over.
 */
void peer_read(struct ops *o);
/*
 * Sends what is in `b`. 0, also when the peer is gone: there is nobody to tell.
 * -EAGAIN: not now. With `fds` another -errno: they cannot be handed over, for
 * instance because programs of the account have as many on their way as it may
 * (ETOOMANYREFS); the peer waits for an answer without them. Without `fds`
 * there is nothing else that could be said, and the connection ends.
 */
int peer_send(struct ops *o, struct buf *b, const struct seqpkt_fds *fds);
int peer_send_many(struct ops *o, struct buf *b, const struct seqpkt_many *fds);
/* A plain answer, with an audit line for PRIV_DENIED. */
void peer_answer(struct ops *o, uint32_t id, enum priv_op op,
    enum priv_result result, const char *why);
/* The audit line alone. */
void peer_audit(enum priv_op op, const char *why);

#endif
