/* SPDX-License-Identifier: MIT */
/*
 * The common part of agents: output in arbitrary pieces becomes lines for the
 * adapter, and what the adapter makes of them reaches the host in one order.
 * Nothing here reads, writes or looks at a clock, so that the log alone decides
 * what becomes of it. Invariants: numbers of entries are dense and the host
 * hears of a number only when it knows all before it; over() comes once, with
 * nothing asked; nothing is sent after it.
 */
#include "daemon/agent/agentstate.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/term/runlog.h"
#include "lib/js.h"
#include "lib/xalloc.h"

struct agent *
agent_new(const struct agent_ops *ops, const struct agent_wish *wish,
    const struct agent_host *host)
{
	struct agent *g = xcalloc(1, sizeof(*g));

	g->ops = ops;
	g->host = *host;
	buf_init(&g->line, AGENT_LINE_MAX + 1);
	TAILQ_INIT(&g->untold);
	TAILQ_INIT(&g->opens);
	g->own = ops->make(g, wish);
	return g;
}

void
agent_free(struct agent *g)
{
	if (g == NULL)
		return;
	g->gone = g->over = g->finished = true;
	agent_withdraw(g);
	g->ops->unmake(g->own);
	if (g->said != NULL)
		agent_said_end(g);
	buf_done(&g->line);
	free(g->keys);
	free(g);
}

void
agent_begin(struct agent *g)
{
	g->ops->begin(g->own);
}

static void
send_bytes(struct agent *g, const void *p, size_t len)
{
	if (!g->over && !g->finished && len > 0)
		g->host.send(p, len, g->host.arg);
}

void
agent_send(struct agent *g, struct js *line)
{
	struct buf b;

	buf_init(&b, SIZE_MAX / 2);
	js_finish(line, &b);
	buf_put_u8(&b, '\n');
	send_bytes(g, b.data, b.len);
	buf_done(&b);
}

void
agent_send_text(struct agent *g, const char *text)
{
	send_bytes(g, text, strlen(text));
}

void
agent_finish(struct agent *g)
{
	if (g->over || g->finished)
		return;
	g->finished = true;
	g->host.finish(g->host.arg);
}

size_t
agent_add(struct agent *g, struct js *entry)
{
	agent_tell(g, AGENT_TELL_NEW);
	g->host.entry(g->entries, entry, g->host.arg);
	return g->entries++;
}

void
agent_set(struct agent *g, size_t at, struct js *entry)
{
	if (at < g->entries)
		g->host.entry(at, entry, g->host.arg);
	else
		js_free(entry);
}

void
agent_restart(struct agent *g)
{
	if (g->said != NULL)
		agent_said_end(g);
	agent_tell(g, AGENT_TELL_ALL);
	if (g->host.restart == NULL)
		return;
	g->entries = 0;
	g->host.restart(g->host.arg);
}

void
agent_fact(struct agent *g, enum agent_fact what, const char *text)
{
	g->host.fact(what, text, g->host.arg);
}

void
agent_over(struct agent *g, enum agent_outcome how, const char *why)
{
	if (g->over)
		return;
	agent_withdraw(g);
	agent_tell(g, AGENT_TELL_ALL);
	g->over = true;
	g->host.over(how, why, g->host.arg);
}

bool
agent_interrupted(const struct agent *g)
{
	return g->interrupted;
}

void
agent_interrupt(struct agent *g)
{
	if (g->over || g->interrupted)
		return;
	g->interrupted = true;
	agent_withdraw(g);
	if (g->ops->interrupt != NULL)
		g->ops->interrupt(g->own);
}

/* A line without its end; one that was all too long is not there to be seen. */
static void
whole_line(struct agent *g, const char *p, size_t len)
{
	char why[120];

	if (g->too_long > 0) {
		snprintf(why, sizeof(why),
		    "A line of %" PRIu64 " bytes stands in the log alone: no "
		    "more than %zu are looked at.",
		    g->too_long + len, AGENT_LINE_MAX);
		g->too_long = 0;
		agent_add(g, entry_error(why, false));
		if (g->ops->lost != NULL)
			g->ops->lost(g->own);
		return;
	}
	if (len > 0 && p[len - 1] == '\r')
		len--;
	if (len > 0)
		g->ops->line(g->own, p, len);
}

/* The beginning of a line whose end is not there yet. */
static void
part_of_line(struct agent *g, const char *p, size_t len)
{
	if (g->too_long == 0 && len <= AGENT_LINE_MAX - g->line.len) {
		buf_put(&g->line, p, len);
		return;
	}
	g->too_long += g->line.len + len;
	buf_done(&g->line);
}

/* The last of a line that part_of_line() had the rest of. */
static void
end_of_line(struct agent *g, const char *p, size_t len)
{
	struct buf whole;

	part_of_line(g, p, len);
	if (g->too_long > 0) {
		whole_line(g, NULL, 0);
		return;
	}
	/* The adapter is given memory that nothing it calls can touch. */
	whole = g->line;
	buf_init(&g->line, AGENT_LINE_MAX + 1);
	whole_line(g, (const char *)whole.data, whole.len);
	buf_done(&whole);
}

static void
lines(struct agent *g, const char *p, size_t len)
{
	const char *nl;
	size_t n;

	while (len > 0 && (nl = memchr(p, '\n', len)) != NULL) {
		n = (size_t)(nl - p);
		if (g->line.len == 0 && g->too_long == 0 && n <= AGENT_LINE_MAX)
			whole_line(g, p, n);
		else
			end_of_line(g, p, n);
		p = nl + 1;
		len -= n + 1;
	}
	if (len > 0)
		part_of_line(g, p, len);
}

void
agent_bytes(struct agent *g, unsigned stream, int64_t time_ms, const void *p,
    size_t len)
{
	g->now_ms = time_ms;
	if (stream == RUNLOG_OUT)
		lines(g, p, len);
	else if (stream == RUNLOG_ERR)
		agent_said(g, p, len);
	agent_tell(g, AGENT_TELL_WORTH);
}

static void
judge_end(struct agent *g, int code)
{
	char why[80];

	if (g->interrupted) {
		agent_over(g, AGENT_INTERRUPTED, NULL);
		return;
	}
	if (g->ops->ended != NULL)
		g->ops->ended(g->own, code);
	if (code == 0) {
		agent_over(g, AGENT_SUCCEEDED, NULL);
		return;
	}
	if (code > 0)
		snprintf(why, sizeof(why),
		    "The program ended with exit status %d.", code);
	else
		snprintf(why, sizeof(why),
		    "The program was ended by a signal.");
	agent_over(g, AGENT_FAILED, why);
}

void
agent_ended(struct agent *g, int code)
{
	if (g->line.len > 0 || g->too_long > 0)
		end_of_line(g, NULL, 0);
	if (g->said != NULL)
		agent_said_end(g);
	agent_tell(g, AGENT_TELL_ALL);
	judge_end(g, code);
}
