/* SPDX-License-Identifier: MIT */
#ifndef RDV_DOORS_H
#define RDV_DOORS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct app;
struct door;
struct doors;
struct js;

/*
 * All open terminals, to tell those of one session what its programs may do to
 * who looks, and what they have put on the clipboard (docs/safe-output.md).
 */
struct doors *doors_new(void);
void doors_free(struct doors *ds);

/* From now on, until doors_part(), which also takes one that never joined. */
void doors_join(struct doors *ds, struct door *d);
void doors_part(struct door *d);

/* What a viewer is to let through: the caps, and whether the clipboard. */
struct js *doors_safe(const struct app *app, bool clipboard);
/* The session's switch has another position. */
void doors_tell_safe(struct app *app, const char *session_id, bool clipboard);
/*
 * There is a text to be fetched, for those who asked to hear of it and may
 * have it. Returns how many were told.
 */
unsigned doors_tell_text(struct app *app, const char *session_id,
    uint64_t revision, size_t bytes);

#endif
