/* SPDX-License-Identifier: MIT */
#ifndef RDV_VIEW_H
#define RDV_VIEW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/secret.h"

struct buf;
struct cli;
struct crop;
struct link;
struct vt;
struct ws;

/* How a view ended. */
enum view_end {
	VIEW_ON,
	VIEW_EXITED,   /* the run is over */
	VIEW_RELEASED, /* somebody suspended or closed the session */
	VIEW_REFUSED,  /* rdvd does not let us; `why` says */
	VIEW_LOST,     /* rdvd did not come back */
};

/*
 * The connection of `rdv attach`: what rdvd sends goes through `vt` to `out`,
 * first the screen and then what is behind it. When the connection breaks it is
 * made again at the byte that comes next, or with the screen again, so that no
 * byte of a run is put out twice.
 */
struct view {
	const struct cli *cli;
	const char *session; /* id */
	/* By a link, and what it was exchanged for first; NULL: as oneself. */
	const struct link *link;
	const char *ticket;
	bool read_only;
	bool follow; /* states no size; shown in ours by `crop` if another */
	unsigned cols, rows;
	int64_t patience; /* ms for rdvd to come back */
	struct vt *vt;
	struct crop *crop; /* NULL: it has our size, or it is told ours */
	unsigned their_cols, their_rows; /* of the last screen */
	struct buf *out;
	int64_t live; /* output before this offset is old: shown, not obeyed */

	struct ws *ws;
	char run[UUID_TEXT];
	int64_t offset;	  /* of the byte that comes next; -1: unknown */
	bool ready;	  /* rdvd said so on this connection */
	bool paused;	  /* rdvd takes no input now */
	bool owner;	  /* the terminal has our size, when last heard */
	bool align;	  /* began in the middle: skip to a line or escape */
	bool told;	  /* a line of ours is on the screen */
	bool has_screen;  /* its run has a terminal */
	bool drawn;	  /* a screen of it was put out */
	bool drawing;	  /* and more of one is to come */
	bool skipping;	  /* output is nothing to us before a screen */
	bool anew;	  /* the next connection begins with a screen */
	bool again;	  /* the end will be told by the next connection */
	uint64_t screens; /* put out in whole */
	size_t whole;	  /* bytes of `out` to the end of the last */
	int64_t lost_at;  /* monotonic ms; valid while not ready */
	int64_t retry_at; /* while there is no connection */
	int64_t delay;
	enum view_end end;
	int64_t notice_at; /* a line of ours goes away then; 0: none */
	int code, signal;  /* of the run; -1: none */
	char state[16];
	char why[512];
};

/* The rest of the struct is zero. Connects at once. */
void view_start(struct view *v);
void view_done(struct view *v);
/* Descriptor and events to poll for, -1 while there is no connection. */
int view_fd(const struct view *v, bool reading, short *events);
void view_turn(struct view *v, short revents);
/* Does what is due; returns ms until the next call is needed, or -1. */
int view_tick(struct view *v);
/* True when view_input() would take something now. */
bool view_takes_input(const struct view *v);
/* Hands over input; returns how many bytes were taken. */
size_t view_input(struct view *v, const char *p, size_t len);
void view_size(struct view *v, unsigned cols, unsigned rows);
/*
 * What was put out is not on the terminal: the screen is asked for and output
 * before it dropped. False for a run that has none; then output goes on.
 */
bool view_redraw(struct view *v);
/*
 * Says for some seconds that the person's clipboard has another content, and
 * from whom: he is to know.
 */
void view_tell_clipboard(struct view *v, const char *by);

#endif
