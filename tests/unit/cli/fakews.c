/* SPDX-License-Identifier: MIT */
/*
 * WebSocket frames by hand (RFC 6455 section 5.2), so that the client under
 * test is not checked by the library it uses itself.
 */
#include "tests/unit/cli/fakews.h"

#include <string.h>
#include <unistd.h>

#include "tests/unit/cli/fake.h"

void
fakews_accept(int fd)
{
	/* The answer to the nonce of the RFC's example, which cli/ws.c uses. */
	static const char head[] =
	    "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
	    "Connection: Upgrade\r\n"
	    "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"
	    "Sec-WebSocket-Protocol: rdv.v1\r\n\r\n";

	fake_write(fd, head, sizeof(head) - 1);
}

static void
put_frame(int fd, unsigned opcode, const void *p, size_t len)
{
	uint8_t head[10] = { (uint8_t)(0x80 | opcode), 127 };
	size_t n = 10, i;

	for (i = 0; i < 8; i++)
		head[2 + i] = (uint8_t)((uint64_t)len >> (56 - 8 * i));
	if (len < 126) {
		head[1] = (uint8_t)len;
		n = 2;
	} else if (len < 65536) {
		head[1] = 126;
		head[2] = (uint8_t)(len >> 8);
		head[3] = (uint8_t)len;
		n = 4;
	}
	fake_write(fd, head, n);
	fake_write(fd, p, len);
}

void
fakews_text(int fd, const char *json)
{
	put_frame(fd, 1, json, strlen(json));
}

void
fakews_output(int fd, uint64_t offset, const void *p, size_t len)
{
	static uint8_t frame[8 + (1 << 20)];
	size_t i;

	for (i = 0; i < 8; i++)
		frame[i] = (uint8_t)(offset >> (56 - 8 * i));
	memcpy(frame + 8, p, len);
	put_frame(fd, 2, frame, len + 8);
}

void
fakews_close(int fd, unsigned code)
{
	uint8_t body[2] = { (uint8_t)(code >> 8), (uint8_t)code };
	char buf[4096];
	size_t len;
	int op;

	put_frame(fd, 8, body, sizeof(body));
	do
		op = fakews_read(fd, buf, sizeof(buf), &len);
	while (op != 8 && op != 0);
}

static int
get(int fd, void *p, size_t len)
{
	uint8_t *at = p;
	ssize_t n;

	while (len > 0) {
		n = read(fd, at, len);
		if (n <= 0)
			return 0;
		at += n;
		len -= (size_t)n;
	}
	return 1;
}

int
fakews_read(int fd, char *buf, size_t size, size_t *len)
{
	uint8_t head[2], ext[8], mask[4];
	size_t n, i, wide;

	if (!get(fd, head, 2) || (head[1] & 0x80) == 0)
		return 0;
	n = head[1] & 0x7f;
	wide = n == 126 ? 2 : n == 127 ? 8 : 0;
	if (wide > 0) {
		if (!get(fd, ext, wide))
			return 0;
		for (n = 0, i = 0; i < wide; i++)
			n = n << 8 | ext[i];
	}
	if (n >= size || !get(fd, mask, 4) || !get(fd, buf, n))
		return 0;
	for (i = 0; i < n; i++)
		buf[i] = (char)((uint8_t)buf[i] ^ mask[i & 3]);
	buf[n] = '\0';
	*len = n;
	return head[0] & 15;
}
