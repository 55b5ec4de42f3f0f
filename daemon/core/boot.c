/* SPDX-License-Identifier: MIT */
/*
 * The helper comes and goes; this is what follows from it and in which order.
 * Grants are given out only after reconciliation, so nothing is spawned while
 * what an earlier daemon spawned is still being told from it.
 */
#include "daemon/core/boot.h"

#include "daemon/app.h"
#include "daemon/core/approval.h"
#include "daemon/core/chain.h"
#include "daemon/core/devport.h"
#include "daemon/core/grant.h"
#include "daemon/core/hostboot.h"
#include "daemon/core/integrity.h"
#include "daemon/core/people.h"
#include "daemon/core/push.h"
#include "daemon/core/reset.h"
#include "daemon/core/run.h"
#include "daemon/core/session.h"
#include "daemon/core/tmux.h"
#include "daemon/core/workspace.h"
#include "daemon/core/worktree.h"
#include "daemon/helper.h"
#include "daemon/http/http.h"
#include "daemon/ready.h"
#include "lib/buf.h"
#include "lib/ctlproto.h"

/* [main] may have counted before. */
static void
tell_settled(struct app *app)
{
	struct ctl_settled m;
	struct buf b;

	runs_counts(app->runs, &m.found, &m.lost);
	buf_init(&b, CTL_MAX);
	ctl_put_settled(&b, &m);
	helper_say(app->helper, &b);
	buf_done(&b);
}

/*
 * A session to be closed may have had to wait for a run not settled at first.
 */
static void
boot_settled_cb(bool first, void *arg)
{
	struct app *app = arg;

	if (first) {
		hostboot_settled(app);
		tell_settled(app);
		grants_open(app->grants);
	}
	sessions_settle(app->sessions);
	approvals_settle(app->approvals);
	if (!first)
		return;
	http_server_release(app->server);
	worktrees_reconcile(app->worktrees);
	chains_settle(app->chains);
	integrity_settled(app->integrity);
	pushes_settle(app->pushes);
	devports_settle(app->devports);
	ready_tell(app->ready);
}

static void
boot_ready_cb(const struct priv_hello *hello, void *arg)
{
	struct app *app = arg;

	(void)hello;
	/* Grants end with the connection they were given on. */
	grants_forget(app->grants);
	chains_recall(app->chains);
	runs_reconcile(app->runs, boot_settled_cb, app);
}

static void
boot_lost_cb(void *arg)
{
	struct app *app = arg;

	grants_forget(app->grants);
	if (app->draining) {
		/* Requests that wait are answered while they exist. */
		resets_let_go(app->resets);
		worktrees_let_go(app->worktrees);
		workspaces_let_go(app->workspaces);
		tmux_let_go(app->tmuxes);
		approvals_let_go(app->approvals);
		integrity_let_go(app->integrity);
		grants_end(app->grants);
		runs_let_go(app->runs);
	} else {
		runs_lost(app->runs);
	}
}

static void
boot_exited_cb(const struct priv_exit *ev, void *arg)
{
	struct app *app = arg;

	runs_exited(app->runs, ev);
}

static void
boot_halted_cb(const struct priv_halted *ev, void *arg)
{
	struct app *app = arg;

	runs_halted(app->runs, ev);
}

static void
boot_ports_cb(const struct priv_ports *ev, void *arg)
{
	struct app *app = arg;

	devports_told(app->devports, ev);
}

static void
boot_stray_cb(uint64_t handle, void *arg)
{
	struct app *app = arg;

	runs_stray(app->runs, handle);
}

static bool
boot_word_cb(char what, struct buf *body, struct seqpkt_fds *fds, void *arg)
{
	struct app *app = arg;

	if (what == CTL_STOP) {
		app->stopping = true;
		return buf_left(body) == 0 && fds->n == 0;
	}
	if (what == CTL_LEAVE) {
		app->leaving = true;
		return buf_left(body) == 0 && fds->n == 0;
	}
	/* In user mode all there is was there at the start. */
	return app->people != NULL && people_word(app->people, what, body, fds);
}

const struct helper_ops boot_helper_ops = {
	.ready = boot_ready_cb,
	.lost = boot_lost_cb,
	.exited = boot_exited_cb,
	.halted = boot_halted_cb,
	.ports = boot_ports_cb,
	.stray = boot_stray_cb,
	.word = boot_word_cb,
};
