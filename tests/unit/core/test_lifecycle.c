/* SPDX-License-Identifier: MIT */
/*
 * The table of states, walked over all pairs of state and event: what is drawn
 * here happens and nothing else does, every end is one, and the database knows
 * exactly these states.
 */
#include "tests/unit/check.h"

#include <stdio.h>
#include <string.h>

#include "daemon/core/lifecycle.h"

#define ENDS "completed", "failed", "killed", "lost"

static const struct kind {
	const char *table;
	enum life_of of;
	const char *states[8];
} kinds[] = {
	{ "CREATE TABLE turn (", LIFE_TURN, { "waiting", "running", ENDS } },
	{ "CREATE TABLE chain (", LIFE_CHAIN, { "running", ENDS } },
	{ "CREATE TABLE chain_link (", LIFE_LINK,
	    { "waiting", "running", ENDS, "skipped" } },
	{ "CREATE TABLE queued (", LIFE_QUEUED,
	    { "waiting", "taken", "cancelled" } },
};

/*
 * What follows in each state on start, done, fail, stop, lose, skip; '-' for
 * nothing, else the first letter of the state.
 */
static const struct {
	enum life_of of;
	const char *from, *to;
} pairs[] = {
	{ LIFE_TURN, "waiting", "r-fkl-" },
	{ LIFE_TURN, "running", "-cfkl-" },
	{ LIFE_CHAIN, "running", "-cfkl-" },
	{ LIFE_LINK, "waiting", "r-f--s" },
	{ LIFE_LINK, "running", "-cfkls" },
	{ LIFE_QUEUED, "waiting", "t--c--" },
};

static const char *
expected(enum life_of of, const char *from)
{
	for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++)
		if (pairs[i].of == of && strcmp(pairs[i].from, from) == 0)
			return pairs[i].to;
	return "------";
}

static void
every_pair_does_what_is_drawn(void **state)
{
	unsigned walked = 0;

	(void)state;
	for (size_t k = 0; k < sizeof kinds / sizeof kinds[0]; k++)
		for (const char *const *s = kinds[k].states; *s != NULL; s++)
			for (int e = 0; e < LIFE_EVENT_MAX; e++) {
				const char *to = life_next(kinds[k].of, *s,
				    (enum life_event)e);

				assert_int_equal(expected(kinds[k].of, *s)[e],
				    to != NULL ? to[0] : '-');
				walked++;
			}
	assert_int_equal(walked, (6 + 5 + 7 + 3) * LIFE_EVENT_MAX);
}

static void
what_is_over_is_left_by_nothing(void **state)
{
	(void)state;
	for (size_t k = 0; k < sizeof kinds / sizeof kinds[0]; k++)
		for (const char *const *s = kinds[k].states; *s != NULL; s++)
			assert_int_equal(life_is_over(kinds[k].of, *s),
			    strcmp(expected(kinds[k].of, *s), "------") == 0);
}

static void
each_begins_in_a_state_that_is_left(void **state)
{
	(void)state;
	for (int of = 0; of < LIFE_OF_MAX; of++) {
		const char *first = life_first((enum life_of)of);

		assert_false(life_is_over((enum life_of)of, first));
		/* Nothing leads back to where it began. */
		for (const struct life_row *r = life_rows; r->from != NULL; r++)
			if ((int)r->of == of)
				assert_string_not_equal(r->to, first);
	}
}

static void
the_end_of_a_run_is_one_event(void **state)
{
	(void)state;
	assert_int_equal(life_of_run("completed"), LIFE_DONE);
	assert_int_equal(life_of_run("failed"), LIFE_FAIL);
	assert_int_equal(life_of_run("killed"), LIFE_STOP);
	assert_int_equal(life_of_run("lost"), LIFE_LOSE);
}

/* The states between the parentheses of a table's CHECK, as it stands there. */
static void
states_of(const char *schema, const char *table, char *out, size_t size)
{
	const char *at = strstr(schema, table), *end;
	size_t n = 0;

	assert_non_null(at);
	at = strstr(at, "CHECK (state IN (");
	assert_non_null(at);
	at += strlen("CHECK (state IN (");
	end = strchr(at, ')');
	for (; at < end && n + 1 < size; at++)
		if (*at != '\'' && *at != '\n' && *at != '\t' && *at != ' ')
			out[n++] = *at;
	out[n] = '\0';
}

static void
the_database_knows_the_same_states(void **state)
{
	static char schema[65536];
	FILE *f = fopen("daemon/store/schema.sql", "r");
	char have[256], want[256];

	(void)state;
	assert_non_null(f);
	schema[fread(schema, 1, sizeof schema - 1, f)] = '\0';
	(void)fclose(f);
	for (size_t k = 0; k < sizeof kinds / sizeof kinds[0]; k++) {
		size_t n = 0;

		for (const char *const *s = kinds[k].states; *s != NULL; s++)
			n += (size_t)snprintf(want + n, sizeof want - n, "%s%s",
			    n > 0 ? "," : "", *s);
		states_of(schema, kinds[k].table, have, sizeof have);
		assert_string_equal(have, want);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_pair_does_what_is_drawn),
		cmocka_unit_test(what_is_over_is_left_by_nothing),
		cmocka_unit_test(each_begins_in_a_state_that_is_left),
		cmocka_unit_test(the_end_of_a_run_is_one_event),
		cmocka_unit_test(the_database_knows_the_same_states),
	};

	return CHECK_RUN("core/lifecycle", tests);
}
