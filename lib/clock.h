/* SPDX-License-Identifier: MIT */
#ifndef RDV_CLOCK_H
#define RDV_CLOCK_H

#include <stdint.h>

/* Milliseconds of CLOCK_MONOTONIC: timeouts, rates, ages. */
int64_t clock_mono_ms(void);
int64_t clock_mono_us(void);
/*
 * Milliseconds since the host started, those asleep too: how much the wall
 * clock should have gone on.
 */
int64_t clock_boot_ms(void);
/* Milliseconds since the Unix epoch: what is stored and shown. */
int64_t clock_wall_ms(void);
/* For tests: added to the results of the calls above. */
void clock_shift(int64_t mono_ms, int64_t wall_ms);

#endif
