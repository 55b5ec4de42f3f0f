/* SPDX-License-Identifier: MIT */
#ifndef RDV_PARSE_H
#define RDV_PARSE_H

#include <stdbool.h>
#include <stddef.h>

#include "daemon/http/gate.h"

struct request;

/*
 * Fills q->r from a head that passed the gate as `g`. The parser must come to
 * the same method and the same framing by itself.
 */
enum gate_why parse_head(struct request *q, const char *head, size_t len,
    const struct gate_head *g);
/* True once the message, body included, has been taken in. */
bool parse_done(const struct request *q);
/* Bytes of a body with a length that are still to come. */
uint64_t parse_left(const struct request *q);
/*
 * Takes body bytes into q->body: sets *used to how many belong to it, which is
 * all of them unless the body ends within.
 */
enum gate_why
parse_body(struct request *q, const char *p, size_t len, size_t *used);

#endif
