/* SPDX-License-Identifier: MIT */
#ifndef RDV_TESTS_PORTS_H
#define RDV_TESTS_PORTS_H
/*
 * What rdv may have of the network while tests run: nothing. First exception:
 * `rdv up` binds a TCP port of the loopback address, which nginx inherits, and
 * asks there whether nginx answers.
 *
 * A process is known by its name, and what begins with "rdv" is one of ours:
 * rdvd, rdv-helper, rdv-ops, rdv-reaper and any build of them. "rdv" alone is
 * the command line, the only one with that exception. Whoever takes another
 * name is not known: that is an attacker, whom the filter of rdvd must stop.
 *
 * The second is rdv-egress, the way out of a run whose network is held to a
 * list: it connects, and looks up names. It listens in the network namespace of
 * its run, which has a loopback interface and nothing else, so nobody but that
 * run can reach it; in ours it hears nobody. The third is rdv-push, which lives
 * in such a namespace and connects to that rdv-egress.
 */
#include <stdbool.h>
#include <stddef.h>
#include <poll.h>
#include <sys/types.h>

#define RINGS_MAX 256

/* Takes a breach: the process, its number in our eyes, what it does. */
void found(const char *who, int pid, const char *what);

/* Four bytes of an address as the kernel has them, or sixteen. */
bool is_loopback(const unsigned char *ip, size_t len);

/*
 * Whether the process is in a network namespace with a loopback interface alone
 * that is not ours. One that has gone is in none, so that nobody listens on
 * that port in ours is enough then.
 */
bool lives_apart(int pid, unsigned port);

struct events;

/*
 * Has the kernel report each network socket that an rdv makes and each that it
 * listens on, among our children to come and theirs, whoever they become and
 * in whatever namespace. Lives as long as we do. NULL, with the reason in
 * `why`, where that cannot be had: it takes CAP_PERFMON and a readable tracefs.
 */
struct events *events_open(char *why, size_t size);

/* Fills at most RINGS_MAX to wait for with poll(2); how many. */
size_t events_poll(const struct events *e, struct pollfd *out);

/* What was reported since the last call goes to found(). */
void events_take(struct events *e);

/*
 * Looks once at what every rdv among our descendants has open, each in its own
 * network namespace. Orphans are descendants for a subreaper. Each socket goes
 * to found() once. The number of those whose descriptors are closed to us.
 */
unsigned look(void);
#endif
