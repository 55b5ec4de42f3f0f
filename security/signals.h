/* SPDX-License-Identifier: MIT */
#ifndef RDV_SIGNALS_H
#define RDV_SIGNALS_H

/*
 * Every signal's disposition to default, also of the two that libc keeps to
 * itself; the mask stays as it is. System calls only. 0 or -errno.
 */
int signals_default(void);

#endif
