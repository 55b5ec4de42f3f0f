/* SPDX-License-Identifier: MIT */
#ifndef RDV_RSS_H
#define RDV_RSS_H

#include <stdint.h>

/* Opens /proc/self/statm while that can still be opened. Failing is fine. */
void rss_open(void);
/* Resident memory in bytes, or 0 when unknown. */
int64_t rss_bytes(void);

#endif
