/* SPDX-License-Identifier: MIT */
#ifndef RDV_BOOT_H
#define RDV_BOOT_H

/*
 * What happens when the helper comes, goes and reports: the argument of these
 * is struct app. On ready: old grants are forgotten, runs are reconciled with
 * INVENTORY, then sessions and worktrees left in flight are settled.
 */
struct helper_ops;
extern const struct helper_ops boot_helper_ops;

#endif
