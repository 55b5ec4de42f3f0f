/* SPDX-License-Identifier: MIT */
#ifndef RDV_TEST_WSRIG_H
#define RDV_TEST_WSRIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "daemon/http/ws.h"
#include "tests/unit/http/rig.h"

#define WSRIG_MAX 65536u
#define WSRIG_LOW 262144u

/* A server whose only route is a WebSocket, and its client by hand. */
struct wsrig {
	struct rig g;
	struct ws *ws; /* the newest */
	bool echo, pause;
	unsigned messages, drained, closed, code;
	unsigned keep; /* sockets that stay open */
	bool text;
	char last[WSRIG_MAX + 1];
	size_t len;
};

struct wsrig_frame {
	uint8_t first; /* FIN, RSV, opcode */
	size_t len;
	char data[WSRIG_MAX + 16];
};

void wsrig_start(struct wsrig *a);
int wsrig_open(struct wsrig *a);
/* A handshake and, in the same packet, what follows it. */
extern const char wsrig_handshake[];
/* One masked frame as a client sends it. */
void
wsrig_put(struct wsrig *a, int fd, uint8_t first, const void *p, size_t len);
void wsrig_text(struct wsrig *a, int fd, uint8_t first, const char *text);
/* False when the connection ends instead. */
bool wsrig_get(struct wsrig *a, int fd, struct wsrig_frame *f);
void wsrig_expect(struct wsrig *a, int fd, const char *text);
/* The server says `code`, ends, and tells its user the same. */
void wsrig_expect_close(struct wsrig *a, int fd, unsigned code);
/* For rig_until(): as many sockets are open as shall stay. */
bool wsrig_all_closed(void *arg);

#endif
