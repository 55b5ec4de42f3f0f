/* SPDX-License-Identifier: MIT */
/*
 * The settings: a walk over the table, what a file may say, and the sample in
 * etc/, which must be the table in words.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/conf.h"
#include "lib/err.h"
#include "lib/str.h"
#include "tests/unit/check.h"

#define HOME "/home/you"
#define BASE "/home/you/.rdv"

static char file[64];

static int
setup(void **state)
{
	int fd;

	(void)state;
	(void)snprintf(file, sizeof(file), "/tmp/rdv-conf-XXXXXX");
	fd = mkstemp(file);
	return fd < 0 ? -1 : close(fd);
}

static int
teardown(void **state)
{
	(void)state;
	return unlink(file);
}

static void
write_file(const char *text)
{
	FILE *f = fopen(file, "w");

	assert_non_null(f);
	assert_int_equal(fputs(text, f) >= 0, 1);
	assert_int_equal(fclose(f), 0);
}

/* What loading `text` says: "" when it is fine. The path is cut off. */
static const char *
load(struct conf *c, const char *text)
{
	static char why[512];
	int err;

	write_file(text);
	why[0] = '\0';
	conf_init(c, BASE, HOME);
	err = conf_load(c, file, why, sizeof(why));
	if (err == 0)
		return "";
	assert_int_equal(err, RDV_E_INVALID);
	assert_true(str_starts(why, file));
	return why + strlen(file) + 1;
}

static void
test_rows(void **state)
{
	(void)state;
	for (const struct conf_row *r = conf_rows; r->key != NULL; r++) {
		const char *dot = strchr(r->key, '.');

		assert_non_null(dot);
		assert_null(strchr(dot + 1, '.'));
		assert_true(strlen(r->help) > 8);
		assert_true(!conf_is_number(r) || r->min < r->max);
		assert_true(r->type != CONF_WORD || r->words != NULL);
		/* Of one table, rows stand together: conf_print needs it. */
		for (const struct conf_row *o = conf_rows; o != r; o++)
			assert_string_not_equal(o->key, r->key);
	}
}

static void
test_defaults(void **state)
{
	struct conf c;

	(void)state;
	conf_init(&c, BASE, HOME);
	assert_string_equal(c.base, BASE);
	assert_string_equal(c.api_socket, BASE "/api.sock");
	assert_string_equal(c.database_path, BASE "/server/rdv.db");
	assert_string_equal(c.repo_roots[0], "/");
	assert_null(c.allowed_hosts[0]);
	assert_string_equal(c.precious[0], ".env");
	assert_string_equal(c.precious[5], "!node_modules");
	assert_null(c.precious[6]);
	assert_int_equal(c.drain_ms, 30000);
	assert_string_equal(c.log_level, "info");
	conf_done(&c);
}

static void
test_file(void **state)
{
	struct conf c;

	(void)state;
	assert_string_equal(load(&c,
				"[server]\n"
				"log_level = \"debug\"\n"
				"drain_ms = 5\n"
				"pid_file = \"~/x/rdv.pid\"\n"
				"[auth]\n"
				"allowed_hosts = [\"a.example\", \"b:1\"]\n"
				"[worktrees]\nprecious = [\"*.db\"]\n"),
	    "");
	assert_string_equal(c.precious[0], "*.db");
	assert_null(c.precious[1]);
	assert_string_equal(c.log_level, "debug");
	assert_int_equal(c.drain_ms, 5);
	assert_string_equal(c.pid_file, HOME "/x/rdv.pid");
	assert_string_equal(c.allowed_hosts[1], "b:1");
	assert_null(c.allowed_hosts[2]);
	conf_done(&c);
}

/* Whose home "~" is, is only known when somebody asks. */
static void
test_roots_of_each_account(void **state)
{
	static const char text[] =
	    "[worktrees]\nrepo_roots = [\"~/src\", \"/srv\", \"~\"]\n";
	char why[256];
	struct conf c;

	(void)state;
	assert_string_equal(load(&c, text), "");
	assert_string_equal(c.repo_roots[0], HOME "/src");
	assert_string_equal(c.repo_roots[2], HOME);
	conf_done(&c);
	conf_init(&c, BASE, HOME);
	c.system = true;
	assert_int_equal(conf_load(&c, file, why, sizeof(why)), 0);
	assert_string_equal(c.repo_roots[0], "~/src");
	assert_string_equal(c.repo_roots[1], "/srv");
	assert_string_equal(c.repo_roots[2], "~");
	conf_done(&c);
	/* Sound it has to be all the same. */
	write_file("[worktrees]\nrepo_roots = [\"~/../x\"]\n");
	conf_init(&c, BASE, HOME);
	c.system = true;
	assert_int_equal(conf_load(&c, file, why, sizeof(why)), RDV_E_INVALID);
	conf_done(&c);
}

static void
test_missing_file_is_fine(void **state)
{
	struct conf c;
	char why[64];

	(void)state;
	conf_init(&c, BASE, HOME);
	assert_int_equal(conf_load(&c, "/nonexistent/x", why, sizeof(why)), 0);
	conf_done(&c);
}

#define CONTACT                                                               \
	"2: push.contact: must be https://HOST or mailto:USER@HOST, and not " \
	"localhost"

static void
test_errors(void **state)
{
	static const struct {
		const char *text, *why;
	} rows[] = {
		{ "[server]\nnonsense = 1\n",
		    "2: server.nonsense: no such setting" },
		{ "drain_ms = 1\n", "1: drain_ms: no such setting" },
		{ "[server]\n\ndrain_ms = \"x\"\n",
		    "3: server.drain_ms: must be an integer, not a string" },
		{ "[server]\ndrain_ms = -1\n",
		    "2: server.drain_ms: is out of bounds (0..30000)" },
		{ "[server]\nlog_level = \"loud\"\n",
		    "2: server.log_level: is none of the words allowed here "
		    "(debug|info|warn|error)" },
		{ "[database]\npath = \"rdv.db\"\n",
		    "2: database.path: must be an absolute path or begin "
		    "with ~/" },
		{ "[database]\npath = \"/a/../b\"\n",
		    "2: database.path: must be an absolute path or begin "
		    "with ~/" },
		{ "[database]\npath = \"~other/x\"\n",
		    "2: database.path: must be an absolute path or begin "
		    "with ~/" },
		{ "[auth]\nallowed_hosts = [\"a\", \"a b\"]\n",
		    "2: auth.allowed_hosts: has an entry that is not valid "
		    "(number 2: name, IPv4 or [IPv6], perhaps with :port)" },
		{ "[push]\ncontact = \"https://localhost\"\n", CONTACT },
		{ "[push]\ncontact = \"mailto:ann@localhost\"\n", CONTACT },
		{ "[push]\ncontact = \"ann@rdv.test\"\n", CONTACT },
		{ "[push]\ncontact = \"mailto:ann\"\n", CONTACT },
		{ "[push]\ncontact = \"https://rdv.test/\\t\"\n", CONTACT },
		{ "[auth]\n\nallowed_hosts = [\"a;}\"]\n",
		    "3: auth.allowed_hosts: has an entry that is not valid "
		    "(number 1: name, IPv4 or [IPv6], perhaps with :port)" },
		{ "[database]\nmax_connections = \"10\"\n",
		    "2: database.max_connections: must be an integer, not a "
		    "string" },
		{ "[database]\nmax_connections = 0\n",
		    "2: database.max_connections: is out of bounds "
		    "(1..10000)" },
		{ "[monitoring]\ninterval_secs = 30\n",
		    "2: monitoring.interval_secs: no such setting" },
		{ "[worktrees]\nprecious = [\"a\", \"!\"]\n",
		    "2: worktrees.precious: has an entry that is not valid" },
		{ "[worktrees]\nprecious = [\"/etc\"]\n",
		    "2: worktrees.precious: has an entry that is not valid" },
		{ "[worktrees]\nrepo_roots = []\n",
		    "2: worktrees.repo_roots: has too few or too many "
		    "entries" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct conf c;

		assert_string_equal(load(&c, rows[i].text), rows[i].why);
		conf_done(&c);
	}
}

/* Every key of the older server, with the values it was shipped with. */
static const char older[] = "[server]\n"
			    "api_socket = \"~/.rdv/api.sock\"\n"
			    "terminal_socket = \"~/.rdv/terminal.sock\"\n"
			    "pid_file = \"~/.rdv/server/server.pid\"\n"
			    "log_file = \"~/.rdv/server/server.log\"\n"
			    "[database]\n"
			    "path = \"~/.rdv/sqlite.db\"\n"
			    "max_connections = 10\n"
			    "[auth]\n"
			    "service_token_file = \"~/.rdv/server/token\"\n"
			    "token_rotation_days = 31\n"
			    "[monitoring]\n"
			    "interval_seconds = 30\n"
			    "stall_threshold_seconds = 300\n"
			    "[cleanup]\n"
			    "trash_retention_days = 32\n"
			    "cleanup_interval_hours = 25\n";

static void
test_older_file(void **state)
{
	struct conf c;
	unsigned set = 0;

	(void)state;
	assert_string_equal(load(&c, older), "");
	assert_string_equal(c.api_socket, BASE "/api.sock");
	assert_string_equal(c.terminal_socket, BASE "/terminal.sock");
	assert_string_equal(c.pid_file, BASE "/server/server.pid");
	assert_string_equal(c.log_file, BASE "/server/server.log");
	assert_string_equal(c.database_path, BASE "/sqlite.db");
	assert_string_equal(c.service_token_file, BASE "/server/token");
	assert_int_equal(c.token_rotation_days, 31);
	assert_int_equal(c.trash_retention_days, 32);
	assert_int_equal(c.cleanup_interval_hours, 25);
	for (size_t i = 0; conf_rows[i].key != NULL; i++)
		set += c.sources[i] != NULL;
	assert_int_equal(set, 12);
	conf_done(&c);
}

/* What is given without effect is told with its place, and nothing else is. */
static void
test_warnings(void **state)
{
	static const char *const wanted[] = {
		"8: database.max_connections: accepted, without effect: ",
		"13: monitoring.interval_seconds: accepted, without effect: ",
		"14: monitoring.stall_threshold_seconds: accepted, without ",
	};
	char text[256];
	struct conf c;
	size_t at = 0;

	(void)state;
	assert_string_equal(load(&c, older), "");
	for (size_t i = 0; i < sizeof(wanted) / sizeof(*wanted); i++) {
		assert_true(conf_warning(&c, &at, text, sizeof(text)));
		assert_true(str_starts(text, file));
		assert_true(str_starts(text + strlen(file) + 1, wanted[i]));
	}
	assert_false(conf_warning(&c, &at, text, sizeof(text)));
	conf_done(&c);
	at = 0;
	assert_string_equal(load(&c, "[auth]\ntoken_rotation_days = 1\n"), "");
	assert_false(conf_warning(&c, &at, text, sizeof(text)));
	conf_done(&c);
}

static void
test_syntax_error_has_a_line(void **state)
{
	struct conf c;

	(void)state;
	assert_true(str_starts(load(&c, "[server]\n= 1\n"), "2: "));
	conf_done(&c);
}

static void
test_every_bound_is_kept(void **state)
{
	char text[160];
	struct conf c;

	(void)state;
	for (const struct conf_row *r = conf_rows; r->key != NULL; r++) {
		if (!conf_is_number(r))
			continue;
		for (int over = 0; over < 2; over++) {
			(void)snprintf(text, sizeof(text),
			    "[%.*s]\n%s = %lld\n",
			    (int)(strchr(r->key, '.') - r->key), r->key,
			    strchr(r->key, '.') + 1, (long long)r->max + over);
			assert_int_equal(*load(&c, text) != '\0', over);
			conf_done(&c);
		}
	}
}

static void
test_others_must_not_write_it(void **state)
{
	struct conf c;
	char why[256];

	(void)state;
	write_file("[server]\ndrain_ms = 5\n");
	assert_int_equal(chmod(file, 0622), 0);
	conf_init(&c, BASE, HOME);
	assert_int_equal(conf_load(&c, file, why, sizeof(why)), RDV_E_INVALID);
	assert_int_equal(c.drain_ms, 30000);
	assert_int_equal(chmod(file, 0644), 0);
	assert_int_equal(conf_load(&c, file, why, sizeof(why)), 0);
	assert_int_equal(c.drain_ms, 5);
	conf_done(&c);
}

static void
test_reload_takes_what_may_change(void **state)
{
	struct conf c, fresh;

	(void)state;
	conf_init(&c, BASE, HOME);
	assert_string_equal(load(&fresh, "[server]\nlog_level = \"warn\"\n"
					 "drain_ms = 7\n"
					 "[auth]\nallowed_hosts = [\"h\"]\n"),
	    "");
	conf_reload(&c, &fresh);
	assert_string_equal(c.log_level, "warn");
	assert_string_equal(c.allowed_hosts[0], "h");
	assert_int_equal(c.drain_ms, 30000);
	conf_done(&fresh);
	conf_done(&c);
}

static char *
print(const struct conf *c)
{
	char *text = NULL;
	size_t len;
	FILE *f = open_memstream(&text, &len);

	assert_non_null(f);
	conf_print(c, f);
	assert_int_equal(fclose(f), 0);
	return text;
}

static void
test_print_is_read_back(void **state)
{
	struct conf c, again;
	char *first, *second;

	(void)state;
	conf_init(&c, BASE, HOME);
	first = print(&c);
	assert_non_null(strstr(first, "# accepted, without effect: rdvd is one "
				      "process with one connection to its "
				      "database (1..10000)\n"
				      "max_connections = 10 # default\n"));
	assert_string_equal(load(&again, first), "");
	for (size_t i = 0; conf_rows[i].key != NULL; i++) {
		free(again.sources[i]);
		again.sources[i] = NULL;
	}
	second = print(&again);
	assert_string_equal(first, second);
	free(first);
	free(second);
	conf_done(&c);
	conf_done(&again);
}

/* The sample with its settings switched on, and "~" for the home. */
static char *
sample(void)
{
	FILE *f = fopen("etc/config.toml", "r");
	char line[512], *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	assert_non_null(f);
	while (fgets(line, sizeof(line), f) != NULL)
		(void)fputs(line[0] == '#' && line[1] >= 'a' ? line + 1 : line,
		    out);
	assert_int_equal(fclose(out), 0);
	(void)fclose(f);
	return text;
}

static void
test_sample_is_the_table(void **state)
{
	char *text = sample(), *shown, *wanted;
	struct conf c, defaults;

	(void)state;
	assert_string_equal(load(&c, text), "");
	for (size_t i = 0; conf_rows[i].key != NULL; i++) {
		if (c.sources[i] == NULL)
			fail_msg("not in the sample: %s", conf_rows[i].key);
		assert_non_null(strstr(text, conf_rows[i].help));
		free(c.sources[i]);
		c.sources[i] = NULL;
	}
	conf_init(&defaults, BASE, HOME);
	shown = print(&c);
	wanted = print(&defaults);
	assert_string_equal(shown, wanted);
	free(shown);
	free(wanted);
	free(text);
	conf_done(&c);
	conf_done(&defaults);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_defaults),
		cmocka_unit_test(test_file),
		cmocka_unit_test(test_roots_of_each_account),
		cmocka_unit_test(test_missing_file_is_fine),
		cmocka_unit_test(test_errors),
		cmocka_unit_test(test_older_file),
		cmocka_unit_test(test_warnings),
		cmocka_unit_test(test_syntax_error_has_a_line),
		cmocka_unit_test(test_every_bound_is_kept),
		cmocka_unit_test(test_others_must_not_write_it),
		cmocka_unit_test(test_reload_takes_what_may_change),
		cmocka_unit_test(test_print_is_read_back),
		cmocka_unit_test(test_sample_is_the_table),
	};

	return cmocka_run_group_tests_name("conf", tests, setup, teardown);
}
