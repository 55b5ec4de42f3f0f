/* SPDX-License-Identifier: MIT */
#ifndef RDV_LOOPBACK_H
#define RDV_LOOPBACK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Where rdv's page is on this host: nginx, by TCP and without TLS, so nowhere
 * else. Which program listens there is not proven, only that it is root's or
 * our own (portowner.h): nothing is sent but what the address was made for.
 */
struct loopback {
	char host[64]; /* "127.0.0.1:7474", for Host and Origin */
	uint16_t port;
	bool six;
};

/*
 * Of an address `http://HOST[:PORT]/...`; `rest` is what begins with the slash.
 * RDV_E_INVALID with a sentence in `why`: it is none, or of another host.
 */
int loopback_parse(struct loopback *at, const char *url, const char **rest,
    char *why, size_t whysize);
/*
 * A non-blocking, close-on-exec connection. RDV_E_UNAVAILABLE with a sentence,
 * RDV_E_DENIED when the port is another account's.
 */
int loopback_dial(const struct loopback *at, int *fd, int64_t timeout_ms,
    char *why, size_t whysize);

#endif
