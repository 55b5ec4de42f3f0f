/* SPDX-License-Identifier: MIT */
#ifndef RDV_DEVPORT_H
#define RDV_DEVPORT_H

struct app;
struct devports;
struct js;
struct priv_ports;

/*
 * Where dev servers listen, as the helper sees it: sockets that the kernel
 * lists, held by processes of the run. What a program prints is never taken for
 * one; that it prints is a reason to look sooner. A look takes a fraction of a
 * millisecond of the run's own reaper, and there is one every 250 ms while a
 * server writes or its ports change, else with pauses that double up to 4 s.
 */
struct devports *devports_new(struct app *app);
/* NULL is fine for these. */
void devports_free(struct devports *s);
/* Runs are settled: those of an earlier daemon are watched on. */
void devports_settle(struct devports *s);

/* A dev server runs, or has been begun. */
void devport_watch(struct devports *s, const char *run_id);
/* Somebody wants to know of it: it is looked at soon. */
void devport_wanted(struct devports *s, const char *run_id);
/* From core/boot.c: the helper's word. */
void devports_told(struct devports *s, const struct priv_ports *ev);
/* [{address, port, since}, ...] of a run, empty for one that has none. */
struct js *devport_json(struct app *app, const char *run_id);

#endif
