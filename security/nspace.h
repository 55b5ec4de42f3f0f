/* SPDX-License-Identifier: MIT */
#ifndef RDV_NSPACE_H
#define RDV_NSPACE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* What of the file system a run has to itself. */
enum nspace_view {
	NSPACE_NONE,
	NSPACE_OVER, /* /proc, /dev/shm, /dev/pts, /tmp, over the host's */
	NSPACE_ROOT, /* those, in a root that has only what is listed */
	NSPACE_VIEWS
};

/* Things of the host's that a run can be shown. */
#define NSPACE_MOUNTS 96
/* An account in more groups than this has no namespaces. */
#define NSPACE_GROUPS 128

/* One of them. */
struct nspace_mount {
	char *from;	/* absolute */
	const char *to; /* where in the new root, without the first '/' */
	char *link;	/* a symbolic link to this, and nothing else; or NULL */
	dev_t dev;	/* what has been judged: another thing of the */
	ino_t ino;	/* same name ends the start with ESTALE */
	bool directory;
	bool readonly;
	bool device;
	bool optional; /* left out where there is no place for it */
};

/* The namespaces of one run: of users, processes and mounts, and these. */
struct nspace {
	enum nspace_view view;
	bool ipc;
	bool net;      /* one with a loopback interface and nothing else */
	bool uses_tmp; /* is shown something that lies in the host's /tmp */
	bool own_tmp;
	size_t n;
	struct nspace_mount mounts[NSPACE_MOUNTS]; /* the first n of them */
};

/* Whose, and whether ids can be set; see struct drop_plan. */
struct nspace_ids {
	bool privileged;
	uid_t uid;
	gid_t gid;
	const gid_t *groups;
	unsigned ngroups;
};

/*
 * fork(2) whose child is the first process of a new PID namespace, in a new
 * user namespace. What becomes an orphan in there comes to it, and nothing
 * outlives it. 0 in the child; the pid; or -errno with no child made. `go` is
 * for nspace_settle(). Not for uid 0, which takes CAP_SETFCAP.
 */
pid_t nspace_fork(const struct nspace_ids *ids, int go[2]);
/*
 * In that child, once it has nothing any more that others of the account may
 * not see: makes the ids known under their own numbers, and no others. It has
 * all capabilities in there. 0 or -errno: then it is not to go on.
 */
int nspace_settle(const struct nspace_ids *ids, int go[2]);
/* The CLONE_NEW* for a process to be made in there; its network comes later. */
unsigned nspace_flags(const struct nspace *s);
/*
 * In the maker of that process, if it is to have a network of its own: enters a
 * new one, which has a loopback interface and nothing else, and hands it over
 * by that end of a seqpkt_pair(). That takes half a millisecond, which passes
 * beside the other's mounts. System calls only.
 */
void nspace_lend_network(int to);
/*
 * In that process, as the user and with its capabilities still there: does what
 * no more than s->view is needed for, then shows what of the view no request
 * decides. The working directory is the view's root afterwards; `old` is for
 * nspace_enter(). System calls only. 0 or -errno.
 */
int nspace_begin(const struct nspace *s);
int nspace_show(const struct nspace *s, int *old);
/*
 * There, in the same way: enters the network that comes from the other end of
 * nspace_lend_network()'s. Waits for it.
 */
int nspace_join(int from);
/* In the same way, at last: shows the rest, and nothing else is left. */
int nspace_enter(const struct nspace *s, int old);
/*
 * In there, once the loopback interface is up: makes the socket that rdv-egress
 * is to listen on, hands it over by `leash` and waits until it has it and is
 * confined. System calls only. 0 or -errno.
 */
int nspace_offer(int leash);
/*
 * Lets a Landlock rule set reach what is new in there, right after
 * nspace_show(). 0 or -errno.
 */
int nspace_allow(const struct nspace *s, int ruleset);
/*
 * Whether this host lets us have such a view, tried in a child. 0 or -errno;
 * -EOPNOTSUPP for uid 0.
 */
int nspace_probe(enum nspace_view view, const struct nspace_ids *ids);

#endif
