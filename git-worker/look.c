/* SPDX-License-Identifier: MIT */
/*
 * A work tree's state, kept for as long as it is known to be true. Git itself
 * says what it is, whatever kind of repository that is. Invariants: what is
 * kept was asked for when everything was watched already, and nothing has
 * happened since it was asked for; the entries are what git would name, but
 * for the names that are due.
 */
#include "git-worker/look.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "git-worker/dirty.h"
#include "git-worker/gitrun.h"
#include "git-worker/index.h"
#include "git-worker/known.h"
#include "git-worker/narrow.h"
#include "git-worker/touched.h"
#include "git-worker/watch.h"
#include "lib/arena.h"
#include "lib/clock.h"
#include "lib/err.h"
#include "lib/path.h"
#include "lib/xalloc.h"

#define OUTPUT_MAX (8 << 20)
#define SKIP_MAX   10000
/* What could not be watched is seldom tried again: it costs a walk. */
#define AGAIN_MS 30000

enum stage { IDLE, STATUS, NARROW, PLACE };

struct look {
	const char *dir;
	const char *const *configs;
	dev_t dev; /* of `dir`, at the start */
	ino_t ino;
	struct gitrun run;
	enum stage stage;
	bool saw;     /* it was watched when git was asked */
	bool known;   /* `status` is true, while nothing happens */
	bool have;    /* `dirty` is, but for what is due */
	bool checked; /* git ignores all of `built`, and was asked since */
	struct watch *watch;
	int64_t epoch; /* how often something has happened */
	int64_t asked; /* when git was asked */
	struct stat stash;
	struct index *index;
	struct narrow narrow; /* in stage NARROW */
	struct arena *narrow_arena;
	struct dirty *dirty;
	struct known *names; /* of the last one who asked, or NULL */
	int64_t passed;	     /* epoch when all was thrown over last */
	struct touched due, news;
	struct arena *arena; /* of what follows */
	struct wt_status status;
	const char **skip; /* directories that git ignores, sorted */
	size_t nskip;
	struct arena *place_arena; /* NULL: not known yet */
	struct watch_place place;
	size_t hash; /* length of an object's name in bytes; 0: unknown */
	struct arena *built_arena; /* of what is not watched */
	const char **built;
	size_t nbuilt;
	int64_t again; /* not before; monotonic */
};

/*
 * As for rdvd's own looks: nothing a repository sets may make the answer
 * shorter. Ignored directories as such tell what need not be watched, and that
 * is not what merely holds nothing else today. git may not write down what it
 * finds out about files: the lock it takes for that is in the way of the user's
 * own git, which fails where it meets one.
 */
static const char *const ask_status[] = { "--no-optional-locks", "status",
	"--porcelain=v2", "--branch", "-z", "--untracked-files=normal",
	"--ignored=matching", "--ignore-submodules=none", "--no-renames",
	NULL };

static const char *const ask_place[] = { "rev-parse", "--path-format=absolute",
	"--show-toplevel", "--git-dir", "--git-common-dir",
	"--show-object-format", NULL };

/* The same about some names; they follow. */
static const char *const ask_narrow[] = { "--no-optional-locks",
	"--literal-pathspecs", "ls-files", "-z", "-t", "--deleted",
	"--modified", "--others", "--directory", "--no-empty-directory",
	"--exclude-standard", "--" };
#define NARROW_WORDS (sizeof(ask_narrow) / sizeof(ask_narrow[0]))

struct look *
look_new(const char *dir, const char *const *configs)
{
	struct look *l = xcalloc(1, sizeof(*l));
	struct stat st;

	l->dir = dir;
	l->configs = configs;
	if (lstat(dir, &st) == 0) {
		l->dev = st.st_dev;
		l->ino = st.st_ino;
	}
	gitrun_init(&l->run, OUTPUT_MAX);
	l->watch = watch_new();
	l->index = index_new();
	l->dirty = dirty_new();
	l->arena = arena_new();
	l->narrow_arena = arena_new();
	return l;
}

void
look_free(struct look *l)
{
	gitrun_done(&l->run);
	narrow_done(&l->narrow);
	watch_free(l->watch);
	index_free(l->index);
	dirty_free(l->dirty);
	known_drop(l->names);
	touched_clear(&l->due);
	touched_clear(&l->news);
	arena_free(l->arena);
	arena_free(l->narrow_arena);
	if (l->place_arena != NULL)
		arena_free(l->place_arena);
	if (l->built_arena != NULL)
		arena_free(l->built_arena);
	free(l);
}

const struct wt_status *
look_status(const struct look *l)
{
	return &l->status;
}

const char *
look_why(const struct look *l)
{
	return watch_why(l->watch);
}

/* A directory above may have been moved, and another be in its place. */
static bool
is_there(const struct look *l)
{
	char real[PATH_MAX];
	struct stat st;

	return realpath(l->dir, real) != NULL && strcmp(real, l->dir) == 0 &&
	       lstat(l->dir, &st) == 0 && st.st_dev == l->dev &&
	       st.st_ino == l->ino;
}

/*
 * The number of stashes is that of lines in a log, which lies where nothing
 * else counts: no watch is spent on it.
 */
static bool
stashes_moved(struct look *l)
{
	struct stat st = { .st_size = 0 };
	char path[PATH_MAX];
	bool same;

	if (l->place_arena == NULL ||
	    !path_join(path, sizeof(path), l->place.common, "logs/refs/stash"))
		return false;
	if (lstat(path, &st) < 0)
		memset(&st, 0, sizeof(st));
	same = st.st_ino == l->stash.st_ino && st.st_size == l->stash.st_size &&
	       st.st_mtim.tv_sec == l->stash.st_mtim.tv_sec &&
	       st.st_mtim.tv_nsec == l->stash.st_mtim.tv_nsec;
	l->stash = st;
	return !same;
}

/* Both accounts take what the watch has. */
static void
take_touched(struct look *l)
{
	struct touched *t = watch_touched(l->watch);

	touched_join(&l->due, t);
	touched_join(&l->news, t);
	touched_clear(t);
}

int64_t
look_epoch(struct look *l)
{
	enum watch_state state = watch_look(l->watch);

	if (state == WATCH_STALE || !is_there(l))
		return -1;
	if (state == WATCH_BLIND)
		touched_all(watch_touched(l->watch));
	take_touched(l);
	if (state != WATCH_STILL || stashes_moved(l)) {
		watch_begin(l->watch);
		l->epoch++;
		l->known = false;
		if (l->due.all)
			l->passed = l->epoch;
	}
	return l->epoch;
}

enum look_now
look_now(struct look *l)
{
	if (look_epoch(l) < 0)
		return LOOK_STALE;
	return l->known ? LOOK_KNOWN : LOOK_ASK;
}

struct touched *
look_news(struct look *l)
{
	return &l->news;
}

bool
look_trusted(const struct look *l)
{
	return watch_why(l->watch) == NULL && l->checked && !l->due.all;
}

const char *
look_gitdir(const struct look *l)
{
	return l->place_arena == NULL ? NULL : l->place.gitdir;
}

bool
look_helps(const struct look *l)
{
	return watch_why(l->watch) == NULL || look_wants(l);
}

bool
look_busy(const struct look *l)
{
	return l->stage != IDLE;
}

int
look_fd(const struct look *l)
{
	return watch_why(l->watch) == NULL ? watch_fd(l->watch) : -1;
}

bool
look_narrow(struct look *l, struct arena *a, const struct touched *t,
    bool exact, struct narrow *out)
{
	const struct narrow_place place = { l->dir, l->place.gitdir, l->hash,
		exact };

	return l->place_arena != NULL && l->hash != 0 &&
	       watch_why(l->watch) == NULL &&
	       narrow_make(out, a, l->index, &place, t);
}

struct known *
look_known(struct look *l)
{
	const struct narrow_place place = { l->dir, l->place.gitdir, l->hash,
		true };

	if (look_now(l) != LOOK_KNOWN || !l->have || l->place_arena == NULL ||
	    l->hash == 0 || l->status.commit == NULL)
		return NULL;
	if (l->names == NULL || l->names->epoch != l->epoch) {
		known_drop(l->names);
		l->names =
		    known_make(l->dirty, l->index, &place, l->status.commit);
		if (l->names != NULL)
			l->names->epoch = l->epoch;
	}
	return l->names == NULL ? NULL : known_hold(l->names);
}

bool
look_passed(struct look *l, const struct known *k)
{
	return look_epoch(l) < 0 || l->passed > k->epoch;
}

/* Of more than git can be asked about by name the look would be for nothing. */
bool
look_gains(struct look *l)
{
	return look_now(l) == LOOK_ASK && watch_why(l->watch) == NULL &&
	       l->place_arena != NULL && l->hash != 0 &&
	       dirty_len(l->dirty) <= KNOWN_MAX;
}

static int
start_whole(struct look *l)
{
	int err;

	touched_clear(&l->due);
	l->have = false;
	err = gitrun_start(&l->run, l->dir, l->configs, ask_status);
	if (err == 0)
		l->stage = STATUS;
	return err;
}

static bool
start_narrow(struct look *l)
{
	const char *words[NARROW_WORDS + TOUCHED_MAX + 1];

	arena_reset(l->narrow_arena);
	if (!l->have ||
	    !look_narrow(l, l->narrow_arena, &l->due, false, &l->narrow))
		return false;
	memcpy(words, ask_narrow, sizeof(ask_narrow));
	memcpy(words + NARROW_WORDS, l->narrow.names,
	    (l->narrow.n + 1) * sizeof(*words));
	l->run.index = l->narrow.file;
	if (gitrun_start(&l->run, l->dir, l->configs, words) != 0) {
		narrow_done(&l->narrow);
		return false;
	}
	touched_clear(&l->due);
	l->stage = NARROW;
	return true;
}

int
look_start(struct look *l)
{
	if (l->stage != IDLE)
		return -EBUSY;
	/* From here on a change may have come too late for git. */
	l->asked = look_epoch(l);
	l->saw = watch_why(l->watch) == NULL;
	l->known = false;
	return start_narrow(l) ? 0 : start_whole(l);
}

size_t
look_fds(const struct look *l, int *fds, size_t n)
{
	const int all[] = { l->run.out, l->run.err };
	size_t have = 0;

	for (size_t i = 0; i < 2 && have < n; i++)
		if (all[i] >= 0)
			fds[have++] = all[i];
	return have;
}

static int
by_name(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* "! name/" is a directory that is ignored as such. */
static void
read_skip(struct look *l)
{
	const char *at = buf_cstr(&l->run.text);
	const char *end = at + l->run.text.len;
	size_t len;

	l->skip = arena_alloc(l->arena, SKIP_MAX * sizeof(*l->skip));
	for (l->nskip = 0; at < end && l->nskip < SKIP_MAX; at += len + 1) {
		len = strlen(at);
		if (len > 3 && at[0] == '!' && at[len - 1] == '/')
			l->skip[l->nskip++] =
			    arena_strndup(l->arena, at + 2, len - 3);
	}
	qsort(l->skip, l->nskip, sizeof(*l->skip), by_name);
}

/* What is not watched has to be what git still ignores. */
static bool
skips_too_much(const struct look *l)
{
	for (size_t i = 0; i < l->nbuilt; i++)
		if (l->nskip == 0 || bsearch(&l->built[i], l->skip, l->nskip,
					 sizeof(*l->skip), by_name) == NULL)
			return true;
	return false;
}

/*
 * git was ended for having too much to say: what it has said until then counts,
 * up to the last whole entry. That is seldom for long, and not kept.
 */
static int
read_part(struct look *l, const char *text)
{
	size_t len = l->run.text.len;

	while (len > 0 && text[len - 1] != '\0')
		len--;
	if (!porcelain_status(l->arena, text, len, &l->status))
		return RDV_E_MALFORMED;
	l->status.partial = true;
	/* Nobody asked here what git ignores by now. */
	l->checked = false;
	/* For look_gains(). */
	(void)dirty_read(l->dirty, text, len);
	return 0;
}

static void
status_ended(struct look *l, struct look_answer *a)
{
	const char *text = buf_cstr(&l->run.text);

	a->narrow = false;
	a->status = l->run.status;
	a->complaint = buf_cstr(&l->run.complaint);
	a->err = 0;
	arena_free(l->arena);
	l->arena = arena_new();
	l->nskip = 0;
	if (l->run.over) {
		a->err = read_part(l, text);
		return;
	}
	if (l->run.status != 0) {
		a->err = RDV_E_INVALID;
	} else if (!porcelain_status(l->arena, text, l->run.text.len,
		       &l->status)) {
		a->err = RDV_E_MALFORMED;
	}
	if (a->err != 0)
		return;
	read_skip(l);
	l->have = l->saw && l->run.complaint.len == 0 &&
		  dirty_read(l->dirty, text, l->run.text.len);
	/* Complaints are about what git could not look into. */
	l->known =
	    l->saw && l->run.complaint.len == 0 && look_epoch(l) == l->asked;
	l->checked = l->saw && !skips_too_much(l);
	if (l->saw && !l->checked) {
		watch_lose(l->watch);
		l->known = false;
	}
}

/*
 * False when it is not to be relied on, and then git has to look at everything:
 * what the index says has changed meanwhile, or git could not look there.
 */
static bool
narrow_ended(struct look *l, struct look_answer *a)
{
	const struct gitrun *r = &l->run;
	const int64_t now = look_epoch(l);

	narrow_done(&l->narrow);
	if (r->status != 0 || r->over || r->complaint.len != 0 || l->due.all ||
	    !dirty_renew(l->dirty, &l->narrow, buf_cstr(&l->run.text),
		r->text.len))
		return false;
	dirty_count(l->dirty, &l->status);
	l->known = l->saw && now == l->asked;
	*a = (struct look_answer){ .complaint = "", .narrow = true };
	return true;
}

/* Four lines, and paths that have none in them. */
static bool
read_place(struct look *l)
{
	char *line[4], *at;
	struct arena *a = arena_new();

	at = arena_strdup(a, buf_cstr(&l->run.text));
	for (int i = 0; i < 4; i++) {
		line[i] = at;
		at = at != NULL ? strchr(at, '\n') : NULL;
		if (at != NULL)
			*at++ = '\0';
	}
	if (l->run.status != 0 || at == NULL || *at != '\0' ||
	    strcmp(line[0], l->dir) != 0) {
		arena_free(a);
		return false;
	}
	l->place = (struct watch_place){ l->dir, line[1], line[2] };
	l->hash = strcmp(line[3], "sha1") == 0	   ? 20
		  : strcmp(line[3], "sha256") == 0 ? 32
						   : 0;
	l->place_arena = a;
	return true;
}

static void
build(struct look *l)
{
	struct arena *a = arena_new();
	const char **skip = arena_alloc(a, (l->nskip + 1) * sizeof(*skip));

	for (size_t i = 0; i < l->nskip; i++)
		skip[i] = arena_strdup(a, l->skip[i]);
	if (l->built_arena != NULL)
		arena_free(l->built_arena);
	l->built_arena = a;
	l->built = skip;
	l->nbuilt = l->nskip;
	l->known = l->have = l->checked = false;
	/* While it was blind anything may have happened since the last. */
	l->epoch++;
	touched_all(&l->news);
	if (!watch_build(l->watch, &l->place, skip, l->nskip))
		l->again = clock_mono_ms() + AGAIN_MS;
}

bool
look_wants(const struct look *l)
{
	return l->stage == IDLE && watch_why(l->watch) != NULL &&
	       clock_mono_ms() >= l->again;
}

void
look_prepare(struct look *l)
{
	if (!look_wants(l))
		return;
	if (l->place_arena != NULL)
		build(l);
	else if (gitrun_start(&l->run, l->dir, l->configs, ask_place) == 0)
		l->stage = PLACE;
}

bool
look_read(struct look *l, struct look_answer *a)
{
	const enum stage stage = l->stage;

	if (stage == IDLE || !gitrun_read(&l->run))
		return false;
	l->stage = IDLE;
	if (stage == STATUS) {
		status_ended(l, a);
		return true;
	}
	if (stage == NARROW) {
		if (narrow_ended(l, a))
			return true;
		l->asked = look_epoch(l);
		l->saw = watch_why(l->watch) == NULL;
		a->err = start_whole(l);
		a->complaint = "";
		return a->err != 0;
	}
	if (read_place(l))
		build(l);
	else
		l->again = clock_mono_ms() + AGAIN_MS;
	return false;
}

void
look_stop(struct look *l, bool hard)
{
	gitrun_stop(&l->run, hard);
}
