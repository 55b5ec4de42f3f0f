/* SPDX-License-Identifier: MIT */
#ifndef RDV_EGRESS_JUDGE_H
#define RDV_EGRESS_JUDGE_H

#include <stdbool.h>
#include <stdint.h>

struct egress_page;
struct sockaddr;

/* "HOST:PORT", by the grammar of lib/host.h, taken apart. */
struct target {
	char name[256]; /* without brackets */
	uint16_t port;
	bool literal; /* the name is an address */
};
/* False when it is none. */
bool target_parse(const char *text, struct target *t);

/*
 * The row that lets `t` through, or -1. Names are compared as they are written,
 * without regard to case, and addresses as addresses.
 */
int judge_target(const struct egress_page *p, const struct target *t);

/*
 * What an address is that no name in a list may lead to: "a loopback address",
 * or NULL when it is one of the public network. A v6 address that stands for a
 * v4 one is judged as that.
 */
const char *judge_address(const struct sockaddr *sa);

#endif
