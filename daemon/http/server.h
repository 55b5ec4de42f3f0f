/* SPDX-License-Identifier: MIT */
#ifndef RDV_SERVER_H
#define RDV_SERVER_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include "daemon/http/gate.h"
#include "daemon/http/http.h"
#include "lib/bucket.h"
#include "lib/buf.h"

/* Inside of http/: what connections, requests and upgrades share. */
#define SERVER_SPARE   32	       /* arenas kept for the next requests */
#define SERVER_TAG     16	       /* hexadecimal digits of an id's tag */
#define SERVER_INPUT   ((size_t)65536) /* read at once, kept at most */
#define SERVER_DOOR    8	       /* connections of a door */
#define SERVER_DOORS   4	       /* and of all: one of so many */
#define SERVER_DOOR_MS 5000	       /* until one has shown its token */

struct arena;
struct http_conn;
struct loop_timer;
struct loop_watch;
struct request;

struct peer {
	LIST_ENTRY(peer) entry;
	uid_t uid;
	char door[37]; /* of this run alone; "": of none */
	unsigned conns;
};

struct listener {
	LIST_ENTRY(listener) entry;
	struct http_server *server;
	struct loop_watch *watch;
	uid_t owner, person;
	char door[37]; /* as of a peer */
};

struct http_server {
	struct loop *loop;
	struct http_limits lim;
	http_dispatch_fn *dispatch;
	http_early_fn *early; /* or NULL */
	void *arg;
	TAILQ_HEAD(, http_conn) conns;
	LIST_HEAD(, request) requests;
	LIST_HEAD(, peer) peers;
	struct http_stats stats;
	LIST_HEAD(, listener) listeners;
	struct loop_timer *sweep; /* deadlines of all connections */
	bool held;		  /* nobody is accepted for now */
	struct loop_timer *retry; /* and until then */
	int reserve;		  /* a descriptor to give up when out of them */
	bool draining;
	struct loop_timer *drain;
	void (*drained)(void *arg);
	void *drained_arg;
	struct arena *spare[SERVER_SPARE];
	unsigned nspare;
	char tag[SERVER_TAG + 1];
	uint64_t last_id, last_conn;
	char date[64]; /* "Date: ...\r\n" of second date_s */
	int64_t date_s;
	struct buf head;	/* scratch for reply heads */
	struct bucket refusals; /* log lines about them */
	char input[SERVER_INPUT];
};

/* Looks at every deadline; the timer does it once a second. */
void server_sweep(struct http_server *s);
void server_conn_closed(struct http_server *s, struct peer *p);
/* Draining: ends when nothing is pending any more. */
void server_check_drained(struct http_server *s);
/* Counts a refusal and logs it, within bounds. */
void server_refused(struct http_server *s, uid_t peer, enum gate_why why,
    const char *id);

#endif
