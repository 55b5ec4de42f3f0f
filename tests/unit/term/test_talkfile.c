/* SPDX-License-Identifier: MIT */
/* The records of a conversation, their slots, and both cut off anywhere. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/term/runlog.h"
#include "daemon/term/talkfile.h"
#include "lib/buf.h"
#include "lib/secret.h"
#include "tests/unit/check.h"
#include "tests/unit/term/termrig.h"

struct fx {
	char dir[64], run[UUID_TEXT];
	int dirfd;
	struct talkfile f;
};

static int
setup(void **state)
{
	static struct fx fx;

	memset(&fx, 0, sizeof(fx));
	fx.dirfd = termrig_dir_new(fx.dir);
	uuid_v7(fx.run);
	assert_int_equal(talkfile_open(&fx.f, fx.dirfd, fx.run, TALKFILE_WRITE),
	    0);
	*state = &fx;
	return 0;
}

static int
teardown(void **state)
{
	struct fx *fx = *state;

	talkfile_close(&fx->f);
	close(fx->dirfd);
	termrig_dir_remove(fx->dir);
	return 0;
}

static void
reopen(struct fx *fx, enum talkfile_mode mode)
{
	talkfile_close(&fx->f);
	assert_int_equal(talkfile_open(&fx->f, fx->dirfd, fx->run, mode), 0);
}

static struct talkfile_put
version(uint32_t at, const char *text)
{
	return (struct talkfile_put){ at, text, strlen(text),
		talkfile_hash(text, strlen(text)) };
}

static void
put(struct fx *fx, uint32_t at, const char *text)
{
	const struct talkfile_put p = version(at, text);

	assert_int_equal(talkfile_put(&fx->f, &p, 1), 0);
}

/* NULL: there is none. */
static void
expect(const struct fx *fx, uint32_t at, const char *text)
{
	struct talkfile_record r;
	struct buf b;

	assert_int_equal(talkfile_newest(&fx->f, at, &r), text != NULL);
	if (text == NULL)
		return;
	buf_init(&b, TALKFILE_ENTRY_MAX);
	assert_int_equal(talkfile_text(&fx->f, &r, &b), 0);
	assert_string_equal(buf_cstr(&b), text);
	buf_done(&b);
}

static void
test_newest_version(void **state)
{
	struct fx *fx = *state;
	struct talkfile_record r;

	put(fx, 0, "{\"n\":0}");
	put(fx, 1, "{\"n\":1}");
	put(fx, 0, "{\"n\":\"zero\"}");
	assert_int_equal(fx->f.count, 2);
	for (int i = 0; i < 3; i++) {
		expect(fx, 0, "{\"n\":\"zero\"}");
		expect(fx, 1, "{\"n\":1}");
		expect(fx, 2, NULL);
		reopen(fx, i == 0 ? TALKFILE_READ : TALKFILE_WRITE);
	}
	put(fx, 2, "{}");
	expect(fx, 2, "{}");
	/* All versions are there for who follows, in their order. */
	assert_int_equal(talkfile_record(&fx->f, 0, &r), 0);
	assert_int_equal(r.at, 0);
	assert_int_equal(talkfile_record(&fx->f, r.next, &r), 0);
	assert_int_equal(r.at, 1);
	assert_int_equal(talkfile_record(&fx->f, r.next, &r), 0);
	assert_int_equal(r.at, 0);
	assert_int_equal(talkfile_record(&fx->f, r.next, &r), 0);
	assert_int_equal(talkfile_record(&fx->f, r.next, &r), -ENODATA);
	assert_int_equal(talkfile_record(&fx->f, r.next + 1, &r), -EBADMSG);
}

static void
test_reader_beside_a_writer(void **state)
{
	struct fx *fx = *state;
	struct talkfile reader;

	put(fx, 0, "[0]");
	assert_int_equal(talkfile_open(&reader, fx->dirfd, fx->run,
			     TALKFILE_READ),
	    0);
	put(fx, 1, "[1]");
	assert_int_equal(reader.count, 1);
	assert_int_equal(talkfile_refresh(&reader), 0);
	assert_int_equal(reader.count, 2);
	assert_int_equal(reader.size, fx->f.size);
	assert_int_equal(runlog_remove(fx->dirfd, fx->run), 0);
	assert_int_equal(talkfile_refresh(&reader), -ESTALE);
	talkfile_close(&reader);
	assert_int_equal(talkfile_open(&reader, fx->dirfd, fx->run,
			     TALKFILE_READ),
	    -ENOENT);
}

static void
test_page(void **state)
{
	struct fx *fx = *state;
	char text[16];

	assert_int_equal(talkfile_page(&fx->f, UINT32_MAX, 10, 1000), 0);
	for (uint32_t i = 0; i < 100; i++) {
		snprintf(text, sizeof(text), "\"%08u\"", i);
		put(fx, i, text);
	}
	assert_int_equal(talkfile_page(&fx->f, UINT32_MAX, 10, 1000), 90);
	assert_int_equal(talkfile_page(&fx->f, 90, 10, 1000), 80);
	assert_int_equal(talkfile_page(&fx->f, 5, 10, 1000), 0);
	assert_int_equal(talkfile_page(&fx->f, 0, 10, 1000), 0);
	/* Ten bytes each: what is too much for a page is another one's. */
	assert_int_equal(talkfile_page(&fx->f, 90, 10, 55), 85);
	assert_int_equal(talkfile_page(&fx->f, 90, 10, 3), 89);
}

static void
resize(struct fx *fx, const char *suffix, off_t len)
{
	char name[64];
	int fd;

	snprintf(name, sizeof(name), "%s%s", fx->run, suffix);
	fd = openat(fx->dirfd, name, O_RDWR);
	assert_true(fd >= 0);
	assert_int_equal(ftruncate(fd, len), 0);
	close(fd);
}

#define SLOT 16
/* What there was, and what is appended by one write. */
static const char *const old[] = { "{\"a\":1}", "{\"b\":\"two\"}", "[3]" };
static const char *const later[] = { "{\"d\":\"\\u001e\\r\\u001e\"}",
	"{\"b\":\"two and more\"}", "[5,5,5]" };
static const uint32_t later_at[] = { 3, 1, 4 };

static void
put_old_and_later(struct fx *fx, uint64_t ends[4])
{
	struct talkfile_put puts[3];
	struct talkfile_record r;

	for (uint32_t i = 0; i < 3; i++) {
		put(fx, i, old[i]);
		puts[i] = version(later_at[i], later[i]);
	}
	ends[0] = fx->f.size;
	assert_int_equal(talkfile_put(&fx->f, puts, 3), 0);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(talkfile_record(&fx->f, ends[i], &r), 0);
		ends[i + 1] = r.next;
	}
	assert_int_equal(ends[3], fx->f.size);
}

/* With `n` of what came later. */
static void
expect_later(struct fx *fx, int n)
{
	expect(fx, 0, old[0]);
	expect(fx, 1, n >= 2 ? later[1] : old[1]);
	expect(fx, 2, old[2]);
	expect(fx, 3, n >= 1 ? later[0] : NULL);
	expect(fx, 4, n >= 3 ? later[2] : NULL);
}

/* And it goes on as if nothing had been cut. */
static void
expect_goes_on(struct fx *fx)
{
	const uint32_t next = fx->f.count;

	put(fx, next, "{\"new\":true}");
	put(fx, 0, "{\"a\":\"again\"}");
	reopen(fx, TALKFILE_WRITE);
	expect(fx, next, "{\"new\":true}");
	expect(fx, 0, "{\"a\":\"again\"}");
	expect(fx, next + 1, NULL);
}

static void
fresh(struct fx *fx)
{
	talkfile_close(&fx->f);
	assert_int_equal(runlog_remove(fx->dirfd, fx->run), 0);
	assert_int_equal(talkfile_open(&fx->f, fx->dirfd, fx->run,
			     TALKFILE_WRITE),
	    0);
}

/* A kill within the write of the records: no slot is written yet. */
static void
test_records_cut_anywhere(void **state)
{
	struct fx *fx = *state;
	uint64_t ends[4], cut;
	int n;

	put_old_and_later(fx, ends);
	for (cut = ends[0]; cut <= ends[3]; cut++) {
		fresh(fx);
		put_old_and_later(fx, ends);
		talkfile_close(&fx->f);
		resize(fx, ".say", (off_t)cut);
		/* As the slots were: of the old entries alone. */
		resize(fx, ".sax", SLOT);
		reopen(fx, TALKFILE_WRITE);
		for (n = 0; n < 3 && ends[n + 1] <= cut; n++)
			;
		/* Also for who reads beside it. */
		assert_int_equal(talkfile_refresh(&fx->f), 0);
		assert_int_equal(fx->f.size, ends[n]);
		expect_later(fx, n);
		expect_goes_on(fx);
	}
}

/* The first `n` of the later slots, and some bytes of the next one. */
static void
cut_slots(struct fx *fx, const uint8_t was[3 * SLOT], int n, int bytes)
{
	uint8_t all[5 * SLOT], slot[SLOT];
	char name[64];
	int fd;

	snprintf(name, sizeof(name), "%s.sax", fx->run);
	fd = openat(fx->dirfd, name, O_RDWR);
	assert_true(fd >= 0);
	assert_int_equal(pread(fd, all, sizeof(all), 0), sizeof(all));
	assert_int_equal(ftruncate(fd, 0), 0);
	assert_int_equal(pwrite(fd, was, 3 * SLOT, 0), 3 * SLOT);
	for (int i = 0; i <= n && i < 3; i++) {
		const size_t len = (size_t)(i < n ? SLOT : bytes);

		memcpy(slot, all + later_at[i] * SLOT, SLOT);
		assert_int_equal(pwrite(fd, slot, len, later_at[i] * SLOT),
		    len);
	}
	close(fd);
}

/*
 * A kill within the write of the slots. One that is there already lies within a
 * page, where the kernel writes it in one piece.
 */
static void
test_slots_cut_anywhere(void **state)
{
	struct fx *fx = *state;
	uint8_t was[3 * SLOT];
	uint64_t ends[4];

	for (int n = 0; n <= 3; n++)
		for (int bytes = 0; bytes < SLOT; bytes++) {
			if (bytes > 0 && (n == 1 || n == 3))
				continue;
			fresh(fx);
			for (uint32_t i = 0; i < 3; i++)
				put(fx, i, old[i]);
			assert_int_equal(pread(fx->f.idx, was, sizeof(was), 0),
			    sizeof(was));
			fresh(fx);
			put_old_and_later(fx, ends);
			talkfile_close(&fx->f);
			cut_slots(fx, was, n, bytes);
			reopen(fx, TALKFILE_WRITE);
			assert_int_equal(fx->f.size, ends[3]);
			expect_later(fx, 3);
			expect_goes_on(fx);
		}
}

/* After a loss of power a slot can say what is not there, or not as put. */
static void
test_slots_of_what_is_lost(void **state)
{
	static const char zeros[64];
	struct fx *fx = *state;
	struct talkfile_record r;
	uint64_t ends[4];
	struct buf b;

	put_old_and_later(fx, ends);
	talkfile_close(&fx->f);
	resize(fx, ".say", (off_t)ends[1] + 3);
	reopen(fx, TALKFILE_READ);
	/* Its newest version is lost, and an older one is not it. */
	expect(fx, 1, NULL);
	expect(fx, 2, old[2]);
	reopen(fx, TALKFILE_WRITE);
	assert_int_equal(fx->f.size, ends[1]);
	expect_later(fx, 1);
	/* What comes there now is not taken for it. */
	put(fx, 2, "{\"other\":\"and longer than what was cut off there\"}");
	expect(fx, 4, NULL);
	expect_goes_on(fx);
	/* Zeros in the place of what was put. */
	fresh(fx);
	put_old_and_later(fx, ends);
	assert_true(talkfile_newest(&fx->f, 0, &r));
	assert_int_equal(pwrite(fx->f.fd, zeros, r.len, (off_t)r.next - r.len),
	    r.len);
	buf_init(&b, TALKFILE_ENTRY_MAX);
	assert_int_equal(talkfile_text(&fx->f, &r, &b), -EBADMSG);
	assert_int_equal(b.len, 0);
	buf_done(&b);
}

/* Nothing that is said is taken for the beginning of a record. */
static void
test_no_record_within(void **state)
{
	struct fx *fx = *state;
	struct talkfile_record r;
	uint64_t ends[4], off;
	int found = 0;

	put_old_and_later(fx, ends);
	for (off = 0; off < fx->f.size; off++)
		if (talkfile_record(&fx->f, off, &r) == 0)
			found++;
	assert_int_equal(found, 6);
}

/* What did not fit is not there, and it fits later. */
static void
test_no_room(void **state)
{
	struct fx *fx = *state;
	struct rlimit was, now;
	struct talkfile_put puts[2] = { version(1, "[1]"),
		version(2, "\"a text that is too long for what is left\"") };
	struct talkfile reader;
	uint64_t size;

	put(fx, 0, "[0]");
	size = fx->f.size;
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &was), 0);
	(void)signal(SIGXFSZ, SIG_IGN);
	now = was;
	now.rlim_cur = size + 40;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &now), 0);
	assert_int_equal(talkfile_put(&fx->f, puts, 2), -EFBIG);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &was), 0);
	assert_int_equal(talkfile_open(&reader, fx->dirfd, fx->run,
			     TALKFILE_READ),
	    0);
	assert_int_equal(reader.size, size);
	assert_int_equal(reader.count, 1);
	talkfile_close(&reader);
	assert_int_equal(talkfile_put(&fx->f, puts, 2), 0);
	expect(fx, 2, puts[1].text);
}

static void
test_only_ids_are_names(void **state)
{
	static const char *const bad[] = { "", "../x", "x",
		"01a1fc02-e49e-70d6-829f-cc5ba764db67x" };
	struct fx *fx = *state;
	struct talkfile f;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(talkfile_open(&f, fx->dirfd, bad[i],
				     TALKFILE_WRITE),
		    -EINVAL);
	/* The control. */
	assert_int_equal(talkfile_open(&f, fx->dirfd, fx->run, TALKFILE_READ),
	    0);
	talkfile_close(&f);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
		T(test_newest_version),
		T(test_reader_beside_a_writer),
		T(test_page),
		T(test_records_cut_anywhere),
		T(test_slots_cut_anywhere),
		T(test_slots_of_what_is_lost),
		T(test_no_record_within),
		T(test_no_room),
		T(test_only_ids_are_names),
	};

	return CHECK_RUN("talkfile", tests);
}
