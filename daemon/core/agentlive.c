/* SPDX-License-Identifier: MIT */
/*
 * Between the log of a run and the adapter of its agent. Invariant: the adapter
 * is given each byte of the log once, in order and with the stream and time the
 * index has for it, whichever daemon reads; and after over() nothing is sent.
 *
 * Nothing is queued: it is a viewer like any other while the program runs, and
 * reads on by itself, a piece for each turn of the loop, when that has ended.
 */
#include "daemon/core/agentlive.h"

#include <stdlib.h>

#include "daemon/loop.h"
#include "daemon/term/runlog.h"
#include "daemon/term/term.h"
#include "daemon/term/viewer.h"
#include "lib/err.h"
#include "lib/js.h"
#include "lib/log.h"
#include "lib/xalloc.h"

#define PIECE (64 * 1024)

struct agentlive {
	struct agentlive_conf conf;
	struct agent *agent;
	struct viewer *viewer;
	uint64_t offset; /* of what comes next */
	bool over;
	int code;
	agentlive_done_fn *done; /* while it is drained; or NULL */
	void *done_arg;
};

static void agentlive_pump_cb(void *);

static void
agentlive_send_cb(const void *p, size_t len, void *arg)
{
	struct agentlive *l = arg;
	int err = l->conf.replayed ? 0 : term_input(l->conf.term, p, len);

	/* Its program ends, or has: what it says of that comes by the log. */
	if (err != 0)
		log_warnx("agent", "%zu bytes were not sent: %s", len,
		    err_name(err));
}

static void
agentlive_finish_cb(void *arg)
{
	struct agentlive *l = arg;

	if (!l->conf.replayed)
		(void)term_input_end(l->conf.term);
}

static void
agentlive_entry_cb(size_t at, struct js *entry, void *arg)
{
	(void)at;
	(void)arg;
	js_free(entry);
}

static void
agentlive_fact_cb(enum agent_fact what, const char *text, void *arg)
{
	struct agentlive *l = arg;

	l->conf.fact(what, text, l->conf.arg);
}

/* Nobody can be asked: whoever wants less than that says so beforehand. */
static void
agentlive_ask_cb(const struct agent_ask *ask, void *arg)
{
	struct agentlive *l = arg;
	const struct agent_answer no = { .verdict = AGENT_DENIED,
		.reason = "nobody is there to be asked" };
	const struct agent_answer yes = { .verdict = AGENT_APPROVED };

	agent_answer(l->agent, ask->key,
	    ask->kind == AGENT_ENDING ? &yes : &no);
}

static void
agentlive_unask_cb(const char *key, void *arg)
{
	(void)key;
	(void)arg;
}

static void
agentlive_over_cb(enum agent_outcome how, const char *why, void *arg)
{
	struct agentlive *l = arg;

	l->over = true;
	l->conf.over(how, why, l->conf.arg);
}

/* Each stretch of the index by itself: of one stream and one time. */
static void
give(struct agentlive *l, const uint8_t *p, size_t len)
{
	struct runlog_span span;
	size_t n;

	while (len > 0) {
		if (!term_span(l->conf.term, l->offset, &span) ||
		    span.to <= l->offset)
			span = (struct runlog_span){ .to = l->offset + len,
				.stream = RUNLOG_OUT };
		n = span.to - l->offset < len ? (size_t)(span.to - l->offset)
					      : len;
		/* What rdv says in a log is none of its agent's. */
		if (span.stream != RUNLOG_RDV)
			agent_bytes(l->agent, span.stream, span.time_ms, p, n);
		l->offset += n;
		p += n;
		len -= n;
	}
}

static size_t
agentlive_output_cb(uint64_t off, const uint8_t *p, size_t len, bool last,
    void *arg)
{
	(void)off;
	(void)last;
	give(arg, p, len);
	return len;
}

static size_t
agentlive_queued_cb(void *arg)
{
	(void)arg;
	return 0;
}

/* Its end is told by agentlive_drain(), which comes before. */
static void
agentlive_ended_cb(const struct term_end *end, void *arg)
{
	(void)end;
	(void)arg;
}

static void
agentlive_slow_cb(void *arg)
{
	(void)arg;
}

static const struct viewer_ops viewer_ops = {
	.output = agentlive_output_cb,
	.queued = agentlive_queued_cb,
	.ended = agentlive_ended_cb,
	.slow = agentlive_slow_cb,
};

struct agentlive *
agentlive_new(const struct agentlive_conf *conf, const struct agent_ops *ops,
    const struct agent_wish *wish)
{
	struct agentlive *l = xcalloc(1, sizeof(*l));
	const struct viewer_conf viewer = { .read_only = true };
	const struct agent_host host = {
		.send = agentlive_send_cb,
		.finish = agentlive_finish_cb,
		.entry = agentlive_entry_cb,
		.fact = agentlive_fact_cb,
		.ask = agentlive_ask_cb,
		.unask = agentlive_unask_cb,
		.over = agentlive_over_cb,
		.arg = l,
	};

	l->conf = *conf;
	term_ref(conf->term);
	l->agent = agent_new(ops, wish, &host);
	l->viewer = viewer_new(conf->term, &viewer, &viewer_ops, l);
	agent_begin(l->agent);
	return l;
}

void
agentlive_free(struct agentlive *l)
{
	if (l == NULL)
		return;
	loop_undefer(l->conf.loop, agentlive_pump_cb, l);
	if (l->viewer != NULL)
		viewer_free(l->viewer);
	agent_free(l->agent);
	term_unref(l->conf.term);
	free(l);
}

void
agentlive_interrupt(struct agentlive *l)
{
	agent_interrupt(l->agent);
}

static void
agentlive_pump_cb(void *arg)
{
	struct agentlive *l = arg;
	uint8_t piece[PIECE];
	long n = term_read(l->conf.term, l->offset, piece, sizeof(piece));

	if (n > 0) {
		give(l, piece, (size_t)n);
		loop_defer(l->conf.loop, agentlive_pump_cb, l);
		return;
	}
	if (n < 0)
		log_errorx("agent", "its log cannot be read on");
	agent_ended(l->agent, l->code);
	l->done(l->done_arg);
}

void
agentlive_drain(struct agentlive *l, int code, agentlive_done_fn *done,
    void *arg)
{
	viewer_free(l->viewer);
	l->viewer = NULL;
	l->code = code;
	l->done = done;
	l->done_arg = arg;
	loop_defer(l->conf.loop, agentlive_pump_cb, l);
}
