/* SPDX-License-Identifier: MIT */
#ifndef RDV_SOCK_H
#define RDV_SOCK_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/*
 * A connection to a daemon that is really ours: before a byte is sent, owner
 * and mode of the directory and of the socket are checked on the descriptors
 * that the connection then goes through, and the listening process must run
 * under our own uid or root's (abuse L12). `fd` is non-blocking and
 * close-on-exec.
 *
 * `server` (may be NULL) gets the process that called listen(), as the kernel
 * noted it: [main]. RDV_E_UNAVAILABLE: nobody is there. RDV_E_DENIED: somebody
 * is, but not one to trust. Both with a sentence in `why`. Or -errno.
 */
int sock_open(int *fd, const char *path, int64_t timeout_ms, pid_t *server,
    char *why, size_t whysize);
/*
 * The path of the token that speaks for us: $RDV_TOKEN_FILE, which a program of
 * a session is given for its own, or that of the account. Caller frees.
 */
char *sock_token_path(const char *base);
/* Its first line, as below. */
int sock_own_token(char **token, const char *base, char *why, size_t whysize);
/* The first line of a 0600 file of ours. 0, or RDV_E_* with a sentence. */
int sock_token(char **token, const char *dir, const char *name, char *why,
    size_t whysize);

#endif
