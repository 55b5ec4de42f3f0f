/* SPDX-License-Identifier: MIT */
#ifndef RDV_TEST_RAN_H
#define RDV_TEST_RAN_H

#include <stdbool.h>
#include <stddef.h>

/* A git command through the helper, and what came of it. */
struct ran {
	bool done, told; /* an error after it was started */
	int err, status;
	char out[4096], complaint[512], why[512];
	size_t outlen, errlen;
};

/* It may write live.repo and w/. */
void
ran_start(struct ran *x, const char *dir, const char *const *argv, size_t max);
struct ran ran_run(const char *dir, const char *const *argv, size_t max);

#endif
