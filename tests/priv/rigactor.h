/* SPDX-License-Identifier: MIT */
#ifndef RDV_RIGACTOR_H
#define RDV_RIGACTOR_H

/*
 * The directory of the programs built beside the tests, and actor.c's among
 * them, which does in a run what a program of that kind would. Set by
 * find_tools(), the set-up of a group.
 */
extern char tools[512], actor[512];
int find_tools(void **state);

#endif
