/* SPDX-License-Identifier: MIT */
#ifndef RDV_SERVICETOKEN_H
#define RDV_SERVICETOKEN_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/sha256.h"

/*
 * The token by which nginx is known in system mode, in root's directory `dir`
 * (docs/helper-protocol.md): made and replaced by [main] alone. [ops] and nginx
 * read it as root, rdvd is told. 0 or -errno.
 */
int servicetoken_make(int dir); /* unless there is a whole one */
/* Wall clock ms at which it was made. 0 when that is not known. */
int64_t servicetoken_made(int dir);
/*
 * Tells the rdvd behind `control` what stands there: the token, and the one
 * before with its end. -EAGAIN: it has too much to read.
 */
int servicetoken_tell(int dir, int control);
/*
 * Another token; the one before is honoured for `grace_ms` from now on. rdvd
 * (`control`, -1: none) hears of it before nginx can, and [ops] looks at each
 * LOGIN, so that nothing is refused in between. Durable when it returns 0 with
 * the new one's hash in `sum`; on an error, and unless rdvd was `told`, it is
 * to be told once more. -EAGAIN: it has too much to read, and nothing was done;
 * of an rdvd that cannot be told at all nothing depends.
 */
int servicetoken_rotate(int dir, int64_t grace_ms, int control,
    uint8_t sum[SHA256_LEN], bool *told);

#endif
