/* SPDX-License-Identifier: MIT */
#ifndef RDV_TEST_CORERIG_H
#define RDV_TEST_CORERIG_H

#include <stdbool.h>
#include <stdint.h>

#include "daemon/app.h"
#include "daemon/conf.h"
#include "daemon/core/session.h"
#include "daemon/store/runs.h"
#include "daemon/store/sessions.h"
#include "lib/secret.h"
#include "tests/unit/core/opsrig.h"

#define CORERIG_RUNS	   16
#define CORERIG_GENERATION UINT64_C(0x5500000000)

/* A process as the scripted [ops] sees it; its far end is the test's. */
struct fake_run {
	uint64_t handle; /* 0: unused */
	char label[PRIV_LABEL_MAX + 1], profile[PRIV_PROFILE_MAX + 1];
	char cwd[256], argv0[256], argv1[256], env[1024];
	uint8_t io;
	uint64_t output_bytes; /* as SPAWN told it */
	bool exited, acked, told;
	enum priv_halt halt;
	int status;
	struct seqpkt_fds fds; /* [ops]'s own copies */
	int far;	       /* slave of a pty, stdout of pipes */
	unsigned signals, all;
	int sig;
	bool row_was_there; /* when SPAWN arrived */
};

/*
 * A daemon's core on a real database, and an [ops] that answers by script. The
 * daemon may be taken away and started again while [ops] goes on.
 */
struct corerig {
	struct app app;
	struct conf conf;
	struct opsrig ops;
	char base[64];
	char user[UUID_TEXT];
	/* The script. */
	uint64_t generation;
	uint64_t output_max;	   /* of the account; 0: no limit */
	uint32_t guards;	   /* PRIV_G_*, of what is started */
	bool hold_spawn;	   /* SPAWN is not answered */
	bool fail_spawn;	   /* SPAWN fails at C12 */
	bool no_program;	   /* and then at P3 instead */
	const char *deny_spawn;	   /* why the next is DENIED; NULL: it is not */
	bool cramped;		   /* no room for what INVENTORY brings */
	struct rlimit files;	   /* what there was before */
	bool mute_inventory;	   /* INVENTORY is not answered */
	unsigned busy_inventories; /* so many are answered by BUSY, */
	uint64_t busy_from;	   /* those behind this handle */
	bool mute_logout;	   /* LOGOUT is not answered */
	bool exit_on_signal;	   /* who is ended reports it at once */
	unsigned busy;		   /* so many SIGNALs are answered BUSY */
	uint32_t held;		   /* id of the SPAWN not answered */
	uint32_t logout;	   /* id of the newest LOGOUT */
	unsigned logouts;
	struct fake_run runs[CORERIG_RUNS];
	unsigned nruns, spawns, logins;
	struct session_place typed; /* where a text was, last */
	struct priv_login login;    /* the newest */
	bool deny_login;	    /* LOGIN is DENIED */
	/* The newest outcome of a session call. */
	unsigned answers;
	int err;
	char id[UUID_TEXT], why[256];
};

int corerig_setup(void **state);
int corerig_teardown(void **state);
/* rdvd ends and another one starts; `kill`: without a word to anybody. */
void corerig_daemon_down(struct corerig *r);
void corerig_daemon_up(struct corerig *r);
void corerig_until(struct corerig *r, bool (*cond)(void *arg), void *arg);
/* Until nothing moves any more. */
void corerig_settle(struct corerig *r);

/* A session of `/bin/prog arg`; waits for the answer, which is in `r`. */
void corerig_create(struct corerig *r, const char *name);
struct session_who corerig_who(struct corerig *r, const char *id);
/* Waits for one more answer. */
void corerig_answer(struct corerig *r);
struct fake_run *corerig_run(struct corerig *r, const char *label);
/* The program ends: [ops] sends EXIT, its far end is closed. */
void corerig_exit(struct corerig *r, struct fake_run *f, int status);
/* What [ops] answers to a SPAWN it held. */
void corerig_release(struct corerig *r);

/* Rows as they stand; texts are valid until the next call. */
const struct store_run *corerig_row(struct corerig *r, const char *run_id);
const struct store_session *corerig_session(struct corerig *r, const char *id);
/* Events of a kind in the outbox about `subject`. */
unsigned
corerig_events(struct corerig *r, const char *kind, const char *subject);
/* The bytes of a run's log, in a static buffer. */
const char *corerig_log(struct corerig *r, const char *run_id);

#endif
