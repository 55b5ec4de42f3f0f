/* SPDX-License-Identifier: MIT */
#ifndef RDV_LANDLOCK_H
#define RDV_LANDLOCK_H

#include <stdbool.h>
#include <stdint.h>

/* What a rule grants beneath a directory, or on one file. */
enum landlock_access {
	LANDLOCK_READ,	     /* files and directories */
	LANDLOCK_READ_EXEC,  /* and run programs */
	LANDLOCK_WRITE,	     /* read, create, change, rename, remove */
	LANDLOCK_WRITE_EXEC, /* and run programs */
	LANDLOCK_STORE,	     /* as WRITE, but files and directories alone */
	LANDLOCK_DEVICE,     /* read and write one device node */
	LANDLOCK_TERMINAL,   /* and its ioctls */
	LANDLOCK_LIST,	     /* names in directories, and no more */
	LANDLOCK_MKDIR,	     /* new directories, and no more */
	LANDLOCK_ACCESS_MAX
};

/* What one of them comes to, as bits. */
#define LANDLOCK_MEANS_READ  0x1u
#define LANDLOCK_MEANS_WRITE 0x2u
#define LANDLOCK_MEANS_RUN   0x4u
unsigned landlock_means(enum landlock_access access);

/* What not every version of the interface has a hold on. */
enum landlock_hold {
	LANDLOCK_HOLD_RENAME, /* to another directory; without: always refused
			       */
	LANDLOCK_HOLD_TRUNCATE,
	LANDLOCK_HOLD_DEVICES, /* their ioctls */
	LANDLOCK_HOLD_SIGNALS,
	LANDLOCK_HOLD_ABSTRACT, /* sockets */
	LANDLOCK_HOLD_MAX
};
bool landlock_holds(int abi, enum landlock_hold hold);

/* Version of the kernel's interface, at most the newest we know; 0: none. */
int landlock_abi(void);
/*
 * Says what this version of the interface cannot hold, as a sentence for logs,
 * or "" when nothing is missing.
 */
const char *landlock_missing(int abi);
/*
 * A rule set that handles all rights of the kernel's version, so that nothing
 * is allowed until a rule says so, with the scopes for signals and abstract
 * sockets where they exist; without `network` no TCP port is allowed, where
 * that can be held. A close-on-exec descriptor or -errno.
 */
int landlock_new(bool network);
/* Grants by open descriptor (O_PATH will do) or by path. 0 or -errno. */
int landlock_allow_fd(int ruleset, int fd, enum landlock_access access);
int landlock_allow(int ruleset, const char *path, enum landlock_access access);
/* One port to connect to; nothing where the kernel has no hold on that. */
int landlock_allow_port(int ruleset, uint16_t port);
/* Confines this thread and its descendants for good. Needs no_new_privs. */
int landlock_restrict(int ruleset);

#endif
