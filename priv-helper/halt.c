/* SPDX-License-Identifier: MIT */
/*
 * Whether the program of a run is stopped, as its parent hears it from the
 * kernel. Invariant: no more than one such word waits for [ops] at a time, and
 * one a second is said, so that a program that is stopped and goes on without
 * end costs nobody else anything, and the last word of a reaper, how its run
 * has ended, always finds room.
 */
#include "priv-helper/halt.h"

#include <linux/sockios.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>

#include "lib/clock.h"
#include "lib/seqpkt.h"
#include "priv-helper/reaper.h"
#include "security/mutant.h"

/* Between two words. */
#define GAP_MS 1000
/* What was said before has not been read: [ops] is busy, or another comes. */
#define AGAIN_MS 100

/*
 * Once is enough: of a stop and what undoes it the kernel keeps the later one,
 * and one that comes after this look has a SIGCHLD of its own.
 */
void
halt_look(struct halt *h, pid_t program)
{
	siginfo_t si = { .si_pid = 0 };

	if (waitid(P_PID, (id_t)program, &si,
		WSTOPPED | WCONTINUED | WNOHANG) == 0 &&
	    si.si_pid != 0)
		h->now = si.si_code == CLD_STOPPED;
}

/* Nothing that was said before is still on its way. */
static bool
is_heard(int control)
{
	int unread;

	return ioctl(control, SIOCOUTQ, &unread) == 0 && unread == 0;
}

int
halt_tell(struct halt *h, int control)
{
	struct reaper_report report;
	const int64_t now = clock_mono_ms();

	if (control < 0 || (h->now == h->told && !h->asked))
		return -1;
	if (now < h->next && !mutant("halt gap"))
		return (int)(h->next - now);
	memset(&report, 0, sizeof(report));
	report.news = h->now ? REAPER_HALTED : REAPER_GOES_ON;
	if (!is_heard(control) ||
	    seqpkt_send(control, &report, sizeof(report), NULL) != 0)
		return AGAIN_MS;
	h->told = h->now;
	h->asked = false;
	h->next = now + GAP_MS;
	return -1;
}
