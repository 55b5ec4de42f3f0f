/* SPDX-License-Identifier: MIT */
#ifndef RDV_TEST_FAKEWS_H
#define RDV_TEST_FAKEWS_H

#include <stddef.h>
#include <stdint.h>

/* The server's end of a WebSocket, frame by frame, for the fake server. */
void fakews_accept(int fd);
void fakews_text(int fd, const char *json);
/* A frame of terminal output at an offset (rdv.v1). */
void fakews_output(int fd, uint64_t offset, const void *p, size_t len);
void fakews_close(int fd, unsigned code);
/*
 * The next frame's opcode and unmasked payload, NUL-terminated; 0 at the end
 * of the connection. An unmasked frame, which no client may send, is 0 too.
 */
int fakews_read(int fd, char *buf, size_t size, size_t *len);

#endif
