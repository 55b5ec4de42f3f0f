/* SPDX-License-Identifier: MIT */
/*
 * Entries on their way to the disk, and those who follow them. Nothing waits
 * here longer than an interval, and of an entry only its newest version: an
 * answer that comes in ten thousand pieces is written some times, not ten
 * thousand times. Invariant: what is written of an entry is never older than
 * what was written before, also when all of them come once more after a crash.
 * Where the disk is full they wait: it is the same one that the log then cannot
 * grow on, so no more come.
 */
#include "daemon/term/talk.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/loop.h"
#include "lib/buf.h"
#include "lib/clock.h"
#include "lib/js.h"
#include "lib/list.h"
#include "lib/log.h"
#include "lib/secret.h"
#include "lib/str.h"
#include "lib/xalloc.h"

#define REPLACE_MS     50
#define REPLACE_MS_MAX 2000
#define REPLACE_RATE   131	  /* bytes in a millisecond */
#define RETRY_MS       1000	  /* of a write that failed */
#define WAITING_MAX    512	  /* entries; then they are written at once */
#define BYTES_MAX      (4u << 20) /* the same */
#define BUCKETS	       256	  /* a power of two */

/* The newest version of an entry, not written yet. */
struct wait {
	TAILQ_ENTRY(wait) link;
	uint32_t at;
	int64_t due; /* clock_mono_ms() */
	bool held;   /* until talk_caught_up() */
	char *text;
	size_t len;
	uint64_t hash;
};
TAILQ_HEAD(waits, wait);

struct talk {
	LIST_ENTRY(talk) link;
	struct talks *all;
	char run_id[UUID_TEXT];
	struct talkfile file;
	struct waits waits;
	size_t n, bytes; /* of what waits */
	uint32_t next;	 /* the next number */
	uint32_t known;	 /* entries below are put again; 0: none are */
	uint64_t told;	 /* bytes that grew() has heard of */
	bool deferred, failed;
	struct loop_timer *timer;
};

struct talk_watch {
	LIST_ENTRY(talk_watch) link;
	char run_id[UUID_TEXT];
	talk_news_fn *cb;
	void *arg;
};

struct talks {
	struct talks_conf conf;
	LIST_HEAD(, talk) open[BUCKETS];
	LIST_HEAD(, talk_watch) watches[BUCKETS];
};

static size_t
bucket_of(const char *run_id)
{
	return talkfile_hash(run_id, strlen(run_id)) & (BUCKETS - 1);
}

struct talks *
talks_new(const struct talks_conf *conf)
{
	struct talks *ts = xcalloc(1, sizeof(*ts));

	ts->conf = *conf;
	return ts;
}

void
talks_free(struct talks *ts)
{
	free(ts);
}

int
talk_look(const struct talks *ts, const char *run_id, struct talkfile *out)
{
	return talkfile_open(out, ts->conf.dirfd, run_id, TALKFILE_READ);
}

int
talk_heard(const struct talks *ts, const char *run_id, bool fresh,
    struct heard *out)
{
	return heard_open(out, ts->conf.dirfd, run_id, fresh);
}

int64_t
talk_size(const struct talks *ts, const char *run_id)
{
	struct talkfile f;
	int64_t bytes;

	if (talk_look(ts, run_id, &f) != 0)
		return 0;
	bytes = (int64_t)talkfile_bytes(&f);
	talkfile_close(&f);
	return bytes;
}

static struct talk *
find(const struct talks *ts, const char *run_id)
{
	struct talk *t;

	LIST_FOREACH (t, &ts->open[bucket_of(run_id)], link)
		if (strcmp(t->run_id, run_id) == 0)
			return t;
	return NULL;
}

bool
talk_is_open(const struct talks *ts, const char *run_id)
{
	return find(ts, run_id) != NULL;
}

struct talk_watch *
talk_watch(struct talks *ts, const char *run_id, talk_news_fn *cb, void *arg)
{
	struct talk_watch *w = xcalloc(1, sizeof(*w));

	(void)str_copy(w->run_id, run_id, sizeof(w->run_id));
	w->cb = cb;
	w->arg = arg;
	LIST_INSERT_HEAD(&ts->watches[bucket_of(run_id)], w, link);
	return w;
}

void
talk_unwatch(struct talk_watch *w)
{
	LIST_REMOVE(w, link);
	free(w);
}

void
talk_tell(struct talks *ts, const char *run_id)
{
	struct talk_watch *w, *next;

	LIST_FOREACH_SAFE (w, &ts->watches[bucket_of(run_id)], link, next)
		if (strcmp(w->run_id, run_id) == 0)
			w->cb(w->arg);
}

uint64_t
talk_bytes(const struct talk *t)
{
	return talkfile_bytes(&t->file);
}

static void
tell_growth(struct talk *t)
{
	const uint64_t now = talk_bytes(t);

	if (now != t->told)
		t->all->conf.grew(t->run_id, now, t->all->conf.arg);
	t->told = now;
}

static void
wait_free(struct talk *t, struct wait *w)
{
	TAILQ_REMOVE(&t->waits, w, link);
	t->n--;
	t->bytes -= w->len;
	free(w->text);
	free(w);
}

/* The next that becomes due has the timer. */
static void
wind(struct talk *t)
{
	const int64_t now = clock_mono_ms();
	int64_t first = INT64_MAX;
	struct wait *w;

	TAILQ_FOREACH (w, &t->waits, link)
		if (!w->held && w->due < first)
			first = w->due;
	if (first == INT64_MAX)
		loop_timer_clear(t->timer);
	else if (t->failed)
		loop_timer_set(t->timer, RETRY_MS);
	else
		loop_timer_set(t->timer, first > now ? first - now : 0);
}

/* `puts` are those of `list`, in its order. */
static int
write_list(struct talk *t, const struct talkfile_put *puts, size_t n)
{
	int err = talkfile_put(&t->file, puts, n);

	if (err != 0 && !t->failed)
		log_warnx("talk", "entries wait run=%s: %s", t->run_id,
		    strerror(-err));
	t->failed = err != 0;
	return err;
}

static int
flush(struct talk *t, int64_t until)
{
	struct talkfile_put *puts = xcalloc(t->n + 1, sizeof(*puts));
	struct wait *w, *next;
	size_t n = 0;
	int err = 0;

	TAILQ_FOREACH (w, &t->waits, link)
		if (!w->held && w->due <= until)
			puts[n++] = (struct talkfile_put){ w->at, w->text,
				w->len, w->hash };
	if (n > 0)
		err = write_list(t, puts, n);
	free(puts);
	if (n > 0 && err == 0) {
		TAILQ_FOREACH_SAFE (w, &t->waits, link, next)
			if (!w->held && w->due <= until)
				wait_free(t, w);
		tell_growth(t);
		talk_tell(t->all, t->run_id);
	}
	return err;
}

static void
talk_due_cb(void *arg)
{
	struct talk *t = arg;

	t->deferred = false;
	(void)flush(t, clock_mono_ms());
	wind(t);
}

int
talk_flush(struct talk *t)
{
	int err = flush(t, INT64_MAX);

	wind(t);
	return err;
}

int
talk_begin(struct talks *ts, const char *run_id, struct talk **out)
{
	struct talk *t;
	int err;

	if (find(ts, run_id) != NULL)
		return -EBUSY;
	t = xcalloc(1, sizeof(*t));
	err = talkfile_open(&t->file, ts->conf.dirfd, run_id, TALKFILE_WRITE);
	if (err != 0) {
		free(t);
		return err;
	}
	t->all = ts;
	(void)str_copy(t->run_id, run_id, sizeof(t->run_id));
	TAILQ_INIT(&t->waits);
	t->known = t->file.count;
	t->timer = loop_timer_new(ts->conf.loop, talk_due_cb, t);
	LIST_INSERT_HEAD(&ts->open[bucket_of(run_id)], t, link);
	tell_growth(t);
	talk_tell(ts, run_id);
	*out = t;
	return 0;
}

/* The newest are looked for most. */
static struct wait *
waiting(struct talk *t, uint32_t at)
{
	struct wait *w;

	TAILQ_FOREACH_REVERSE(w, &t->waits, waits, link)
	if (w->at == at)
		return w;
	return NULL;
}

static int64_t
interval(size_t len)
{
	const int64_t ms = (int64_t)(len / REPLACE_RATE);

	if (ms < REPLACE_MS)
		return REPLACE_MS;
	return ms < REPLACE_MS_MAX ? ms : REPLACE_MS_MAX;
}

static struct wait *
wait_new(struct talk *t, uint32_t at, size_t len)
{
	struct wait *w = xcalloc(1, sizeof(*w));

	w->at = at;
	w->held = at < t->known;
	w->due = clock_mono_ms() + (at < t->next ? interval(len) : 0);
	TAILQ_INSERT_TAIL(&t->waits, w, link);
	t->n++;
	if (at >= t->next)
		t->next = at + 1;
	return w;
}

/* What it says is in the log, and nowhere else. */
static void
too_long(struct buf *b)
{
	struct js *o = js_object(), *type = js_object(), *other = js_object();
	char text[128];

	(void)snprintf(text, sizeof(text),
	    "an entry of more than %zu MiB is in the log alone",
	    TALKFILE_ENTRY_MAX >> 20);
	js_add_str(other, "type", "other");
	js_add_str(type, "type", "error_message");
	js_add(type, "error_type", other);
	js_add_str(o, "timestamp", NULL);
	js_add(o, "entry_type", type);
	js_add_str(o, "content", text);
	buf_done(b);
	buf_init(b, TALKFILE_ENTRY_MAX);
	js_finish(o, b);
}

static bool
is_there(const struct talk *t, uint32_t at, uint64_t hash, size_t len)
{
	struct talkfile_record r;

	return talkfile_newest(&t->file, at, &r) && r.hash == hash &&
	       r.len == len;
}

static void
take(struct talk *t, uint32_t at, struct buf *b)
{
	const uint64_t hash = talkfile_hash(b->data, b->len);
	struct wait *w = waiting(t, at);

	if (is_there(t, at, hash, b->len)) {
		if (w != NULL)
			wait_free(t, w);
		if (at >= t->next)
			t->next = at + 1;
		buf_done(b);
		return;
	}
	if (w == NULL)
		w = wait_new(t, at, b->len);
	free(w->text);
	t->bytes += b->len - w->len;
	w->text = (char *)b->data;
	w->len = b->len;
	w->hash = hash;
}

/* What an adapter of another build says again may never be what it said. */
static void
let_go(struct talk *t)
{
	struct wait *w;

	t->known = 0;
	TAILQ_FOREACH (w, &t->waits, link)
		w->held = false;
}

static bool
is_full(const struct talk *t)
{
	return t->n > WAITING_MAX || t->bytes > BYTES_MAX;
}

/* On a disk that is full the timer tries again, and nobody else. */
static void
make_room(struct talk *t)
{
	if (t->failed || talk_flush(t) != 0 || !is_full(t))
		return;
	let_go(t);
	(void)talk_flush(t);
}

void
talk_put(struct talk *t, size_t at, struct js *entry)
{
	struct buf b;

	buf_init(&b, TALKFILE_ENTRY_MAX);
	js_finish(entry, &b);
	if (!buf_ok(&b))
		too_long(&b);
	take(t, (uint32_t)at, &b);
	if (is_full(t)) {
		make_room(t);
	} else if (!t->deferred) {
		t->deferred = true;
		loop_defer(t->all->conf.loop, talk_due_cb, t);
	}
}

void
talk_caught_up(struct talk *t)
{
	let_go(t);
	(void)talk_flush(t);
}

void
talk_end(struct talk *t)
{
	struct talks *ts = t->all;
	char run_id[UUID_TEXT];
	struct wait *w;

	let_go(t);
	(void)talk_flush(t);
	(void)str_copy(run_id, t->run_id, sizeof(run_id));
	if (t->deferred)
		loop_undefer(ts->conf.loop, talk_due_cb, t);
	loop_timer_free(t->timer);
	while ((w = TAILQ_FIRST(&t->waits)) != NULL)
		wait_free(t, w);
	talkfile_close(&t->file);
	LIST_REMOVE(t, link);
	free(t);
	talk_tell(ts, run_id);
}
