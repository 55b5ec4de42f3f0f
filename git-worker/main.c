/* SPDX-License-Identifier: MIT */
/*
 * rdv-git: looks at a user's paths for rdvd, which may not and in system mode
 * could not. [ops] starts it as that user, in the `git` profile, with pipes. It
 * answers all questions of one call and ends; or it stays with one work tree
 * and says what that holds, for as long as somebody asks.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "build.h"
#include "git-worker/ask.h"
#include "git-worker/serve.h"
#include "lib/arena.h"
#include "lib/buf.h"
#include "lib/path.h"

#define EXIT_USAGE 2
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
	if (argc == 2 && strcmp(argv[1], "--version") == 0)
		return puts("rdv-git " RDV_BUILD) < 0;
	if (argc >= 3 && strcmp(argv[1], "ask") == 0)
		return run_ask(argv + 2);
	if (argc >= 3 && strcmp(argv[1], "serve") == 0)
		return run_serve(argv + 2);
	usage("nothing is asked");
}
