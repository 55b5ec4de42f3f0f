/* SPDX-License-Identifier: MIT */
#ifndef RDV_PORTS_H
#define RDV_PORTS_H

#include "lib/privproto.h"

/*
 * Where processes of the calling one listen over TCP: those that descend from
 * it, by the kernel's own lists, in the network that it is in itself. What it
 * could not look at is told by `unsure`: then what is missing may still be
 * there. `handle` is not touched. Needs no right that the account does not
 * have, and takes some milliseconds at the very most.
 */
void ports_look(struct priv_ports *out);

#endif
