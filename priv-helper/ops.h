/* SPDX-License-Identifier: MIT */
#ifndef RDV_OPS_H
#define RDV_OPS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/resource.h>

#include "lib/buf.h"
#include "lib/privproto.h"
#include "priv-helper/accounts.h"
#include "priv-helper/ahead.h"
#include "priv-helper/auditask.h"
#include "priv-helper/cgroup.h"
#include "priv-helper/grant.h"
#include "priv-helper/lookup.h"
#include "priv-helper/policyfor.h"
#include "priv-helper/roots.h"
#include "priv-helper/run.h"
#include "priv-helper/tokens.h"
#include "security/filter.h"
#include "security/nspace.h"
#include "security/profile.h"

/* All that [ops] knows. There is one, and nothing of it is global. */
struct ops {
	int main;    /* from [main]; its end is ours and that of all runs */
	int daemon;  /* the socket to rdvd, or -1 */
	int signals; /* signalfd: SIGCHLD */
	int mounts;  /* of the host: POLLPRI when they have changed; or -1 */
	struct audit_link audit;
	uint32_t conn;	  /* number of the connection to rdvd */
	bool hello;	  /* rdvd has said it */
	uint32_t last_id; /* request ids rise, so that none comes twice */
	bool full;	  /* rdvd does not take what it asked for */
	bool main_full;	  /* nor [main] what is left with it */
	bool ending;
	bool outlived; /* the end of [main] is not that of all runs */
	bool privileged;
	bool system;
	int egress;	/* the program, O_PATH; -1: not installed */
	rlim_t nofile;	/* soft limit that children get back */
	rlim_t run_fds; /* how many descriptors runs may hold together */
	struct accounts accounts;     /* who is served; in user mode its own */
	struct policy_rights *rights; /* of each of them, in their order */
	const char *base;	      /* rdv's own; NULL: in each home */
	const char *bin;	      /* where rdv's programs are */
	struct program_id worker;     /* rdv-git there, at the start */
	const char *run_dir;	      /* NULL in user mode */
	struct grants grants;
	struct tokens tokens;
	struct runs runs;
	struct filter filters[PROFILES];
	struct filter own_filters[PROFILES]; /* see struct profile */
	struct filter offline_filters[PROFILES];
	struct ahead ahead;
	bool views[NSPACE_VIEWS]; /* which runs can have here */
	char cgroup[CGROUP_PATH]; /* where those of runs lie; "": none */
	unsigned cgroup_limits;	  /* CGLIMIT_*: what they can be held to */
};

/* A decoded request. */
union ops_request {
	struct priv_hello hello;
	struct priv_login login;
	struct priv_spawn spawn;
	struct priv_signal signal;
	struct priv_logout logout;
	struct priv_inventory inventory;
	struct priv_exit exit;
	struct priv_enroll enroll;
	struct priv_revoke revoke;
	struct priv_ports ports;
};

/* One verb. Decoding consumes every byte or the peer is broken. */
struct ops_verb {
	bool first; /* HELLO: the first message and no later one */
	bool (*decode)(struct buf *b, union ops_request *m);
	void (*act)(struct ops *o, uint32_t id, union ops_request *m);
};

/* NULL for a number that is no verb. */
const struct ops_verb *ops_verb(uint16_t op);

/* The acts, one per file op_<verb>.c. They judge, act and answer. */
void op_hello(struct ops *o, uint32_t id, union ops_request *m);
void op_login(struct ops *o, uint32_t id, union ops_request *m);
void op_spawn(struct ops *o, uint32_t id, union ops_request *m);
void op_signal(struct ops *o, uint32_t id, union ops_request *m);
void op_logout(struct ops *o, uint32_t id, union ops_request *m);
void op_inventory(struct ops *o, uint32_t id, union ops_request *m);
void op_exit(struct ops *o, uint32_t id, union ops_request *m);
void op_enroll(struct ops *o, uint32_t id, union ops_request *m);
void op_revoke(struct ops *o, uint32_t id, union ops_request *m);
void op_ports(struct ops *o, uint32_t id, union ops_request *m);

/*
 * Answers what has become of a start, once that is known, and moves the run
 * on. Does nothing while it is open or rdvd does not take the answer.
 */
void op_spawn_settle(struct ops *o, struct run *r);
/* The same for an end: the EXIT notice. */
void op_exit_notice(struct ops *o, struct run *r);
/* And for a program that was stopped, or goes on: HALT. */
void op_halt_notice(struct ops *o, struct run *r);
/* And for what its reaper has seen: PORTS. */
void op_ports_notice(struct ops *o, struct run *r);

#endif
