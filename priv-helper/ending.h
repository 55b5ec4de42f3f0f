/* SPDX-License-Identifier: MIT */
#ifndef RDV_ENDING_H
#define RDV_ENDING_H

struct super;

/*
 * The service manager says that the stop to come is one half of a restart: for
 * a moment, as there may come none.
 */
void ending_restarts(struct super *s);
/* [main] is to end, with all it has started. */
void ending_begin(struct super *s);
/*
 * One step down the order of ending; each has a bound. [audit] is the last, so
 * that all others' ends are on record.
 */
void ending_step(struct super *s);

#endif
