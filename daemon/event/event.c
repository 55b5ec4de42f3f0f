/* SPDX-License-Identifier: MIT */
/*
 * The kinds of events, one row each, and how one comes into the outbox: as a
 * row of the transaction whose change it tells of, so that there is never one
 * without the other.
 */
#include "daemon/event/event.h"

#include <string.h>

#include "daemon/event/item.h"
#include "daemon/store/outbox.h"
#include "daemon/store/tx.h"
#include "lib/buf.h"
#include "lib/clock.h"
#include "lib/js.h"

/* A body over this is left out; nothing here comes near. */
#define BODY_MAX 65536

const struct event_kind_row event_kinds[EV_KIND_MAX] = {
	[EV_SESSION_CREATED] = { "session.created", "session",
	    "a session was made" },
	[EV_SESSION_UPDATED] = { "session.updated", "session",
	    "name, folder, order, status or activity changed" },
	[EV_SESSION_CLOSED] = { "session.closed", "session",
	    "a session has ended for good" },
	[EV_SESSION_AGENT] = { "session.agent", "session",
	    "its agent is at something else" },
	[EV_RUN_STARTING] = { "run.starting", "run",
	    "a process is about to be started" },
	[EV_RUN_RUNNING] = { "run.running", "run", "the process runs" },
	[EV_RUN_STOPPED] = { "run.stopped", "run",
	    "a signal has stopped the program; it can go on" },
	[EV_RUN_CONTINUED] = { "run.continued", "run",
	    "a program that was stopped goes on" },
	[EV_RUN_PORTS] = { "run.ports", "run",
	    "a dev server listens at other ports than before" },
	[EV_RUN_ENDED] = { "run.ended", "run",
	    "the process has ended; state and cause say how" },
	[EV_FOLDER_CREATED] = { "folder.created", "folder",
	    "a folder was made" },
	[EV_FOLDER_UPDATED] = { "folder.updated", "folder",
	    "a folder was changed or moved" },
	[EV_FOLDER_DELETED] = { "folder.deleted", "folder",
	    "a folder was deleted; its contents moved up" },
	[EV_WORKTREE_CREATING] = { "worktree.creating", "worktree",
	    "a worktree is about to be made" },
	[EV_WORKTREE_CREATED] = { "worktree.created", "worktree",
	    "a worktree is ready" },
	[EV_WORKTREE_MOVING] = { "worktree.moving", "worktree",
	    "a worktree is about to be removed or restored" },
	[EV_WORKTREE_REMOVED] = { "worktree.removed", "worktree",
	    "a worktree was removed, or moved to the trash" },
	[EV_WORKTREE_RESTORED] = { "worktree.restored", "worktree",
	    "a worktree came back from the trash" },
	[EV_WORKTREE_FAILED] = { "worktree.failed", "worktree",
	    "a worktree could not be made or removed; cause says why" },
	[EV_WORKTREE_CHANGED] = { "worktree.changed", "worktree",
	    "what differs in a worktree that is watched became something "
	    "else" },
	[EV_WORKTREE_ACTED] = { "worktree.acted", "worktree",
	    "act was done in a worktree: stage, unstage, commit, amend, "
	    "discard, restore, stash" },
	[EV_CHANGE_STARTED] = { "change.started", "change",
	    "branches of a repository are about to be changed" },
	[EV_CHANGE_UPDATED] = { "change.updated", "change",
	    "it is known what they become, or where it was stopped" },
	[EV_CHANGE_ENDED] = { "change.ended", "change",
	    "it is done, or taken back; state and cause say how" },
	[EV_REPO_CREATED] = { "repo.created", "repo",
	    "a repository was made known" },
	[EV_REPO_UPDATED] = { "repo.updated", "repo",
	    "what is wished of a repository changed" },
	[EV_REPO_FORGOTTEN] = { "repo.forgotten", "repo",
	    "a repository is known no more; its files stay" },
	[EV_CLONE_STARTED] = { "clone.started", "clone",
	    "a repository is about to be cloned" },
	[EV_CLONE_PROGRESS] = { "clone.progress", "clone",
	    "how far it is: another phase, or some seconds later" },
	[EV_CLONE_ENDED] = { "clone.ended", "clone",
	    "it is there, or taken back; state and cause say how" },
	[EV_TRANSFER_STARTED] = { "transfer.started", "transfer",
	    "something is about to be pushed, fetched or pulled" },
	[EV_TRANSFER_PROGRESS] = { "transfer.progress", "transfer",
	    "how far it is: another phase, or some seconds later" },
	[EV_TRANSFER_ENDED] = { "transfer.ended", "transfer",
	    "it is done or not; state, code and cause say how" },
	[EV_WORKSPACE_CREATING] = { "workspace.creating", "workspace",
	    "a workspace is about to be made" },
	[EV_WORKSPACE_CREATED] = { "workspace.created", "workspace",
	    "a workspace is ready" },
	[EV_WORKSPACE_UPDATED] = { "workspace.updated", "workspace",
	    "a workspace was changed, archived or brought back" },
	[EV_WORKSPACE_MOVING] = { "workspace.moving", "workspace",
	    "worktrees of a workspace are about to be removed" },
	[EV_WORKSPACE_DELETED] = { "workspace.deleted", "workspace",
	    "a workspace is no more; cause says what stays" },
	[EV_WORKSPACE_FAILED] = { "workspace.failed", "workspace",
	    "a workspace could not be made or removed; cause says why" },
	[EV_APPROVAL_ASKED] = { "approval.asked", "approval",
	    "a run asks leave or a question, and waits" },
	[EV_APPROVAL_ENDED] = { "approval.ended", "approval",
	    "it was decided, or nobody will; state says how" },
	[EV_APPROVAL_LIMITED] = { "approval.limited", "approval",
	    "a run asks more than it may; what is over that is denied" },
	[EV_APPROVAL_RULE] = { "approval.rule", "approval",
	    "a rule was made or deleted" },
	[EV_APPROVAL_BYPASS] = { "approval.bypass", "approval",
	    "a session's tools are asked about no more, or again" },
	[EV_PUSH_DEVICE] = { "push.device", "push",
	    "a device was added or removed, or told, or could not be told" },
	[EV_CONVERSATION_CREATED] = { "conversation.created", "conversation",
	    "a conversation with an agent was begun" },
	[EV_CONVERSATION_CLOSED] = { "conversation.closed", "conversation",
	    "it takes no further turns" },
	[EV_CONVERSATION_RESET] = { "conversation.reset", "conversation",
	    "it is taken back to before one of its turns; state says how far" },
	[EV_TURN_STARTED] = { "turn.started", "turn",
	    "a prompt is about to be worked on" },
	[EV_TURN_UNASKED] = { "turn.unasked", "turn",
	    "its agent asks nobody, as its owner has allowed" },
	[EV_TURN_UPDATED] = { "turn.updated", "turn",
	    "a link of its chain began or ended" },
	[EV_TURN_ENDED] = { "turn.ended", "turn",
	    "all that belongs to it is over; state and cause say how" },
	[EV_QUEUE_UPDATED] = { "queue.updated", "queue",
	    "a message that waits was added, changed, taken or cancelled" },
	[EV_TOKEN_CREATED] = { "token.created", "token", "a token was made" },
	[EV_TOKEN_REVOKED] = { "token.revoked", "token",
	    "a token is no longer valid" },
	[EV_SYSTEM] = { "system", "system", "about rdv itself" },
};

enum event_kind
event_kind_find(const char *name)
{
	for (int i = 0; i < EV_KIND_MAX; i++)
		if (strcmp(event_kinds[i].name, name) == 0)
			return (enum event_kind)i;
	/* Of another version: shown, and not lost. */
	return EV_SYSTEM;
}

void
event_emit(struct tx *tx, enum event_kind kind, const char *user_id,
    const char *subject, struct js *body)
{
	struct store_event e = {
		.time_ms = clock_wall_ms(),
		.kind = event_kinds[kind].name,
		.user_id = user_id,
		.subject = subject,
	};
	struct buf text;

	buf_init(&text, BODY_MAX);
	if (body != NULL)
		js_finish(body, &text);
	else
		buf_put_text(&text, "{}");
	e.body = buf_ok(&text) ? buf_cstr(&text) : "{\"omitted\":true}";
	if (store_event_insert(tx, &e) == 0)
		tx_stage(tx, event_item_new(&e));
	buf_done(&text);
}
