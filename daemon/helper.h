/* SPDX-License-Identifier: MIT */
#ifndef RDV_HELPER_H
#define RDV_HELPER_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "lib/privproto.h"
#include "lib/seqpkt.h"

struct loop;
struct helper;

/*
 * rdvd's side of the helper protocol: stubs that carry the verbs' names. Every
 * callback comes later from the loop, exactly once. `err` is 0, or
 * RDV_E_UNAVAILABLE when the helper died before answering (nothing is ever
 * replayed), or RDV_E_FULL when this process has no room for the descriptors
 * that came with the answer: what was started for it is ended (ops->stray). At
 * most PRIV_OUTSTANDING requests travel; up to 1024 more wait, then RDV_E_BUSY.
 */
struct helper_ops {
	/* A fresh [ops] has answered HELLO; generation tells it apart. */
	void (*ready)(const struct priv_hello *hello, void *arg);
	void (*lost)(void *arg);
	void (*exited)(const struct priv_exit *ev, void *arg);
	/* A program was stopped, or goes on. */
	void (*halted)(const struct priv_halted *ev, void *arg);
	/* Where a run listens that was asked for by helper_ports(). */
	void (*ports)(const struct priv_ports *ev, void *arg);
	/* A process was started that nobody here asked for: to be ended. */
	void (*stray)(uint64_t handle, void *arg);
	/*
	 * Another word of [main] (lib/ctlproto.h), with what came beside it:
	 * the callee takes the descriptor and sets n to 0, or leaves it to be
	 * closed. False: [main] does not say such a thing, and rdvd ends.
	 */
	bool (*word)(char what, struct buf *body, struct seqpkt_fds *fds,
	    void *arg);
};

/*
 * `control` is the socket from [main] over which the ops socket arrives, now
 * and after every restart of [ops]. `gone` is called once and asks rdvd to end:
 * at end of file on `control`, and when [ops] is of another build or breaks
 * the protocol, after which nothing it says can be believed. `gone` and `ops`
 * share `arg`. main.c passes &boot_helper_ops (core/boot.h) and the app.
 */
struct helper *helper_new(struct loop *l, int control,
    const struct helper_ops *ops, void (*gone)(void *), void *arg);
/* Takes what [main] has said until now, before what follows it is acted on. */
void helper_hear(struct helper *h);
/* Says something to [main]; it takes it or is gone. */
void helper_say(struct helper *h, const struct buf *b);
/* Fails every request, calls `lost` in any case, and nothing afterwards. */
void helper_free(struct helper *h);
bool helper_ready(const struct helper *h);
/* Of the [ops] now connected; 0 while there is none. */
uint64_t helper_generation(const struct helper *h);

/*
 * The EXIT notice of one handle goes to `cb` instead of ops->exited, once;
 * with NULL when that [ops] is gone and the status will never be known. To be
 * called inside the callback of the spawn, before anything else is received.
 */
typedef void helper_exit_fn(const struct priv_exit *ev, void *arg);
void helper_on_exit(struct helper *h, uint64_t handle, helper_exit_fn *cb,
    void *arg);

typedef void
helper_login_fn(int err, const struct priv_login_answer *a, void *arg);
void helper_login(struct helper *h, const struct priv_login *m,
    helper_login_fn *cb, void *arg);
/* On success the callback owns fds->fd[0..n-1]; see privproto.h for order. */
typedef void helper_spawn_fn(int err, const struct priv_spawn_answer *a,
    struct seqpkt_fds *fds, void *arg);
void helper_spawn(struct helper *h, const struct priv_spawn *m,
    helper_spawn_fn *cb, void *arg);
typedef void
helper_plain_fn(int err, const struct priv_plain_answer *a, void *arg);
void helper_signal(struct helper *h, uint64_t handle, int sig, bool all,
    helper_plain_fn *cb, void *arg);
/* DONE: ops->ports follows, unless the run ends before. */
void
helper_ports(struct helper *h, uint64_t handle, helper_plain_fn *cb, void *arg);
void helper_logout(struct helper *h, const uint8_t grant[PRIV_GRANT_LEN],
    helper_plain_fn *cb, void *arg);
void helper_enroll(struct helper *h, const struct priv_enroll *m,
    helper_plain_fn *cb, void *arg);
void helper_revoke(struct helper *h, const struct priv_revoke *m,
    helper_plain_fn *cb, void *arg);
/* Confirms that the end of a run is durable. */
void helper_exit_ack(struct helper *h, uint64_t handle);
/* What one of these errors is, for who has asked; good until the next call. */
const char *helper_why(int err);
/*
 * Called per item with its descriptors, which the callback then owns (master,
 * spool read, spool write; or stdout read, stderr read), then once with
 * a == NULL. With err 0 the answer was complete; only then may an absent run
 * be called gone. RDV_E_FULL: not even one more run can be taken over now.
 */
typedef void helper_inventory_fn(int err, const struct priv_inventory_answer *a,
    struct seqpkt_fds *fds, void *arg);
void helper_inventory(struct helper *h, helper_inventory_fn *cb, void *arg);

struct helper_stats {
	uint64_t sent, stale, failed, connects; /* since start */
	unsigned outstanding, waiting;
	int64_t rtt_us;	   /* of the newest answer */
	uint32_t pid;	   /* of [ops], for show; 0 while there is none */
	uint32_t features; /* PRIV_F_* it offers; the same */
};
void helper_stats(const struct helper *h, struct helper_stats *out);

#endif
