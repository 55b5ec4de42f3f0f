/* SPDX-License-Identifier: MIT */
#ifndef RDV_SUPER_H
#define RDV_SUPER_H

#include <stdbool.h>
#include <stdint.h>

#include "priv-helper/auditask.h"
#include "priv-helper/auditmsg.h"
#include "priv-helper/kin.h"
#include "priv-helper/upgrade.h"

/* [main] after start. */
struct super {
	const struct launch *launch;
	struct kin audit, ops, daemon;
	struct audit_link records; /* its socket is audit.control */
	int signals;
	enum phase phase;
	int64_t due;
	int status;	/* what rdv-helper will exit with */
	bool telling;	/* rdvd is to hear more, when it takes it */
	bool returning; /* what ends now is one half of a restart */
	int64_t sweep;	/* ms until orphans are looked for again; -1 */
	struct audit_msg rotation;
	struct upgrade upgrade;
};

#endif
