/* SPDX-License-Identifier: MIT */
#ifndef RDV_BRANCH_H
#define RDV_BRANCH_H

#include <stdbool.h>
#include <stddef.h>

/*
 * True for what `git check-ref-format --branch` takes literally: no "@{-1}"
 * and no other expression, never beginning with '-', at most 200 bytes.
 */
bool branch_ok(const char *name);
/*
 * A directory name for it: lower case, everything but letters and digits
 * becomes '-' (contract 2.5). Empty when nothing is left of it.
 */
void branch_dir(char *out, size_t size, const char *name);

#endif
