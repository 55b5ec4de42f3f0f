/* SPDX-License-Identifier: MIT */
#ifndef RDV_HTTP_H
#define RDV_HTTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct arena;
struct http_conn;

/*
 * One request, as http/ hands it to the dispatcher. All strings live in the
 * request's arena, which is freed after the reply. http/ knows no resource.
 */
enum http_method {
	HTTP_M_GET,
	HTTP_M_HEAD,
	HTTP_M_POST,
	HTTP_M_PUT,
	HTTP_M_PATCH,
	HTTP_M_DELETE,
	HTTP_M_OPTIONS,
	HTTP_M_MAX
};

struct http_header {
	const char *name; /* lower case */
	const char *value;
};

struct http_req {
	struct http_conn *conn; /* NULL once the client is gone */
	struct arena *arena;
	enum http_method method;
	const char *target; /* as sent */
	const char *path;   /* percent-decoded once and canonical: no "//", no
			       dot segments, no NUL; refused if ambiguous */
	const char *query;  /* raw, without '?'; "" when none */
	const char *host;   /* the single Host value, lower case */
	struct http_header *headers;
	unsigned nheaders;
	const char *body;
	size_t body_len;
	size_t body_max; /* bytes; lowered by http_early_fn, never raised */
	char id[37];	 /* request id, in logs and error bodies */
	uid_t peer_uid;	 /* SO_PEERCRED of the connection */
	uid_t person;	 /* whose credentials alone count, or HTTP_ANYBODY */
	char door[37];	 /* the run whose door it came by; "": none */
	pid_t peer_pid;
	uint64_t conn_id;   /* of the connection, from 1, never reused */
	bool websocket;	    /* a complete RFC 6455 section 4.1 upgrade */
	int64_t started_us; /* monotonic */
	void *actor;	    /* set by auth/, lives in the arena */
	bool replied;
	/*
	 * A handler's own, or NULL: the client has left before the answer. The
	 * request may be answered in it, and is to be answered in any case.
	 */
	void (*gone)(void *arg);
	void *gone_arg;
};

/* Root is no person here: it comes in everywhere and has no credentials. */
#define HTTP_ANYBODY 0

/* First value of a header by lower-case name, or NULL. */
const char *http_header(const struct http_req *r, const char *name);
/* How often a header stands in the request. */
unsigned http_header_count(const struct http_req *r, const char *name);
/* Decoded query parameter in the arena, or NULL; a repeated one is *dup. */
const char *http_query(struct http_req *r, const char *name, bool *dup);
/*
 * The values of the cookies of that name, in the arena and in the order of the
 * request, which means nothing; at most `max`. Returns how many.
 */
unsigned http_cookies(struct http_req *r, const char *name, const char **out,
    unsigned max);

/* True when a header that is a comma list has `token`, in any case. */
bool
http_list_has(const struct http_req *r, const char *name, const char *token);
/* Walks one such value: the next element and its length, or NULL. */
const char *http_list_next(const char **p, size_t *len);

const char *http_method_name(enum http_method m);

struct http_reply {
	int status;
	const char *type; /* NULL: no body */
	const void *body; /* copied before the call returns */
	size_t len;
	const char *const *headers; /* name, value, ..., NULL; or NULL */
	bool close;
};

/*
 * Answers a request, now or any time later; afterwards `r` is gone. Calling it
 * when the client has left only releases the request. Every request must be
 * answered exactly once, be upgraded, or become a stream.
 */
void http_reply(struct http_req *r, const struct http_reply *reply);

struct loop;
struct http_server;

typedef void http_dispatch_fn(struct http_req *r, void *arg);
/*
 * Asked about a request whose head is there and whose body is not yet, with
 * body_len as announced, 0 when that is not known. False when it was answered;
 * the connection ends then. Dispatch hears of the others once more, whole:
 * what was true at the head need not be true any more.
 */
typedef bool http_early_fn(struct http_req *r, void *arg);

/* Every bound with its consequence stands in docs/http-api.md. */
struct http_limits {
	unsigned conns;		   /* open connections in all, then 503 */
	unsigned conns_per_peer;   /* per peer uid */
	size_t line, header, body; /* bytes; 414, 431, 413 */
	unsigned nheaders;
	int64_t header_ms, body_ms, idle_ms; /* 408 or close */
};

struct http_server *http_server_new(struct loop *l,
    const struct http_limits *limits, http_dispatch_fn *cb, void *arg);
/* Without it every body is taken in. `arg` is that of the dispatcher. */
void http_server_early(struct http_server *s, http_early_fn *cb);
/*
 * Serves a listening Unix socket to one account, and to root, whom nobody keeps
 * out; the descriptor stays the caller's.
 */
int http_server_listen(struct http_server *s, int listener, uid_t owner);
/* The same for a socket of one person: requests over it say whose it is. */
int http_server_listen_for(struct http_server *s, int listener, uid_t person);
/*
 * The same for the door of a run of `owner`: requests over it say which run's.
 * Those of a run are few, and those of all a part of all, so that what is not
 * trusted keeps nobody out. -ESHUTDOWN while the server goes down.
 */
int http_server_listen_door(struct http_server *s, int listener, uid_t owner,
    const char *run_id);
/* Ends that and the connections over it; nothing when it is not there. */
void http_server_close_door(struct http_server *s, const char *run_id);
/*
 * Accepts nobody for so many milliseconds, or until it is let go on: who comes
 * waits in the queues of the sockets, those of later ones as well. NULL is fine
 * to be let go on.
 */
void http_server_hold(struct http_server *s, int64_t ms);
void http_server_release(struct http_server *s);
/* Serves that person's sockets no more and ends the connections over them. */
void http_server_unlisten(struct http_server *s, uid_t person);
/*
 * Graceful end: stops accepting, answers 503 to new requests on open
 * connections, closes WebSockets with 1001 and streams, calls `done` when
 * nothing is left or after `ms`.
 */
void http_server_drain(struct http_server *s, int64_t ms, void (*done)(void *),
    void *arg);
void http_server_free(struct http_server *s);

struct http_stats {
	unsigned conns, requests_pending, websockets, streams;
	uint64_t requests, refused;
	uint64_t stalled; /* dropped: they took no output for 30 s */
};
void http_server_stats(const struct http_server *s, struct http_stats *out);

#endif
