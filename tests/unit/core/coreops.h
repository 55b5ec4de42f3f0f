/* SPDX-License-Identifier: MIT */
#ifndef RDV_COREOPS_H
#define RDV_COREOPS_H

#include <stdbool.h>
#include <stdint.h>

struct corerig;
struct fake_run;

/* Answers everything [ops] has been asked. True when there was something. */
bool coreops_serve(struct corerig *r);
/* Lets a start begin whose answer was held back. */
void coreops_answer_spawn(struct corerig *r, uint32_t id, struct fake_run *f);

#endif
