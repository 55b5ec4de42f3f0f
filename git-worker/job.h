/* SPDX-License-Identifier: MIT */
#ifndef RDV_JOB_H
#define RDV_JOB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct arena;
struct js;
struct look;
struct narrow;

/*
 * A question that takes some of git's answers, one after the other, to be
 * answered: next() says what to ask git, as long as there is something, and
 * answer() makes of its words what rdvd is told.
 */
#define JOB_STEPS 8

struct job_text {
	const char *at; /* NUL-terminated */
	size_t len;
	int status;
	bool over; /* it is only the beginning */
};

struct job {
	struct arena *arena;
	const char *top;      /* of the work tree, canonical */
	const struct js *ask; /* what belongs to the question; may be NULL */
	const struct narrow *names; /* only about these, or NULL */
	struct look *look;
	int64_t born, epoch; /* the worker's; look_epoch() of the first ask */

	/* Set by next(): what to ask, behind "git"; NULL: nothing more. */
	const char *const *argv;
	size_t max;	   /* bytes of its answer wanted; 0: the usual bound */
	const char *index; /* what git is shown in place of its own, or NULL */
	bool lasts;	   /* the index does; see memo_ask() */
	bool may_fail;	   /* git may say no; that is an answer, too */

	struct job_text text[JOB_STEPS];
	unsigned n;
	const char *error, *why; /* set by either: it is refused */
	void *own;
};

struct job_kind {
	const char *name;
	void (*next)(struct job *j);
	struct js *(*answer)(struct job *j);
	/* Takes away what it made, or NULL; refused, too, perhaps twice. */
	void (*done)(struct job *j);
	/* That one costs less once it is known what differs; or NULL. */
	bool (*gains)(const struct job *j);
};

extern const struct job_kind job_changes, job_diffstat, job_diff, job_log,
    job_tree, job_file, job_compare, job_merge, job_blame, job_conflicts,
    job_conflict;

/* Asks git these words, which end with NULL; it may say no. For next(). */
void job_ask(struct job *j, const char *const *words);
#define JOB_ASK(j, ...) job_ask(j, (const char *const[]){ __VA_ARGS__, NULL })
/* The first line that git said to `step`. */
const char *job_line(struct job *j, unsigned step);
/*
 * The commit of `name`, which is asked for as step `step`. NULL: it has been
 * asked for now, or the question is refused, as there is none.
 */
const char *job_commit(struct job *j, unsigned step, const char *name);

/* What is said of a question that is not answered; see lib/gitproto.h. */
struct js *
job_refusal(int64_t id, const char *error, int64_t status, const char *why);
/* Refuses the question; NULL, for whoever answers with that. */
struct js *job_refuse(struct job *j, const char *why);
/*
 * A name in the tree from the question's `key`, or, for bytes that are no
 * UTF-8, from `key`_base64: relative, without "." and "..". NULL when it is
 * missing, and then it is refused when it was there.
 */
const char *job_name(struct job *j, const char *key);
/*
 * The name of a branch, a tag or a commit from the question, or NULL as above.
 * Nothing that git would take for an option or reckon with (abuse G13).
 */
const char *job_ref(struct job *j, const char *key);
/*
 * "as_of": two answers of one tree with the same one are of the same state of
 * it. With another one something may have happened in between.
 */
void job_put_as_of(const struct job *j, struct js *o);
/* Adds `name` as `key`, and exactly as `key`_base64 when it is no UTF-8. */
void job_put_name(struct js *o, const char *key, const char *name);
/* "run_by" of a file that somebody runs by himself (lib/autorun.h), if so. */
void job_put_runs(struct js *o, const char *path);
/* At most so many bytes of JSON are `len` bytes of text. */
size_t job_cost(const char *text, size_t len);

/* Which part of a list is answered; what does not fit comes in the next. */
struct job_page {
	int64_t offset, limit, seen, taken;
	size_t bytes;
	bool full; /* there is more than this */
	struct js *items;
};
void job_page_init(struct job_page *p, const struct job *j);
/*
 * Whether the next item of the list is in it; it takes about `cost` bytes, and
 * what is made of it goes to p->items.
 */
bool job_page_takes(struct job_page *p, size_t cost);
/* "total", "next" and `key`. */
void job_page_put(struct job_page *p, struct js *o, const char *key);

#endif
