/* SPDX-License-Identifier: MIT */
#ifndef RDV_VIEW_H
#define RDV_VIEW_H

#include <stdbool.h>
#include <stddef.h>

#include "security/nspace.h"

struct account;
struct ops;
struct profile;
struct stat;

/* At its start, for [ops]: which views this host lets runs have. */
void view_probe(struct ops *o);
/*
 * What a run of the account has of its profile's namespaces; without `online`
 * an empty network is one of them.
 */
void view_init(struct nspace *s, const struct ops *o,
    const struct account *user, const struct profile *p, bool online);
void view_done(struct nspace *s);
/*
 * True when `b` begins with what `a` shows behind the first `skip` of that;
 * both have the same namespaces.
 */
bool view_begins(const struct nspace *b, const struct nspace *a, size_t skip);

/*
 * Shows what `st` is of under `path`, its name; in a view over the host's it is
 * there already. 0 or -errno; -E2BIG: too much; -EXDEV: it lies where a
 * run has a file system of its own.
 */
int view_show(struct nspace *s, const char *path, const struct stat *st,
    bool readonly);
/*
 * The same of an open `fd`, by the kernel's name of it. Where `path`, how it is
 * called in the request, is another, that leads there; NULL: nothing does.
 */
int view_show_named(struct nspace *s, const char *path, int fd, bool readonly);
/*
 * The command line of rdv, which is what `st` is of, where a run with a door
 * looks for it. 0 or -errno.
 */
int view_show_rdv(struct nspace *s, const char *path, const struct stat *st);
/*
 * A run's own directory, when all else has been shown: as /tmp, unless
 * something in the host's is to be seen; then under its name.
 */
int view_show_tmp(struct nspace *s, const char *scratch);
/*
 * Its terminal, which is not among those of its own /dev/pts, as /dev/console:
 * where ttyname(3) looks for it.
 */
int view_show_terminal(struct nspace *s, int fd);
/* True when it can name no socket or shared object but its own. */
bool view_is_alone(const struct nspace *s);
/* PRIV_G_* of all that. */
unsigned view_guards(const struct nspace *s);

#endif
