/* SPDX-License-Identifier: MIT */
#ifndef RDV_ERR_H
#define RDV_ERR_H

/*
 * The convention of the whole tree: a function returns 0 for success, a
 * negative errno for what nobody expected (it travels up unchanged and ends as
 * a 500 with a request id), and a positive enum rdv_err for a documented
 * outcome that the direct caller or the door handles. Output parameters are
 * written on success only.
 */
enum rdv_err {
	RDV_OK = 0,
	RDV_E_INVALID,	   /* an argument breaks its rule */
	RDV_E_NOT_FOUND,   /* absent, or somebody else's */
	RDV_E_EXISTS,	   /* the name or path is taken */
	RDV_E_STATE,	   /* not possible in the present state */
	RDV_E_DENIED,	   /* the caller lacks the right */
	RDV_E_TOO_BIG,	   /* over a stated bound */
	RDV_E_BUSY,	   /* something else holds it */
	RDV_E_DIRTY,	   /* uncommitted or untracked work */
	RDV_E_UNPUSHED,	   /* commits that stand nowhere else */
	RDV_E_LOCKED,	   /* git says the worktree is locked */
	RDV_E_MIDWAY,	   /* a merge, rebase or bisect is under way */
	RDV_E_UNAVAILABLE, /* helper or store cannot answer now */
	RDV_E_SPAWN,	   /* a process could not be started; see the stage */
	RDV_E_TIMEOUT,	   /* a deadline passed */
	RDV_E_FULL,	   /* no space, or a table is full */
	RDV_E_NEWER,	   /* state written by a newer rdv */
	RDV_E_CORRUPT,	   /* state fails its own checks */
	RDV_E_MALFORMED,   /* bytes that are not what they claim */
	RDV_E_REVOKED,	   /* the caller's credential counts no more */
	RDV_E_MAX
};

/* A stable lower-case name for logs, or "?" outside the enum. */
const char *err_name(int err);

#endif
