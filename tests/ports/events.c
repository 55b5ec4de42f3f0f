/* SPDX-License-Identifier: MIT */
/*
 * Sockets as the kernel's tracepoints report them: nothing is too short-lived.
 * The names are compared in the kernel, at the moment of the call, so that no
 * other process costs us anything and none can be gone before we ask for its
 * name. A call that a seccomp filter refuses does not get as far.
 *
 * Two tracepoints, because each sees what the other does not: socket(2) of any
 * kind, UDP too, but not by io_uring or a 32-bit call; and whatever makes a TCP
 * socket listen, one that was handed over too.
 */
#include "ports.h"
#include <errno.h>
#include <fcntl.h>
#include <linux/perf_event.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#define RING_PAGES  64 /* a power of two; a record has some 100 bytes */
#define RECORD_SIZE 1024
#define FIELDS	    3
#define DAEMONS                                                            \
	"comm ~ \"rdv*\" && comm != \"rdv\" && comm != \"rdv-egress\" && " \
	"comm != \"rdv-push\" && "
#define EGRESS "comm == \"rdv-egress\" && "
#define PUSH   "comm == \"rdv-push\" && "
#define CLI    "comm == \"rdv\" && "
#define INET   "(family == 2 || family == 10)" /* AF_INET, AF_INET6 */
#define LISTEN "newstate == 10"		       /* TCP_LISTEN */
#define SOCKET "syscalls/sys_enter_socket"
#define STATE  "sock/inet_sock_set_state"

/* Offsets of fields in the raw record, in the order a tap names them. */
typedef bool allowed_fn(int pid, const unsigned char *raw, const size_t *at);

static bool
never(int pid, const unsigned char *raw, const size_t *at)
{
	(void)pid;
	(void)raw;
	(void)at;
	return false;
}

static bool
is_stream(int pid, const unsigned char *raw, const size_t *at)
{
	int type;

	(void)pid;
	memcpy(&type, raw + at[0], sizeof(type));
	return (type & 0xf) == SOCK_STREAM; /* the rest are flags */
}

/* No port is looked for: one that has gone has heard nobody. */
static bool
is_stream_apart(int pid, const unsigned char *raw, const size_t *at)
{
	return is_stream(pid, raw, at) && lives_apart(pid, 0);
}

/* For names it asks by datagrams; see look.c for whom it hears. */
static bool
is_stream_or_datagram(int pid, const unsigned char *raw, const size_t *at)
{
	int type;

	(void)pid;
	memcpy(&type, raw + at[0], sizeof(type));
	type &= 0xf;
	return type == SOCK_STREAM || type == SOCK_DGRAM;
}

static bool
listens_apart(int pid, const unsigned char *raw, const size_t *at)
{
	uint16_t port;

	memcpy(&port, raw + at[0], sizeof(port));
	return lives_apart(pid, port);
}

static bool
listens_on_loopback(int pid, const unsigned char *raw, const size_t *at)
{
	uint16_t family;

	(void)pid;
	memcpy(&family, raw + at[0], sizeof(family));
	return family == AF_INET ? is_loopback(raw + at[1], 4)
				 : is_loopback(raw + at[2], 16);
}

static const struct tap {
	const char *event;
	const char *filter;
	const char *fields[FIELDS];
	allowed_fn *allowed;
	const char *who;
	const char *what;
} taps[] = {
	{ SOCKET, DAEMONS INET, { "type" }, never, "rdvd or rdv-helper",
	    "makes a network socket" },
	{ STATE, DAEMONS LISTEN, { "family" }, never, "rdvd or rdv-helper",
	    "listens on a TCP port" },
	{ SOCKET, CLI INET, { "type" }, is_stream, "rdv",
	    "makes a network socket that is not TCP" },
	{ STATE, CLI LISTEN, { "family", "saddr[4]", "saddr_v6[16]" },
	    listens_on_loopback, "rdv", "listens on TCP beyond the loopback" },
	{ SOCKET, EGRESS INET, { "type" }, is_stream_or_datagram, "rdv-egress",
	    "makes a network socket that is neither TCP nor UDP" },
	{ STATE, EGRESS LISTEN, { "sport" }, listens_apart, "rdv-egress",
	    "listens where others can reach it" },
	{ SOCKET, PUSH INET, { "type" }, is_stream_apart, "rdv-push",
	    "makes a network socket that is not TCP in a network apart" },
	{ STATE, PUSH LISTEN, { "family" }, never, "rdv-push",
	    "listens on a TCP port" },
};
#define NTAPS (sizeof(taps) / sizeof(taps[0]))

struct ring {
	int fd;
	struct perf_event_mmap_page *page;
	uint64_t ids[NTAPS];
};

struct events {
	size_t at[NTAPS][FIELDS];
	unsigned type[NTAPS];
	size_t nrings;
	struct ring rings[RINGS_MAX];
};

/*
 * tracefs in a mount of our own that stands nowhere: a fresh machine has none,
 * and one for everybody is not for a test to make. Without the right to, the
 * one that is there, if any.
 */
static int
open_tracefs(void)
{
	int root = -1, fs = fsopen("tracefs", FSOPEN_CLOEXEC);

	if (fs != -1) {
		if (fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0) == 0)
			root = fsmount(fs, FSMOUNT_CLOEXEC, 0);
		(void)close(fs);
	}
	if (root == -1)
		root = open("/sys/kernel/tracing", O_PATH | O_CLOEXEC);
	return root;
}

/* A file of a tracepoint. */
static bool
read_trace(int root, const char *event, const char *name, char *text,
    size_t size)
{
	char path[128];
	ssize_t n = -1;
	int fd;

	(void)snprintf(path, sizeof(path), "events/%s/%s", event, name);
	fd = openat(root, path, O_RDONLY | O_CLOEXEC);
	if (fd != -1) {
		n = read(fd, text, size - 1);
		(void)close(fd);
	}
	text[n > 0 ? n : 0] = '\0';
	return n > 0;
}

/* The kernel says itself where its fields are; that has changed before. */
static bool
learn(struct events *e, int root, size_t tap)
{
	char text[4096], want[64];
	const char *p;
	size_t i;

	if (!read_trace(root, taps[tap].event, "id", text, sizeof(text)))
		return false;
	e->type[tap] = (unsigned)strtoul(text, NULL, 10);
	if (!read_trace(root, taps[tap].event, "format", text, sizeof(text)))
		return false;
	for (i = 0; i < FIELDS && taps[tap].fields[i] != NULL; i++) {
		(void)snprintf(want, sizeof(want),
		    " %s;\toffset:", taps[tap].fields[i]);
		p = strstr(text, want);
		if (p == NULL)
			return false;
		e->at[tap][i] = strtoul(p + strlen(want), NULL, 10);
		if (e->at[tap][i] + 16 > RECORD_SIZE)
			return false;
	}
	return true;
}

/*
 * On ourselves and, by inheritance, on all that we start. The kernel demands
 * one event for each processor then. Those of one processor share a ring.
 */
static int
tap_open(const struct events *e, size_t tap, int cpu, struct ring *r)
{
	struct perf_event_attr attr = { .type = PERF_TYPE_TRACEPOINT,
		.size = sizeof(attr),
		.config = e->type[tap],
		.sample_period = 1,
		.sample_type =
		    PERF_SAMPLE_IDENTIFIER | PERF_SAMPLE_TID | PERF_SAMPLE_RAW,
		.disabled = 1,
		.inherit = 1,
		.wakeup_events = 1 };
	int fd = (int)syscall(SYS_perf_event_open, &attr, 0, cpu, -1,
	    PERF_FLAG_FD_CLOEXEC);
	size_t size = (size_t)sysconf(_SC_PAGESIZE) * (RING_PAGES + 1);

	if (fd == -1)
		return -1;
	if (tap == 0) {
		r->fd = fd;
		r->page =
		    mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
		if (r->page == MAP_FAILED)
			return -1;
	} else if (ioctl(fd, PERF_EVENT_IOC_SET_OUTPUT, r->fd) == -1) {
		return -1;
	}
	if (ioctl(fd, PERF_EVENT_IOC_ID, &r->ids[tap]) == -1 ||
	    ioctl(fd, PERF_EVENT_IOC_SET_FILTER, taps[tap].filter) == -1)
		return -1;
	return ioctl(fd, PERF_EVENT_IOC_ENABLE, 0);
}

/* A processor that is switched off has no events, and needs none. */
static int
ring_open(struct events *e, int cpu)
{
	struct ring *r = &e->rings[e->nrings];
	size_t tap;

	for (tap = 0; tap < NTAPS; tap++) {
		if (tap_open(e, tap, cpu, r) == -1)
			return tap == 0 && errno == ENODEV ? 0 : -1;
	}
	e->nrings++;
	return 0;
}

/* What is half open when it fails is closed by the end of this process. */
struct events *
events_open(char *why, size_t size)
{
	static struct events events;
	long cpu, cpus = sysconf(_SC_NPROCESSORS_CONF);
	int root = open_tracefs();
	size_t tap = 0;

	while (tap < NTAPS && learn(&events, root, tap))
		tap++;
	if (root != -1)
		(void)close(root);
	if (tap < NTAPS) {
		(void)snprintf(why, size, "no tracepoint %s", taps[tap].event);
		return NULL;
	}
	for (cpu = 0; cpu < cpus; cpu++) {
		if (events.nrings < RINGS_MAX &&
		    ring_open(&events, (int)cpu) == 0)
			continue;
		(void)snprintf(why, size, "perf_event_open: %s",
		    strerror(errno));
		return NULL;
	}
	return &events;
}

size_t
events_poll(const struct events *e, struct pollfd *out)
{
	size_t i;

	for (i = 0; i < e->nrings; i++)
		out[i] =
		    (struct pollfd){ .fd = e->rings[i].fd, .events = POLLIN };
	return e->nrings;
}

/* As sample_type above has the kernel write it. */
struct sample {
	struct perf_event_header header;
	uint64_t id;
	uint32_t pid, tid;
	uint32_t size;
	unsigned char raw[RECORD_SIZE];
};

static void
take_sample(struct events *e, const struct ring *r, const struct sample *s)
{
	size_t tap;

	for (tap = 0; tap < NTAPS; tap++) {
		if (r->ids[tap] == s->id &&
		    !taps[tap].allowed((int)s->pid, s->raw, e->at[tap]))
			found(taps[tap].who, (int)s->pid, taps[tap].what);
	}
}

static void
copy_out(const struct ring *r, uint64_t at, void *to, size_t len)
{
	const size_t page = (size_t)sysconf(_SC_PAGESIZE);
	const unsigned char *data = (const unsigned char *)r->page + page;
	size_t i;

	for (i = 0; i < len; i++)
		((unsigned char *)to)[i] = data[(at + i) % (RING_PAGES * page)];
}

/* The barriers are those that perf_event_open(2) demands of a reader. */
static void
take_ring(struct events *e, struct ring *r)
{
	uint64_t head = __atomic_load_n(&r->page->data_head, __ATOMIC_ACQUIRE);
	uint64_t at = r->page->data_tail;
	struct sample s;

	while (at < head) {
		memset(&s, 0, sizeof(s));
		copy_out(r, at, &s.header, sizeof(s.header));
		if (s.header.size < sizeof(s.header) ||
		    s.header.size > sizeof(s)) {
			found("the watch", 0, "cannot read a record");
			break;
		}
		copy_out(r, at, &s, s.header.size);
		at += s.header.size;
		if (s.header.type == PERF_RECORD_SAMPLE)
			take_sample(e, r, &s);
		else if (s.header.type == PERF_RECORD_LOST)
			found("the watch", 0, "has lost records");
	}
	__atomic_store_n(&r->page->data_tail, head, __ATOMIC_RELEASE);
}

void
events_take(struct events *e)
{
	size_t i;

	for (i = 0; i < e->nrings; i++)
		take_ring(e, &e->rings[i]);
}
