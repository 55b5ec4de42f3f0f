/* SPDX-License-Identifier: MIT */
#ifndef RDV_REAPER_H
#define RDV_REAPER_H

#include <stdint.h>

#include "lib/privproto.h"
#include "priv-helper/scratch.h"
#include "security/drop.h"

/* What remains gets this long between the soft signal and SIGKILL. */
#define REAPER_GRACE_MS 2000

/*
 * Reaper to [ops]: fork is done; everything has ended; the program is stopped,
 * or goes on.
 */
enum reaper_news {
	REAPER_STARTED,
	REAPER_ENDED,
	REAPER_HALTED,
	REAPER_GOES_ON,
	REAPER_LISTENS
};

struct reaper_report {
	uint32_t news;
	int32_t pid;	/* of the program, in STARTED */
	int32_t status; /* the rest in ENDED; as wait(2) gives it */
	uint32_t maxrss_kb;
	uint32_t swept;
	uint64_t user_us, sys_us;
};

/*
 * Its answer to REAPER_PORTS: another message of another size, so that reapers
 * of an older build, which are never asked, are understood as ever.
 */
struct reaper_ports {
	uint32_t news; /* REAPER_LISTENS */
	struct priv_ports ports;
};

/* [ops] to reaper. */
enum reaper_verb {
	REAPER_SIGNAL, /* the program's process group */
	REAPER_END,    /* everything: this signal, the grace, SIGKILL */
	REAPER_KILL,   /* everything, now */
	REAPER_SAY,    /* whether the program is stopped */
	REAPER_PORTS   /* where what it has started listens */
};

struct reaper_order {
	uint32_t verb;
	int32_t sig;
};

/*
 * What a drop_report may name beside the stages C1..: the reaper was not made,
 * or the program was not, whose process and pidfd are one step.
 */
#define REAPER_STAGE_FORK   0
#define REAPER_STAGE_PIDFD  (DROP_STAGES + 1)
#define REAPER_STAGE_IDS    (DROP_STAGES + 2) /* the reaper's own */
#define REAPER_STAGE_SPACES (DROP_STAGES + 3)

struct reaper_plan {
	int control;	     /* the reaper's end */
	int cgroup;	     /* what the program is born into; -1: ours */
	const char *cgroups; /* as cgroup_init() gives it */
	uint64_t handle;
	char scratch[SCRATCH_PATH];
	int go[2]; /* of nspace_fork() */
	int leash; /* of rdv-egress; -1: none */
	struct drop_plan drop;
};

/* Of whoever the plan is for. */
struct nspace_ids;
void reaper_ids(const struct reaper_plan *p, struct nspace_ids *ids);
/* The life of a reaper, in the process that was forked for it. */
_Noreturn void reaper_run(struct reaper_plan *p);
/* "P7 pidfd", or as drop_stage_name(). */
const char *reaper_stage_name(uint32_t stage);

#endif
