/* SPDX-License-Identifier: MIT */
/*
 * A whole log of two files, damaged in every way at every place: each time the
 * walk finds it, and names the first record that is not as it was written
 * (abuse O02, O03, O05).
 */
#include "tests/unit/check.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/auditdir.h"
#include "lib/buf.h"
#include "lib/err.h"
#include "lib/str.h"
#include "tests/unit/lib/tmpdir.h"

#define RECORDS 12
#define SECOND	7 /* the first record of the second file */

static uint8_t seed[AUDIT_KEY], mac[AUDIT_KEY], pub[AUDIT_KEY];
static struct buf line[RECORDS]; /* with their newlines */
static char top[64];
static int dir;

static bool
is_head(int i)
{
	return i == 1 || i == 5 || i == RECORDS - 1;
}

static void
make(struct buf *b, int i, const uint8_t prev[AUDIT_HASH],
    const uint8_t key[AUDIT_KEY])
{
	buf_init(b, AUDITLINE_MAX);
	auditline_put_num(b, "seq", i + 1);
	if (i == 0 || i == SECOND) {
		auditline_put_word(b, "act", "open");
		auditline_put_num(b, "file", i == 0 ? 1 : 2);
	} else {
		auditline_put_word(b, "act", is_head(i) ? "head" : "spawn");
		auditline_put_text(b, "what", "some \"thing\"");
	}
	auditline_put_hex(b, "prev", prev, AUDIT_HASH);
	if (is_head(i))
		auditline_sign(b, key);
	auditline_end(b, mac);
}

static void
make_all(void)
{
	uint8_t prev[AUDIT_HASH] = { 0 };
	int i;

	for (i = 0; i < RECORDS; i++) {
		make(&line[i], i, prev, seed);
		auditcrypt_hash(line[i].data, line[i].len, prev);
		buf_put_u8(&line[i], '\n');
	}
}

static int
setup(void **state)
{
	char why[256];

	(void)state;
	dir = tmpdir_new(top);
	memset(seed, 1, sizeof(seed));
	memset(mac, 2, sizeof(mac));
	if (!auditcrypt_load(why, sizeof(why)))
		return 1;
	auditcrypt_public(seed, pub);
	make_all();
	return 0;
}

static int
teardown(void **state)
{
	int i;

	(void)state;
	for (i = 0; i < RECORDS; i++)
		buf_done(&line[i]);
	close(dir);
	tmpdir_remove(top);
	return 0;
}

static void
put(const char *name, const void *p, size_t len)
{
	int fd = openat(dir, name, O_WRONLY | O_CREAT, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, p, len), (ssize_t)len);
	/* Not before: some file systems sync what was cut to nothing. */
	assert_int_equal(ftruncate(fd, (off_t)len), 0);
	close(fd);
}

/* The records in that order, the second file beginning with `second`. */
static void
put_log(const int *order, int n, int second)
{
	struct buf file[2];
	int i, f;

	for (f = 0; f < 2; f++)
		buf_init(&file[f], 1 << 20);
	for (i = 0; i < n; i++) {
		f = i >= second;
		buf_put(&file[f], line[order[i]].data, line[order[i]].len);
	}
	for (f = 0; f < 2; f++) {
		put(f == 0 ? "000001.log" : "000002.log", file[f].data,
		    file[f].len);
		buf_done(&file[f]);
	}
	put(AUDIT_HEAD, line[RECORDS - 1].data, line[RECORDS - 1].len);
}

#define BAD_HEAD UINT64_MAX

/* The number of the first bad record, 0, or BAD_HEAD. */
static uint64_t
walk(bool with_mac)
{
	struct audit_damage bad;
	struct auditdir d;
	int err;

	memset(&d, 0, sizeof(d));
	d.chain.pub = pub;
	d.chain.mac = with_mac ? mac : NULL;
	err = auditdir_head(&d, dir, AUDIT_HEAD, AUDIT_MARK_BESIDE, &bad);
	if (err != 0)
		return BAD_HEAD;
	err = auditdir_walk(&d, dir, 1, &bad);
	if (err == 0 && d.torn > 0)
		return d.chain.seq + 1;
	if (err == 0)
		return 0;
	assert_int_equal(err, RDV_E_CORRUPT);
	assert_true(bad.what[0] != '\0' && bad.file[0] != '\0');
	return bad.seq;
}

/* All records but `without` (-1: none), in order. */
static int
fill(int *order, int without)
{
	int i, n = 0;

	for (i = 0; i < RECORDS; i++)
		if (i != without)
			order[n++] = i;
	return n;
}

static void
whole(void **state)
{
	int order[RECORDS];

	(void)state;
	put_log(order, fill(order, -1), SECOND);
	assert_int_equal(walk(true), 0);
	assert_int_equal(walk(false), 0);
}

/* Every byte of every record, turned into others. */
static void
abuse_O02_changed(void **state)
{
	static const char flips[] = { 1, 0x20, '\n' };
	int order[RECORDS], n = fill(order, -1), i, k, with;
	size_t at;
	uint8_t was;

	(void)state;
	for (i = 0; i < RECORDS; i++) {
		for (at = 0; at < line[i].len; at++) {
			k = (int)(at % sizeof(flips));
			with = (int)(at / sizeof(flips)) % 2;
			was = line[i].data[at];
			line[i].data[at] =
			    k < 2 ? was ^ (uint8_t)flips[k] : (uint8_t)'\n';
			put_log(order, n, SECOND);
			line[i].data[at] = was;
			/* The last one's own newline is all that stays. */
			if (k == 2 && was == '\n')
				continue;
			put(AUDIT_HEAD, line[RECORDS - 1].data,
			    line[RECORDS - 1].len);
			assert_in_range(walk(with), i + 1, i + 2);
		}
	}
}

static void
abuse_O02_removed_and_repeated(void **state)
{
	int order[RECORDS + 1], n, i;

	(void)state;
	for (i = 0; i < RECORDS; i++) {
		n = fill(order, i);
		put_log(order, n, i < SECOND ? SECOND - 1 : SECOND);
		assert_int_equal(walk(false), i + 1);
		n = fill(order, -1);
		memmove(order + i + 1, order + i,
		    (size_t)(n - i) * sizeof(*order));
		put_log(order, n + 1, i < SECOND ? SECOND + 1 : SECOND);
		assert_int_equal(walk(false), i + 2);
	}
}

static void
abuse_O02_swapped(void **state)
{
	int order[RECORDS], n = fill(order, -1), i, j;

	(void)state;
	for (i = 0; i < RECORDS; i++) {
		for (j = i + 1; j < RECORDS; j++) {
			(void)fill(order, -1);
			order[i] = j;
			order[j] = i;
			put_log(order, n, SECOND);
			assert_int_equal(walk(false), i + 1);
		}
	}
}

/* At every byte, and with it the whole second file. */
static void
abuse_O03_cut(void **state)
{
	int order[RECORDS], n = fill(order, -1);
	off_t size;
	int fd;

	(void)state;
	put_log(order, n, SECOND);
	fd = openat(dir, "000002.log", O_WRONLY | O_APPEND);
	size = lseek(fd, 0, SEEK_END);
	assert_true(size > 500);
	while (size-- > 0) {
		assert_int_equal(ftruncate(fd, size), 0);
		assert_in_range(walk(false), SECOND + 1, RECORDS + 1);
	}
	close(fd);
	assert_int_equal(unlinkat(dir, "000002.log", 0), 0);
	assert_int_equal(walk(false), SECOND + 1);
	put_log(order, n, SECOND);
	assert_int_equal(unlinkat(dir, "000001.log", 0), 0);
	assert_int_equal(walk(false), 1);
}

/* The whole of an older state, with the head of that time beside it. */
static void
abuse_O03_older_state(void **state)
{
	struct audit_damage bad;
	struct auditdir d;
	int order[RECORDS];

	(void)state;
	(void)fill(order, -1);
	put_log(order, 6, RECORDS);
	assert_int_equal(unlinkat(dir, "000002.log", 0), 0);
	put(AUDIT_HEAD, line[5].data, line[5].len);
	/* Nothing here says otherwise, which is why heads are kept elsewhere */
	assert_int_equal(walk(true), 0);
	put("kept", line[RECORDS - 1].data, line[RECORDS - 1].len);
	memset(&d, 0, sizeof(d));
	d.chain.pub = pub;
	assert_int_equal(auditdir_head(&d, dir, "kept", AUDIT_MARK_GIVEN, &bad),
	    0);
	assert_int_equal(auditdir_walk(&d, dir, 1, &bad), RDV_E_CORRUPT);
	assert_int_equal(bad.seq, 7);
}

/* What no head seals yet is held by the MACs, for who has their key. */
static void
abuse_O02_behind_the_head(void **state)
{
	int order[RECORDS];
	uint8_t *last = line[4].data + 8;

	(void)state;
	(void)fill(order, -1);
	*last ^= 1;
	put_log(order, 5, RECORDS);
	*last ^= 1;
	assert_int_equal(unlinkat(dir, "000002.log", 0), 0);
	put(AUDIT_HEAD, line[1].data, line[1].len);
	assert_int_equal(walk(true), 5);
	assert_int_equal(walk(false), 0);
}

/* By whoever may write the files, and has no key. */
static void
abuse_O03_forged_head(void **state)
{
	uint8_t other[AUDIT_KEY], prev[AUDIT_HASH];
	int order[RECORDS], n = fill(order, -1);
	struct buf forged, was = line[RECORDS - 1];

	(void)state;
	memset(other, 9, sizeof(other));
	auditcrypt_hash(line[RECORDS - 2].data, line[RECORDS - 2].len - 1,
	    prev);
	make(&forged, RECORDS - 1, prev, other);
	buf_put_u8(&forged, '\n');
	line[RECORDS - 1] = forged;
	put_log(order, n, SECOND);
	assert_true(walk(true) == BAD_HEAD);
	line[RECORDS - 1] = was;
	put(AUDIT_HEAD, was.data, was.len);
	assert_int_equal(walk(true), RECORDS);
	buf_done(&forged);
}

/*
 * As the log does it: the head before is the place of the one after. As many
 * different ones as half of one and half of another should not come twice.
 */
static void
swap_heads(void)
{
	enum { HEADS = 128 };
	struct buf heads[HEADS], *b;
	const uint8_t prev[AUDIT_HASH] = { 0 };
	int fd[2], i;

	for (i = 0; i < HEADS; i++) {
		buf_init(&heads[i], AUDITLINE_MAX);
		auditline_put_num(&heads[i], "seq", 1 << i % 20);
		auditline_put_word(&heads[i], "act", "head");
		auditline_put_num(&heads[i], "n", i);
		auditline_put_hex(&heads[i], "prev", prev, AUDIT_HASH);
		auditline_sign(&heads[i], seed);
		auditline_end(&heads[i], mac);
	}
	put("spare", line[1].data, line[1].len);
	fd[0] = openat(dir, "spare", O_WRONLY);
	fd[1] = openat(dir, AUDIT_HEAD, O_WRONLY);
	for (i = 0;; i++) {
		b = &heads[i % HEADS];
		if (pwrite(fd[i % 2], b->data, b->len, 0) < 0 ||
		    ftruncate(fd[i % 2], (off_t)b->len) < 0 ||
		    renameat2(dir, "spare", dir, AUDIT_HEAD, RENAME_EXCHANGE) <
			0)
			_exit(1);
	}
}

/* Who verifies a busy log is not told of damage that is none. */
static void
head_of_a_busy_log(void **state)
{
	enum { READINGS = 20000 };
	int order[RECORDS], n = fill(order, -1), i, status;
	struct audit_damage bad;
	struct auditdir d;
	pid_t pid;

	(void)state;
	put_log(order, n, SECOND);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0)
		swap_heads();
	memset(&d, 0, sizeof(d));
	d.chain.pub = pub;
	for (i = 0; i < READINGS; i++)
		if (auditdir_head(&d, dir, AUDIT_HEAD, AUDIT_MARK_BESIDE,
			&bad) != 0)
			break;
	assert_int_equal(kill(pid, SIGKILL), 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(i, READINGS);
	assert_true(WIFSIGNALED(status));
}

/* The border between two files moved, with every record in its place. */
static void
moved_border(void **state)
{
	int order[RECORDS], n = fill(order, -1), at;

	(void)state;
	for (at = 1; at < RECORDS; at++) {
		put_log(order, n, at);
		assert_int_equal(walk(false), at == SECOND ? 0 : at + 1);
	}
}

/* As the helper takes a log up: from a file that is not the first. */
static void
from_the_middle(void **state)
{
	struct audit_damage bad;
	struct auditdir d;
	int order[RECORDS];

	(void)state;
	put_log(order, fill(order, -1), SECOND);
	memset(&d, 0, sizeof(d));
	d.chain.loose = true;
	assert_int_equal(auditdir_walk(&d, dir, 2, &bad), 0);
	assert_int_equal(d.chain.seq, RECORDS);
	assert_int_equal(auditdir_last(dir), 2);
	put("000002.log~", "", 0);
	put("0000010.log", "", 0);
	put("000000.log", "", 0);
	assert_int_equal(auditdir_last(dir), 2);
}

static void
keys(void **state)
{
	uint8_t key[AUDIT_KEY];
	char hex[2 * AUDIT_KEY + 2];

	(void)state;
	str_hex(hex, seed, AUDIT_KEY);
	put("k", hex, 2 * AUDIT_KEY);
	assert_int_equal(auditdir_key(dir, "k", true, key), 0);
	assert_memory_equal(key, seed, AUDIT_KEY);
	assert_int_equal(fchmodat(dir, "k", 0644, 0), 0);
	assert_int_equal(auditdir_key(dir, "k", true, key), RDV_E_DENIED);
	assert_int_equal(auditdir_key(dir, "k", false, key), 0);
	put("k", hex, 2 * AUDIT_KEY - 1);
	assert_int_equal(auditdir_key(dir, "k", false, key), RDV_E_MALFORMED);
	assert_int_equal(auditdir_key(dir, "none", false, key), -ENOENT);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(whole),
		cmocka_unit_test(abuse_O02_changed),
		cmocka_unit_test(abuse_O02_removed_and_repeated),
		cmocka_unit_test(abuse_O02_swapped),
		cmocka_unit_test(abuse_O03_cut),
		cmocka_unit_test(abuse_O03_older_state),
		cmocka_unit_test(abuse_O02_behind_the_head),
		cmocka_unit_test(abuse_O03_forged_head),
		cmocka_unit_test(head_of_a_busy_log),
		cmocka_unit_test(moved_border),
		cmocka_unit_test(from_the_middle),
		cmocka_unit_test(keys),
	};

	return cmocka_run_group_tests_name("auditdir", tests, setup, teardown);
}
