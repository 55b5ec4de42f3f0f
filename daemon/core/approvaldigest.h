/* SPDX-License-Identifier: MIT */
#ifndef RDV_APPROVALDIGEST_H
#define RDV_APPROVALDIGEST_H

#include "lib/sha256.h"

struct approval_wish;

/*
 * What a decision is bound to, in hexadecimal: the SHA-256 of the bytes
 * "rdv-approval-1", NUL, and for tool, command, argv, input, cwd, env and
 * profile in this order one byte that says which it is ('t' 'c' 'a' 'i' 'd' 'e'
 * 'p'), four bytes with how many texts there are (big endian; none when it is
 * absent), and for each its length in eight bytes and its bytes. env is sorted
 * by its bytes. Two different wishes have different bytes.
 */
void approval_digest(const struct approval_wish *wish, char out[SHA256_TEXT]);

#endif
