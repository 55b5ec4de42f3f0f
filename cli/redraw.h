/* SPDX-License-Identifier: MIT */
#ifndef RDV_REDRAW_H
#define RDV_REDRAW_H

struct js;
struct view;

/* What the view puts on the terminal that is no output of the program. */

/* A piece of the screen (docs/stream.md, "screen"). */
void redraw_msg(struct view *v, const struct js *m);
/* What has changed of a terminal that is shown through a view. */
void redraw_crop(struct view *v);
/*
 * Who follows a size that is not that of the last screen is given another.
 * `m` has the session's cols and rows.
 */
void redraw_judge(struct view *v, const struct js *m);
/*
 * One line at the bottom of the screen, which goes away when that is drawn
 * anew; in plain words as well where standard error is no terminal.
 */
void redraw_tell(struct view *v, const char *text);

#endif
