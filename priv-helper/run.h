/* SPDX-License-Identifier: MIT */
#ifndef RDV_RUN_H
#define RDV_RUN_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>
#include <sys/types.h>

#include "lib/privproto.h"
#include "lib/seqpkt.h"
#include "priv-helper/policy.h"
#include "priv-helper/reaper.h"

struct spare;

#define RUNS_MAX   4096
#define RUNS_TABLE (RUNS_MAX + 256) /* with those done and not yet gone */
/*
 * Descriptors of a run at its worst: four of its own, the way to rdvd, control,
 * status. One that is held to a list of hosts has one more.
 */
#define RUN_FDS 7
/*
 * Of one that is done: control; and a second, because poll(2) refuses more
 * places than there may be descriptors, and each run in the table has two.
 */
#define RUN_DONE_FDS 2

enum run_state {
	RUN_STARTING, /* exec is still to come, or to be answered */
	RUN_RUNNING,
	RUN_ENDED, /* waits for the daemon to make the end durable */
	RUN_DONE,  /* owed to nobody; freed when its reaper is gone */
	RUN_SPARE  /* made before it is asked for, see ahead.h */
};

/* What [main] keeps of it for the next [ops], see park.h. */
enum run_parked { RUN_UNPARKED, RUN_PARKED, RUN_RESTING };

struct run {
	TAILQ_ENTRY(run) entry;
	uint64_t handle;
	enum run_state state;
	pid_t reaper; /* 0: waited for, by us or, of one adopted, by [main] */
	int pidfd;    /* of a reaper that is [main]'s child; or -1 */
	int emptying; /* events of its cgroup, which was killed; or -1 */
	int64_t empty_by; /* and may take so long to be empty; 0: it was not */
	enum run_parked parked;
	pid_t pid;   /* of the program; 0: not known yet */
	bool over;   /* everything has ended; `end` is filled */
	bool lost;   /* the reaper died without saying so */
	bool held;   /* and there are orphans of its account */
	bool ended;  /* its end is on record, and [main] knows that */
	int seen;    /* its end, by who waited for its program; -1: not known */
	int control; /* to the reaper, or -1 */
	int status;  /* read end while starting, or -1 */
	bool exec;   /* the status pipe has ended: it is the program now */
	struct drop_report failure; /* of the start; err 0: none */
	int64_t deadline;	    /* of the start, monotonic */
	int64_t leave;		/* of its reaper, when it is done; 0: not yet */
	uint32_t conn, request; /* who asked, to answer once */
	bool notice_due;
	enum priv_halt halt;
	bool halt_due;		  /* rdvd is to hear of it */
	bool ports_asked;	  /* its reaper is, and has not answered */
	int64_t ports_at;	  /* when, monotonic; 0: it never was */
	struct priv_ports *ports; /* that rdvd is to hear of; or NULL */
	char label[PRIV_LABEL_MAX + 1];
	uid_t uid; /* whose it is */
	gid_t gid;
	pid_t egress;	     /* rdv-egress of a list; 0: none, or waited for */
	int profile;	     /* index into profiles[] */
	enum policy_net net; /* what it has of the network */
	uint8_t io;
	bool uses_tmp; /* it sees something of the host's /tmp */
	uint32_t guards;
	struct priv_hold hold;
	int64_t started_ms; /* wall clock */
	int64_t until;	    /* monotonic: so long it may go on; 0: no limit */
	/* Ours until the end is confirmed; stdin only until it is answered. */
	struct seqpkt_fds fds;
	char scratch[SCRATCH_PATH];
	struct spare *spare; /* until shortly after its program has begun */
	struct priv_exit end;
};

TAILQ_HEAD(run_list, run);

/* All runs, oldest first; adopted ones have handles of another generation. */
struct runs {
	struct run_list list;
	unsigned n;
	uint64_t generation; /* random high bits of every handle */
	uint64_t serial;
};

void runs_init(struct runs *rs);
/*
 * A run with the next handle, and account, profile, io and network of another;
 * NULL when no handle is left.
 */
struct run *run_like(struct runs *rs, const struct run *other);
/* One of an [ops] before this one, by its handle, with nothing else. */
struct run *run_adopt(struct runs *rs, uint64_t handle);
/* How many of its descriptors stand behind those of its input and output. */
unsigned run_beside(const struct run *r);
/* The host's network is open to it. */
bool run_is_online(const struct run *r);
/* Ends what has begun and is not to become, or to be any more, a run. */
void run_abandon(struct run *r);
/* Closes everything and forgets the handle. */
void run_free(struct runs *rs, struct run *r);
struct run *run_find(const struct runs *rs, uint64_t handle);
/*
 * How many of those that the daemon may know have a handle above `after`; they
 * stand by rising handles in `out`, which is the caller's to free.
 */
unsigned
runs_after(const struct runs *rs, uint64_t after, const struct run ***out);
/* After the answer: what only the daemon may hold from now on. */
void run_close_stdin(struct run *r);
/*
 * What it was made of. Not in the middle of a start: that takes long, and where
 * there is one processor its program would wait for it.
 */
void run_drop_spare(struct run *r);

#endif
