/* SPDX-License-Identifier: MIT */
/*
 * The story of a run is told by several processes, none of which believes the
 * others: rdvd and the helper in their log, [audit] in a log of its own. Each
 * of their lines has the id of the run, or of the request that it came of, and
 * this collects them where they lie. Invariant: what is shown is what stands
 * there, word by word; nothing is concluded from what is missing.
 */
#include "cli/trace.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/logline.h"
#include "lib/auditdir.h"
#include "lib/buf.h"
#include "lib/js.h"
#include "lib/xalloc.h"

/* Of a line of the log. */
#define LINE_SHOWN 4096

struct trace_step {
	int64_t at;
	size_t place; /* among all, as they were added */
	char *from, *what;
};

void
trace_add(struct trace *t, int64_t at, const char *from, const char *what)
{
	/* Room for twice as many, whenever there are as many as that. */
	if ((t->n & (t->n - 1)) == 0)
		t->steps = xreallocarray(t->steps, t->n == 0 ? 1 : 2 * t->n,
		    sizeof(*t->steps));
	t->steps[t->n] = (struct trace_step){ .at = at,
		.place = t->n,
		.from = xstrdup(from),
		.what = xstrdup(what) };
	t->n++;
}

static int
by_time(const void *a, const void *b)
{
	const struct trace_step *x = a, *y = b;

	if (x->at != y->at)
		return x->at < y->at ? -1 : 1;
	return x->place < y->place ? -1 : 1;
}

struct js *
trace_finish(struct trace *t)
{
	struct js *all = js_array(), *o;
	char after[32];

	if (t->n > 0)
		qsort(t->steps, t->n, sizeof(*t->steps), by_time);
	for (size_t i = 0; i < t->n; i++) {
		struct trace_step *s = &t->steps[i];
		const int64_t ms = s->at - t->steps[0].at;

		(void)snprintf(after, sizeof(after), "+%lld.%03lld s",
		    (long long)ms / 1000, (long long)ms % 1000);
		o = js_object();
		js_add_int(o, "at", s->at);
		js_add_str(o, "after", after);
		js_add_str(o, "from", s->from);
		js_add_str(o, "what", s->what);
		js_push(all, o);
		free(s->from);
		free(s->what);
	}
	free(t->steps);
	t->steps = NULL;
	t->n = 0;
	return all;
}

static void
log_line(struct trace *t, const char *line)
{
	char proc[32], mod[32], what[LINE_SHOWN], text[LINE_SHOWN + 40];
	int64_t at;

	if (strncmp(line, "ts=", 3) != 0 ||
	    (!logline_names(line, t->run) &&
		(t->request == NULL || !logline_names(line, t->request))))
		return;
	at = logline_time(line + 3, strlen(line + 3));
	if (at < 0)
		return;
	logline_word(proc, sizeof(proc), line, "proc");
	logline_word(mod, sizeof(mod), line, "mod");
	logline_message(what, sizeof(what), line);
	(void)snprintf(text, sizeof(text), "%s: %s", mod, what);
	trace_add(t, at, proc, text);
}

int
trace_log(struct trace *t, const char *path)
{
	FILE *fp = fopen(path, "re");
	char *line = NULL;
	size_t size = 0;
	int err = 0;

	if (fp == NULL)
		return -errno;
	while (getline(&line, &size, fp) > 0)
		log_line(t, line);
	if (ferror(fp))
		err = -EIO;
	free(line);
	(void)fclose(fp);
	return err;
}

struct audit_look {
	struct trace *trace;
	char handle[64]; /* of the run, once a record has told it */
};

/* What every record has, or what the run is found by, tells nothing here. */
static bool
is_telling(const struct auditline_field *f)
{
	static const char *const known[] = { "seq", "time", "mono", "boot",
		"by", "pid", "label", "prev", "sig", "mac" };

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (strlen(known[i]) == f->keylen &&
		    memcmp(known[i], f->key, f->keylen) == 0)
			return false;
	return true;
}

static void
put_record(struct buf *b, const struct auditline *l)
{
	struct buf value;

	for (unsigned i = 0; i < l->n; i++) {
		if (!is_telling(&l->field[i]))
			continue;
		buf_init(&value, AUDITLINE_MAX);
		auditline_value(&l->field[i], &value);
		buf_printf(b, "%s%.*s=%s", b->len > 0 ? " " : "",
		    (int)l->field[i].keylen, l->field[i].key, buf_cstr(&value));
		buf_done(&value);
	}
}

/* A record of a signal has only the handle, which that of the start tells. */
static bool
is_of(struct audit_look *look, const struct auditline *l)
{
	const struct auditline_field *h = auditline_find(l, "handle");

	if (auditline_is(l, "label", look->trace->run)) {
		if (h != NULL && h->len < sizeof(look->handle)) {
			memcpy(look->handle, h->value, h->len);
			look->handle[h->len] = '\0';
		}
		return true;
	}
	return h != NULL && look->handle[0] != '\0' &&
	       auditline_find(l, "label") == NULL &&
	       auditline_is(l, "handle", look->handle);
}

static bool
audit_record_cb(const struct auditline *l, const char *text, size_t len,
    const char *file, void *arg)
{
	struct audit_look *look = arg;
	const struct auditline_field *time = auditline_find(l, "time");
	struct buf what;

	(void)text;
	(void)len;
	(void)file;
	if (time == NULL || !is_of(look, l))
		return true;
	buf_init(&what, AUDITLINE_MAX);
	put_record(&what, l);
	trace_add(look->trace, logline_time(time->value, time->len), "audit",
	    buf_cstr(&what));
	buf_done(&what);
	return true;
}

int
trace_audit(struct trace *t, const char *path)
{
	struct audit_look look = { .trace = t };
	struct auditdir log = { .each = audit_record_cb, .arg = &look };
	struct audit_damage bad;
	int dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC), err;

	if (dir < 0)
		return -errno;
	err = auditdir_walk(&log, dir, 1, &bad);
	(void)close(dir);
	return err;
}
