/* SPDX-License-Identifier: MIT */
/*
 * Sockets as /proc shows them at one moment. This finds what events do not: a
 * socket that somebody else made and an rdv merely holds. Where there are no
 * events it is all there is, and what lives shorter than the time between two
 * looks is missed.
 *
 * A socket says itself what it is, wherever its namespace, bound or not. The
 * kernel's tables are read only for what the command line may have: to list
 * them takes milliseconds, for they are large even when they are empty.
 */
#include "ports.h"
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/xattr.h>
#include <unistd.h>

#define SEEN_MAX    1024
#define LISTENING   0x0a
#define UNCONNECTED 0x07

/* What was found already. */
static unsigned long seen[SEEN_MAX];
static size_t nseen;

/* comm, state and parent of a process; false when it has gone. */
static bool
read_stat(int pid, char comm[17], char *state, int *parent)
{
	char path[64], text[512];
	const char *open_at, *close_at;
	ssize_t n;
	int fd;

	(void)snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd == -1)
		return false;
	n = read(fd, text, sizeof(text) - 1);
	(void)close(fd);
	text[n > 0 ? n : 0] = '\0';
	open_at = strchr(text, '(');
	close_at = strrchr(text, ')');
	if (open_at == NULL || close_at == NULL)
		return false;
	(void)snprintf(comm, 17, "%.*s", (int)(close_at - open_at - 1),
	    open_at + 1);
	return sscanf(close_at + 1, " %c %d", state, parent) == 2;
}

static bool
below_us(int parent)
{
	char comm[17], state;

	while (parent > 1 && parent != getpid()) {
		if (!read_stat(parent, comm, &state, &parent))
			return false;
	}
	return parent == getpid();
}

static bool
is_new(unsigned long inode)
{
	size_t i;

	for (i = 0; i < nseen; i++) {
		if (seen[i] == inode)
			return false;
	}
	if (nseen < SEEN_MAX)
		seen[nseen++] = inode;
	return true;
}

/* An address of the tables: words of four bytes, in the host's order. */
static bool
hex_is_loopback(const char *hex)
{
	unsigned char ip[16];
	uint32_t word;
	size_t len;

	for (len = 0; len < 16 && isxdigit((unsigned char)*hex); len += 4) {
		if (strlen(hex) < 8 || sscanf(hex, "%8" SCNx32, &word) != 1)
			return false;
		memcpy(ip + len, &word, 4);
		hex += 8;
	}
	return is_loopback(ip, len);
}

static bool
line_says(const char *line, unsigned long inode, bool wide)
{
	char address[64];
	unsigned long its;
	unsigned state;

	return sscanf(line, " %*d: %63s %*s %x %*s %*s %*s %*u %*d %lu",
		   address, &state, &its) == 3 &&
	       its == inode && state == LISTENING &&
	       !(wide && hex_is_loopback(address));
}

/* Whether a TCP socket of the process listens: beyond the loopback, if wide. */
static bool
listens(int pid, unsigned long inode, bool wide)
{
	static const char *const tables[] = { "tcp", "tcp6" };
	char path[64], line[512];
	bool does = false;
	size_t i;
	FILE *f;

	for (i = 0; i < 2; i++) {
		(void)snprintf(path, sizeof(path), "/proc/%d/net/%s", pid,
		    tables[i]);
		f = fopen(path, "re");
		while (f != NULL && fgets(line, sizeof(line), f) != NULL)
			does = does || line_says(line, inode, wide);
		if (f != NULL)
			(void)fclose(f);
	}
	return does;
}

/* A line of one of our own tables, or false. */
struct entry {
	unsigned port, state;
	unsigned long inode;
};

static bool
read_entry(const char *line, struct entry *e)
{
	return sscanf(line,
		   " %*d: %*[0-9A-F]:%x %*s %x %*s %*s %*s %*u %*d %lu",
		   &e->port, &e->state, &e->inode) == 3;
}

/* Whether such a socket is in our namespace: of that inode, or on that port. */
static bool
is_here(const char *const *tables, unsigned state, unsigned long inode,
    unsigned port)
{
	char path[64], line[512];
	bool here = false;
	struct entry e;
	FILE *f;

	for (; *tables != NULL; tables++) {
		(void)snprintf(path, sizeof(path), "/proc/self/net/%s",
		    *tables);
		f = fopen(path, "re");
		while (f != NULL && fgets(line, sizeof(line), f) != NULL)
			here =
			    here || (read_entry(line, &e) && e.state == state &&
					(inode != 0 ? e.inode == inode
						    : e.port == port));
		if (f != NULL)
			(void)fclose(f);
	}
	return here;
}

static const char *const tcp[] = { "tcp", "tcp6", NULL };
static const char *const udp[] = { "udp", "udp6", NULL };

/* True when it has no interface but the loopback. */
static bool
has_lo_alone(int pid)
{
	char path[64], line[512], name[32];
	bool alone = true;
	FILE *f;

	(void)snprintf(path, sizeof(path), "/proc/%d/net/dev", pid);
	f = fopen(path, "re");
	if (f == NULL)
		return false;
	while (fgets(line, sizeof(line), f) != NULL)
		if (sscanf(line, " %31[^:]:", name) == 1 &&
		    strchr(line, ':') != NULL)
			alone = alone && strcmp(name, "lo") == 0;
	(void)fclose(f);
	return alone;
}

bool
lives_apart(int pid, unsigned port)
{
	char path[64], its[64], ours[64];
	ssize_t n, m = readlink("/proc/self/ns/net", ours, sizeof(ours));

	(void)snprintf(path, sizeof(path), "/proc/%d/ns/net", pid);
	n = readlink(path, its, sizeof(its));
	if (n <= 0)
		return !is_here(tcp, LISTENING, 0, port);
	return (n != m || memcmp(its, ours, (size_t)n) != 0) &&
	       has_lo_alone(pid);
}

/* It connects, and hears whom it has asked and nobody else. */
static bool
is_egress(const char *comm, const char *protocol, unsigned long inode)
{
	if (strcmp(comm, "rdv-egress") != 0)
		return false;
	if (strncmp(protocol, "TCP", 3) == 0)
		return !is_here(tcp, LISTENING, inode, 0);
	return strncmp(protocol, "UDP", 3) == 0 &&
	       !is_here(udp, UNCONNECTED, inode, 0);
}

/* It asks rdv-egress, of whom its namespace has one, and hears nobody. */
static bool
is_push(const char *comm, int pid, const char *protocol, unsigned long inode)
{
	return strcmp(comm, "rdv-push") == 0 &&
	       strncmp(protocol, "TCP", 3) == 0 && lives_apart(pid, 0) &&
	       !listens(pid, inode, false);
}

/* By the name of its protocol: "UNIX-STREAM", "TCPv6", "UDP", "RAW"... */
static bool
is_allowed(const char *comm, int pid, const char *protocol, unsigned long inode)
{
	return strncmp(protocol, "UNIX", 4) == 0 ||
	       strcmp(protocol, "NETLINK") == 0 ||
	       (strcmp(comm, "rdv") == 0 && strncmp(protocol, "TCP", 3) == 0 &&
		   !listens(pid, inode, true)) ||
	       is_egress(comm, protocol, inode) ||
	       is_push(comm, pid, protocol, inode);
}

/* A descriptor that has gone meanwhile has no name. */
static void
take_fd(int pid, const char *comm, const char *fd)
{
	char path[320], link[64], protocol[32], what[96];
	unsigned long inode;
	ssize_t n;

	(void)snprintf(path, sizeof(path), "/proc/%d/fd/%s", pid, fd);
	n = readlink(path, link, sizeof(link) - 1);
	link[n > 0 ? n : 0] = '\0';
	if (sscanf(link, "socket:[%lu]", &inode) != 1)
		return;
	n = getxattr(path, "system.sockprotoname", protocol,
	    sizeof(protocol) - 1);
	protocol[n > 0 ? n : 0] = '\0';
	if (n <= 0 || is_allowed(comm, pid, protocol, inode) || !is_new(inode))
		return;
	(void)snprintf(what, sizeof(what), "holds a socket of %s", protocol);
	found(comm, pid, what);
}

/* False when the descriptors are closed to us; a process may go meanwhile. */
static bool
take_process(int pid, const char *comm)
{
	char path[64];
	struct dirent *d;
	DIR *dir;

	(void)snprintf(path, sizeof(path), "/proc/%d/fd", pid);
	dir = opendir(path);
	if (dir == NULL)
		return errno == ENOENT || errno == ESRCH;
	while ((d = readdir(dir)) != NULL)
		take_fd(pid, comm, d->d_name);
	(void)closedir(dir);
	return true;
}

/* The name alone first: it is cheap, and nearly nobody is an rdv. */
static bool
is_rdv(const char *number)
{
	char path[320], comm[4] = "";
	int fd;

	(void)snprintf(path, sizeof(path), "/proc/%s/comm", number);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd == -1)
		return false;
	if (read(fd, comm, 3) != 3)
		comm[0] = '\0';
	(void)close(fd);
	return strcmp(comm, "rdv") == 0;
}

/* 1 when it is closed to us. */
static unsigned
look_at(int pid)
{
	char comm[17], state;
	int parent;

	if (!read_stat(pid, comm, &state, &parent) || state == 'Z' ||
	    !below_us(parent))
		return 0;
	return take_process(pid, comm) ? 0 : 1;
}

unsigned
look(void)
{
	DIR *proc = opendir("/proc");
	struct dirent *d;
	unsigned closed = 0;

	if (proc == NULL) {
		found("the watch", 0, "cannot look");
		return 0;
	}
	while ((d = readdir(proc)) != NULL) {
		if (isdigit((unsigned char)d->d_name[0]) && is_rdv(d->d_name))
			closed += look_at((int)strtol(d->d_name, NULL, 10));
	}
	(void)closedir(proc);
	return closed;
}
