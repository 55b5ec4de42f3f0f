/* SPDX-License-Identifier: MIT */
#ifndef RDV_PICK_H
#define RDV_PICK_H

#include <limits.h>

struct cmd_call;
struct js;

/*
 * What a user's word means: a full id, a name, or the beginning of exactly one
 * id. A word that could mean two things is refused and the candidates are
 * listed; open sessions hide closed ones. CMD_OK and an id the caller frees,
 * or another exit status after telling why.
 */
int pick_session(const struct cmd_call *c, const char *word, char **id);
/*
 * api_send() to the session that the first argument means, or to what lies
 * below it at `tail`. CMD_OK and an answer the caller frees, or as above;
 * `body` is taken over in any case. The others of that form likewise.
 */
int pick_session_send(const struct cmd_call *c, const char *method,
    const char *tail, struct js *body, struct js **out);
/* With GET. */
int
pick_session_get(const struct cmd_call *c, const char *tail, struct js **out);
/* A repository, also by its path, or a path of the same. */
#define PICK_REPOS "/api/repos?limit=1000"
int pick_repo(const struct cmd_call *c, const char *word, char **id);
int pick_repo_send(const struct cmd_call *c, const char *method,
    const char *tail, struct js *body, struct js **out);
int pick_repo_get(const struct cmd_call *c, const char *tail, struct js **out);
/* A workspace, also by its directory. */
#define PICK_WORKSPACES "/api/workspaces?limit=1000"
int pick_workspace(const struct cmd_call *c, const char *word, char **id);
int pick_workspace_send(const struct cmd_call *c, const char *method,
    const char *tail, struct js *body, struct js **out);
/* A conversation, also by its name. */
int pick_conversation(const struct cmd_call *c, const char *word, char **id);
int pick_conversation_send(const struct cmd_call *c, const char *method,
    const char *tail, struct js *body, struct js **out);
int pick_folder(const struct cmd_call *c, const char *word, char **id);
int pick_link(const struct cmd_call *c, const char *word, char **id);
int pick_token(const struct cmd_call *c, const char *word, char **id);
/* What a run asks; the pending ones first. */
#define PICK_APPROVALS "/api/approvals?limit=200"
int pick_approval(const struct cmd_call *c, const char *word, char **id);
int pick_rule(const struct cmd_call *c, const char *word, char **id);
/* A run; the newest are looked through. */
#define PICK_RUNS "/api/runs?limit=1000"
int pick_run(const struct cmd_call *c, const char *word, char **id);
/* A device that is told by pushes, also by its name. */
#define PICK_DEVICES "/api/push/devices"
int pick_device(const struct cmd_call *c, const char *word, char **id);
/* An item of the trash, also by its branch or path. */
int pick_trash(const struct cmd_call *c, const char *word, char **id);

/*
 * A path as rdvd, which has another working directory, may be told it; NULL is
 * this directory. CMD_OK, or CMD_FAILED after telling why.
 */
int pick_path(const struct cmd_call *c, const char *given, char out[PATH_MAX]);

#endif
