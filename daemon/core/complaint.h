/* SPDX-License-Identifier: MIT */
#ifndef RDV_COMPLAINT_H
#define RDV_COMPLAINT_H

#include <stdbool.h>
#include <stddef.h>

struct git_result;

/* What git complains of: its first "fatal:" or "error:" line, or its first. */
void git_complaint(const struct git_result *r, char *out, size_t size);
/* Whether it is a lock of git's that was in the way; which one, printable. */
bool git_complains_of_lock(const struct git_result *r, char *out, size_t size);

#endif
