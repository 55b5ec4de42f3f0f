/* SPDX-License-Identifier: MIT */
/*
 * Asking [audit] for a record, and waiting for it: an act that leaves no trace
 * is not done. [ops] serves everybody with one thread, so it waits with a
 * deadline, and after one that passed it does not wait again until the answer
 * has come; an [audit] that hangs costs one delay and not one for each act.
 */
#include "priv-helper/auditask.h"

#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "lib/buf.h"
#include "lib/clock.h"
#include "lib/log.h"
#include "lib/seqpkt.h"
#include "security/mutant.h"

static bool
no(char *why, size_t whysize, const char *text)
{
	snprintf(why, whysize, "audit: %s", text);
	return false;
}

void
audit_connect(struct audit_link *a, int sock)
{
	if (a->sock >= 0)
		(void)close(a->sock);
	a->sock = sock;
	a->acked = a->asked;
	a->late = false;
}

/* Takes what answers there are. False when the other end is gone. */
static bool
read_acks(struct audit_link *a)
{
	struct audit_ack ack;
	long n;

	while ((n = seqpkt_recv(a->sock, &ack, sizeof(ack), NULL)) > 0) {
		if (n != (long)sizeof(ack))
			break;
		a->ack = ack;
		a->acked = ack.id;
	}
	if (n == -EAGAIN) {
		a->late = a->late && a->acked != a->asked;
		return true;
	}
	audit_connect(a, -1);
	return false;
}

static int
send_record(struct audit_link *a, struct audit_msg *m)
{
	struct buf b;
	int err;

	m->id = a->id + 1;
	m->pid = (uint32_t)getpid();
	m->missed = a->missed;
	buf_init(&b, SEQPKT_MAX);
	auditmsg_put(&b, m);
	err =
	    buf_ok(&b) ? seqpkt_send(a->sock, b.data, b.len, NULL) : -EMSGSIZE;
	buf_done(&b);
	if (err != 0)
		return err;
	a->missed = 0;
	a->late = a->late && a->acked != a->asked;
	a->id++;
	if (m->ack == 1)
		a->asked = a->id;
	return 0;
}

bool
audit_begin(struct audit_link *a, struct audit_msg *m, char *why,
    size_t whysize)
{
	int err;

	if (mutant("audit-block"))
		return true;
	if (a->sock < 0 || !read_acks(a))
		return no(why, whysize,
		    "the process that keeps it is not there; it is started "
		    "again");
	if (a->late)
		return no(why, whysize,
		    "the process that keeps it does not answer");
	m->ack = 1;
	err = send_record(a, m);
	if (err == -EMSGSIZE)
		return no(why, whysize, "the record would be too long");
	return err == 0 || no(why, whysize, strerror(-err));
}

static void
in_vain(struct audit_link *a)
{
	a->vain = a->vain == 0 ? 1 : a->vain * 2;
	if (a->vain > AUDIT_SPARE_MAX)
		a->vain = AUDIT_SPARE_MAX;
	a->spare = a->vain;
}

/*
 * The answer is some 50 us away, and waking a processor that went to sleep
 * takes half of that again. Giving way each time costs nobody anything; on a
 * machine where that takes long, sleeping is no worse.
 */
static void
stay_awake(struct audit_link *a)
{
	const int64_t until = clock_mono_us() + AUDIT_AWAKE_US;
	bool late = false;

	if (a->spare > 0) {
		a->spare--;
		return;
	}
	while (!late && read_acks(a) && a->acked != a->asked) {
		(void)sched_yield();
		late = clock_mono_us() >= until;
	}
	if (late)
		in_vain(a);
	else
		a->vain = 0;
}

bool
audit_wait(struct audit_link *a, char *why, size_t whysize)
{
	const int64_t deadline = clock_mono_ms() + AUDIT_WAIT_MS;
	struct pollfd p = { .fd = a->sock, .events = POLLIN };
	int64_t left = AUDIT_WAIT_MS;

	if (mutant("audit-block"))
		return true;
	stay_awake(a);
	while (read_acks(a) && a->acked != a->asked && left > 0) {
		(void)poll(&p, 1, (int)left);
		left = deadline - clock_mono_ms();
	}
	if (a->sock < 0)
		return no(why, whysize,
		    "the process that keeps it has ended; it is started again");
	if (a->acked != a->asked) {
		a->late = true;
		log_errorx("audit", "no answer in %d ms", AUDIT_WAIT_MS);
		return no(why, whysize,
		    "the process that keeps it does not answer");
	}
	return a->ack.ok == 1 ||
	       no(why, whysize,
		   a->ack.why[sizeof(a->ack.why) - 1] == '\0' ? a->ack.why
							      : "?");
}

bool
audit_before(struct audit_link *a, struct audit_msg *m, char *why,
    size_t whysize)
{
	m->phase = AUDIT_BEFORE;
	return audit_begin(a, m, why, whysize) && audit_wait(a, why, whysize);
}

bool
audit_well(struct audit_link *a)
{
	return a->sock >= 0 && read_acks(a) && !a->late;
}

bool
audit_absent(struct audit_link *a)
{
	char why[AUDIT_WHY];

	return !a->late && !audit_wait(a, why, sizeof(why)) && !a->late;
}

/* A full socket empties within a moment, or [audit] hangs. */
static bool
has_room(struct audit_link *a)
{
	struct pollfd p = { .fd = a->sock, .events = POLLOUT };

	if (!a->late && poll(&p, 1, AUDIT_WAIT_MS) == 1)
		return true;
	a->late = true;
	return false;
}

void
audit_tell(struct audit_link *a, struct audit_msg *m)
{
	int err = -EPIPE;

	if (mutant("audit-off"))
		return;
	m->ack = 0;
	if (a->sock >= 0)
		err = send_record(a, m);
	if (err == -EAGAIN && has_room(a))
		err = send_record(a, m);
	if (err == 0)
		return;
	a->missed++;
	log_errorx("audit", "a record is lost: %s", strerror(-err));
}
