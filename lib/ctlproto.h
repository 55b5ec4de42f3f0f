/* SPDX-License-Identifier: MIT */
#ifndef RDV_CTLPROTO_H
#define RDV_CTLPROTO_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/buf.h"

/*
 * What [main] says to its children, each packet with at most one descriptor;
 * nobody answers. The first byte tells which:
 *
 *   'O' to rdvd or [audit]  a socket to [ops]
 *   'S' to rdvd    all of rdv ends: SIGTERM follows, and means more than rdvd
 *       to [ops]   and so do all runs, when this socket ends
 *   'D' to [ops]   a socket to rdvd
 *   'A' to [ops]   a socket to [audit]
 *   'H' to rdvd    another program takes its place: SIGTERM follows
 *   'G' to [ops]   a run of an [ops] before it, of which nothing is left
 * and rdvd says once
 *   'N'            it knows what runs
 * and in system mode
 *   'L' to rdvd    a listening socket, and whom it serves
 *   'U' to rdvd    an account that is served no more
 *   'M' to rdvd    how much output is to be kept for an account by now
 *   'R' to rdvd    what else rdvd is to hold an account to by now
 *   'T' to rdvd    a file with the service token, and which was the one before
 *   'P' to [ops]   the file with the accounts that are admitted from now on
 */
#define CTL_OPS	     'O'
#define CTL_STOP     'S'
#define CTL_DAEMON   'D'
#define CTL_AUDIT    'A'
#define CTL_GONE     'G'
#define CTL_LEAVE    'H'
#define CTL_SETTLED  'N'
#define CTL_LISTEN   'L'
#define CTL_UNLISTEN 'U'
#define CTL_OUTPUT   'M'
#define CTL_LIMIT    'R'
#define CTL_SERVICE  'T'
#define CTL_ACCOUNTS 'P'

#define CTL_NAME_MAX 64
#define CTL_RULE_MAX 255
#define CTL_MB_MAX   (UINT64_C(1) << 40)
#define CTL_MAX	     384 /* bytes in a packet */

enum ctl_kind { CTL_API, CTL_TERMINAL, CTL_KIND_MAX };

struct ctl_listen {
	uint8_t kind;	/* enum ctl_kind */
	uint8_t web;	/* 1: of the reverse proxy, which is nobody */
	uint8_t by_web; /* 1: through that one this account may be reached */
	uint32_t uid;	/* who may connect, beside root */
	char name[CTL_NAME_MAX + 1]; /* of that account */
};

struct ctl_unlisten {
	uint32_t uid;
};

struct ctl_output {
	uint32_t uid;
	uint64_t bytes; /* of all its runs; 0: no limit */
};

/* Of what an account has rdv make. */
enum ctl_what { CTL_WORKTREES, CTL_TRANSFER, CTL_WHATS };

struct ctl_limit {
	uint8_t what; /* enum ctl_what */
	uint32_t uid;
	uint64_t mb;		   /* 0: no limit */
	char by[CTL_RULE_MAX + 1]; /* the rule of the policy; "" without one */
};

struct ctl_service {
	uint8_t previous[32]; /* SHA-256 of the text of the one before */
	int64_t until; /* honoured until then, wall ms; 0: there is none */
};

struct ctl_gone {
	uint64_t handle;
	int32_t status; /* of its program, if [main] waited for that; or -1 */
};

struct ctl_settled {
	uint32_t found; /* what [ops] had: adopted, or ended as nobody's */
	uint32_t lost;	/* runs by their rows that nobody has any more */
};

/* Append the whole packet. */
void ctl_put_listen(struct buf *b, const struct ctl_listen *m);
void ctl_put_unlisten(struct buf *b, const struct ctl_unlisten *m);
void ctl_put_output(struct buf *b, const struct ctl_output *m);
void ctl_put_limit(struct buf *b, const struct ctl_limit *m);
void ctl_put_service(struct buf *b, const struct ctl_service *m);
void ctl_put_gone(struct buf *b, const struct ctl_gone *m);
void ctl_put_settled(struct buf *b, const struct ctl_settled *m);
/* The packet after its first byte. False unless every byte is in its place. */
bool ctl_get_listen(struct buf *b, struct ctl_listen *m);
bool ctl_get_unlisten(struct buf *b, struct ctl_unlisten *m);
bool ctl_get_output(struct buf *b, struct ctl_output *m);
bool ctl_get_limit(struct buf *b, struct ctl_limit *m);
bool ctl_get_service(struct buf *b, struct ctl_service *m);
bool ctl_get_gone(struct buf *b, struct ctl_gone *m);
bool ctl_get_settled(struct buf *b, struct ctl_settled *m);

#endif
