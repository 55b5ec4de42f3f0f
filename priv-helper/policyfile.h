/* SPDX-License-Identifier: MIT */
#ifndef RDV_POLICYFILE_H
#define RDV_POLICYFILE_H

#include <stddef.h>
#include <sys/types.h>

struct policy;

#define POLICYFILE "/etc/rdv/helper.toml"
/* For policyfile_*(): whose the file is, and who else may write, is all one. */
#define POLICYFILE_ANYBODY ((uid_t)-1)

/*
 * Opens `rel` below the directory `top` for reading, through no link. `top`,
 * every directory on the way and the file must belong to `owner` or root and
 * be writable by nobody else, and the file must be regular and of at most
 * POLICY_TEXT_MAX bytes. 0 with `*fd`; RDV_E_DENIED or -errno with "<part of
 * rel>: <what is wrong>" in `why`, where "." is `top`.
 */
int policyfile_open(int top, const char *rel, uid_t owner, int *fd, char *why,
    size_t whysize);
/*
 * All of what policyfile_open() has opened: 0 with `*text` to be freed, or
 * RDV_E_DENIED (it has grown) or -errno with a sentence in `why`.
 */
int policyfile_text(char **text, size_t *len, int fd, const char *path,
    char *why, size_t whysize);
/*
 * Reads a policy from what policyfile_open() has opened; the descriptor stays
 * the caller's, at its end. As policy_parse(), or -errno.
 */
int policyfile_read(struct policy *p, int fd, const char *path, char *why,
    size_t whysize);
/*
 * Both, for an absolute path; apart they are seams for tests. On every error
 * `p` is as it was, so that a file that is read again and is wrong leaves the
 * policy of before in force.
 */
int policyfile_load(struct policy *p, const char *path, uid_t owner, char *why,
    size_t whysize);

#endif
