/* SPDX-License-Identifier: MIT */
#ifndef RDV_BUILDID_H
#define RDV_BUILDID_H

/*
 * RDV_BUILD as one text of the program, for comparing. As a constant it would
 * stand in the instructions, and no copy of a program could be given another.
 */
extern const char build_id[];

#endif
