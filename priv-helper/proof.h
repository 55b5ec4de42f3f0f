/* SPDX-License-Identifier: MIT */
#ifndef RDV_PROOF_H
#define RDV_PROOF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/sha256.h"

struct account;

/*
 * Uses up the proof that `a` itself wants a token with that hash: the file
 * <run_dir>/<name>/enroll/<64 hexadecimal digits>, which holds the same digits
 * and a newline. 0 once it is gone, RDV_E_DENIED or -errno with the reason in
 * `why`.
 */
int proof_take(const char *run_dir, const struct account *a, bool privileged,
    const uint8_t sum[SHA256_LEN], char *why, size_t whysize);

#endif
