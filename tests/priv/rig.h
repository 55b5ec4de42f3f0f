/* SPDX-License-Identifier: MIT */
#ifndef RDV_RIG_H
#define RDV_RIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "lib/buf.h"
#include "lib/privproto.h"
#include "lib/seqpkt.h"

/* Long enough for a loaded machine; nothing waits this long when it works. */
#define RIG_MS 60000

/*
 * A private rdv-helper with this test in rdvd's place. Every wait has a
 * deadline and fails the test; rig_stop() fails it when something is left.
 */
struct rig {
	char dir[64];  /* holds all of it */
	char base[80]; /* dir/base */
	pid_t helper;
	unsigned nofile;      /* hard limit for the helper; 0: ours */
	const char *programs; /* where the helper lies; NULL: as built */
	int ready;	      /* for --ready-fd; 0: none */
	int listen;	      /* where stubd reports */
	int relay;	      /* to stubd */
	pid_t daemon;
	char told[8192]; /* stubd's arguments and environment, by line */
	int control, api, terminal; /* rdvd's descriptors 3, 4, 5 */
	int ops;		    /* -1 before rig_connect() */
	uint32_t id;
	struct priv_hello hello;
	struct priv_login_answer login;
	struct priv_exit notices[64];
	unsigned nnotices;
	struct priv_halted halt; /* the last HALT */
	unsigned nhalts;	 /* and how many there were */
	struct priv_ports ports; /* the last PORTS */
	unsigned nports;	 /* the same of these */
};

struct rig_spawn {
	const char *profile; /* NULL: login */
	const char *cwd;     /* NULL: "/" */
	const char *const *argv, *const *env, *const *paths;
	bool pty;
	bool talk;   /* standard input is a socket */
	uint8_t net; /* enum priv_net */
	const char *const *hosts;
	const char *label;
	const char *token; /* for a door; NULL: none */
};

/* For `argv`: the words of a program, and a shell with that text. */
#define ARGV(...) ((const char *const[]){ __VA_ARGS__, NULL })
#define SH(text)  ARGV("/bin/sh", "-c", text)

struct rig_result {
	struct priv_spawn_answer a;
	struct seqpkt_fds fds;
};

/* `mutant`: the guard that is off, in the test build; NULL: the real one. */
void rig_start(struct rig *r, const char *mutant);
/* The two halves, for tests that do something in between. */
void rig_prepare(struct rig *r);
/* With all of it in another place than /tmp. */
void rig_prepare_in(struct rig *r, const char *parent);
void rig_launch(struct rig *r, const char *mutant);
/* Waits for (another) stubd, then for its socket to [ops]. */
void rig_daemon(struct rig *r);
void rig_ops(struct rig *r);
/* HELLO on a fresh connection. */
void rig_hello(struct rig *r);
/* The same and LOGIN. */
void rig_login(struct rig *r);
/* LOGIN alone, whatever comes of it. */
void rig_ask_login(struct rig *r, const struct priv_login *m,
    struct priv_login_answer *a);
void rig_stop(struct rig *r);
/* SIGKILL for stubd, and all its descriptors closed. */
void rig_kill_daemon(struct rig *r);
/* As rig_stop(), but only waits; returns the wait status. */
int rig_wait(struct rig *r);
void rig_cleanup(struct rig *r);
/* The directory of the programs built beside the tests, without links. */
void rig_tools(char *out, size_t size);

uint32_t rig_id(struct rig *r);
void rig_send(struct rig *r, const void *p, size_t len);
/* The next answer, header read; EXIT notices on the way are kept. */
void rig_answer(struct rig *r, struct buf *b, struct priv_header *h,
    struct seqpkt_fds *fds);
/* The same where there may be more of them than six. */
void rig_answer_many(struct rig *r, struct buf *b, struct priv_header *h,
    struct seqpkt_many *fds);
void
rig_spawn(struct rig *r, const struct rig_spawn *s, struct rig_result *out);
void rig_spawn_send(struct rig *r, const struct rig_spawn *s);
void rig_spawn_answer(struct rig *r, struct rig_result *out);
void rig_close(struct rig_result *res);
enum priv_result rig_signal(struct rig *r, uint64_t handle, int sig, bool all);
/* Waits for the EXIT notice of that run. */
void rig_exit(struct rig *r, uint64_t handle, struct priv_exit *out);
/* Until the last that was told of it is that. */
void rig_halt(struct rig *r, uint64_t handle, enum priv_halt halt);
enum priv_result rig_ack(struct rig *r, uint64_t handle);
/* A token of `uid` by the hash of its text; `why` may be NULL. */
enum priv_result
rig_enroll(struct rig *r, uid_t uid, const uint8_t sha256[PRIV_HASH_LEN],
    int64_t expires_ms, char why[PRIV_WHY_MAX + 1]);
/* With the rig's grant. */
enum priv_result rig_revoke(struct rig *r, const uint8_t sha256[PRIV_HASH_LEN]);
/*
 * All that one answer has of `most` descriptors, and these; the caller frees
 * both.
 */
void rig_inventories(struct rig *r, uint64_t after, uint8_t most, struct buf *b,
    struct seqpkt_many *fds);
/* The next run in it, or the end of the list. False: there is neither. */
bool rig_next(struct buf *b, struct seqpkt_many *many,
    struct priv_inventory_answer *a, struct seqpkt_fds *fds);
/* The first of them. PRIV_NO_SUCH: no further run. */
enum priv_result rig_inventory(struct rig *r, uint64_t after,
    struct priv_inventory_answer *a, struct seqpkt_fds *fds);
/*
 * A whole run: everything it wrote (stdout, or the terminal), NUL-terminated,
 * and its end. Asserts that it was started.
 */
void rig_run(struct rig *r, const struct rig_spawn *s, char *out, size_t size,
    struct priv_exit *end);

/* One that ends with 0. */
void rig_done(struct rig *r, const struct rig_spawn *s, char *out, size_t size);
/* The positive control: a program runs and is heard. */
void rig_serves(struct rig *r);

/* Until end of file or EIO; what exceeds `size` is dropped. */
size_t rig_read_all(int fd, char *out, size_t size);
/* Waits until `fd` is readable; false after RIG_MS. */
bool rig_readable(int fd);
/* The first number that a run writes on its output. */
pid_t rig_read_pid(int fd);
/* True when end of file has come, false when [ops] still holds it. */
bool rig_closed(int fd);
/* The helper's standard error so far, NUL-terminated. */
void rig_log(const struct rig *r, char *out, size_t size);
/* Waits until the log contains `text`. */
void rig_expect_log(const struct rig *r, const char *text);
bool rig_alive(pid_t pid);
pid_t rig_parent(pid_t pid);
/* Our number of the process that `run`, a living one, knows as `inside`. */
pid_t rig_outside(pid_t run, pid_t inside);
/*
 * Our name of the directory that a living `run` knows as `inside`, its TMPDIR.
 */
void rig_tmpdir(pid_t run, const char *inside, char out[64]);
/*
 * True for what is out of reach: refused or, in its own namespaces, not there.
 */
bool rig_refused(const char *name_of_errno);
/* Waits until no process of that pid is left. */
void rig_gone(pid_t pid);
int64_t rig_deadline(void);
/* Monotonic milliseconds have passed `deadline`; otherwise waits a moment. */
bool rig_late(int64_t deadline);
unsigned rig_count_fds(void);

#endif
