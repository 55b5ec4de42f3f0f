/* SPDX-License-Identifier: MIT */
#ifndef RDV_AUDITCHAIN_H
#define RDV_AUDITCHAIN_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/auditline.h"

/* Names in the directory of an audit log. */
#define AUDIT_HEAD     "head"	  /* the newest signed record, once more */
#define AUDIT_PUBLIC   "sign.pub" /* in hex, as the two below */
#define AUDIT_SECRET   "sign.key"
#define AUDIT_MAC      "mac.key"
#define AUDIT_FILE_FMT "%06u.log" /* from 1, without a gap */
#define AUDIT_FILE_MAX 999999
#define AUDIT_NAME     16

/* A signed head that was kept somewhere, and has to be found in the log. */
struct audit_mark {
	uint64_t seq; /* 0: there is none */
	uint8_t hash[AUDIT_HASH];
	bool seen;
};
enum { AUDIT_MARK_BESIDE, AUDIT_MARK_GIVEN, AUDIT_MARKS };

/*
 * A walk along the log, record by record. Zeroed and with the keys set it
 * begins at the first one; with `loose` at any, which is taken as it is.
 */
struct auditchain {
	const uint8_t *pub; /* NULL: signatures are not looked at */
	const uint8_t *mac; /* NULL: neither are MACs */
	bool loose;
	struct audit_mark mark[AUDIT_MARKS];
	uint64_t seq, first, head; /* of the last, the first, the last head */
	uint8_t hash[AUDIT_HASH];  /* of the last */
	unsigned file;		   /* that is being read */
	bool fresh;		   /* nothing of it has been read yet */
};

/* Where the log is not what was written, and how. */
struct audit_damage {
	char file[AUDIT_NAME];
	uint64_t line; /* from 1; 0: the file as a whole */
	uint64_t seq;  /* that should stand there */
	char what[100];
};

/* NULL and one record further, or what is wrong with this one. */
const char *auditchain_take(struct auditchain *c, const char *text, size_t len,
    struct auditline *l);
/*
 * Takes a line that was kept as a mark; NULL, or what is wrong with it. Needs
 * the public key.
 */
const char *auditchain_mark(struct auditchain *c, unsigned which,
    const char *text, size_t len);
/* At the end: NULL, or which mark the log does not reach. */
const char *auditchain_marks(const struct auditchain *c);

#endif
