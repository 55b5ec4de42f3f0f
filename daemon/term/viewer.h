/* SPDX-License-Identifier: MIT */
#ifndef RDV_VIEWER_H
#define RDV_VIEWER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buf;
struct term;
struct term_end;
struct viewer;

/*
 * Somebody who looks at a run: an offset into its log and a sink. Nothing is
 * queued here; when the sink is full the bytes stay in the log. viewer_free()
 * may be called inside any of these callbacks, none follows it.
 */
struct viewer_ops {
	/*
	 * The bytes at [off, off + len) of the log. Returns how many were
	 * taken: all, or less to cut between characters. `last`: nothing
	 * will ever follow them, so they must all be taken.
	 */
	size_t (*output)(uint64_t off, const uint8_t *p, size_t len, bool last,
	    void *arg);
	/* Bytes the sink has not got rid of, and for how long (NULL: never). */
	size_t (*queued)(void *arg);
	int64_t (*stalled_ms)(void *arg);
	/* The terminal's size changed or its owner did. May be NULL. */
	void (*size)(unsigned cols, unsigned rows, bool owner, void *arg);
	/* Input is over its bound: read no more until told. May be NULL. */
	void (*flow)(bool paused, void *arg);
	/*
	 * Others came, went or changed (term/presence.h). `said` is the same
	 * for all who are told of it: who finds it empty fills it with what is
	 * to be sent. May be NULL.
	 */
	void (*presence)(const struct term *t, struct buf *said, void *arg);
	/* All bytes were given and the run is over; called once. */
	void (*ended)(const struct term_end *end, void *arg);
	/* Took nothing for too long and is far behind: to be closed. */
	void (*slow)(void *arg);
	/* The session wants no viewers any more. May be NULL. */
	void (*detached)(const char *reason, void *arg);
};

struct viewer_conf {
	uint64_t offset; /* at most the size of the log */
	size_t chunk;	 /* bytes per output() at most; 0: VIEWER_CHUNK */
	bool read_only;
	bool held;	  /* gets nothing before viewer_release() */
	bool hears;	  /* of who else looks */
	const char *name; /* for others who look; copied; NULL: none */
	const char *link; /* id of the link it came by, or NULL */
};
#define VIEWER_CHUNK 65536
/* Above this many queued bytes a sink gets no more. */
#define VIEWER_LOW (3 * 65536)

/* Output begins from the loop, not inside this call. */
struct viewer *viewer_new(struct term *t, const struct viewer_conf *conf,
    const struct viewer_ops *ops, void *arg);
void viewer_free(struct viewer *v);
/* Gets nothing, its end included, before viewer_release(). */
void viewer_hold(struct viewer *v);
/* One that was held goes on, from that offset. */
void viewer_release(struct viewer *v, uint64_t offset);
/* The sink has room again. */
void viewer_more(struct viewer *v);
/* Among those of its terminal (term/presence.h). */
uint64_t viewer_id(const struct viewer *v);
uint64_t viewer_offset(const struct viewer *v);
/* Goes on from another offset, held or not; false when it is beyond the log. */
bool viewer_seek(struct viewer *v, uint64_t offset);

/* As term_input(), and the viewer is paused while too much waits. */
int viewer_input(struct viewer *v, const void *p, size_t len);
/*
 * The viewer becomes the size's owner. RDV_E_INVALID outside the limits;
 * RDV_E_STATE without a terminal; RDV_E_DENIED for one that only looks.
 */
int viewer_resize(struct viewer *v, unsigned cols, unsigned rows);
/*
 * Says how large its window is, for the day the owner goes; the terminal keeps
 * its size while it has an owner. Errors as above.
 */
int viewer_state_size(struct viewer *v, unsigned cols, unsigned rows);
/* Its last stated size becomes the terminal's. RDV_E_STATE: it stated none. */
int viewer_take_size(struct viewer *v);
bool viewer_owns_size(const struct viewer *v);

#endif
