/* SPDX-License-Identifier: MIT */
#ifndef RDV_CONF_H
#define RDV_CONF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/*
 * The daemon's settings (contract 1.2): server/config.toml, one row of
 * conf_rows[] each. Paths come out absolute, "~" expanded.
 */
struct conf {
	char *base; /* ${RDV_HOME:-~/.rdv}; not a key */
	char *api_socket, *terminal_socket, *pid_file, *log_file;
	char *log_level;
	char *database_path;
	char *service_token_file;
	int64_t token_rotation_days;
	char **allowed_hosts; /* Host values cookie callers may use */
	int64_t login_tries_per_minute;
	int64_t max_connections, max_connections_per_peer;
	int64_t max_body_bytes, header_timeout_ms, body_timeout_ms,
	    idle_timeout_ms, drain_ms;
	int64_t max_sessions, max_viewers;
	int64_t input_queue_bytes, viewer_stall_ms;
	int64_t event_retention_days, idempotency_hours;
	char *worktree_dir;
	char **repo_roots; /* where repositories may lie; default: home */
	int64_t git_timeout_ms;
	int64_t trash_retention_days, cleanup_interval_hours;
};

/* Defaults for a base directory. */
void conf_init(struct conf *c, const char *base, const char *home);
/*
 * Reads `path` over the defaults; a missing file is fine. RDV_E_INVALID with
 * "<path>:<line>: <key>: <what is wrong>" in `why`, or -errno.
 */
int conf_load(struct conf *c, const char *path, char *why, size_t whysize);
void conf_done(struct conf *c);
/* Every key with value, source (default or file:line) and help: rdvd -T. */
void conf_print(const struct conf *c, FILE *out);

#endif
