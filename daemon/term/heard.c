/* SPDX-License-Identifier: MIT */
/*
 * What a program was told, in a file of one small head and a hash for each
 * answer. It is written before and after each time that something is said.
 * Invariant: when both numbers are the same, what was said is exactly what the
 * head and the hashes say; when they are not, that is seen. So they stay apart
 * while an answer that was given has no hash in the file.
 */
#include "daemon/term/heard.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/term/talkfile.h"
#include "lib/log.h"
#include "lib/secret.h"
#include "lib/xalloc.h"

/* Made at once, so that a disk that gets full does not keep us from saying. */
#define ROOM	 4096
#define KEYS_MAX ((size_t)1 << 20)

struct head {
	uint64_t begun, done, upto;
};

static int
put(const struct heard *h, const void *p, size_t len, off_t at)
{
	const ssize_t n = pwrite(h->fd, p, len, at);

	if (n == (ssize_t)len)
		return 0;
	return n < 0 ? -errno : -ENOSPC;
}

static int
put_head(const struct heard *h)
{
	const struct head head = { h->begun, h->done, h->upto };
	int err = put(h, &head, sizeof(head), 0);

	if (err != 0)
		log_warnx("heard", "what was said is not kept: %s",
		    strerror(-err));
	return err;
}

/* In their order, as the first that is missing ends them for who reads. */
static int
put_keys(struct heard *h)
{
	const size_t size = sizeof(*h->keys);
	int err = 0;

	if (h->kept < h->n)
		err = put(h, h->keys + h->kept, (h->n - h->kept) * size,
		    (off_t)(sizeof(struct head) + h->kept * size));
	if (err == 0)
		h->kept = h->n;
	else if (!h->short_of)
		log_warnx("heard",
		    "an answer that was given is not kept, and who comes "
		    "after this rdvd will not know of it: %s",
		    strerror(-err));
	h->short_of = err != 0;
	return err;
}

static int
make_room(const struct heard *h)
{
	static const uint8_t zeros[ROOM];
	const ssize_t n = pwrite(h->fd, zeros, sizeof(zeros), 0);

	return n == (ssize_t)sizeof(zeros) ? 0 : n < 0 ? -errno : -ENOSPC;
}

static void
add(struct heard *h, uint64_t hash)
{
	if (h->n == h->cap) {
		h->cap = h->cap == 0 ? 64 : 2 * h->cap;
		h->keys = xreallocarray(h->keys, h->cap, sizeof(*h->keys));
	}
	h->keys[h->n++] = hash;
}

static int
load(struct heard *h)
{
	off_t at = (off_t)sizeof(struct head);
	struct head head;
	uint64_t key;

	if (pread(h->fd, &head, sizeof(head), 0) != (ssize_t)sizeof(head))
		return -EBADMSG;
	h->begun = head.begun;
	h->done = head.done;
	h->upto = head.upto;
	/* No hash is 0. */
	while (pread(h->fd, &key, sizeof(key), at) == (ssize_t)sizeof(key) &&
	       key != 0) {
		if (h->n == KEYS_MAX)
			return -EBADMSG;
		add(h, key);
		at += (off_t)sizeof(key);
	}
	h->kept = h->n;
	return 0;
}

int
heard_open(struct heard *h, int dirfd, const char *run_id, bool fresh)
{
	const int flags = O_RDWR | O_NOFOLLOW | O_CLOEXEC;
	char name[UUID_TEXT + 8];
	int err;

	*h = (struct heard){ .fd = -1 };
	if (!uuid_valid(run_id))
		return -EINVAL;
	(void)snprintf(name, sizeof(name), "%s.in", run_id);
	h->fd =
	    openat(dirfd, name, fresh ? flags | O_CREAT | O_EXCL : flags, 0600);
	if (h->fd < 0)
		return -errno;
	err = fresh ? make_room(h) : load(h);
	if (err != 0)
		heard_close(h);
	return err;
}

void
heard_close(struct heard *h)
{
	if (h->fd >= 0)
		(void)close(h->fd);
	free(h->keys);
	*h = (struct heard){ .fd = -1 };
}

int
heard_begin(struct heard *h)
{
	int err;

	if (heard_is_torn(h))
		return 0;
	h->begun++;
	err = put_head(h);
	if (err != 0)
		h->begun--;
	return err;
}

void
heard_done(struct heard *h, uint64_t upto)
{
	if (!heard_is_torn(h) || put_keys(h) != 0)
		return;
	h->done = h->begun;
	if (upto > h->upto)
		h->upto = upto;
	/* Else the file says that it is torn, which is the safe way. */
	(void)put_head(h);
}

bool
heard_is_torn(const struct heard *h)
{
	return h->begun != h->done;
}

static uint64_t
hash_of(const char *key)
{
	const uint64_t hash = talkfile_hash(key, strlen(key));

	return hash != 0 ? hash : 1;
}

void
heard_answer(struct heard *h, const char *key)
{
	add(h, hash_of(key));
	(void)put_keys(h);
}

bool
heard_has_answer(const struct heard *h, const char *key)
{
	const uint64_t hash = hash_of(key);

	for (size_t i = 0; i < h->n; i++)
		if (h->keys[i] == hash)
			return true;
	return false;
}
