/* SPDX-License-Identifier: MIT */
/*
 * A name for what somebody has done in a tree that is about to be brought back.
 * git's own stash makes none of an index with conflicts, so one copy of the
 * index is told that all is settled as it lies there, and another one that what
 * is in conflict is as in HEAD: what is staged may lie nowhere else. Invariant:
 * the index itself never says so.
 */
#include "git-worker/keep.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "git-worker/bytes.h"
#include "git-worker/gitrun.h"
#include "lib/path.h"
#include "lib/str.h"

#define TEXT_MAX 8192
#define OID_SIZE 65

struct keeping {
	const char *dir;
	const char *const *configs;
	char index[PATH_MAX]; /* the copy; "": none yet */
	struct gitrun git;
};

/* 0 when it ended well, with what it said in k->git.text. */
static int
run(struct keeping *k, const char *const *argv)
{
	struct gitrun *g = &k->git;
	struct pollfd p[2];
	int err;

	g->index = k->index[0] != '\0' ? k->index : NULL;
	err = gitrun_start(g, k->dir, k->configs, argv);
	if (err != 0)
		return err;
	while (!gitrun_read(g)) {
		p[0] = (struct pollfd){ .fd = g->out, .events = POLLIN };
		p[1] = (struct pollfd){ .fd = g->err, .events = POLLIN };
		(void)poll(p, 2, -1);
	}
	return g->status == 0 ? 0 : -EINVAL;
}

/* Its one line. */
static int
take(struct keeping *k, char *out, size_t size)
{
	const char *text = buf_cstr(&k->git.text);
	const size_t len = strcspn(text, "\n");

	if (len == 0 || len >= size)
		return -ENAMETOOLONG;
	memcpy(out, text, len);
	out[len] = '\0';
	return 0;
}

static int
copy_index(struct keeping *k, const char *gitdir)
{
	char path[PATH_MAX];
	const char *dir = getenv("TMPDIR");
	int in, out, err;

	if (!path_join(path, sizeof(path), gitdir, "index"))
		return -ENAMETOOLONG;
	in = open(path, O_RDONLY | O_CLOEXEC);
	if (in < 0)
		return -errno;
	(void)snprintf(path, sizeof(path), "%s/rdv-index-XXXXXX",
	    dir != NULL && *dir == '/' ? dir : "/tmp");
	out = mkostemp(path, O_CLOEXEC);
	err = out < 0 ? -errno : bytes_copy(in, out);
	if (out >= 0) {
		(void)str_copy(k->index, path, sizeof(k->index));
		(void)close(out);
	}
	(void)close(in);
	return err;
}

static void
drop_index(struct keeping *k)
{
	if (k->index[0] != '\0')
		(void)unlink(k->index);
	k->index[0] = '\0';
}

/* What a copy of the index is when `argv` has changed it, as a tree. */
static int
tree_of(struct keeping *k, const char *gitdir, const char *const *argv,
    char *out, size_t size)
{
	static const char *const write_tree[] = { "write-tree", NULL };
	int err = copy_index(k, gitdir);

	if (err == 0)
		err = run(k, argv);
	if (err == 0)
		err = run(k, write_tree);
	if (err == 0)
		err = take(k, out, size);
	drop_index(k);
	return err;
}

static int
keep(struct keeping *k, char *out, size_t size)
{
	static const char *const where[] = { "rev-parse", "--absolute-git-dir",
		NULL };
	static const char *const add[] = { "-c", "core.safecrlf=false", "add",
		"--update", ":/", NULL };
	/* From HEAD to HEAD: what is staged stays, and no conflict does. */
	static const char *const settle[] = { "read-tree", "--reset", "-i",
		"HEAD", "HEAD", NULL };
	char gitdir[PATH_MAX], files[OID_SIZE] = "", index[OID_SIZE] = "";
	int err = run(k, where);

	if (err == 0)
		err = take(k, gitdir, sizeof(gitdir));
	if (err == 0)
		err = tree_of(k, gitdir, settle, index, sizeof(index));
	if (err == 0)
		err = tree_of(k, gitdir, add, files, sizeof(files));
	if (err == 0 &&
	    (size_t)snprintf(out, size, "%s %s", files, index) >= size)
		err = -ENAMETOOLONG;
	return err;
}

int
keep_tree(const char *dir, const char *const *configs, char *out,
    size_t outsize, char *why, size_t whysize)
{
	struct keeping k = { .dir = dir, .configs = configs };
	int err;

	gitrun_init(&k.git, TEXT_MAX);
	err = keep(&k, out, outsize);
	if (err != 0)
		(void)str_copy(why, buf_cstr(&k.git.complaint), whysize);
	gitrun_done(&k.git);
	return err;
}
