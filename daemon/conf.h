/* SPDX-License-Identifier: MIT */
#ifndef RDV_CONF_H
#define RDV_CONF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define CONF_MAX 57 /* rows, at most */
/* Entries of a list of patterns, and bytes of one: git is given them all. */
#define CONF_GLOBS_MAX 32
#define CONF_GLOB_LEN  100

/*
 * The daemon's settings (contract 1.2): server/config.toml, one row of
 * conf_rows[] each. Paths come out absolute, "~" expanded.
 */
struct conf {
	char *base;  /* ${RDV_HOME:-~/.rdv}; not a key */
	char *home;  /* for "~"; not a key */
	char *file;  /* where the settings stand; not a key */
	bool system; /* several accounts; not a key */
	char *api_socket, *terminal_socket, *pid_file, *log_file;
	char *log_level;
	char *database_path;
	char *service_token_file;
	int64_t token_rotation_days, token_grace_minutes;
	char **allowed_hosts; /* Host values cookie callers may use */
	int64_t login_tries_per_minute;
	int64_t audit_max_bytes;
	int64_t max_connections, max_connections_per_peer;
	int64_t max_body_bytes, header_timeout_ms, body_timeout_ms,
	    idle_timeout_ms, drain_ms;
	int64_t max_sessions, max_viewers;
	int64_t input_queue_bytes, viewer_stall_ms;
	int64_t title_chars, link_bytes, notifications_per_minute;
	int64_t clipboard_bytes;
	int64_t event_retention_days, idempotency_hours;
	int64_t approval_minutes;
	char **push_hosts; /* HOST or *.HOST, perhaps with :PORT */
	char *push_ca_file;
	char *push_contact; /* https: or mailto:; "": none */
	int64_t push_delay_ms, push_timeout_ms, push_retry_seconds;
	char *links; /* "auto", "none", "read" or "write" */
	int64_t link_max_hours;
	char *worktree_dir;
	/*
	 * Where repositories may lie; default: anywhere. In system mode as set.
	 */
	char **repo_roots, **precious, **agents_path;
	int64_t git_timeout_ms;
	int64_t archive_timeout_ms;
	char *clone_http;	  /* "loopback" or "all" */
	int64_t worktrees_max_mb; /* 0: no limit */
	int64_t transfer_max_mb;  /* 0: no limit */
	int64_t expire_days;	  /* of workspaces; 0: never */
	int64_t trash_retention_days, cleanup_interval_hours;
	int64_t log_retention_days; /* 0: kept until it is removed */
	/* CONF_INERT: kept for rdvd -T and read by nothing. */
	int64_t pool_connections, monitor_seconds, stall_seconds;
	char *sources[CONF_MAX]; /* per row: NULL for the default, or where */
};

/*
 * CONF_INERT is a number that the older server's file may hold and rdvd has no
 * use for: checked like any other, so that the file can be brought along, and
 * warned about, so that nobody believes in it. Its help says why.
 */
enum conf_type {
	CONF_PATH,
	CONF_WORD,
	CONF_INT,
	CONF_HOSTS,
	CONF_PATHS,
	CONF_GLOBS,
	CONF_SERVICES, /* as CONF_HOSTS, and *.HOST */
	CONF_CONTACT,  /* "https://HOST...", "mailto:USER@HOST", or "" */
	CONF_INERT
};

/* Adding a setting is adding a row, a field above and a test of its effect. */
struct conf_row {
	const char *key; /* "table.name" */
	enum conf_type type;
	size_t offset;
	int64_t min, max;  /* of numbers; for lists the entries */
	const char *value; /* default; "@" is the base, NULL: none */
	const char *words; /* CONF_WORD: what it may be, separated by '|' */
	const char *help;
};
extern const struct conf_row conf_rows[]; /* ended by a NULL key */

static inline bool
conf_is_number(const struct conf_row *row)
{
	return row->type == CONF_INT || row->type == CONF_INERT;
}

static inline bool
conf_is_text(const struct conf_row *row)
{
	return row->type == CONF_PATH || row->type == CONF_WORD ||
	       row->type == CONF_CONTACT;
}

/* Defaults for a base directory. */
void conf_init(struct conf *c, const char *base, const char *home);
/*
 * Reads `path` over the defaults; a missing file is fine. RDV_E_INVALID with
 * "<path>:<line>: <key>: <what is wrong>" in `why`, or -errno.
 */
int conf_load(struct conf *c, const char *path, char *why, size_t whysize);
void conf_done(struct conf *c);
/* "<path>:<line>" of a key that a file gives, else "the default". */
const char *conf_source(const struct conf *c, const char *key);
/* Whether a file gives the key. */
bool conf_is_set(const struct conf *c, const char *key);
/* Takes the values that may change while running from `fresh`. */
void conf_reload(struct conf *c, struct conf *fresh);
/* Every key with value, source (default or file:line) and help: rdvd -T. */
void conf_print(const struct conf *c, FILE *out);
/*
 * The same for programs: an object with a member "table.name" for each key, of
 * "value", "source" (null: default) and "effect" (false: accepted without one);
 * a path that is no UTF-8 is in "hex" as it is. False when it cannot be
 * written.
 */
bool conf_print_json(const struct conf *c, FILE *out);
/*
 * "<path>:<line>: <key>: ..." about the next setting, from row *at on, that a
 * file gives without effect; false when there is none left.
 */
bool conf_warning(const struct conf *c, size_t *at, char *out, size_t size);

#endif
