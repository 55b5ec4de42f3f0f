/* SPDX-License-Identifier: MIT */
/*
 * Each check of store/integrity.c by a database that is damaged by hand: it
 * finds that, and nothing else does; and a whole one is found whole.
 */
#include "tests/unit/check.h"

#include <stdio.h>
#include <string.h>

#include "daemon/store/db.h"
#include "daemon/store/integrity.h"
#include "tests/unit/store/fx.h"

/*
 * Two turns of one workspace: one that is over, with all its links and a
 * message that it was made of, and one at work, for which something is asked.
 */
static const char *const whole[] = {
	"INSERT INTO user VALUES ('u', 'u', 1, 1)",
	"INSERT INTO workspace (id, user_id, name, branch, directory, state, "
	"created_at, updated_at) VALUES ('w', 'u', 'w', 'b', '/w', 'ready', 1, "
	"1)",
	"INSERT INTO workspace_repo (workspace_id, place, repo_id, repo_path, "
	"name, worktree_id) VALUES ('w', 0, 'g', '/g', 'g', 'x')",
	"INSERT INTO session (id, user_id, name, status, profile, cols, rows, "
	"created_at, updated_at) VALUES ('s', 'u', 's', 'active', 'script', 0, "
	"0, 1, 1)",
	"INSERT INTO conversation VALUES ('s', 'u', 'w', 'CLAUDE_CODE', '{}', "
	"1)",
	"INSERT INTO turn (id, session_id, user_id, workspace_id, prompt, "
	"state, run_id, created_at, ended_at) VALUES "
	"('t0', 's', 'u', 'w', 'zero', 'completed', 'r0', 1, 1), "
	"('t1', 's', 'u', 'w', 'one', 'completed', 'r1', 1, 9), "
	"('t2', 's', 'u', 'w', 'two', 'running', 'r2', 9, NULL)",
	"INSERT INTO chain (id, session_id, user_id, workspace_id, turn_id, "
	"state, created_at, ended_at) VALUES "
	"('c0', 's', 'u', 'w', 't0', 'completed', 1, 1), "
	"('c1', 's', 'u', 'w', 't1', 'completed', 1, 9), "
	"('c2', 's', 'u', 'w', 't2', 'running', 9, NULL)",
	"INSERT INTO run (id, session_id, user_id, reason, io, state, profile, "
	"exit_code, created_at, started_at, ended_at) VALUES "
	"('r0', 's', 'u', 'agent', 'pipes', 'failed', 'script', 2, 1, 1, 1), "
	"('s1', 's', 'u', 'setup', 'pipes', 'completed', 'script', 0, 1, 2, "
	"3), ('r1', 's', 'u', 'agent', 'pipes', 'completed', 'script', 0, 4, "
	"5, 6), ('s2', 's', 'u', 'setup', 'pipes', 'running', 'script', NULL, "
	"9, 9, NULL), ('r2', 's', 'u', 'agent', 'pipes', 'running', 'script', "
	"NULL, 9, 9, NULL)",
	"INSERT INTO chain_link (chain_id, place, workspace_id, kind, beside, "
	"state, run_id) VALUES ('c0', 0, 'w', 'agent', 0, 'completed', 'r0'), "
	"('c1', 0, 'w', 'setup', 0, 'completed', 's1'), "
	"('c1', 1, 'w', 'agent', 0, 'completed', 'r1'), "
	"('c1', 2, 'w', 'cleanup', 0, 'skipped', NULL), "
	"('c1', 3, 'w', 'commit', 0, 'completed', NULL), "
	"('c2', 0, 'w', 'setup', 1, 'running', 's2'), "
	"('c2', 1, 'w', 'agent', 0, 'running', 'r2'), "
	"('c2', 2, 'w', 'commit', 0, 'waiting', NULL)",
	"INSERT INTO run_repo VALUES ('r0', 0, 'g', 'a', 'a'), "
	"('s1', 0, 'g', 'a', 'a'), ('r1', 0, 'g', 'a', 'b'), "
	"('s2', 0, 'g', 'b', NULL), ('r2', 0, 'g', 'b', NULL)",
	"INSERT INTO queued (id, session_id, user_id, place, prompt, state, "
	"turn_id, created_at, updated_at) VALUES "
	"('q0', 's', 'u', 0, 'zero', 'taken', 't0', 1, 1), "
	"('q1', 's', 'u', 1, 'one', 'taken', 't1', 1, 1), "
	"('q2', 's', 'u', 2, 'gone', 'cancelled', NULL, 1, 1), "
	"('q3', 's', 'u', 3, 'two', 'taken', 't2', 1, 9), "
	"('q4', 's', 'u', 4, 'next', 'waiting', NULL, 1, 1)",
	"INSERT INTO approval (id, user_id, session_id, run_id, kind, key, "
	"tool, cwd, profile, digest, state, decided_user, decided_at, "
	"delivered_at, deadline_at, created_at) VALUES "
	"('a1', 'u', 's', 'r1', 'tool', 'k1', 'Bash', '/w', 'script', 'd', "
	"'approved', 'u', 5, 5, 9, 4), "
	"('a2', 'u', 's', 'r2', 'tool', 'k2', 'Bash', '/w', 'script', 'd', "
	"'pending', NULL, NULL, NULL, 9000000000000, 9)",
	"INSERT INTO approval_attempt VALUES ('a1', 1, 'u', 'x', 'cli', "
	"'deny', 'digest', 4), ('a1', 2, 'u', 'x', 'cli', 'approve', "
	"'decided', 5), ('a1', 3, 'u', 'x', 'cli', 'approve', 'late', 6)",
	"INSERT INTO event (seq, time_ms, kind, user_id, subject, body) VALUES "
	"(1, 6, 'run.ended', 'u', 'r1', '{\"state\":\"completed\"}'), "
	"(2, 9, 'turn.ended', 'u', 't1', '{\"state\":\"completed\"}'), "
	"(3, 9, 'run.running', 'u', 'r2', '{\"state\":\"running\"}')",
};

/* One damage, and the one row of which it is said. */
static const struct damage {
	const char *sql, *found;
} damages[] = {
	{ "UPDATE run SET ended_at = NULL WHERE id = 'r1'", "run-end r1" },
	{ "UPDATE run SET exit_code = 0 WHERE id = 'r2'", "run-end r2" },
	{ "INSERT INTO event (seq, time_ms, kind, subject, body) VALUES "
	  "(9, 9, 'run.ended', 'r1', '{\"state\":\"completed\"}')",
	    "run-ended-twice r1" },
	{ "UPDATE event SET body = '{\"state\":\"killed\"}' WHERE seq = 1",
	    "run-told r1" },
	{ "UPDATE run_repo SET after_head = 'c' WHERE run_id = 'r2'",
	    "run-after-head r2" },
	{ "UPDATE turn SET ended_at = 9 WHERE id = 't2'", "turn-end t2" },
	{ "UPDATE turn SET ended_at = NULL WHERE id = 't1'", "turn-end t1" },
	{ "UPDATE turn SET state = 'waiting', run_id = NULL WHERE id = 't2'",
	    "link-turn t2" },
	{ "INSERT INTO event (seq, time_ms, kind, subject, body) VALUES "
	  "(9, 9, 'turn.ended', 't1', '{\"state\":\"completed\"}')",
	    "turn-ended-twice t1" },
	{ "INSERT INTO turn (id, session_id, user_id, workspace_id, prompt, "
	  "state, created_at) VALUES ('t9', 's', 'u', 'w', 'x', 'waiting', "
	  "9)",
	    "turn-without-chain t9" },
	{ "INSERT INTO turn (id, session_id, user_id, workspace_id, prompt, "
	  "state, run_id, created_at) VALUES ('t9', 's', 'u', 'w', 'x', "
	  "'running', 'r2', 9)",
	    "turn-without-chain t9, turn-two t9" },
	{ "UPDATE run SET state = 'lost', ended_at = 9 WHERE id = 'r2'",
	    "turn-without-run t2, link-without-run t2, approval-open a2" },
	{ "UPDATE chain SET ended_at = 9 WHERE id = 'c2'", "chain-end c2" },
	{ "UPDATE chain SET state = 'failed', ended_at = 9 WHERE id = 'c2'",
	    "turn-without-chain t2, link-open t2, link-open t2" },
	{ "UPDATE chain SET user_id = 'v' WHERE id = 'c1'", "chain-turn c1" },
	{ "UPDATE chain_link SET place = 9 WHERE chain_id = 'c1' AND place = "
	  "3",
	    "chain-links c1" },
	{ "UPDATE chain_link SET state = 'waiting' WHERE chain_id = 'c1' AND "
	  "place = 2",
	    "link-open t1, link-order t1" },
	{ "UPDATE chain_link SET run_id = 's1' WHERE chain_id = 'c2' AND "
	  "place = 0",
	    "link-without-run t2" },
	{ "UPDATE chain_link SET state = 'failed' WHERE chain_id = 'c2' AND "
	  "place = 0",
	    "link-run-goes-on t2" },
	{ "UPDATE chain_link SET state = 'failed' WHERE chain_id = 'c1' AND "
	  "place = 0",
	    "link-run-differs t1" },
	{ "UPDATE chain_link SET state = 'failed' WHERE chain_id = 'c1' AND "
	  "place = 1",
	    "link-turn t1" },
	{ "DELETE FROM run_repo WHERE run_id = 'r2'", "run-before-head t2" },
	{ "UPDATE run_repo SET after_head = NULL WHERE run_id = 'r1'",
	    "run-no-after-head t1" },
	{ "UPDATE queued SET turn_id = NULL WHERE id = 'q1'",
	    "queue-taken q1" },
	{ "UPDATE queued SET prompt = 'other' WHERE id = 'q1'",
	    "queue-taken q1" },
	{ "UPDATE queued SET state = 'waiting' WHERE id = 'q3'",
	    "queue-taken q3" },
	{ "INSERT INTO queued VALUES ('q9', 's', 'u', 5, 'two', NULL, "
	  "'taken', 't2', 1, 1, NULL)",
	    "queue-twice q9, queue-passed q9" },
	{ "UPDATE queued SET state = 'waiting', turn_id = NULL WHERE id = "
	  "'q1'",
	    "queue-passed q3" },
	{ "UPDATE queued SET place = 9 WHERE id = 'q0'",
	    "queue-passed q0, queue-order q0" },
	{ "UPDATE approval SET decided_at = NULL WHERE id = 'a1'",
	    "approval-state a1" },
	{ "UPDATE approval SET decided_user = 'u' WHERE id = 'a2'",
	    "approval-state a2" },
	{ "UPDATE approval_attempt SET outcome = 'decided' WHERE number = 3",
	    "approval-decided a1" },
	{ "INSERT INTO approval_attempt VALUES ('a2', 1, 'u', 'x', 'cli', "
	  "'deny', 'decided', 4)",
	    "approval-decided a2" },
	{ "UPDATE approval SET delivered_at = 9 WHERE id = 'a2'",
	    "approval-told a2" },
	{ "UPDATE approval SET delivered_at = NULL WHERE id = 'a1'",
	    "approval-open a1" },
	{ "UPDATE approval SET deadline_at = 9 WHERE id = 'a2'",
	    "approval-late a2" },
};
#define DAMAGES (sizeof(damages) / sizeof(damages[0]))

struct all {
	const struct store_check *check;
	char text[1000];
};

static void
found_fn(const struct store_finding *f, void *arg)
{
	struct all *all = arg;
	size_t n = strlen(all->text);

	assert_true(f->rowid > 0);
	(void)snprintf(all->text + n, sizeof(all->text) - n, "%s%s %s",
	    n > 0 ? ", " : "", all->check->name, f->id);
}

/* By pages of so many rows: what there is does not depend on them. */
static const char *
all_of(struct fx *fx, int64_t rows)
{
	static struct all all;
	int64_t after, upto;

	all.text[0] = '\0';
	for (all.check = store_checks; all.check->name != NULL; all.check++)
		for (after = -1; after < INT64_MAX && !all.check->live;
		     after = upto) {
			assert_int_equal(store_check_page(fx->db, all.check,
					     after, rows, &upto),
			    0);
			assert_true(upto > after);
			assert_int_equal(store_check_look(fx->db, all.check,
					     after, upto, found_fn, &all),
			    0);
		}
	return all.text;
}

static void
write_whole(struct fx *fx)
{
	struct tx *tx = tx_begin(fx->db);

	for (size_t i = 0; i < sizeof(whole) / sizeof(whole[0]); i++)
		assert_true(tx_exec(tx, whole[i], "") > 0);
	tx_commit(tx, NULL, NULL);
	db_settle(fx->db);
}

static void
a_whole_one_is_found_whole(void **state)
{
	struct fx *fx = *state;

	assert_string_equal(all_of(fx, 1), "");
	write_whole(fx);
	assert_string_equal(all_of(fx, 1), "");
	assert_string_equal(all_of(fx, 1000), "");
}

/* A failed check must not leave the change open. */
static void
look_at_damage(struct fx *fx, const struct damage *d)
{
	static const int64_t pages[] = { 1, 3, 100 };
	static char found[3][1000];
	struct tx *tx = tx_begin(fx->db);
	long n;

	(void)tx_exec(tx, "PRAGMA defer_foreign_keys = 1", "");
	n = tx_exec(tx, d->sql, "");
	for (size_t i = 0; i < 3; i++)
		(void)snprintf(found[i], sizeof(found[i]), "%s",
		    all_of(fx, pages[i]));
	tx_abort(tx);
	if (n != 1)
		fail_msg("%ld: %s", n, d->sql);
	for (size_t i = 0; i < 3; i++)
		assert_string_equal(found[i], d->found);
}

static void
each_damage_is_found_and_nothing_else(void **state)
{
	struct fx *fx = *state;

	write_whole(fx);
	for (size_t i = 0; i < DAMAGES; i++)
		look_at_damage(fx, &damages[i]);
}

static bool
names(const char *found, const char *check)
{
	const size_t n = strlen(check);

	for (; (found = strstr(found, check)) != NULL; found++)
		if (found[n] == ' ')
			return true;
	return false;
}

/* What needs rdvd itself is tested where there is one. */
static void
every_check_is_seen_to_find(void **state)
{
	(void)state;
	for (const struct store_check *c = store_checks; c->name != NULL; c++) {
		bool seen = c->live;

		for (size_t i = 0; i < DAMAGES; i++)
			seen = seen || names(damages[i].found, c->name);
		if (!seen)
			fail_msg("%s", c->name);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_whole_one_is_found_whole,
		    fx_setup, fx_teardown),
		cmocka_unit_test_setup_teardown(
		    each_damage_is_found_and_nothing_else, fx_setup,
		    fx_teardown),
		cmocka_unit_test(every_check_is_seen_to_find),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
