/* SPDX-License-Identifier: MIT */
#ifndef RDV_FUZZ_H
#define RDV_FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

/* What libFuzzer calls, and tests/fuzz/driver.c too. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* assert(3) that no build switches off. */
#define FUZZ_CHECK(x)            \
	do {                     \
		if (!(x))        \
			abort(); \
	} while (0)

#endif
