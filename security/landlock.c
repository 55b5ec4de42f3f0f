/* SPDX-License-Identifier: MIT */
/*
 * Landlock by raw system call: libc 2.36 has no wrappers and the headers of
 * Debian 12 end at version 2, so the numbers stand here. What a version cannot
 * restrict is masked by a table and told to whoever asks, never assumed.
 */
#include "security/landlock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "security/mutant.h"

#define FS_EXECUTE     (1ull << 0)
#define FS_WRITE_FILE  (1ull << 1)
#define FS_READ_FILE   (1ull << 2)
#define FS_READ_DIR    (1ull << 3)
#define FS_REMOVE_DIR  (1ull << 4)
#define FS_REMOVE_FILE (1ull << 5)
#define FS_MAKE_DIR    (1ull << 7)
#define FS_MAKE_REG    (1ull << 8)
#define FS_MAKE_SOCK   (1ull << 9)
#define FS_MAKE_FIFO   (1ull << 10)
#define FS_MAKE_SYM    (1ull << 12)
#define FS_REFER       (1ull << 13)
#define FS_TRUNCATE    (1ull << 14)
#define FS_IOCTL_DEV   (1ull << 15)
/*
 * Version 1: EXECUTE .. MAKE_SYM; 6 and 11 make device nodes, which no rule
 * below ever grants.
 */
#define FS_V1 ((1ull << 13) - 1)

#define SCOPE_ABSTRACT_SOCKET (1ull << 0)
#define SCOPE_SIGNAL	      (1ull << 1)

/* bind(2) and connect(2), since version 4. No rule ever grants the first. */
#define NET_TCP	    3ull
#define NET_CONNECT 2ull
#define FIRST_NET   4

#define CREATE_VERSION	  1u
#define RULE_PATH_BENEATH 1
#define RULE_NET_PORT	  2

/* A kernel takes a longer struct than it knows when the rest is zero. */
struct ruleset_attr {
	uint64_t fs;
	uint64_t net;
	uint64_t scoped;
};

struct path_attr {
	uint64_t access;
	int32_t fd;
} __attribute__((packed));

struct port_attr {
	uint64_t access;
	uint64_t port;
};

/* Index: version. */
static const struct version {
	uint64_t fs, scoped;
	const char *missing;
} versions[] = {
	{ 0, 0, "the kernel has no Landlock" },
	{ FS_V1, 0,
	    "no renames across directories, no hold on truncate(2), device "
	    "ioctls, signals and abstract sockets" },
	{ FS_V1 | FS_REFER, 0,
	    "no hold on truncate(2), device ioctls, signals and abstract "
	    "sockets" },
	{ FS_V1 | FS_REFER | FS_TRUNCATE, 0,
	    "no hold on device ioctls, signals and abstract sockets" },
	{ FS_V1 | FS_REFER | FS_TRUNCATE, 0,
	    "no hold on device ioctls, signals and abstract sockets" },
	{ FS_V1 | FS_REFER | FS_TRUNCATE | FS_IOCTL_DEV, 0,
	    "no hold on signals and abstract sockets" },
	{ FS_V1 | FS_REFER | FS_TRUNCATE | FS_IOCTL_DEV,
	    SCOPE_ABSTRACT_SOCKET | SCOPE_SIGNAL, "" },
	{ FS_V1 | FS_REFER | FS_TRUNCATE | FS_IOCTL_DEV,
	    SCOPE_ABSTRACT_SOCKET | SCOPE_SIGNAL, "" },
};
#define NEWEST ((int)(sizeof(versions) / sizeof(versions[0])) - 1)

#define ON_FILES \
	(FS_EXECUTE | FS_WRITE_FILE | FS_READ_FILE | FS_TRUNCATE | FS_IOCTL_DEV)
#define READ (FS_READ_FILE | FS_READ_DIR)
#define STORE                                                           \
	(FS_WRITE_FILE | FS_TRUNCATE | FS_REMOVE_DIR | FS_REMOVE_FILE | \
	    FS_MAKE_DIR | FS_MAKE_REG | FS_REFER)
#define CHANGE (STORE | FS_MAKE_SOCK | FS_MAKE_FIFO | FS_MAKE_SYM)

static const uint64_t rights[LANDLOCK_ACCESS_MAX] = {
	[LANDLOCK_READ] = READ,
	[LANDLOCK_READ_EXEC] = READ | FS_EXECUTE,
	[LANDLOCK_WRITE] = READ | CHANGE,
	[LANDLOCK_WRITE_EXEC] = READ | CHANGE | FS_EXECUTE,
	[LANDLOCK_STORE] = READ | STORE,
	[LANDLOCK_DEVICE] = FS_READ_FILE | FS_WRITE_FILE | FS_TRUNCATE,
	[LANDLOCK_TERMINAL] =
	    FS_READ_FILE | FS_WRITE_FILE | FS_TRUNCATE | FS_IOCTL_DEV,
	[LANDLOCK_LIST] = FS_READ_DIR,
	[LANDLOCK_MKDIR] = FS_MAKE_DIR,
};

static const struct {
	uint64_t fs, scoped;
} holds[LANDLOCK_HOLD_MAX] = {
	[LANDLOCK_HOLD_RENAME] = { FS_REFER, 0 },
	[LANDLOCK_HOLD_TRUNCATE] = { FS_TRUNCATE, 0 },
	[LANDLOCK_HOLD_DEVICES] = { FS_IOCTL_DEV, 0 },
	[LANDLOCK_HOLD_SIGNALS] = { 0, SCOPE_SIGNAL },
	[LANDLOCK_HOLD_ABSTRACT] = { 0, SCOPE_ABSTRACT_SOCKET },
};

unsigned
landlock_means(enum landlock_access access)
{
	unsigned m = 0;

	if ((rights[access] & FS_READ_FILE) != 0)
		m |= LANDLOCK_MEANS_READ;
	if ((rights[access] & FS_WRITE_FILE) != 0)
		m |= LANDLOCK_MEANS_WRITE;
	if ((rights[access] & FS_EXECUTE) != 0)
		m |= LANDLOCK_MEANS_RUN;
	return m;
}

bool
landlock_holds(int abi, enum landlock_hold hold)
{
	return ((versions[abi].fs & holds[hold].fs) |
		   (versions[abi].scoped & holds[hold].scoped)) != 0;
}

int
landlock_abi(void)
{
	long v;

	if (mutant("landlock 2"))
		return 2;
	if (mutant("landlock 1"))
		return 1;
	if (mutant("landlock 0"))
		return 0;
	v = syscall(SYS_landlock_create_ruleset, NULL, 0, CREATE_VERSION);
	if (v < 0)
		return 0;
	return v > NEWEST ? NEWEST : (int)v;
}

const char *
landlock_missing(int abi)
{
	return versions[abi].missing;
}

int
landlock_new(bool network)
{
	const int abi = landlock_abi();
	const struct ruleset_attr attr = { .fs = versions[abi].fs,
		.net = network || abi < FIRST_NET ? 0 : NET_TCP,
		.scoped = versions[abi].scoped };
	long fd;

	if (abi == 0)
		return -EOPNOTSUPP;
	fd = syscall(SYS_landlock_create_ruleset, &attr, sizeof(attr), 0);
	return fd < 0 ? -errno : (int)fd;
}

int
landlock_allow_fd(int ruleset, int fd, enum landlock_access access)
{
	struct path_attr attr = { .access = rights[access], .fd = fd };
	struct stat st;

	if (fstat(fd, &st) < 0)
		return -errno;
	/* EINVAL: a directory's right on a file, or one not handled. */
	attr.access &= versions[landlock_abi()].fs;
	if (!S_ISDIR(st.st_mode))
		attr.access &= ON_FILES;
	if (syscall(SYS_landlock_add_rule, ruleset, RULE_PATH_BENEATH, &attr,
		0) < 0)
		return -errno;
	return 0;
}

int
landlock_allow(int ruleset, const char *path, enum landlock_access access)
{
	int fd, err;

	fd = open(path, O_PATH | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	err = landlock_allow_fd(ruleset, fd, access);
	(void)close(fd);
	return err;
}

int
landlock_allow_port(int ruleset, uint16_t port)
{
	const struct port_attr attr = { .access = NET_CONNECT, .port = port };

	if (landlock_abi() >= FIRST_NET &&
	    syscall(SYS_landlock_add_rule, ruleset, RULE_NET_PORT, &attr, 0) <
		0)
		return -errno;
	return 0;
}

int
landlock_restrict(int ruleset)
{
	if (syscall(SYS_landlock_restrict_self, ruleset, 0) < 0)
		return -errno;
	return 0;
}
