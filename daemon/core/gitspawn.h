/* SPDX-License-Identifier: MIT */
#ifndef RDV_GITSPAWN_H
#define RDV_GITSPAWN_H

struct git_call;
struct priv_spawn;

/* All but its grant; to be freed by priv_spawn_done(). */
void gitspawn_fill(struct priv_spawn *s, const struct git_call *call);

#endif
