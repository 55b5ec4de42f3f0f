/* SPDX-License-Identifier: MIT */
#ifndef RDV_POLICYPRINT_H
#define RDV_POLICYPRINT_H

#include <stdio.h>

struct policy;

/*
 * Every key with its value and where it comes from, as text that
 * policy_parse() reads back. A seam for tests.
 */
void policyprint_keys(const struct policy *p, FILE *out);
/*
 * `rdv-helper -t [FILE]`: that on standard output, and then, as comments, what
 * it means for each account it is about. The exit status: 0, the helper would
 * start with this file; 1, it would not, for whose the file is or where it
 * lies, which is said on standard error; LAUNCH_BAD_CONFIG, it is wrong,
 * likewise.
 */
int policyprint_main(const char *file);

#endif
