/* SPDX-License-Identifier: MIT */
#ifndef RDV_ATTACHEND_H
#define RDV_ATTACHEND_H

struct attach_conf;
struct view;

/* Says how the view ended. Returns the exit status of rdv. */
int attachend_report(const struct attach_conf *conf, const struct view *v);

#endif
