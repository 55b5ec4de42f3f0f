/* SPDX-License-Identifier: MIT */
/*
 * The table of commands and the words it accepts: a row that forgets its help,
 * hides another one or breaks the parser's rules is found here.
 */
#include <stdio.h>
#include <string.h>

#include "cli/cmd.h"
#include "cli/help.h"
#include "tests/unit/check.h"

static struct cmd_call call;
static char why[256];

#define PARSE(...) parse((const char *const[]){ __VA_ARGS__, NULL })

static int
parse(const char *const *argv)
{
	int argc = 0;

	while (argv[argc] != NULL)
		argc++;
	why[0] = '\0';
	return cmd_parse(&call, argc, (char **)argv, why, sizeof(why));
}

static bool
ends_table(const struct cmd_opt *o, const char *name)
{
	for (; o != NULL && o->name != NULL; o++) {
		if (strcmp(o->name, name) == 0)
			return false;
	}
	return true;
}

static void
check_options(const struct cmd *cmd)
{
	const struct cmd_opt *o;

	for (o = cmd->opts; o != NULL && o->name != NULL; o++) {
		assert_non_null(o->help);
		assert_true(ends_table(o + 1, o->name));
		assert_true(ends_table(cmd_globals, o->name));
		if (o->arg == NULL)
			assert_null(o->words);
		if (o->max > 0)
			assert_true(o->arg != NULL && o->min <= o->max);
	}
}

static void
check_args(const struct cmd *cmd)
{
	const struct cmd_arg *a;
	bool optional = false;

	for (a = cmd->args; a != NULL && a->name != NULL; a++) {
		assert_true(a->optional || !optional);
		optional = a->optional;
		if (a->many)
			assert_null(a[1].name);
	}
}

static void
rows_are_complete(void **state)
{
	static const char *const scopes[] = { "local", "read", "run", "approve",
		"full" };
	size_t i, s;

	(void)state;
	for (i = 0; cmds[i] != NULL; i++) {
		assert_non_null(cmds[i]->help);
		assert_non_null(cmds[i]->run);
		assert_non_null(cmds[i]->scope);
		assert_true(strlen(cmds[i]->help) <= 60);
		for (s = 0; s < 5; s++) {
			if (strcmp(scopes[s], cmds[i]->scope) == 0)
				break;
		}
		assert_true(s < 5);
		check_options(cmds[i]);
		check_args(cmds[i]);
	}
	assert_true(i >= 30);
}

static void
names_are_unique(void **state)
{
	size_t i, k;

	(void)state;
	for (i = 0; cmds[i] != NULL; i++) {
		assert_ptr_equal(cmd_find(cmds[i]->path), cmds[i]);
		if (cmds[i]->alias == NULL)
			continue;
		assert_ptr_equal(cmd_find(cmds[i]->alias), cmds[i]);
		/* Or it is what that group means by itself. */
		if (cmd_is_group(cmds[i]->alias))
			assert_ptr_equal(strstr(cmds[i]->path, cmds[i]->alias),
			    cmds[i]->path);
		for (k = 0; cmds[k] != NULL; k++)
			assert_string_not_equal(cmds[k]->path, cmds[i]->alias);
	}
}

/* A token comes from a file: others on this host see what is typed. */
static void
abuse_L11_no_option_takes_a_token(void **state)
{
	static const char *const names[] = { "token", "password", "secret",
		"api-key" };

	(void)state;
	for (size_t n = 0; n < sizeof(names) / sizeof(names[0]); n++) {
		assert_true(ends_table(cmd_globals, names[n]));
		for (size_t i = 0; cmds[i] != NULL; i++)
			assert_true(ends_table(cmds[i]->opts, names[n]));
	}
	/* Nor does the refusal say it once more, into somebody's log. */
	assert_int_equal(PARSE("status", "--token", "rdv_mine"), CMD_USAGE);
	assert_null(strstr(why, "rdv_mine"));
	assert_int_equal(PARSE("status", "--token=rdv_mine"), CMD_USAGE);
	assert_string_equal(why, "no such option: --token");
	assert_int_equal(PARSE("status", "--quiet=rdv_mine"), CMD_USAGE);
	assert_null(strstr(why, "rdv_mine"));
}

/* The commands the manual promises; an issue of its own to lose one. */
static void
promised_commands_exist(void **state)
{
	static const char *const promised[] = { "session new", "session ls",
		"session show", "session exec", "session scrollback",
		"session suspend", "session resume", "session close",
		"session attach", "session send-keys", "send-keys",
		"session wait", "wait", "attach", "scrollback", "worktree ls",
		"worktree status", "worktree diff", "worktree log",
		"worktree compare", "worktree blame", "worktree watch",
		"worktree rm", "worktree stage", "worktree unstage",
		"worktree commit", "worktree discard", "worktree discards",
		"worktree restore", "folder ls", "folder new", "folder mv",
		"folder rm", "repo ls", "repo add", "repo show", "repo set",
		"repo forget", "repo branches", "repo tags", "repo clone",
		"repo discover", "token ls", "token new", "token revoke",
		"share", "share ls", "share revoke", "events", "status",
		"doctor", "up", "down", "upgrade", "open", "url", "completion",
		"version", "help", "workspace new", "workspace ls",
		"workspace show", "workspace status", "workspace rename",
		"workspace pin", "workspace ensure", "workspace archive",
		"workspace restore", "workspace commit", "workspace rm",
		"branch ls", "branch new", "branch mv", "branch rm",
		"branch restore", "workspace merge", "workspace rebase",
		"worktree merge", "worktree rebase", "worktree pick",
		"worktree continue", "worktree skip", "worktree abort",
		"worktree conflicts", "worktree resolve", "worktree operations",
		"worktree push", "worktree fetch", "worktree pull",
		"workspace push", "agents ls", "agents doctor", "agents login",
		"trace", "approvals ls", "approvals show", "approvals approve",
		"approvals deny", "approvals answer", "approvals watch",
		"approvals ask", "rule ls", "rule add", "rule rm", "push ls",
		"push rm", "push test", "session bypass", "ask", "follow-up",
		"turn ls", "turn stop", "queue ls", "queue add", "queue edit",
		"queue rm", "queue start", "reset", "unreset", "run", "runs ls",
		"runs show", "runs log", "runs stop", "dev ls", "dev start",
		"dev stop", "dev log", "agents config", "agents configure",
		"conversation ls", "conversation close" };
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(promised) / sizeof(promised[0]); i++) {
		if (cmd_find(promised[i]) == NULL)
			fail_msg("no command %s", promised[i]);
	}
}

static void
help_shows_every_row(void **state)
{
	char text[65536], usage[4096];
	FILE *f = fmemopen(text, sizeof(text), "w");
	size_t i;

	(void)state;
	help_list(NULL, f);
	for (i = 0; cmds[i] != NULL; i++)
		help_command(cmds[i], f);
	(void)fclose(f);
	for (i = 0; cmds[i] != NULL; i++) {
		if (!cmds[i]->hidden)
			assert_non_null(strstr(text, cmds[i]->path));
		help_usage(cmds[i], usage, sizeof(usage));
		assert_int_equal(strncmp(usage, "rdv ", 4), 0);
	}
}

static void
options_stand_anywhere(void **state)
{
	(void)state;
	assert_int_equal(PARSE("--json", "session", "--quiet", "show", "a",
			     "--timeout=5"),
	    CMD_OK);
	assert_string_equal(call.cmd->path, "session show");
	assert_true(cmd_flag(&call, "json"));
	assert_true(cmd_flag(&call, "quiet"));
	assert_false(cmd_flag(&call, "no-color"));
	assert_int_equal(cmd_number(&call, "timeout", 0), 5);
	assert_string_equal(call.args[0], "a");
	assert_int_equal(PARSE("scrollback", "a", "-n", "7"), CMD_OK);
	assert_int_equal(cmd_number(&call, "lines", 100), 7);
}

/* "share" alone is a command, and the first word of others. */
static void
a_command_may_name_a_group(void **state)
{
	(void)state;
	assert_int_equal(PARSE("share", "a", "--write"), CMD_OK);
	assert_string_equal(call.cmd->path, "share new");
	assert_string_equal(call.args[0], "a");
	assert_int_equal(PARSE("--json", "share", "--quiet", "ls"), CMD_OK);
	assert_string_equal(call.cmd->path, "share ls");
	assert_int_equal(call.nargs, 0);
	assert_int_equal(PARSE("share", "revoke", "ls"), CMD_OK);
	assert_string_equal(call.cmd->path, "share revoke");
	assert_string_equal(call.args[0], "ls");
	/* After an option or a word of its own there is no verb any more. */
	assert_int_equal(PARSE("share", "--write", "ls"), CMD_OK);
	assert_string_equal(call.cmd->path, "share new");
	assert_int_equal(PARSE("share", "new", "ls"), CMD_OK);
	assert_string_equal(call.cmd->path, "share new");
	assert_string_equal(call.args[0], "ls");
	assert_int_equal(PARSE("share", "a", "ls"), CMD_USAGE);
	assert_int_equal(PARSE("share"), CMD_USAGE);
	/* Another command's alias is no group. */
	assert_int_equal(PARSE("attach", "ls"), CMD_OK);
	assert_string_equal(call.cmd->path, "session attach");
}

static void
values_have_bounds(void **state)
{
	(void)state;
	assert_int_equal(PARSE("scrollback", "a", "--lines", "1"), CMD_OK);
	assert_int_equal(PARSE("scrollback", "a", "--lines", "0"), CMD_USAGE);
	assert_int_equal(PARSE("scrollback", "a", "--lines", "100001"),
	    CMD_USAGE);
	assert_int_equal(PARSE("scrollback", "a", "--lines", "7x"), CMD_USAGE);
	assert_int_equal(PARSE("scrollback", "a", "--lines", ""), CMD_USAGE);
	assert_int_equal(PARSE("session", "new", "a", "--profile", "login"),
	    CMD_OK);
	assert_int_equal(PARSE("session", "new", "a", "--profile", "log"),
	    CMD_USAGE);
	assert_int_equal(PARSE("session", "new", "a", "--profile",
			     "login|script"),
	    CMD_USAGE);
	assert_int_equal(PARSE("completion", "fish"), CMD_USAGE);
}

static void
wrong_words_are_refused(void **state)
{
	(void)state;
	assert_int_equal(PARSE("session"), CMD_USAGE);
	assert_int_equal(PARSE("nonsense"), CMD_USAGE);
	assert_int_equal(PARSE("session", "nonsense"), CMD_USAGE);
	assert_int_equal(PARSE("ls"), CMD_USAGE);
	assert_non_null(strstr(why,
	    "dev ls, folder ls, push ls, queue ls, repo ls, rule ls, "
	    "runs ls, session ls"));
	assert_int_equal(PARSE("status", "extra"), CMD_USAGE);
	assert_int_equal(PARSE("session", "show"), CMD_USAGE);
	assert_int_equal(PARSE("status", "--nonsense"), CMD_USAGE);
	assert_int_equal(PARSE("status", "--lines", "3"), CMD_USAGE);
	assert_int_equal(PARSE("status", "--json=1"), CMD_USAGE);
	assert_int_equal(PARSE("status", "--socket"), CMD_USAGE);
	assert_int_equal(PARSE("status", "--socket", "a", "--socket", "b"),
	    CMD_USAGE);
	/* The words come from anywhere: control bytes do not come back. */
	assert_int_equal(PARSE("bad\033]0;x\007"), CMD_USAGE);
	assert_null(strchr(why, '\033'));
}

static void
rest_is_the_command(void **state)
{
	(void)state;
	assert_int_equal(PARSE("session", "new", "a", "--", "make", "--json"),
	    CMD_OK);
	assert_int_equal(call.nargs, 1);
	assert_string_equal(call.rest[0], "make");
	assert_string_equal(call.rest[1], "--json");
	assert_null(call.rest[2]);
	assert_false(cmd_flag(&call, "json"));
	assert_int_equal(PARSE("session", "show", "--", "-x"), CMD_OK);
	assert_string_equal(call.args[0], "-x");
}

static void
typed_text_keeps_its_dashes(void **state)
{
	(void)state;
	assert_int_equal(PARSE("exec", "--json", "a", "ls", "-l", "--json",
			     "--", "x"),
	    CMD_OK);
	assert_int_equal(call.nargs, 6);
	assert_string_equal(call.args[2], "-l");
	assert_string_equal(call.args[4], "--");
	assert_int_equal(PARSE("help", "session", "new", "--json"), CMD_OK);
	assert_true(cmd_flag(&call, "json"));
	/* Before the text an option is one. */
	assert_int_equal(PARSE("exec", "a", "--nonsense", "ls"), CMD_USAGE);
}

static void
repeated_options_are_kept(void **state)
{
	(void)state;
	assert_int_equal(PARSE("session", "new", "a", "--env", "A=1", "--env",
			     "B=2"),
	    CMD_OK);
	assert_string_equal(cmd_nth(&call, "env", 0), "A=1");
	assert_string_equal(cmd_nth(&call, "env", 1), "B=2");
	assert_null(cmd_nth(&call, "env", 2));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rows_are_complete),
		cmocka_unit_test(names_are_unique),
		cmocka_unit_test(promised_commands_exist),
		cmocka_unit_test(abuse_L11_no_option_takes_a_token),
		cmocka_unit_test(help_shows_every_row),
		cmocka_unit_test(options_stand_anywhere),
		cmocka_unit_test(a_command_may_name_a_group),
		cmocka_unit_test(values_have_bounds),
		cmocka_unit_test(wrong_words_are_refused),
		cmocka_unit_test(rest_is_the_command),
		cmocka_unit_test(typed_text_keeps_its_dashes),
		cmocka_unit_test(repeated_options_are_kept),
	};

	return CHECK_RUN("cmd", tests);
}
