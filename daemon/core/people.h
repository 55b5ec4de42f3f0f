/* SPDX-License-Identifier: MIT */
#ifndef RDV_PEOPLE_H
#define RDV_PEOPLE_H

#include <stdbool.h>
#include <sys/types.h>

#include "lib/buf.h"
#include "lib/ctlproto.h"
#include "lib/seqpkt.h"

struct app;
struct people;

/*
 * System mode: whom [main] has rdvd serve, and over which sockets. They come
 * one by one after the start, and go when the policy withdraws an account.
 */
struct people *people_new(struct app *app);
void people_free(struct people *p);
/*
 * A word of [main], as helper_ops.word. What cannot be served is logged and
 * left alone; false is what [main] would never say.
 */
bool people_word(struct people *p, char what, struct buf *body,
    struct seqpkt_fds *fds);
/* What the policy holds that account to; NULL: to nothing. Borrowed. */
const struct ctl_limit *
people_limit(const struct people *p, uid_t uid, enum ctl_what what);

#endif
