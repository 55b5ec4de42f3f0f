/* SPDX-License-Identifier: MIT */
/*
 * Names of the documented outcomes, so that a log line says "dirty" and not 8.
 * A name never changes once released: people grep for it.
 */
#include "lib/err.h"

#include <stddef.h>

static const char *const names[RDV_E_MAX] = {
	[RDV_OK] = "ok",
	[RDV_E_INVALID] = "invalid",
	[RDV_E_NOT_FOUND] = "not-found",
	[RDV_E_EXISTS] = "exists",
	[RDV_E_STATE] = "state",
	[RDV_E_DENIED] = "denied",
	[RDV_E_TOO_BIG] = "too-big",
	[RDV_E_BUSY] = "busy",
	[RDV_E_DIRTY] = "dirty",
	[RDV_E_UNPUSHED] = "unpushed",
	[RDV_E_LOCKED] = "locked",
	[RDV_E_MIDWAY] = "midway",
	[RDV_E_UNAVAILABLE] = "unavailable",
	[RDV_E_SPAWN] = "spawn",
	[RDV_E_TIMEOUT] = "timeout",
	[RDV_E_FULL] = "full",
	[RDV_E_NEWER] = "newer",
	[RDV_E_CORRUPT] = "corrupt",
	[RDV_E_MALFORMED] = "malformed",
	[RDV_E_REVOKED] = "revoked",
};

const char *
err_name(int err)
{
	if (err < 0 || err >= RDV_E_MAX || names[err] == NULL)
		return "?";
	return names[err];
}
