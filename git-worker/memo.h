/* SPDX-License-Identifier: MIT */
#ifndef RDV_MEMO_H
#define RDV_MEMO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * What git was asked about one work tree, and its answers, each as long as
 * nothing has happened there (look_epoch()). Who asks the same meanwhile shares
 * them; so many run at once and the rest waits its turn.
 */
struct memo;
struct query;

/* Both must outlive it. */
struct memo *memo_new(const char *dir, const char *const *configs);
void memo_free(struct memo *m);

/*
 * `argv` behind "git", copied, asked at a time that is not before `epoch`, and
 * at most `max` bytes of what it says (0: MEMO_TEXT_MAX; the same each time).
 * Held until memo_let_go(), which also ends what nobody else waits for.
 * `index`: what git is shown in place of its own, or NULL. Who asks with one of
 * the same name shares that, if it `lasts`: it is not another one later.
 */
#define MEMO_TEXT_MAX (8 << 20)
struct query *memo_ask(struct memo *m, const char *const *argv,
    const char *index, bool lasts, size_t max, int64_t epoch);
void memo_let_go(struct query *q);

struct query_answer {
	int err;    /* -errno: git could not be started */
	int status; /* exit status, or 128 + signal */
	bool over;  /* `text` is only the beginning of what it had to say */
	const char *text; /* NUL-terminated; as long as the query is held */
	size_t len;
	const char *complaint;
};
/* False as long as it is not there. */
bool query_answer(struct query *q, struct query_answer *out);

/* For poll(2): at most `n` descriptors to read from; so many are in `fds`. */
size_t memo_fds(const struct memo *m, int *fds, size_t n);
#define MEMO_RUNS 4
#define MEMO_FDS  (2 * MEMO_RUNS)
/*
 * Reads what is there and starts those whose turn has come; true: one more has
 * its answer. Times are monotonic milliseconds.
 */
bool memo_turn(struct memo *m, int64_t epoch, int64_t now);
/* When memo_turn() has something to do though nothing came; 0: never. */
int64_t memo_due(const struct memo *m);

#endif
