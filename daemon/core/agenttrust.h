/* SPDX-License-Identifier: MIT */
#ifndef RDV_AGENTTRUST_H
#define RDV_AGENTTRUST_H

struct agent_ops;
struct arena;
struct db;

/*
 * Settings that lie where an agent is to run are somebody's who could write
 * there: with them it may run programs and send elsewhere what it reads, and
 * ask nobody (abuse L01). It starts with those alone that a rule of its owner's
 * allows, for that agent, that repository and exactly these bytes (L02):
 *
 *	rdv rule add allow project-settings -- AGENT REPOSITORY DIGEST
 *
 * Nobody asks for an approval of a tool of that name (approval.c).
 */
#define AGENTTRUST_TOOL "project-settings"

struct agenttrust {
	const char *user_id, *session_id, *workspace_id;
	const char *agent; /* its row's name */
	const char *of;	   /* the id of the repository, or the workspace */
	const char *cwd;
	const char *brought; /* "DIGEST NAME, NAME"; NULL: there are none */
};
/* 0; RDV_E_DENIED and what to do, in the arena; -errno. */
int agenttrust_judge(struct db *db, struct arena *a, const struct agenttrust *t,
    const char **why);

/*
 * The question "brought" about `cwd` and all above it up to `top`, which it
 * lies in or is; NULL for an agent that has no settings of a project. In the
 * arena.
 */
const char *agenttrust_question(struct arena *a, const struct agent_ops *ops,
    const char *cwd, const char *top);

#endif
