/* SPDX-License-Identifier: MIT */
#ifndef RDV_STORE_H
#define RDV_STORE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

struct parked;

/*
 * What is parked, kept once more by the service manager: systemd's descriptor
 * store, sd_pid_notify_with_fds(3), FileDescriptorStoreMax=. It gives all of it
 * to the next [main] of the service, after a restart and after a crash, and
 * closes it when the service is stopped or given up: then nobody has the socket
 * of a reaper any more, which ends its run.
 *
 * Each descriptor has a name of its own of three characters, for all names
 * together are one variable of the next program, which the kernel holds to 128
 * KiB. A name is a number of 18 bits: the place of a run, and what of it this
 * is; the ninth has the name of the first with a sign more, so that eight of a
 * run take 33 bytes at most. The first is a sealed memory file with the record
 * of the run.
 */
#define STORE_MAX    31000 /* descriptors, by that limit */
#define STORE_NAME   3
#define STORE_ROLES  9
#define STORE_PLACES (1u << 15)

/* What was inherited, before anything else is done with it. */
struct store_given {
	unsigned n;   /* descriptors, from 3 on */
	char **names; /* of each; NULL when n is 0 */
};

/* A run's place. */
struct stored {
	TAILQ_ENTRY(stored) entry;
	unsigned place;
	unsigned room;	/* descriptors it may come to */
	uint16_t has;	/* a bit for each role that the manager has */
	uint16_t stale; /* and for each to be taken back before it is put */
	uint8_t end;	/* enum storerun_what it has been told */
	bool live;	/* there is such a run */
};

struct store {
	int sock;     /* to the manager; -1: it cannot be told now */
	unsigned max; /* descriptors; 0: nothing is kept, all is taken back */
	unsigned used;
	unsigned next; /* place */
	bool behind;   /* there is more to tell it */
	bool deaf;     /* and it was said that it cannot be told */
	TAILQ_HEAD(, stored) list;
	char **strange; /* names that are none of ours, to be taken back */
	unsigned nstrange;
	uint64_t *lost; /* handles of what was ended; 0: it cannot be read */
	unsigned nlost;
};

/*
 * From $LISTEN_PID, $LISTEN_FDS and $LISTEN_FDNAMES: nothing, where those are
 * not for this process.
 */
void store_given_take(struct store_given *g);
/*
 * `max`: what it is said to take. The store keeps less or, where there is no
 * manager to tell, nothing: then the log has a line.
 */
struct store *store_new(unsigned max);
void store_free(struct store *s);
/* Runs outlive [main]; false as well for NULL, of user mode. */
bool store_keeps(const struct store *s);
/*
 * Takes over what was given, and frees the names: whole runs into `p`, if such
 * are kept. Of any other the reaper is told to end it, its handle goes to
 * `lost`, and the next store_sync() takes it back. Returns how many are in `p`.
 */
unsigned store_load(struct store *s, struct store_given *g, struct parked *p);
/*
 * Has the manager keep what is parked, and nothing else: as much as it takes
 * now, in the order of being parked. With `behind` it is to be called again.
 */
void store_sync(struct store *s, const struct parked *p);
/* The same until it has all of that, at most `ms` long. */
void store_flush(struct store *s, const struct parked *p, int ms);
/*
 * What the program before this one had put there, of a run in `p`. NULL: there
 * is no such place, or it is another run's.
 */
struct stored *
store_carried(struct store *s, unsigned place, unsigned nfds, uint16_t has);
/* It has something of what it would not keep. */
bool store_abandons(const struct store *s);

#endif
