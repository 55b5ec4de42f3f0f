/* SPDX-License-Identifier: MIT */
#ifndef RDV_LAUNCH_H
#define RDV_LAUNCH_H

#include <stdbool.h>
#include <sys/resource.h>
#include <sys/types.h>

#include "priv-helper/programs.h"

struct carry;
struct parked;
struct sock;
struct store;
struct system;
struct user;

/* What the three processes of [main] are started with. */
struct launch {
	const char *base;
	const char *audit;	  /* directory of the audit log */
	const char *bin;	  /* where rdv's programs are */
	struct programs programs; /* which were there when we began */
	const char *const *web;	  /* HOST:PORT, NULL-terminated */
	const struct user *user;
	rlim_t nofile;	   /* soft limit as we found it */
	int api, terminal; /* listening sockets; -1 in system mode */
	int ready;	   /* -1: nobody waits */
	int told;	   /* where rdvd's byte comes out again; -1 */
	int lock;
	struct system *system; /* NULL in user mode */
	struct parked *parked; /* runs for the next [ops] */
	struct store *store;   /* and for the next [main]; NULL in user mode */
	const char *runs;      /* unit whose cgroup they are in; NULL: ours */
	/* What [main] takes along when it becomes another program. */
	char *const *argv;
	int dir;		  /* of the base; -1 in system mode */
	int server;		  /* where what [main] says stands */
	struct sock *socks[2];	  /* api, terminal */
	const struct carry *from; /* NULL, or what it became this one with */
	bool try;		  /* rdvd only looks whether it could serve */
};

/*
 * Descriptors of rdvd, as its command line names them; the lock has no name,
 * and its own program is closed by executing it.
 */
enum {
	LAUNCH_CONTROL = 3,
	LAUNCH_API,
	LAUNCH_TERMINAL,
	LAUNCH_READY,
	LAUNCH_LOCK,
	LAUNCH_PROGRAM,
	LAUNCH_END
};

/* Exit statuses after which rdvd is not started again. */
#define LAUNCH_REFUSED	  77
#define LAUNCH_BAD_CONFIG 78

/*
 * Start the process with `control` as its end of a socket to us, which stays
 * the caller's to close. The pid, or -errno.
 */
pid_t launch_audit(const struct launch *l, int control);
pid_t launch_ops(const struct launch *l, int control);
pid_t launch_daemon(const struct launch *l, int control);
/*
 * In a child that is to end with `parent`, its maker. False: it does not, or
 * that has ended already.
 */
bool launch_bound(pid_t parent);
/* An rdvd that only looks whether it could serve; its status says. */
pid_t launch_try(const struct launch *l, int control);

#endif
