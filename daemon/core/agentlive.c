/* SPDX-License-Identifier: MIT */
/*
 * Between the log of a run and the adapter of its agent. Invariant: the adapter
 * is given each byte of the log once, in order and with the stream and time the
 * index has for it, whichever daemon reads; after over() nothing is sent; and
 * what an earlier daemon has said to the program is not said once more, and
 * what it has not said is (term/heard.h).
 *
 * What it asks leave for is a row before anybody hears of it, and its answer is
 * told once (core/approval.h). Nothing is queued: it is a viewer like any other
 * while the program runs, and reads on by itself, a piece for each turn of the
 * loop, when that has ended.
 */
#include "daemon/core/agentlive.h"

#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include "daemon/app.h"
#include "daemon/core/approval.h"
#include "daemon/loop.h"
#include "daemon/term/talk.h"
#include "daemon/term/runlog.h"
#include "daemon/term/term.h"
#include "daemon/term/viewer.h"
#include "lib/buf.h"
#include "lib/clock.h"
#include "lib/err.h"
#include "lib/js.h"
#include "lib/list.h"
#include "lib/log.h"
#include "lib/xalloc.h"

#define PIECE	 (64 * 1024)
#define TOO_LONG "what it was to be told is too long, or it does not read it"
#define UNMARKED "what it is to be told cannot be noted; is the disk full?"

/* Something that it has asked and nobody has answered yet. */
struct asked {
	LIST_ENTRY(asked) link;
	struct agentlive *live;
	char *key;
	struct approval_wait *wait;
};

struct agentlive {
	struct agentlive_conf conf;
	struct agent *agent;
	struct viewer *viewer;
	uint64_t offset; /* of what comes next */
	uint64_t until;	 /* as far as an earlier daemon may have come */
	bool caught_up;
	struct talk *talk; /* NULL: its entries cannot be kept */
	struct heard heard;
	bool deaf;   /* nothing can be said to it */
	bool over;   /* that was told */
	bool giving; /* the adapter is being given a piece of the log */
	/* What is being said: to what it wrote up to there, or otherwise. */
	uint64_t at;
	enum { SAY_BY_LOG, SAY_NOW, SAY_NOT } say;
	int64_t time_ms; /* of what it is being given */
	int64_t *times;	 /* of each entry, when it was new */
	size_t ntimes, cap;
	LIST_HEAD(, asked) asked;
	int code;
	agentlive_done_fn *done; /* while it is drained; or NULL */
	void *done_arg;
};

static void agentlive_pump_cb(void *);

/* Up to `upto` an earlier daemon has said all there was to say. */
static bool
may_speak(struct agentlive *l)
{
	if (l->deaf || l->say == SAY_NOT)
		return false;
	return l->say == SAY_NOW || l->at > l->heard.upto;
}

static void
agentlive_over_cb(enum agent_outcome how, const char *why, void *arg)
{
	struct agentlive *l = arg;

	if (l->over)
		return;
	l->over = true;
	l->conf.over(how, why, l->conf.arg);
}

/*
 * A program that lacks a part of what it was told waits for it for ever, and
 * what comes behind means nothing to it.
 */
static void
unheard(struct agentlive *l, const char *why)
{
	l->deaf = true;
	agentlive_over_cb(AGENT_FAILED, why, l);
}

static void
agentlive_send_cb(const void *p, size_t len, void *arg)
{
	struct agentlive *l = arg;
	int err;

	if (!may_speak(l))
		return;
	if (heard_begin(&l->heard) != 0) {
		unheard(l, UNMARKED);
		return;
	}
	err = term_input(l->conf.term, p, len);
	if (err == 0)
		return;
	log_warnx("agent", "%zu bytes were not sent: %s", len, err_name(err));
	/* Else its program ends, or has: what it says of that is in the log. */
	if (err == RDV_E_FULL)
		unheard(l, TOO_LONG);
}

static void
agentlive_finish_cb(void *arg)
{
	struct agentlive *l = arg;

	if (!may_speak(l))
		return;
	/* Its end may be said twice. */
	(void)heard_begin(&l->heard);
	(void)term_input_end(l->conf.term);
}

/*
 * Behind all that may be said at once: the kernel has it, or has not yet. In
 * the middle of a piece it is not all: what comes later in it is answered too.
 */
static void
said(struct agentlive *l)
{
	if (!l->giving && !l->deaf && heard_is_torn(&l->heard) &&
	    term_input_queued(l->conf.term) == 0)
		heard_done(&l->heard, l->at);
}

/* An answer is given once, whoever goes through the log. */
static void
give_answer(struct agentlive *l, const char *key,
    const struct agent_answer *answer)
{
	const bool given = l->deaf || heard_has_answer(&l->heard, key);
	const int was = l->say;

	l->say = given ? SAY_NOT : SAY_NOW;
	agent_answer(l->agent, key, answer);
	l->say = was;
	/* It is deaf since that could not be said. */
	if (given || l->deaf)
		return;
	heard_answer(&l->heard, key);
	said(l);
}

/* An entry keeps the time at which it was new, however it grows. */
static void
agentlive_entry_cb(size_t at, struct js *entry, void *arg)
{
	struct agentlive *l = arg;

	if (l->talk == NULL) {
		js_free(entry);
		return;
	}
	if (at >= l->cap) {
		l->cap = l->cap == 0 ? 64 : 2 * l->cap;
		l->times = xreallocarray(l->times, l->cap, sizeof(*l->times));
	}
	if (at == l->ntimes)
		l->times[l->ntimes++] = l->time_ms;
	js_add_ms(entry, "time", at < l->ntimes ? l->times[at] : l->time_ms);
	talk_put(l->talk, at, entry);
}

static void
agentlive_fact_cb(enum agent_fact what, const char *text, void *arg)
{
	struct agentlive *l = arg;

	l->conf.fact(what, text, l->conf.arg);
}

static void
asked_free(struct asked *k)
{
	LIST_REMOVE(k, link);
	free(k->key);
	free(k);
}

/* Whatever it was told, it is told with why it may not. */
static void
refuse(struct agentlive *l, const char *key, const char *why)
{
	const struct agent_answer no = { .verdict = AGENT_DENIED,
		.reason = why };

	give_answer(l, key, &no);
}

static enum agent_verdict
verdict_of(const char *state)
{
	static const struct {
		const char *state;
		enum agent_verdict verdict;
	} rows[] = {
		{ "approved", AGENT_APPROVED },
		{ "denied", AGENT_DENIED },
		{ "answered", AGENT_ANSWERED },
		{ "timed_out", AGENT_TIMED_OUT },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (strcmp(rows[i].state, state) == 0)
			return rows[i].verdict;
	return AGENT_WITHDRAWN;
}

static void
agentlive_told_cb(int err, const struct approval_told *told, const char *why,
    void *arg)
{
	struct asked *k = arg;
	struct agentlive *l = k->live;
	char what[64], *key = k->key;
	struct agent_answer answer = { .verdict = AGENT_DENIED, .reason = why };
	struct js *answers = NULL;

	k->key = NULL;
	asked_free(k);
	/* This rdvd ends: it stays pending, and the next one asks for it. */
	if (err == RDV_E_UNAVAILABLE) {
		free(key);
		return;
	}
	/* What was told before is shown, and leave for nothing. */
	if (err == 0 && (!told->again || l->conf.replayed)) {
		if (told->answers_json != NULL)
			answers = js_parse(told->answers_json,
			    strlen(told->answers_json), what, sizeof(what));
		answer = (struct agent_answer){ verdict_of(told->state),
			told->id, told->reason, answers };
	} else if (err == 0) {
		answer.reason = "it was told already";
	}
	give_answer(l, key, &answer);
	js_free(answers);
	free(key);
}

static int
ask(struct agentlive *l, const struct agent_ask *ask, struct asked *k,
    const char *input, const char **why)
{
	static const char *const kinds[] = { [AGENT_TOOL] = "tool",
		[AGENT_QUESTION] = "question",
		[AGENT_PLAN] = "plan" };
	const struct approval_wish wish = {
		.user_id = l->conf.user_id,
		.session_id = l->conf.session_id,
		.run_id = l->conf.run_id,
		.workspace_id = l->conf.workspace_id,
		.kind = kinds[ask->kind],
		.key = ask->key,
		.tool = ask->tool,
		.command = ask->command,
		.input_json = input,
		.cwd = l->conf.cwd,
		.profile = l->conf.profile,
	};
	const struct approval_waiter who = { .told = agentlive_told_cb,
		.arg = k };

	return approval_ask(l->conf.app->approvals, &wish, &who, &k->wait, why);
}

static void
agentlive_ask_cb(const struct agent_ask *what, void *arg)
{
	struct agentlive *l = arg;
	const struct agent_answer yes = { .verdict = AGENT_APPROVED };
	const char *why = "it cannot be asked";
	struct asked *k;
	struct buf b;
	int err;

	/* Whatever it leaves is committed by the chain. */
	if (what->kind == AGENT_ENDING) {
		give_answer(l, what->key, &yes);
		return;
	}
	k = xcalloc(1, sizeof(*k));
	k->live = l;
	k->key = xstrdup(what->key);
	LIST_INSERT_HEAD(&l->asked, k, link);
	buf_init(&b, APPROVAL_INPUT + 1);
	if (what->input != NULL)
		js_dump(what->input, &b);
	err = buf_ok(&b) ? ask(l, what, k,
			       what->input != NULL ? buf_cstr(&b) : NULL, &why)
			 : RDV_E_INVALID;
	buf_done(&b);
	if (err == 0)
		return;
	asked_free(k);
	refuse(l, what->key, why);
}

static void
agentlive_unask_cb(const char *key, void *arg)
{
	struct agentlive *l = arg;
	struct approvals *as = l->conf.app->approvals;
	struct asked *k, *next;

	LIST_FOREACH_SAFE (k, &l->asked, link, next) {
		if (strcmp(k->key, key) != 0)
			continue;
		approval_leave(as, k->wait);
		approval_withdraw(as, l->conf.run_id, key);
		asked_free(k);
	}
}

/*
 * What was asked and not told yet goes on waiting. Where nothing can be said it
 * can be told nobody.
 */
static void
catch_up(struct agentlive *l)
{
	struct asked *k;

	l->caught_up = true;
	if (l->talk != NULL)
		talk_caught_up(l->talk);
	while (l->deaf && (k = LIST_FIRST(&l->asked)) != NULL) {
		char *key = xstrdup(k->key);

		agentlive_unask_cb(key, l);
		refuse(l, key, "rdvd was restarted, and it hears nobody");
		free(key);
	}
}

/* Cut where an earlier daemon had said all: 1 is before the first byte. */
static size_t
up_to_heard(const struct agentlive *l, size_t n)
{
	const uint64_t end = l->heard.upto > 0 ? l->heard.upto - 1 : 0;

	if (l->offset < end && n > end - l->offset)
		n = (size_t)(end - l->offset);
	return n;
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
		n = up_to_heard(l, n);
		l->at = l->offset + n + 1;
		l->time_ms = span.time_ms;
		/* What rdv says in a log is none of its agent's. */
		l->giving = true;
		if (span.stream != RUNLOG_RDV)
			agent_bytes(l->agent, span.stream, span.time_ms, p, n);
		l->giving = false;
		l->offset += n;
		p += n;
		len -= n;
		said(l);
	}
	if (!l->caught_up && l->offset >= l->until)
		catch_up(l);
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

/*
 * Whether it can be spoken to: 0, or it is deaf. What it has heard is not known
 * when rdvd died right at saying something, or was of a build that kept nothing
 * of it.
 */
static const char *
open_heard(struct agentlive *l)
{
	const bool replayed = l->conf.replayed;
	int err = talk_heard(l->conf.app->talks, l->conf.run_id, !replayed,
	    &l->heard);

	l->deaf = true;
	if (err != 0 && !replayed)
		return "what it is told cannot be kept";
	if (!term_input_has_end(l->conf.term))
		return NULL;
	if (err != 0 || heard_is_torn(&l->heard))
		return "rdvd died as it spoke to its agent; what that has "
		       "heard cannot be told";
	l->deaf = false;
	return NULL;
}

struct agentlive *
agentlive_new(const struct agentlive_conf *conf, const struct agent_ops *ops,
    const struct agent_wish *wish, const char **why)
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
	LIST_INIT(&l->asked);
	l->until = conf->replayed ? term_bytes(conf->term) : 0;
	l->time_ms = clock_wall_ms();
	if (talk_begin(conf->app->talks, conf->run_id, &l->talk) != 0) {
		l->talk = NULL;
		log_errorx("agent", "entries of run=%s are not kept",
		    conf->run_id);
	}
	*why = open_heard(l);
	l->agent = agent_new(ops, wish, &host);
	l->viewer = viewer_new(conf->term, &viewer, &viewer_ops, l);
	l->at = 1;
	agent_begin(l->agent);
	said(l);
	if (l->over && l->deaf && *why == NULL)
		*why = TOO_LONG;
	if (l->until == 0)
		catch_up(l);
	return l;
}

void
agentlive_free(struct agentlive *l)
{
	struct asked *k;

	if (l == NULL)
		return;
	while ((k = LIST_FIRST(&l->asked)) != NULL) {
		approval_leave(l->conf.app->approvals, k->wait);
		asked_free(k);
	}
	loop_undefer(l->conf.app->loop, agentlive_pump_cb, l);
	if (l->viewer != NULL)
		viewer_free(l->viewer);
	agent_free(l->agent);
	if (l->talk != NULL)
		talk_end(l->talk);
	heard_close(&l->heard);
	term_unref(l->conf.term);
	free(l->times);
	free(l);
}

void
agentlive_interrupt(struct agentlive *l)
{
	l->say = SAY_NOW;
	agent_interrupt(l->agent);
	l->say = SAY_BY_LOG;
	said(l);
}

static void
agentlive_pump_cb(void *arg)
{
	struct agentlive *l = arg;
	uint8_t piece[PIECE];
	long n = term_read(l->conf.term, l->offset, piece, sizeof(piece));

	if (n > 0) {
		give(l, piece, (size_t)n);
		loop_defer(l->conf.app->loop, agentlive_pump_cb, l);
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
	loop_defer(l->conf.app->loop, agentlive_pump_cb, l);
}
