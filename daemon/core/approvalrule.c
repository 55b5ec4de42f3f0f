/* SPDX-License-Identifier: MIT */
/*
 * Rules about what is asked (abuse K04, K05). Invariant: a rule is matched
 * against the words of one simple command, all of them, and never against text;
 * whatever is not surely that, and every rule that cannot be read, leaves the
 * question to a person.
 */
#include "daemon/core/approvalrule.h"

#include <string.h>

#include "daemon/core/approval.h"
#include "daemon/event/event.h"
#include "daemon/store/approvalrules.h"
#include "daemon/store/db.h"
#include "daemon/store/sessions.h"
#include "daemon/store/workspaces.h"
#include "lib/arena.h"
#include "lib/buf.h"
#include "lib/clock.h"
#include "lib/err.h"
#include "lib/js.h"
#include "lib/secret.h"
#include "lib/simplecmd.h"
#include "lib/str.h"

#define PATTERN_BYTES 65536

struct judging {
	struct arena *arena;
	const struct approval_wish *wish;
	const char *workspace_id;
	const char *const *words; /* NULL: it runs nothing, or is not simple */
	bool runs;
	enum rule_verdict verdict;
	const char *id;
};

static enum rule_verdict
verdict_of(const char *word)
{
	if (strcmp(word, "deny") == 0)
		return RULE_DENY;
	if (strcmp(word, "ask") == 0)
		return RULE_ASK;
	return strcmp(word, "allow") == 0 ? RULE_ALLOW : RULE_NONE;
}

static bool
same(const char *a, const char *b)
{
	return a != NULL && b != NULL && strcmp(a, b) == 0;
}

static bool
in_scope(const struct judging *j, const struct store_rule *r)
{
	if (strcmp(r->scope, "session") == 0)
		return same(r->session_id, j->wish->session_id);
	if (strcmp(r->scope, "workspace") == 0)
		return same(r->workspace_id, j->workspace_id);
	return strcmp(r->scope, "all") == 0;
}

/* NULL: it cannot be read, and matches nothing. */
static const char *const *
pattern_of(struct arena *a, const char *json)
{
	char why[160];
	struct js *v = js_parse(json, strlen(json), why, sizeof(why));
	const char **words = NULL;
	bool good = v != NULL && js_is_array(v);

	if (good)
		words = arena_alloc(a, (js_len(v) + 1) * sizeof(*words));
	for (size_t i = 0; good && i < js_len(v); i++) {
		const char *w = js_text(js_at(v, i));

		good = w != NULL;
		words[i] = good ? arena_strdup(a, w) : NULL;
	}
	js_free(v);
	return good ? words : NULL;
}

static bool
matches(const struct judging *j, const struct store_rule *r)
{
	const char *const *pattern;

	if (strcmp(r->tool, j->wish->tool) != 0 || !in_scope(j, r))
		return false;
	pattern = pattern_of(j->arena, r->pattern_json);
	if (pattern == NULL)
		return false;
	if (*pattern == NULL)
		return !j->runs;
	return j->words != NULL && simplecmd_match(pattern, j->words);
}

static bool
rule_judge_cb(const struct store_rule *r, void *arg)
{
	struct judging *j = arg;
	enum rule_verdict v = verdict_of(r->verdict);

	if (v <= j->verdict || !matches(j, r))
		return true;
	if (v == RULE_ALLOW && j->wish->env != NULL && *j->wish->env != NULL)
		return true;
	j->verdict = v;
	j->id = arena_strdup(j->arena, r->id);
	return true;
}

int
rule_judge(struct db *db, struct arena *a, const struct approval_wish *w,
    enum rule_verdict *verdict, const char **id)
{
	struct judging j = { .arena = a,
		.wish = w,
		.workspace_id = w->workspace_id,
		.words = w->argv,
		.runs = w->argv != NULL || w->command != NULL };
	int err = 0;

	if (w->workspace_id == NULL)
		err =
		    store_rule_workspace(db, a, w->session_id, &j.workspace_id);
	if (w->argv == NULL && w->command != NULL)
		j.words = (const char *const *)simplecmd_words(a, w->command,
		    strlen(w->command));
	if (err == 0)
		err = store_rules_of(db, w->user_id, rule_judge_cb, &j);
	*verdict = j.verdict;
	*id = j.id;
	return err;
}

/* Shown in lists, and compared with words that may be anything else. */
static bool
text_ok(const char *s, size_t max)
{
	if (*s == '\0' || strlen(s) > max)
		return false;
	for (; *s != '\0'; s++)
		if ((uint8_t)*s < 0x20 || *s == 0x7f)
			return false;
	return true;
}

/*
 * A program has to be named: whatever a session may do without being asked is
 * for bypass to say, which is seen as such.
 */
static const char *
pattern_wrong(const char *const *p)
{
	size_t bytes = 0;

	if (p == NULL || *p == NULL)
		return NULL;
	if (**p == '\0' || strcmp(*p, "*") == 0)
		return "pattern: its first word names a program";
	for (; *p != NULL; p++) {
		bytes += strlen(*p) + 8;
		if (**p != '\0' && !text_ok(*p, RULE_WORD))
			return "pattern: a word has a control character, or "
			       "is over 4096 bytes";
		if (bytes > PATTERN_BYTES / 2)
			return "pattern: is over 32 KiB";
	}
	return NULL;
}

static bool
rule_session_cb(const struct store_session *s, const struct store_run *r,
    void *arg)
{
	(void)s;
	(void)r;
	(void)arg;
	return false;
}

/* What the scope names has to be there, and his. */
static const char *
scope_wrong(struct tx *tx, struct arena *a, const char *user_id,
    const struct rule_spec *spec)
{
	const bool session = strcmp(spec->scope, "session") == 0;
	const bool workspace = strcmp(spec->scope, "workspace") == 0;
	struct store_workspace w;

	if (session != (spec->session_id != NULL))
		return "session_id: goes with the scope session, and only that";
	if (workspace != (spec->workspace_id != NULL))
		return "workspace_id: goes with the scope workspace, and only "
		       "that";
	if (session && store_session_any(tx_db(tx), user_id, spec->session_id,
			   rule_session_cb, NULL) != 0)
		return "session_id: there is no such session";
	if (workspace && store_workspace_get(tx_db(tx), a, user_id,
			     spec->workspace_id, &w) != 0)
		return "workspace_id: there is no such workspace";
	return NULL;
}

static const char *
words_json(struct arena *a, const char *const *words)
{
	struct js *v = js_array();
	const char *text;
	struct buf b;

	for (; words != NULL && *words != NULL; words++)
		js_push_str(v, *words);
	buf_init(&b, 8 * PATTERN_BYTES);
	js_finish(v, &b);
	text = arena_strdup(a, buf_cstr(&b));
	buf_done(&b);
	return text;
}

static void
tell(struct tx *tx, const char *user_id, const char *id, const char *act)
{
	struct js *o = js_object();

	js_add_str(o, "id", id);
	js_add_str(o, "act", act);
	event_emit(tx, EV_APPROVAL_RULE, user_id, id, o);
}

int
rule_create(struct tx *tx, struct arena *a, const struct approval_who *who,
    const struct rule_spec *spec, struct store_rule *out, const char **why)
{
	char *id = arena_alloc(a, UUID_TEXT);
	int64_t count = 0;
	int err;

	*why = text_ok(spec->tool, APPROVAL_TOOL)
		   ? pattern_wrong(spec->pattern)
		   : "tool: is empty, over 100 bytes or not printable";
	if (*why == NULL)
		*why = scope_wrong(tx, a, who->user_id, spec);
	if (*why != NULL)
		return RDV_E_INVALID;
	err = store_rules_count(tx_db(tx), who->user_id, &count);
	if (err == 0 && count >= RULES_MAX) {
		*why = "there are 200 rules; delete one";
		return RDV_E_FULL;
	}
	uuid_v7(id);
	*out = (struct store_rule){
		.id = id,
		.user_id = who->user_id,
		.scope = spec->scope,
		.session_id = spec->session_id,
		.workspace_id = spec->workspace_id,
		.verdict = spec->verdict,
		.tool = spec->tool,
		.pattern_json = words_json(a, spec->pattern),
		.made_by = who->token_id,
		.created_at = clock_wall_ms(),
	};
	if (err == 0)
		err = store_rule_insert(tx, out);
	if (err == 0)
		tell(tx, who->user_id, id, "created");
	return err;
}

int
rule_delete(struct tx *tx, const char *user_id, const char *id)
{
	int err = store_rule_delete(tx, user_id, id);

	if (err == 0)
		tell(tx, user_id, id, "deleted");
	return err;
}
