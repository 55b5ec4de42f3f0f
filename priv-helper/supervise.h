/* SPDX-License-Identifier: MIT */
#ifndef RDV_SUPERVISE_H
#define RDV_SUPERVISE_H

struct launch;

/*
 * Runs [ops] and rdvd until told to stop by a signal, or rdvd refuses for good.
 * The exit status of rdv-helper.
 */
int supervise(const struct launch *l);

#endif
