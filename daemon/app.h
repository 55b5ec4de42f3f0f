/* SPDX-License-Identifier: MIT */
#ifndef RDV_APP_H
#define RDV_APP_H

#include <stdbool.h>
#include <stdint.h>

/*
 * The modules of one rdvd, wired by main.c. A pointer is set before the first
 * request is accepted and stays until the loop has ended.
 */
#define APP_BOOT_ID 64 /* as the kernel has it, with its newline and NUL */

struct app {
	struct loop *loop;
	struct conf *conf;
	struct db *db;
	struct event_bus *bus;
	struct helper *helper;
	struct http_server *server;
	struct auth *auth;
	struct api *api;
	struct probe *probe;   /* core/probe */
	struct people *people; /* core/people; NULL in user mode */
	struct house *house;
	struct ready *ready;
	struct grants *grants;	       /* core/grant */
	struct runs *runs;	       /* core/run */
	struct terms *terms;	       /* term/term, made by core/run */
	struct talks *talks;	       /* term/talk, the same */
	struct sessions *sessions;     /* core/session */
	struct tmux *tmuxes;	       /* core/tmux */
	struct worktrees *worktrees;   /* core/worktree */
	struct workspaces *workspaces; /* core/workspace */
	struct approvals *approvals;   /* core/approval */
	struct pushes *pushes;	       /* core/push */
	struct chains *chains;	       /* core/chain */
	struct integrity *integrity;   /* core/integrity */
	struct resets *resets;	       /* core/reset */
	struct devservers *devservers; /* core/devserver */
	struct devports *devports;     /* core/devport */
	int64_t started_ms;	       /* wall clock */
	int64_t started_mono_ms;       /* for uptime */
	char **web;		       /* HOST:PORT of nginx, NULL-terminated */
	bool tmux;		       /* a tmux executable was seen at start */
	bool first_start;	       /* not a restart after a crash */
	bool pid_written;
	bool draining;
	bool stopping; /* all of rdv is: [main] has said so */
	bool leaving;  /* for another rdvd; the same */
	bool rebooted; /* the host was, since runs were last known */
	char boot_id[APP_BOOT_ID];
	unsigned to_end; /* what is waited for before the loop ends */
};

#endif
