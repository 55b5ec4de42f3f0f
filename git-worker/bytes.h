/* SPDX-License-Identifier: MIT */
#ifndef RDV_BYTES_H
#define RDV_BYTES_H

/* What is left to read of `in` goes to `out`. 0, or -errno after a part. */
int bytes_copy(int in, int out);

#endif
