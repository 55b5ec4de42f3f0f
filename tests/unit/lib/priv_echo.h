/* SPDX-License-Identifier: MIT */
#ifndef RDV_PRIV_ECHO_H
#define RDV_PRIV_ECHO_H

#include <stdbool.h>
#include <stddef.h>

struct buf;

/*
 * Decodes one packet, of whatever message it says it is, and encodes what came
 * out again. False when a decoder refused it.
 */
bool priv_echo(const void *p, size_t len, struct buf *out);

#endif
