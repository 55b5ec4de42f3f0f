/* SPDX-License-Identifier: MIT */
#ifndef RDV_DOOR_H
#define RDV_DOOR_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include "daemon/term/viewer.h"
#include "lib/buf.h"
#include "lib/secret.h"

struct app;
struct doors;
struct js;
struct auth_watch;
struct screen_job;
struct term;
struct ws;
struct ws_ops;

#define DOOR_TAIL	262144 /* of the log, for who names no offset */
#define DOOR_FRAME_MAX	65536  /* bytes of one message from a client */
#define DOOR_TEXT_CHUNK 16384  /* of output in one JSON message */

/* Why a socket is closed, as it is told before. */
struct door_refusal {
	unsigned close; /* 0: it is not */
	const char *code, *text;
};

/* One open socket. It lives until `closed`. */
struct door {
	struct app *app;
	struct ws *ws;
	struct viewer *viewer; /* NULL: refused */
	struct term *term;
	struct auth_watch *watch;
	char session_id[UUID_TEXT], run_id[UUID_TEXT], user_id[UUID_TEXT];
	bool binary, read_only;
	bool guest;    /* by a link */
	bool newcomer; /* what was before `floor` is not shown */
	bool hears;    /* of who else looks */
	bool ready;    /* "ready" was said */
	bool closing;  /* our close frame is sent or decided */
	bool ended;    /* "exit" was said; close when the queue is short */
	int64_t touched;
	/* A screen that is worked out, and then what of it is to be sent. */
	struct screen_job *job;
	struct buf screen;
	uint64_t floor;	     /* of the log, nothing before it is sent */
	unsigned cols, rows; /* of a newcomer, who may not make it larger */
	uint64_t screen_end; /* the offset it stands for */
	unsigned screen_cols, screen_rows;
	bool has_screen;
	TAILQ_ENTRY(door) link; /* of `doors`, where that is not NULL */
	struct doors *doors;
	bool clipboard;	 /* what its session lets programs do, as told */
	bool subscribed; /* hears of texts for the clipboard */
};

/* A door is the argument of both; it is freed when its WebSocket is closed. */
extern const struct ws_ops door_ws_ops;
extern const struct viewer_ops door_viewer_ops;

/* For struct viewer_ops. */
void door_presence_cb(const struct term *t, struct buf *said, void *door);

/* One message; `o` is taken over. */
void door_say(struct door *d, struct js *o);
/* Says why, then closes. */
void door_refuse(struct door *d, const struct door_refusal *no);
/* For auth_on_revoke(). */
void door_revoked_cb(void *door);
void door_say_ready(struct door *d, uint64_t offset);
void door_say_resync(struct door *d, uint64_t offset, const char *reason);
/* The reason where that is before its floor. */
extern const char door_newcomer[];
/* Whether its run has a terminal. */
bool door_has_screen(const struct door *d);
/*
 * The screen with at most so many lines above it, then what comes behind it:
 * the viewer is held until then.
 */
void door_screen(struct door *d, unsigned lines);
/* Sends what the client takes of it now. */
void door_screen_more(struct door *d);
void door_screen_drop(struct door *d);
/* What a viewer asks for, if it may. */
void door_limit_size(const struct door *d, unsigned *cols, unsigned *rows);
/* Where the last `bytes` of what it may see of the log begin. */
uint64_t door_tail(const struct door *d, uint64_t bytes);
/* Somebody is here: the session's activity is noted now and then. */
void door_touch(struct door *d);

#endif
