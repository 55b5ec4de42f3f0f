/* SPDX-License-Identifier: MIT */
#ifndef RDV_VT_H
#define RDV_VT_H

#include <stddef.h>

struct buf;

/*
 * A reader of terminal output that knows where escape sequences begin and end.
 */
enum vt_kind {
	VT_WATCH,  /* what may pass (cli/vtsafe.h); modes set by it are noted */
	VT_REPLAY, /* the same without what would make the terminal answer, ring
		      or take something: old questions have old answers */
	VT_STRIP,  /* text only, lines ended by \n */
};

struct vt;
struct vtsafe;

struct vt *vt_new(enum vt_kind kind);
void vt_free(struct vt *vt);
/* What a VT_WATCH lets through: the caller's to set, and what came of it. */
struct vtsafe *vt_safe(struct vt *vt);
/* From the next sequence on. */
void vt_set(struct vt *vt, enum vt_kind kind);
/* Appends to `out` what of these bytes may be shown. */
void vt_feed(struct vt *vt, const char *p, size_t len, struct buf *out);
/*
 * Not all of what came out reached the terminal: begins anew behind it, and
 * takes any mode for switched on that ever was.
 */
void vt_doubt(struct vt *vt);
/*
 * Appends what undoes the modes that the bytes so far have switched on: mouse,
 * alternate screen, hidden cursor ... and a line end when the text stopped
 * inside a line. Nothing when all is as it was.
 */
void vt_leave(struct vt *vt, struct buf *out);

#endif
