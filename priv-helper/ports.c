/* SPDX-License-Identifier: MIT */
/*
 * Which TCP ports the processes of a run listen on. It is its reaper that
 * looks: it is of the run's account, an ancestor of all its processes and in
 * its network, so nobody needs another right for this.
 *
 * Invariant: a port is a run's when one of its processes holds a descriptor of
 * the very socket that the kernel lists as listening there. A process counts
 * when the kernel says that it is a child of one that does, read from the
 * directory that was opened, so that a number given to another meanwhile is not
 * taken for it; and a descriptor by the kernel's name of it, which no file can
 * have, as those begin with a slash. (Its inode number would not do: any file
 * system has sockets, with numbers of its own.)
 */
#include "priv-helper/ports.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "security/mutant.h"

#define LISTEN_MAX 1024 /* sockets that listen, of whomever */
#define LINES_MAX  4096
#define TABLE_BUF  (64 * 1024)
#define PROCS_MAX  512
#define FDS_MAX	   16384 /* of all these processes together */
#define LINE	   512
#define LISTENS	   0x0a /* TCP_LISTEN, as /proc/net/tcp has it */

struct listener {
	unsigned long inode;
	unsigned state;
	uint8_t at[PRIV_PORT_LEN];
	bool ours;
};

struct look {
	struct listener all[LISTEN_MAX];
	unsigned n, left; /* those there are; those nobody was found for */
	pid_t procs[PROCS_MAX], parents[PROCS_MAX];
	unsigned nprocs;
	unsigned fds;
	bool unsure;
	char buf[TABLE_BUF];
};

/* Words as the kernel prints them: in the order of this machine. */
static bool
read_address(const char *text, size_t words, uint8_t *out)
{
	char word[9] = "";

	for (size_t i = 0; i < words; i++) {
		uint32_t w;
		char *end;

		memcpy(word, text + 8 * i, 8);
		w = (uint32_t)strtoul(word, &end, 16);
		if (*end != '\0')
			return false;
		memcpy(out + 4 * i, &w, 4);
	}
	return true;
}

/* Number, address:port here and there, state, five more, and the inode. */
static bool
read_line(const char *line, size_t words, struct listener *l)
{
	char local[40], remote[48];
	unsigned port;

	memset(l, 0, sizeof(*l));
	if (sscanf(line,
		"%*d: %32[0-9A-F]:%4X %40s %2X %*s %*s %*s %*u %*u %lu", local,
		&port, remote, &l->state, &l->inode) != 5 ||
	    l->state != LISTENS || l->inode == 0 || port == 0 ||
	    port > 0xffff || strlen(local) != 8 * words)
		return false;
	/* An address of version 4, as version 6 has it. */
	if (words == 1)
		memset(l->at + 10, 0xff, 2);
	if (!read_address(local, words, l->at + 16 - 4 * words))
		return false;
	l->at[16] = (uint8_t)(port >> 8);
	l->at[17] = (uint8_t)port;
	return true;
}

/*
 * The kernel has all that listen before all that do not (tcp_get_idx() of
 * net/ipv4/tcp_ipv4.c), and walks over what was read for each read(2): so they
 * are large, and there is a bound to them, as others may listen very often.
 */
static void
read_table(struct look *k, const char *path, size_t words)
{
	FILE *f = fopen(path, "re");
	struct listener l;
	char line[LINE];
	unsigned n = 0;

	/* Without version 6 there is no such file. */
	if (f == NULL) {
		k->unsure |= errno != ENOENT;
		return;
	}
	(void)setvbuf(f, k->buf, _IOFBF, sizeof(k->buf));
	while (n++ < LINES_MAX && fgets(line, sizeof(line), f) != NULL) {
		if (!read_line(line, words, &l)) {
			if (l.state != 0 && l.state != LISTENS)
				break;
		} else if (k->n == LISTEN_MAX) {
			k->unsure = true;
		} else {
			k->all[k->n++] = l;
		}
	}
	k->unsure |= ferror(f) != 0 || n > LINES_MAX;
	(void)fclose(f);
}

/* It has ended, which is an answer; anything else is none. */
static void
missed(struct look *k, int err)
{
	k->unsure |= err != ENOENT && err != ESRCH;
}

static void
add_child(struct look *k, pid_t pid, pid_t parent)
{
	if (k->nprocs == PROCS_MAX) {
		k->unsure = true;
		return;
	}
	k->parents[k->nprocs] = parent;
	k->procs[k->nprocs++] = pid;
}

/* The children of one thread; `dir` is its process's. */
static void
read_children(struct look *k, int dir, const char *thread, pid_t parent)
{
	char name[64];
	int fd, pid;
	FILE *f;

	(void)snprintf(name, sizeof(name), "task/%.20s/children", thread);
	fd = openat(dir, name, O_RDONLY | O_CLOEXEC);
	f = fd >= 0 ? fdopen(fd, "r") : NULL;
	if (f == NULL) {
		missed(k, errno);
		if (fd >= 0)
			(void)close(fd);
		return;
	}
	while (fscanf(f, "%d", &pid) == 1)
		add_child(k, pid, parent);
	(void)fclose(f);
}

/* A directory in that of a process; NULL: it has ended, or is closed to us. */
static DIR *
open_list(struct look *k, int dir, const char *name)
{
	int fd = openat(dir, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = fd >= 0 ? fdopendir(fd) : NULL;

	if (d == NULL) {
		missed(k, errno);
		if (fd >= 0)
			(void)close(fd);
	}
	return d;
}

/* How many there are. */
static unsigned
read_threads(struct look *k, int dir, pid_t pid)
{
	DIR *d = open_list(k, dir, "task");
	const struct dirent *e;
	unsigned n = 0;

	while (d != NULL && (e = readdir(d)) != NULL) {
		if (e->d_name[0] == '.')
			continue;
		read_children(k, dir, e->d_name, pid);
		n++;
	}
	if (d != NULL)
		(void)closedir(d);
	return n;
}

static void
match(struct look *k, const char *name)
{
	static const char prefix[] = "socket:[";
	unsigned long inode;

	if (strncmp(name, prefix, sizeof(prefix) - 1) != 0)
		return;
	inode = strtoul(name + sizeof(prefix) - 1, NULL, 10);
	for (unsigned i = 0; i < k->n; i++)
		if (k->all[i].inode == inode && !k->all[i].ours) {
			k->all[i].ours = true;
			k->left--;
		}
}

static void
read_fds(struct look *k, int dir)
{
	DIR *d = open_list(k, dir, "fd");
	const struct dirent *e;
	char name[64];
	ssize_t n;

	if (d == NULL)
		return;
	while (k->left > 0 && (e = readdir(d)) != NULL) {
		if (++k->fds > FDS_MAX) {
			k->unsure = true;
			break;
		}
		if (e->d_name[0] == '.')
			continue;
		n = readlinkat(dirfd(d), e->d_name, name, sizeof(name) - 1);
		name[n > 0 ? n : 0] = '\0';
		if (n < 0)
			missed(k, errno);
		else
			match(k, name);
	}
	(void)closedir(d);
}

/*
 * The 3rd and 4th field of its `stat`; the second may hold anything. 0: there
 * is no such process any more.
 */
static pid_t
parent_of(int dir, char *state)
{
	char text[1024];
	const char *at;
	ssize_t n;
	int fd = openat(dir, "stat", O_RDONLY | O_CLOEXEC);

	n = fd >= 0 ? read(fd, text, sizeof(text) - 1) : -1;
	if (fd >= 0)
		(void)close(fd);
	text[n > 0 ? n : 0] = '\0';
	at = strrchr(text, ')');
	if (at == NULL || strlen(at) < 5)
		return 0;
	*state = at[2];
	return (pid_t)strtol(at + 4, NULL, 10);
}

/*
 * A child whose parent has ended meanwhile is the reaper's; whose parent is
 * neither has a number that was another's.
 */
static void
look_at(struct look *k, pid_t pid, pid_t parent, pid_t self)
{
	char path[32];
	char state = '?';
	pid_t now;
	int dir;

	(void)snprintf(path, sizeof(path), "/proc/%d", (int)pid);
	dir = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0) {
		missed(k, errno);
		return;
	}
	now = parent_of(dir, &state);
	if (now == parent || now == self) {
		/* A dead one has none, and those of its threads who knows. */
		if (state != 'Z')
			read_fds(k, dir);
		if (read_threads(k, dir, pid) > 1 && state == 'Z')
			k->unsure = true;
	}
	(void)close(dir);
}

/* As the mount of /proc numbers us, which may not be ours. */
static pid_t
own_pid(void)
{
	char text[16];
	ssize_t n = readlink("/proc/self", text, sizeof(text) - 1);

	text[n > 0 ? n : 0] = '\0';
	return (pid_t)strtol(text, NULL, 10);
}

static void
look_around(struct look *k)
{
	const pid_t self = own_pid();
	int dir = open("/proc/self", O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (dir < 0 || self <= 0) {
		k->unsure = true;
	} else {
		(void)read_threads(k, dir, self);
		for (unsigned i = 0; i < k->nprocs && k->left > 0; i++)
			look_at(k, k->procs[i], k->parents[i], self);
	}
	if (dir >= 0)
		(void)close(dir);
}

/* Several sockets may share one port: once. */
static void
put(struct priv_ports *out, const uint8_t at[PRIV_PORT_LEN])
{
	for (unsigned i = 0; i < out->n; i++)
		if (memcmp(out->at[i], at, PRIV_PORT_LEN) == 0)
			return;
	if (out->n == PRIV_PORTS_MAX)
		out->unsure = true;
	else
		memcpy(out->at[out->n++], at, PRIV_PORT_LEN);
}

void
ports_look(struct priv_ports *out)
{
	struct look *k = calloc(1, sizeof(*k));

	out->n = 0;
	memset(out->at, 0, sizeof(out->at));
	out->unsure = k == NULL;
	if (k == NULL)
		return;
	read_table(k, "/proc/self/net/tcp", 1);
	read_table(k, "/proc/self/net/tcp6", 4);
	k->left = k->n;
	if (k->n > 0)
		look_around(k);
	for (unsigned i = 0; i < k->n; i++)
		if (k->all[i].ours || mutant("ports of others"))
			put(out, k->all[i].at);
	out->unsure |= k->unsure;
	free(k);
}
