/* SPDX-License-Identifier: MIT */
#ifndef RDV_AUDITMSG_H
#define RDV_AUDITMSG_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/privproto.h"

#define AUDIT_WHY 160 /* a sentence, with its NUL */

struct buf;

/*
 * What [ops] and [main] tell [audit]: one packet for each record. Both ends are
 * the same program, so the numbers need not outlive it.
 */
enum audit_act {
	AUDIT_STARTED, /* of [main]: a process it has begun, and ended */
	AUDIT_ENDED,
	AUDIT_LOGIN,
	AUDIT_LOGOUT,
	AUDIT_SPAWN,
	AUDIT_SIGNAL,
	AUDIT_ENROLL,
	AUDIT_REVOKE,
	AUDIT_EXIT,    /* a run has ended with all it started */
	AUDIT_POLICY,  /* read again: of [ops] in force, of [main] unusable */
	AUDIT_ROTATE,  /* of [main]: another service token */
	AUDIT_UPGRADE, /* of [main]: other programs in the place of these */
	AUDIT_BROKEN,  /* rdvd has sent what is no request: [ops] ends */
	AUDIT_ASK,     /* could something begin now? Leaves no record */
	AUDIT_ACTS
};

/* Before an act, after it; or the only record of what was not to be asked. */
enum audit_phase { AUDIT_BEFORE, AUDIT_AFTER, AUDIT_REFUSED, AUDIT_NEWS };

/* Zero is "not said" for everything but what the act's own row names. */
struct audit_msg {
	uint32_t id;
	uint8_t ack; /* 1: the sender waits */
	uint8_t act, phase;
	uint32_t pid;	 /* of the sender */
	uint32_t missed; /* records that did not get through before this one */
	uint32_t uid;
	uint32_t grant;		      /* its number, which is no secret */
	uint8_t kind;		      /* enum priv_login_kind */
	uint8_t token[PRIV_HASH_LEN]; /* of its text, which is one */
	int64_t expires;	      /* of the token, wall clock ms */
	/* SHA-256 of the policy's text, before and after it was read again. */
	uint8_t policy[2][PRIV_HASH_LEN];
	/* And of whom it admits, with their groups. */
	uint8_t admitted[2][PRIV_HASH_LEN];
	uint64_t handle;
	uint32_t subject; /* pid of what was started or has ended */
	uint32_t guards;
	uint8_t result; /* enum priv_result */
	uint8_t all;
	int32_t err, status, sig;
	uint8_t net;		      /* enum policy_net, of a start */
	uint8_t hostc;		      /* how many hosts, when that is a list */
	uint8_t hosts[PRIV_HASH_LEN]; /* SHA-256 of each, and a NUL */
	char name[PRIV_PROFILE_MAX + 1]; /* a profile, or a process of [main] */
	char label[PRIV_LABEL_MAX + 1];
	char stage[33];
	char why[PRIV_WHY_MAX + 1];
	char *cwd;   /* these are hashed and not written: argv, names, cwd */
	char **argv; /* but for argv[0] */
	char **env;  /* names, without values */
	char **paths;
	unsigned argc, envc, pathc;
};

/* [audit] to whoever waits. */
struct audit_ack {
	uint32_t id;
	uint32_t ok;
	char why[AUDIT_WHY];
};

/* b->failed when it is too long for a packet. */
void auditmsg_put(struct buf *b, const struct audit_msg *m);
/* False: the sender is broken. Otherwise auditmsg_done() is owed. */
bool auditmsg_get(struct buf *b, struct audit_msg *m);
void auditmsg_done(struct audit_msg *m);
/* The fields of a record, from "act=" on; needs auditcrypt_load(). */
void auditmsg_fields(struct buf *b, const struct audit_msg *m);

#endif
