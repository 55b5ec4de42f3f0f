/* SPDX-License-Identifier: MIT */
/*
 * The audit log being written. A record is in the page cache when it is
 * acknowledged, which any process may then be killed upon; what a power cut
 * takes is at most a second of them, since they are synced together. A signed
 * head seals what stands before it, in the log and in a file beside it.
 */
#include "priv-helper/auditlog.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "lib/auditdir.h"
#include "lib/clock.h"
#include "lib/err.h"
#include "lib/log.h"
#include "lib/path.h"
#include "lib/secret.h"
#include "lib/str.h"
#include "priv-helper/auditmsg.h"
#include "security/mutant.h"

#define FILE_MAX (8 << 20) /* bytes, before the next one is begun */
/* A third of the room that is kept, at the longest a refusal can be. */
#define REFUSALS_BURST	 150
#define REFUSALS_PER_MIN 30
#define HEAD_RECORDS	 256
#define HEAD_MS		 5000
#define SYNC_MS		 1000

static void
broken(struct auditlog *log, const char *what, const char *why)
{
	snprintf(log->broken, sizeof(log->broken), "%s: %s", what, why);
	log_errorx("audit", "%s; acts are refused from now on", log->broken);
}

/* The fields every record begins with. */
static void
begin(const struct auditlog *log, struct buf *b, const char *by, uint32_t pid)
{
	const int64_t ms = clock_wall_ms();
	const time_t sec = (time_t)(ms / 1000);
	char when[32], text[40];
	struct tm tm;

	if (gmtime_r(&sec, &tm) == NULL ||
	    strftime(when, sizeof(when), "%Y-%m-%dT%H:%M:%S", &tm) == 0)
		(void)str_copy(when, "never", sizeof(when));
	snprintf(text, sizeof(text), "%s.%03dZ", when, (int)(ms % 1000));
	buf_init(b, AUDITLINE_MAX);
	auditline_put_num(b, "seq", (int64_t)log->seq + 1);
	auditline_put_word(b, "time", text);
	auditline_put_num(b, "mono", clock_mono_ms());
	auditline_put_word(b, "boot", log->boot);
	auditline_put_word(b, "by", by);
	auditline_put_num(b, "pid", pid);
}

/* All of it, or nothing: half a record would end the log (D09). */
static int
append(struct auditlog *log, const void *line, size_t len)
{
	ssize_t n = mutant("audit-full") ? -1 : write(log->file, line, len);
	const int err = n < 0 ? errno : ENOSPC;

	if (n == (ssize_t)len) {
		log->size += n;
		return 0;
	}
	if (n > 0 && ftruncate(log->file, log->size) < 0)
		broken(log, "cannot take back half a record", strerror(errno));
	/* What lies behind the end has gone with it. */
	if (n > 0)
		log->room.end = 0;
	return err == 0 ? -EIO : -err;
}

/* Ends the line and appends it. */
static int
finish(struct auditlog *log, struct buf *b, bool head)
{
	uint8_t hash[AUDIT_HASH];
	int err = -EMSGSIZE;

	if (log->left_out > 0)
		auditline_put_num(b, "omitted", (int64_t)log->left_out);
	auditline_put_hex(b, "prev", log->hash, AUDIT_HASH);
	if (head && buf_ok(b))
		auditline_sign(b, log->seed);
	if (buf_ok(b))
		auditline_end(b, log->mac);
	if (buf_ok(b)) {
		auditcrypt_hash(b->data, b->len, hash);
		b->data[b->len] = '\n';
		err = append(log, b->data, b->len + 1);
	}
	if (err == 0) {
		log->seq++;
		log->left_out = 0;
		memcpy(log->hash, hash, sizeof(hash));
		if (log->sync_due == 0)
			log->sync_due = clock_mono_ms() + SYNC_MS;
	}
	return err;
}

/* A descriptor, or -errno; -EEXIST for something that is no file. */
static int
open_file(const struct auditlog *log, const char *name, off_t *size)
{
	struct stat st;
	int fd;

	fd = openat(log->dir, name,
	    O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC,
	    0600);
	if (fd < 0)
		return -errno;
	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode)) {
		(void)close(fd);
		return -EEXIST;
	}
	*size = st.st_size;
	return fd;
}

static void
go_on_in(struct auditlog *log, unsigned number, int fd, off_t size)
{
	if (log->file >= 0)
		(void)close(log->file);
	log->file = fd;
	log->number = number;
	log->size = size;
}

/* Says that the log goes on here, and what of it a crash has cut off. */
static int
add_open(struct auditlog *log)
{
	struct buf b;
	int err;

	begin(log, &b, "audit", (uint32_t)getpid());
	auditline_put_word(&b, "act", "open");
	auditline_put_num(&b, "file", log->number);
	if (log->torn > 0)
		auditline_put_num(&b, "torn", log->torn);
	err = finish(log, &b, false);
	buf_done(&b);
	log->begun = err == 0;
	return err;
}

static void
sync_now(struct auditlog *log)
{
	if (log->sync_due == 0)
		return;
	log->sync_due = 0;
	/* What failed once may be gone, whatever a second try says (O07). */
	if (fdatasync(log->file) < 0)
		broken(log, "cannot be synced", strerror(errno));
}

/* The log first: a head beside it of what is not in it would look like a cut */
static void
sign_now(struct auditlog *log)
{
	struct buf b;
	int err;

	log->head_due = 0;
	log->unsigned_records = 0;
	begin(log, &b, "audit", (uint32_t)getpid());
	auditline_put_word(&b, "act", "head");
	err = finish(log, &b, true);
	if (err != 0)
		log->head_due = clock_mono_ms() + HEAD_MS;
	else
		sync_now(log);
	/* Its newline stands behind it. */
	if (err == 0 && log->broken[0] == '\0')
		err = auditroom_head(log->dir, b.data, b.len + 1);
	if (err != 0)
		log_errorx("audit", "no signed head: %s", strerror(-err));
	buf_done(&b);
}

/* Without room for it this one is gone on with, and what it has left. */
static void
next_file(struct auditlog *log)
{
	struct auditroom room = { .none = log->room.none };
	char name[AUDIT_NAME];
	off_t size = 0;
	int fd;

	sync_now(log);
	if (log->broken[0] != '\0')
		return;
	snprintf(name, sizeof(name), AUDIT_FILE_FMT, log->number + 1);
	fd = open_file(log, name, &size);
	if (fd == -ENOSPC || fd == -EDQUOT)
		return;
	if (fd < 0) {
		broken(log, name, strerror(-fd));
		return;
	}
	if (auditroom_take(&room, log->dir, fd, size) != 0) {
		(void)close(fd);
		(void)unlinkat(log->dir, name, 0);
		return;
	}
	/* Nothing is to come behind its end: that space is given back. */
	if (ftruncate(log->file, log->size) < 0)
		log_warn("audit", "the room of a full file is kept");
	go_on_in(log, log->number + 1, fd, size);
	log->room = room;
	log->torn = 0;
	log->begun = false;
}

/* What begins something, and what is not done while nothing may begin. */
static bool
begins(const struct audit_msg *m)
{
	return m->phase == AUDIT_BEFORE &&
	       (m->act == AUDIT_SPAWN || m->act == AUDIT_LOGIN ||
		   m->act == AUDIT_ENROLL || m->act == AUDIT_ASK);
}

/* 0, or -errno when this record may not take what is left. */
static int
make_room(struct auditlog *log, const struct audit_msg *m)
{
	int err = 0;

	/* On a full disk only those ask that depend on the answer. */
	if (!log->room.low || begins(m))
		err =
		    auditroom_renew(&log->room, log->dir, log->file, log->size);
	return begins(m) ? err : 0;
}

/*
 * Whoever asks for what is refused writes here at will, so that is bounded, and
 * on a full disk what is left is for better things. Counted by the record that
 * follows, which is a head if there is no other. A policy is read on root's
 * word alone: what rdvd is refused does not hide that one was not taken.
 */
static bool
leave_out(struct auditlog *log, const struct audit_msg *m)
{
	const int64_t now = clock_mono_ms();
	const bool scarce = auditroom_scarce(&log->room, log->size);

	if (m->phase != AUDIT_REFUSED || m->act == AUDIT_POLICY)
		return false;
	if (!scarce && bucket_take(&log->refusals, now))
		return false;
	log->left_out++;
	if (!scarce && log->head_due == 0)
		log->head_due = now + HEAD_MS;
	return true;
}

int
auditlog_add(struct auditlog *log, const char *by, const struct audit_msg *m,
    char why[AUDIT_WHY])
{
	struct buf b;
	int err = 0;

	if (log->broken[0] == '\0' && log->size >= FILE_MAX && !log->room.low)
		next_file(log);
	if (log->broken[0] != '\0') {
		(void)str_copy(why, log->broken, AUDIT_WHY);
		return RDV_E_STATE;
	}
	if (leave_out(log, m))
		return 0;
	err = make_room(log, m);
	if (err != 0) {
		snprintf(why, AUDIT_WHY, "no room for more records: %s",
		    strerror(-err));
		return err;
	}
	if (m->act == AUDIT_ASK)
		return 0;
	if (!log->begun)
		err = add_open(log);
	if (err == 0) {
		begin(log, &b, by, m->pid);
		auditmsg_fields(&b, m);
		err = finish(log, &b, false);
		buf_done(&b);
	}
	if (err != 0) {
		snprintf(why, AUDIT_WHY, "cannot write: %s", strerror(-err));
		return err;
	}
	log->unsigned_records++;
	if (log->head_due == 0)
		log->head_due = clock_mono_ms() + HEAD_MS;
	return 0;
}

int64_t
auditlog_settle(struct auditlog *log, bool now)
{
	const int64_t t = clock_mono_ms();
	int64_t next;

	if (log->broken[0] != '\0')
		return 0;
	if (log->head_due != 0 && (now || t >= log->head_due ||
				      log->unsigned_records >= HEAD_RECORDS))
		sign_now(log);
	if (log->sync_due != 0 && (now || t >= log->sync_due))
		sync_now(log);
	next = log->head_due;
	if (log->sync_due != 0 && (next == 0 || log->sync_due < next))
		next = log->sync_due;
	return next;
}

static int
write_key(int dir, const char *name, const uint8_t key[AUDIT_KEY])
{
	char text[2 * AUDIT_KEY + 2];
	int err;

	str_hex(text, key, AUDIT_KEY);
	text[2 * AUDIT_KEY] = '\n';
	err = path_write_private(dir, name, text, 2 * AUDIT_KEY + 1);
	secret_wipe(text, sizeof(text));
	return err;
}

/* A log without its keys is not gone on with: it would be another's. */
static int
load_key(int dir, const char *name, bool fresh, uint8_t key[AUDIT_KEY])
{
	int err = auditdir_key(dir, name, true, key);

	if (err != -ENOENT || !fresh)
		return err;
	secret_random(key, AUDIT_KEY);
	return write_key(dir, name, key);
}

static const char *
reason(int err)
{
	return err < 0 ? strerror(-err) : err_name(err);
}

static bool
load_keys(struct auditlog *log, bool fresh, uint8_t pub[AUDIT_KEY])
{
	int err = load_key(log->dir, AUDIT_MAC, fresh, log->mac);

	if (err == 0)
		err = load_key(log->dir, AUDIT_SECRET, fresh, log->seed);
	if (err == 0) {
		auditcrypt_public(log->seed, pub);
		err = write_key(log->dir, AUDIT_PUBLIC, pub);
	}
	if (err != 0)
		broken(log, "keys", reason(err));
	return err == 0;
}

/* The last two files: what is older has been sealed by what follows it. */
static bool
verify_tail(struct auditlog *log, const uint8_t pub[AUDIT_KEY],
    struct auditdir *d)
{
	struct audit_damage bad;
	char where[48];
	int last = auditdir_last(log->dir), err;

	memset(d, 0, sizeof(*d));
	d->chain.pub = pub;
	d->chain.mac = log->mac;
	d->chain.loose = last > 2;
	err = last < 0 ? last
		       : auditdir_head(d, log->dir, AUDIT_HEAD,
			     AUDIT_MARK_BESIDE, &bad);
	/* Ended before the first was signed, or kept. */
	if (err == -ENOENT)
		err = 0;
	if (err == 0)
		err = auditdir_walk(d, log->dir,
		    last > 2 ? (unsigned)last - 1 : 1, &bad);
	if (err == RDV_E_CORRUPT) {
		snprintf(where, sizeof(where), "%s line %llu", bad.file,
		    (unsigned long long)bad.line);
		broken(log, where, bad.what);
	} else if (err != 0) {
		broken(log, "the log", reason(err));
	}
	return err == 0;
}

void
auditlog_open(struct auditlog *log, int dir)
{
	uint8_t pub[AUDIT_KEY];
	struct auditdir d;
	const int last = auditdir_last(dir);
	const unsigned number = last > 0 ? (unsigned)last : 1;
	char name[AUDIT_NAME];
	off_t size = 0;
	int fd;

	log->dir = dir;
	log->file = -1;
	bucket_init(&log->refusals, REFUSALS_PER_MIN, REFUSALS_BURST,
	    clock_mono_ms());
	if (!load_keys(log, last <= 0, pub) || !verify_tail(log, pub, &d))
		return;
	log->seq = d.chain.seq;
	memcpy(log->hash, d.chain.hash, sizeof(log->hash));
	snprintf(name, sizeof(name), AUDIT_FILE_FMT, number);
	fd = open_file(log, name, &size);
	if (fd < 0) {
		broken(log, name, strerror(-fd));
		return;
	}
	go_on_in(log, number, fd, size);
	if (d.torn > 0 && ftruncate(log->file, d.end) < 0) {
		broken(log, "half a record", strerror(errno));
		return;
	}
	log->size = d.end;
	log->torn = d.torn;
	(void)auditroom_renew(&log->room, dir, fd, log->size);
	/* On a full disk it is tried again with the first record. */
	if (add_open(log) == 0)
		sign_now(log);
}
