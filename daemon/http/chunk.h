/* SPDX-License-Identifier: MIT */
#ifndef RDV_CHUNK_H
#define RDV_CHUNK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/*
 * Chunked coding as accepted: 1 to 8 hexadecimal digits, CR LF, the data,
 * CR LF, and an end without trailers. Starts as zeroes.
 */
struct chunk {
	int state;
	unsigned digits;
	uint64_t left; /* of the data of this chunk */
	bool done;
};

/*
 * Bytes of [p, p+len) that belong to the body, all of them unless it ends
 * here; -1 when the coding is broken.
 */
ssize_t chunk_feed(struct chunk *g, const char *p, size_t len);

#endif
