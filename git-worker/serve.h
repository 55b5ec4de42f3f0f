/* SPDX-License-Identifier: MIT */
#ifndef RDV_SERVE_H
#define RDV_SERVE_H

/*
 * Answers questions about one work tree over `in` and `out` (lib/frame.h), as
 * lib/gitproto.h has them, until `in` ends. Returns what main() returns: not 0
 * when what came was not understood, with a sentence on standard error.
 */
int serve(const char *dir, const char *const *configs, int in, int out);

#endif
