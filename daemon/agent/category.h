/* SPDX-License-Identifier: MIT */
#ifndef RDV_CATEGORY_H
#define RDV_CATEGORY_H

/*
 * What a command is shown as: "read", "search", "edit", "fetch" or "other". It
 * decides about a picture beside it and nothing else: it is no parser of a
 * shell. The word is static.
 */
const char *category_of(const char *command);

#endif
