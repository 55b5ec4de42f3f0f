/* SPDX-License-Identifier: MIT */
#ifndef RDV_TOKENNAME_H
#define RDV_TOKENNAME_H

#include <stdbool.h>

/* Names of tokens are shown in terminals: no control characters. */
bool token_name_ok(const char *s);

#endif
