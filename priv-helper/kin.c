/* SPDX-License-Identifier: MIT */
/* One child of [main] and the pace at which it is started again. */
#include "priv-helper/kin.h"

#include <string.h>
#include <unistd.h>

#include "lib/clock.h"
#include "lib/log.h"
#include "lib/seqpkt.h"
#include "priv-helper/carry.h"
#include "priv-helper/launch.h"

#define DELAY_MIN_MS 50
#define DELAY_MAX_MS 400
/* Having lived this long, an end is news and not part of a series. */
#define STEADY_MS 10000

void
kin_close(struct kin *k)
{
	if (k->control >= 0)
		(void)close(k->control);
	k->control = -1;
}

void
kin_ended(struct kin *k)
{
	const int64_t now = clock_mono_ms(), lived = now - k->started;

	k->pid = 0;
	kin_close(k);
	if (lived >= STEADY_MS)
		k->delay = 0;
	else if (lived > 2 * (k->delay + DELAY_MIN_MS))
		k->delay /= 2;
	else
		k->delay = k->delay * 2 + DELAY_MIN_MS;
	if (k->delay > DELAY_MAX_MS)
		k->delay = DELAY_MAX_MS;
	k->start_at = now + k->delay;
}

void
kin_start(struct kin *k, const struct launch *l)
{
	int pair[2], err;
	pid_t pid;

	k->started = clock_mono_ms();
	err = seqpkt_pair(pair);
	if (err != 0) {
		log_errorx("main", "cannot start %s: %s", k->name,
		    strerror(-err));
		kin_ended(k);
		return;
	}
	pid = k->launch(l, pair[1]);
	(void)close(pair[1]);
	k->control = pair[0];
	if (pid < 0) {
		log_errorx("main", "cannot start %s: %s", k->name,
		    strerror(-pid));
		kin_ended(k);
		return;
	}
	k->pid = pid;
	log_info("main", "started %s pid=%d", k->name, pid);
}

void
kin_carried(struct kin *k, const struct carry_kin *from)
{
	k->pid = from->pid;
	k->control = from->pid != 0 ? from->control : -1;
}
