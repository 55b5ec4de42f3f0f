/* SPDX-License-Identifier: MIT */
#ifndef RDV_HOST_H
#define RDV_HOST_H

#include <stdbool.h>
#include <stddef.h>

/*
 * A name or address as a browser can write it into Host, with or without
 * ":port": "dev.example", "10.0.0.7:8443", "[::1]:80". Names are labels of
 * letters, digits and inner hyphens (RFC 1123 section 2.1), 253 bytes at most,
 * without a final dot. A last label that is a number makes an IPv4 address or
 * nothing, as in browsers (WHATWG URL, "ends in a number").
 */
bool host_ok(const char *s);
/* The same with a port, which a connection always has. */
bool host_port_ok(const char *s);
/* Bytes of it in front of the port. */
size_t host_name_len(const char *s);

#endif
