/* SPDX-License-Identifier: MIT */
#ifndef RDV_RPC_H
#define RDV_RPC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct js;

/*
 * JSON-RPC as agents speak it: one message a line, and both sides ask. What
 * comes is judged against what was asked; nothing is sent but by the functions
 * below.
 */
struct rpc;

enum rpc_kind {
	RPC_NOISE,  /* no message at all; `why` says what it is */
	RPC_STRAY,  /* a message nobody waits for, or must not act on */
	RPC_CALL,   /* it asks; rpc_result() or rpc_refuse() is to follow */
	RPC_NOTICE, /* it tells */
	RPC_RESULT, /* what rpc_call() asked */
	RPC_ERROR,  /* the same, and it went wrong */
	RPC_ASIDE /* the answer to rpc_aside(), whether that was said or not */
};

/* Borrowed until rpc_done(). */
struct rpc_msg {
	enum rpc_kind kind;
	const char *why;       /* of noise and strays */
	const char *method;    /* of calls and notices */
	const char *key;       /* of calls, until answered: never twice */
	unsigned tag;	       /* of results and errors: of their rpc_call() */
	const struct js *body; /* the parameters or the result, or NULL */
	int64_t code;	       /* of errors */
	const char *text;      /* of errors; "" where none came */
	struct js *whole;      /* the line; NULL when it is no JSON, or taken */
	const char *line;      /* as it came */
	size_t len;	       /* of that, bytes */
	char why_text[160];
};

#define RPC_NO_METHOD  (-32601)
#define RPC_BAD_PARAMS (-32602)

/* A line to be written, which it takes. */
typedef void rpc_send_cb(struct js *line, void *arg);

/* `versioned` puts "jsonrpc" into every message. */
struct rpc *rpc_new(bool versioned, rpc_send_cb *send, void *arg);
void rpc_free(struct rpc *r);

/* Asks; takes `params`, which may be NULL. */
void
rpc_call(struct rpc *r, unsigned tag, const char *method, struct js *params);
/*
 * Asks for what shows by itself when it happens. It may be left out when output
 * is given again: the numbers of other calls do not depend on it.
 */
void rpc_aside(struct rpc *r, const char *method, struct js *params);
void rpc_notify(struct rpc *r, const char *method, struct js *params);

/* What one line is. rpc_done() is due in every case. */
void rpc_read(struct rpc *r, const char *line, size_t len, struct rpc_msg *m);
void rpc_done(struct rpc_msg *m);

/* Whether a key is, or was, that of a call with that id. */
bool rpc_key_is(const char *key, const struct js *id);
/*
 * The answer to a call, once: a key to which none is owed is left alone.
 * Takes `result`; NULL is JSON null.
 */
void rpc_result(struct rpc *r, const char *key, struct js *result);
void rpc_refuse(struct rpc *r, const char *key, int code, const char *text);
/* No answer is wanted any more. */
void rpc_forget(struct rpc *r, const char *key);

#endif
