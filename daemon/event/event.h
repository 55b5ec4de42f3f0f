/* SPDX-License-Identifier: MIT */
#ifndef RDV_EVENT_H
#define RDV_EVENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct js;
struct tx;

/*
 * The outbox: an event is a row written in the transaction of the change it
 * tells of, and leaves after that is durable. One row of event_kinds[] adds a
 * kind.
 */
enum event_kind {
	EV_SESSION_CREATED,
	EV_SESSION_UPDATED,
	EV_SESSION_CLOSED,
	EV_SESSION_AGENT,
	EV_RUN_STARTING,
	EV_RUN_RUNNING,
	EV_RUN_STOPPED,
	EV_RUN_CONTINUED,
	EV_RUN_PORTS,
	EV_RUN_ENDED,
	EV_FOLDER_CREATED,
	EV_FOLDER_UPDATED,
	EV_FOLDER_DELETED,
	EV_WORKTREE_CREATING,
	EV_WORKTREE_CREATED,
	EV_WORKTREE_MOVING,
	EV_WORKTREE_REMOVED,
	EV_WORKTREE_RESTORED,
	EV_WORKTREE_FAILED,
	EV_WORKTREE_CHANGED,
	EV_WORKTREE_ACTED,
	EV_CHANGE_STARTED,
	EV_CHANGE_UPDATED,
	EV_CHANGE_ENDED,
	EV_REPO_CREATED,
	EV_REPO_UPDATED,
	EV_REPO_FORGOTTEN,
	EV_CLONE_STARTED,
	EV_CLONE_PROGRESS,
	EV_CLONE_ENDED,
	EV_TRANSFER_STARTED,
	EV_TRANSFER_PROGRESS,
	EV_TRANSFER_ENDED,
	EV_WORKSPACE_CREATING,
	EV_WORKSPACE_CREATED,
	EV_WORKSPACE_UPDATED,
	EV_WORKSPACE_MOVING,
	EV_WORKSPACE_DELETED,
	EV_WORKSPACE_FAILED,
	EV_APPROVAL_ASKED,
	EV_APPROVAL_ENDED,
	EV_APPROVAL_LIMITED,
	EV_APPROVAL_RULE,
	EV_APPROVAL_BYPASS,
	EV_PUSH_DEVICE,
	EV_CONVERSATION_CREATED,
	EV_CONVERSATION_CLOSED,
	EV_CONVERSATION_RESET,
	EV_TURN_STARTED,
	EV_TURN_UNASKED,
	EV_TURN_UPDATED,
	EV_TURN_ENDED,
	EV_QUEUE_UPDATED,
	EV_TOKEN_CREATED,
	EV_TOKEN_REVOKED,
	EV_SYSTEM,
	EV_KIND_MAX
};

struct event_kind_row {
	const char *name;  /* "session.created" */
	const char *topic; /* "session" */
	const char *help;
};
extern const struct event_kind_row event_kinds[EV_KIND_MAX];

/*
 * Writes one event for `user_id` (its only reader; NULL: everybody). `body` is
 * taken over; NULL is {}.
 */
void event_emit(struct tx *tx, enum event_kind kind, const char *user_id,
    const char *subject, struct js *body);

struct event {
	int64_t seq;
	int64_t time_ms;
	enum event_kind kind;
	const char *user_id; /* NULL: everybody */
	const char *subject;
	const char *body; /* JSON text */
};

/*
 * A subscriber is a cursor: `wake` is called when there may be more; the owner
 * then pulls with event_next(). Nothing is queued per subscriber.
 */
struct event_bus;
struct event_sub;
struct db;
struct loop;

struct event_bus *event_bus_new(struct loop *l, struct db *db);
void event_bus_free(struct event_bus *bus);
/* `since` < 0: from now on. Sequences above the newest are refused: NULL. */
struct event_sub *event_subscribe(struct event_bus *bus, const char *user_id,
    int64_t since, void (*wake)(void *), void *arg);
void event_unsubscribe(struct event_sub *sub);
/*
 * 1 and the next visible event, valid until the next call or until the caller
 * returns to the loop; 0 when there is none yet, or more work than fits one
 * turn (`wake` comes again); RDV_E_NOT_FOUND when the cursor is older than what
 * is kept: the subscriber says "reset" and goes on from ev->seq, the only
 * member set then; -errno when the table cannot be read.
 */
int event_next(struct event_sub *sub, struct event *ev);
int64_t event_newest(const struct event_bus *bus);
int64_t event_oldest(const struct event_bus *bus);
unsigned event_subscribers(const struct event_bus *bus);
/*
 * From now on rows older than `keep_ms` are deleted bit by bit. The newest
 * thousand stay whatever their age, so a clock that jumps empties nothing.
 */
void event_retain(struct event_bus *bus, int64_t keep_ms);

#endif
