/* SPDX-License-Identifier: MIT */
/*
 * rdv-git: looks at a user's paths for rdvd, which may not and in system mode
 * could not, and deletes what has been in the trash for long enough. [ops]
 * starts it as that user, in the `git` profile, with pipes. It answers all
 * questions of one call and ends; or it stays with one work tree and says what
 * that holds, for as long as somebody asks.
 */
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "build.h"
#include "git-worker/adopt.h"
#include "git-worker/ask.h"
#include "git-worker/clone.h"
#include "git-worker/copy.h"
#include "git-worker/erase.h"
#include "git-worker/keep.h"
#include "git-worker/move.h"
#include "git-worker/relink.h"
#include "git-worker/replace.h"
#include "git-worker/rooms.h"
#include "git-worker/serve.h"
#include "git-worker/space.h"
#include "lib/arena.h"
#include "lib/buf.h"
#include "lib/clock.h"
#include "lib/path.h"
#include "lib/str.h"

#define EXIT_USAGE 2
/* Entries that are counted for a sum; more have none. */
#define WEIGH_MAX 300000
/* Of one call, that a worktree gets copies of. */
#define COPY_FILES 20000
#define COPY_BYTES (4ULL << 30)
/*
 * Of one call. It is one of few that run for the account at once, and what has
 * been found out or done by then is told: who wants more asks again.
 */
#define SLICE_MS 2000
/* Of one sum, which is a lower bound then. */
#define SPACE_MAX  5000000
#define SPACE_MS   10000
#define ANSWER_MAX ((size_t)GITPROTO_ASK_MAX * (GITPROTO_TEXT_MAX + 8) + 128)

#ifdef RDV_SANITIZED
/* A search for leaks traces the process, and no run may; the unit tests do. */
const char *__asan_default_options(void);

const char *
__asan_default_options(void)
{
	return "detect_leaks=0";
}
#endif

static _Noreturn void
usage(const char *what)
{
	fprintf(stderr,
	    "rdv-git: %s\n"
	    "usage: rdv-git ask DIR TRASH ROOT... -- QUESTION ARGUMENT ...\n"
	    "       rdv-git serve DIR CONFIG...\n"
	    "       rdv-git weigh PATH\n"
	    "       rdv-git erase PATH DEV INO BORN FILES BYTES\n"
	    "       rdv-git clone-make PATH\n"
	    "       rdv-git clone-land PATH TARGET DEV INO BORN\n"
	    "       rdv-git clone-drop PATH\n"
	    "       rdv-git adopt FROM TO\n"
	    "       rdv-git keep DIR CONFIG...\n"
	    "       rdv-git vacate PATH\n"
	    "       rdv-git move PATH TARGET\n"
	    "       rdv-git relink TOP PATH\n"
	    "       rdv-git replace TOP TEMP NAME\n"
	    "       rdv-git copy FROM TO PATTERN...\n"
	    "       rdv-git space PATH TOP\n"
	    "       rdv-git rooms DIR /AFTER\n"
	    "Looks at repositories for rdvd, as the account it is started "
	    "by.\n",
	    what);
	exit(EXIT_USAGE);
}

/* Of "~" and "~/x"; HOME is [ops]'s, from the account database. */
static char *
expand(struct arena *a, char *path)
{
	const char *home = getenv("HOME");

	if (path[0] == '~' && (path[1] == '/' || path[1] == '\0') &&
	    home != NULL)
		path = arena_printf(a, "%s%s", home, path + 1);
	if (!path_absolute_ok(path))
		usage("a directory is not a plain absolute path");
	return path;
}

/* DIR TRASH ROOT... up to "--"; what stands behind that. */
static char **
parse(struct asking *q, char **word)
{
	char **end = word;

	while (*end != NULL && strcmp(*end, "--") != 0)
		end++;
	if (*end == NULL || end - word < 2)
		usage("no directories");
	*end = NULL;
	q->rules.dir = expand(q->arena, word[0]);
	q->trash = expand(q->arena, word[1]);
	q->home = getenv("HOME");
	q->rules.roots = word + 2;
	for (word += 2; *word != NULL; word++)
		*word = expand(q->arena, *word);
	return end + 1;
}

static void
answer(struct asking *q, char **word, struct buf *out)
{
	/* Too big for a stack, and only this thread is ever here. */
	static struct git_fact f;
	unsigned n = 0;

	gitproto_put_build(out, RDV_BUILD);
	for (; word[0] != NULL; word += 2) {
		memset(&f, 0, sizeof(f));
		if (word[1] == NULL || ++n > GITPROTO_ASK_MAX ||
		    !ask_answer(q, word[0], word[1], &f))
			usage("not a question");
		gitproto_put(out, &f);
	}
}

static bool
write_all(const struct buf *b)
{
	size_t done = 0;
	ssize_t n;

	while (buf_ok(b) && done < b->len) {
		n = write(STDOUT_FILENO, b->data + done, b->len - done);
		if (n < 0)
			return false;
		done += (size_t)n;
	}
	return buf_ok(b);
}

static bool
tell(const struct git_fact *f)
{
	struct buf out;
	bool ok;

	buf_init(&out, ANSWER_MAX);
	gitproto_put_build(&out, RDV_BUILD);
	gitproto_put(&out, f);
	ok = write_all(&out);
	buf_done(&out);
	return ok;
}

static void
refuse(struct git_fact *f, const char *path, const struct erase *e, int err)
{
	f->found = GIT_REFUSED;
	(void)snprintf(f->text, sizeof(f->text), "%s: %s", path,
	    err == -ESTALE	? "it is not what was put there"
	    : e->why[0] != '\0' ? e->why
				: strerror(-err));
}

static uint64_t
number(const char *word)
{
	uint64_t n;

	if (!str_to_u64(word, 0, UINT64_MAX, &n))
		usage("not a number");
	return n;
}

/* "DEV INO BORN FILES BYTES"; without the last two when not all was seen. */
static bool
weigh(char *const *word)
{
	static struct git_fact f;
	struct erase e = { .max_files = WEIGH_MAX,
		.max_bytes = UINT64_MAX,
		.until = clock_mono_ms() + SLICE_MS };
	struct erase_id id;
	int err = erase_identify(word[0], &id), n;

	if (err != 0) {
		refuse(&f, word[0], &e, err);
		return tell(&f);
	}
	n = snprintf(f.text, sizeof(f.text), "%" PRIu64 " %" PRIu64 " %" PRIu64,
	    id.dev, id.ino, id.born);
	if (erase_weigh(word[0], &e) == 0 && !e.more)
		(void)snprintf(f.text + n, sizeof(f.text) - (size_t)n,
		    " %" PRIu64 " %" PRIu64, e.files, e.bytes);
	return tell(&f);
}

/* "FILES BYTES MORE". */
static bool
erase(char *const *word)
{
	static struct git_fact f;
	const struct erase_id id = { number(word[1]), number(word[2]),
		number(word[3]) };
	struct erase e = { .max_files = number(word[4]),
		.max_bytes = number(word[5]),
		.until = clock_mono_ms() + SLICE_MS };
	int err = erase_tree(word[0], &id, &e);

	if (err != 0)
		refuse(&f, word[0], &e, err);
	else
		(void)snprintf(f.text, sizeof(f.text),
		    "%" PRIu64 " %" PRIu64 " %d", e.files, e.bytes, e.more);
	return tell(&f);
}

/* What came of a step of a clone. */
static bool
told(struct git_fact *f, const char *path, const char *why, int err)
{
	if (err == 0)
		return tell(f);
	f->found = err == -EEXIST ? GIT_TAKEN : GIT_REFUSED;
	(void)snprintf(f->text, sizeof(f->text), "%s: %s", path,
	    why != NULL	     ? why
	    : err == -EEXIST ? "is there already"
			     : strerror(-err));
	return tell(f);
}

/* "DEV INO BORN". */
static bool
make_clone(char *const *word)
{
	static struct git_fact f;
	const char *why = NULL;
	struct erase_id id;
	int err = clone_make(word[0], &id, &why);

	if (err == 0)
		(void)snprintf(f.text, sizeof(f.text),
		    "%" PRIu64 " %" PRIu64 " %" PRIu64, id.dev, id.ino,
		    id.born);
	return told(&f, word[0], why, err);
}

static bool
land_clone(char *const *word)
{
	static struct git_fact f;
	const struct erase_id id = { number(word[2]), number(word[3]),
		number(word[4]) };
	const char *why = NULL;
	int err;

	if (!path_absolute_ok(word[1]))
		usage("not a plain absolute path");
	err = clone_land(word[0], word[1], &id, &why);
	return told(&f, word[1], why, err);
}

static bool
drop_clone(char *const *word)
{
	static struct git_fact f;
	const char *why = NULL;
	int err = clone_drop(word[0], &why);

	return told(&f, word[0], why, err);
}

/* Only when it is empty: whatever else is in it is somebody's. */
static bool
vacate(char *const *word)
{
	static struct git_fact f;

	if (rmdir(word[0]) < 0 && errno != ENOENT) {
		f.found = GIT_REFUSED;
		(void)snprintf(f.text, sizeof(f.text), "%s: %s", word[0],
		    strerror(errno));
	}
	return tell(&f);
}

static bool
relink(char *const *word)
{
	static struct git_fact f;
	int err;

	if (!path_absolute_ok(word[1]))
		usage("not a plain absolute path");
	err = relink_tree(word[0], word[1]);
	if (err != 0) {
		f.found = GIT_REFUSED;
		(void)snprintf(f.text, sizeof(f.text), "%s: %s", word[1],
		    err < 0 ? strerror(-err)
			    : "git has no worktree registered there");
	}
	return tell(&f);
}

static bool
move(char *const *word)
{
	static struct git_fact f;

	return told(&f, word[1], NULL, move_tree(word[0], word[1]));
}

/* "FILES INDEX", two trees. */
static bool
keep(char *const *word)
{
	static struct git_fact f;
	char why[256] = "";
	int err = keep_tree(word[0], (const char *const *)(word + 1), f.text,
	    sizeof(f.text), why, sizeof(why));

	return told(&f, word[0], why[0] != '\0' ? why : NULL, err);
}

static bool
adopt(char *const *word)
{
	static struct git_fact f;

	if (!path_absolute_ok(word[1]))
		usage("not a plain absolute path");
	return told(&f, word[1], NULL, adopt_objects(word[0], word[1]));
}

static bool
replace(char *const *word)
{
	static struct git_fact f;

	return told(&f, word[2], NULL, replace_file(word[0], word[1], word[2]));
}

/* "FILES BYTES". */
static bool
copy(char *const *word)
{
	static struct git_fact f;
	struct copy c = { .max_files = COPY_FILES, .max_bytes = COPY_BYTES };

	if (!path_absolute_ok(word[1]))
		usage("not a plain absolute path");
	if (copy_files(word[0], word[1], word + 2, &c) != 0) {
		f.found = GIT_REFUSED;
		(void)str_copy(f.text, c.why, sizeof(f.text));
	} else {
		(void)snprintf(f.text, sizeof(f.text), "%" PRIu64 " %" PRIu64,
		    c.files, c.bytes);
	}
	return tell(&f);
}

/* "FILES OWN SHARED OBJECTS MORE". */
static bool
space(char *const *word)
{
	static struct git_fact f;
	struct space s = { .max_files = SPACE_MAX,
		.until = clock_mono_ms() + SPACE_MS };
	struct space objects = s;
	char dir[PATH_MAX];
	int err = space_count(word[0], &s);

	if (!path_absolute_ok(word[1]) ||
	    !path_join(dir, sizeof(dir), word[1], ".git/objects"))
		usage("not a plain absolute path");
	if (err != 0) {
		f.found = err == -ENOENT ? GIT_NO_SUCH : GIT_REFUSED;
		(void)snprintf(f.text, sizeof(f.text), "%s: %s", word[0],
		    strerror(-err));
		return tell(&f);
	}
	/* Of a repository that is gone there are none. */
	(void)space_count(dir, &objects);
	(void)snprintf(f.text, sizeof(f.text),
	    "%" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64 " %d", s.files,
	    s.own, s.shared, objects.own + objects.shared,
	    s.more || objects.more);
	return tell(&f);
}

/* "NAME/NAME..." */
static bool
rooms(char *const *word)
{
	static struct git_fact f;
	int err;

	if (word[1][0] != '/')
		usage("not a name behind a slash");
	err = rooms_list(word[0], word[1] + 1, f.text, sizeof(f.text));
	return told(&f, word[0], NULL, err);
}

/* One path each, and what is to be known of it; `more`: at least so much. */
static const struct {
	const char *name;
	int words;
	bool more;
	bool (*run)(char *const *word);
} verbs[] = {
	{ "weigh", 1, false, weigh },
	{ "erase", 6, false, erase },
	{ "vacate", 1, false, vacate },
	{ "move", 2, false, move },
	{ "adopt", 2, false, adopt },
	{ "keep", 1, true, keep },
	{ "relink", 2, false, relink },
	{ "replace", 3, false, replace },
	{ "copy", 3, true, copy },
	{ "space", 2, false, space },
	{ "rooms", 2, false, rooms },
	{ "clone-make", 1, false, make_clone },
	{ "clone-land", 5, false, land_clone },
	{ "clone-drop", 1, false, drop_clone },
};

/* Of another kind than `ask`: in reach is what the caller was granted. */
static int
run_verb(int argc, char **argv)
{
	for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++) {
		if (strcmp(argv[1], verbs[i].name) != 0)
			continue;
		if (argc < 2 + verbs[i].words ||
		    (argc > 2 + verbs[i].words && !verbs[i].more) ||
		    !path_absolute_ok(argv[2]))
			usage("not a plain absolute path and what belongs to "
			      "it");
		return verbs[i].run(argv + 2) ? 0 : 1;
	}
	return -1;
}

static int
run_ask(char **word)
{
	struct asking q = { .arena = arena_new() };
	struct buf out;
	bool ok;

	buf_init(&out, ANSWER_MAX);
	answer(&q, parse(&q, word), &out);
	ok = write_all(&out);
	buf_done(&out);
	arena_free(q.arena);
	return ok ? 0 : 1;
}

static int
run_serve(char **word)
{
	if (!path_absolute_ok(word[0]))
		usage("a directory is not a plain absolute path");
	return serve(word[0], (const char *const *)word + 1, STDIN_FILENO,
	    STDOUT_FILENO);
}

int
main(int argc, char **argv)
{
	int verb;

	if (argc == 2 && strcmp(argv[1], "--version") == 0)
		return puts("rdv-git " RDV_BUILD) < 0;
	if (argc >= 3 && strcmp(argv[1], "ask") == 0)
		return run_ask(argv + 2);
	if (argc >= 3 && strcmp(argv[1], "serve") == 0)
		return run_serve(argv + 2);
	verb = argc > 1 ? run_verb(argc, argv) : -1;
	if (verb >= 0)
		return verb;
	usage("nothing is asked");
}
