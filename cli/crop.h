/* SPDX-License-Identifier: MIT */
#ifndef RDV_CROP_H
#define RDV_CROP_H

#include <stddef.h>

struct buf;
struct crop;

/*
 * A terminal of another size than ours, shown on ours: the part of it that has
 * the cursor, or all of it in our corner. It is emulated here, as rdvd does it,
 * and what has changed of that part is drawn, row by row. No sequence of the
 * program's gets out of it but colours and what makes keys send something else.
 */
struct crop *crop_new(unsigned cols, unsigned rows);
void crop_free(struct crop *c);
/* Output of the program. */
void crop_feed(struct crop *c, const char *p, size_t len);
/*
 * Appends what brings a terminal of that size, which was empty at first, from
 * what was drawn last to what is there now.
 */
void crop_draw(struct crop *c, unsigned cols, unsigned rows, struct buf *out);

#endif
