/* SPDX-License-Identifier: MIT */
/*
 * rdv hook install: adds rdv's hooks to an agent's settings, as the user whose
 * file it is. Invariant: what else is in the file stays as it is, a file that
 * cannot be read as settings is not touched, and twice is once.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/cmd.h"
#include "cli/out.h"
#include "lib/buf.h"
#include "lib/js.h"
#include "lib/path.h"
#include "lib/str.h"
#include "lib/xalloc.h"

#define FILE_MAX ((size_t)4 << 20)
#define NAME	 "settings.local.json"

/* As Claude Code calls the moments, and what rdv hook calls them. */
static const struct moment {
	const char *name, *event;
	bool matches; /* it is asked for which tools */
} moments[] = {
	{ "SessionStart", "session-start", false },
	{ "UserPromptSubmit", "prompt-submit", false },
	{ "PreToolUse", "pre-tool-use", true },
	{ "PostToolUse", "post-tool-use", true },
	{ "Notification", "notification", false },
	{ "Stop", "stop", false },
	{ "SubagentStop", "subagent-stop", false },
	{ "PreCompact", "pre-compact", false },
	{ "SessionEnd", "session-end", false },
};
#define MOMENTS (sizeof(moments) / sizeof(*moments))

static const struct moment *
moment_of(const char *name)
{
	for (size_t i = 0; i < MOMENTS; i++)
		if (strcmp(moments[i].name, name) == 0)
			return &moments[i];
	return NULL;
}

/* One that an earlier install wrote, perhaps of an rdv elsewhere. */
static bool
is_ours(const struct js *group, const struct moment *m)
{
	const struct js *hooks = js_get(group, "hooks");
	const char *command = js_str(js_at(hooks, 0), "command", "");
	char tail[64];
	size_t len, n;

	(void)snprintf(tail, sizeof(tail), "rdv' hook %s", m->event);
	len = strlen(command);
	n = strlen(tail);
	return js_len(hooks) == 1 && len >= n &&
	       strcmp(command + len - n, tail) == 0;
}

/* In quotes in any case: is_ours() looks for them. */
static void
put_word(struct buf *b, const char *word)
{
	buf_put_text(b, "'");
	for (; *word != '\0'; word++) {
		if (*word == '\'')
			buf_put_text(b, "'\\''");
		else
			buf_put(b, word, 1);
	}
	buf_put_text(b, "'");
}

static struct js *
our_group(const struct cli *cli, const struct moment *m)
{
	struct js *group = js_object(), *hooks = js_array(),
		  *hook = js_object();
	struct buf command;

	buf_init(&command, 65536);
	put_word(&command, cli->exe);
	buf_printf(&command, " hook %s", m->event);
	js_add_str(hook, "type", "command");
	js_add_str(hook, "command", buf_cstr(&command));
	/* Seconds; it is done in one. */
	js_add_int(hook, "timeout", 5);
	js_push(hooks, hook);
	if (m->matches)
		js_add_str(group, "matcher", "*");
	js_add(group, "hooks", hooks);
	buf_done(&command);
	return group;
}

/* A copy: what is parsed stays with what it was parsed in. */
static struct js *
copy(const struct js *v)
{
	struct js *made;
	char why[80];
	struct buf b;

	buf_init(&b, 2 * FILE_MAX);
	js_dump(v, &b);
	made = js_parse((char *)b.data, b.len, why, sizeof(why));
	buf_done(&b);
	return made;
}

/* `groups` without ours, and ours at its end. */
static struct js *
with_ours(const struct cli *cli, const struct js *groups,
    const struct moment *m)
{
	struct js *list = js_array();

	for (size_t i = 0; i < js_len(groups); i++)
		if (!is_ours(js_at(groups, i), m))
			js_push(list, copy(js_at(groups, i)));
	js_push(list, our_group(cli, m));
	return list;
}

static struct js *
hooks_of(const struct cli *cli, const struct js *old)
{
	struct js *o = js_object(), *v;
	const struct moment *m;
	const char *name;

	for (size_t i = 0; js_member(old, i, &name, &v); i++) {
		m = moment_of(name);
		js_add(o, name, m != NULL ? with_ours(cli, v, m) : copy(v));
	}
	for (size_t i = 0; i < MOMENTS; i++)
		if (js_get(old, moments[i].name) == NULL)
			js_add(o, moments[i].name,
			    with_ours(cli, NULL, &moments[i]));
	return o;
}

static struct js *
settings_of(const struct cli *cli, const struct js *old)
{
	struct js *o = js_object(), *v;
	bool had = false;
	const char *name;

	for (size_t i = 0; js_member(old, i, &name, &v); i++) {
		const bool is_hooks = strcmp(name, "hooks") == 0;

		js_add(o, name, is_hooks ? hooks_of(cli, v) : copy(v));
		had = had || is_hooks;
	}
	if (!had)
		js_add(o, "hooks", hooks_of(cli, NULL));
	return o;
}

/* Where a list or an object has to be there is one. */
static const char *
oddity(const struct js *old)
{
	const struct js *hooks = js_get(old, "hooks");
	const struct js *v;

	if (!js_is_object(old))
		return "it is no JSON object";
	if (hooks != NULL && !js_is_object(hooks))
		return "\"hooks\" is no object";
	for (size_t i = 0; i < MOMENTS; i++) {
		v = js_get(hooks, moments[i].name);
		if (v != NULL && !js_is_array(v))
			return "a member of \"hooks\" is no list";
	}
	return NULL;
}

struct place {
	char path[4096]; /* of the file */
	int dir;
};

static int
cannot(const struct cmd_call *c, const struct place *p, const char *why)
{
	out_error(c->cli, "INVALID_SETTINGS", "%s: %s; nothing was changed",
	    p->path, why);
	return CMD_FAILED;
}

/* Its bytes, none when there is no such file. False after telling. */
static bool
read_old(const struct cmd_call *c, const struct place *p, struct buf *b)
{
	int fd = openat(p->dir, NAME, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	char part[16384];
	struct stat st;
	ssize_t n = 0;

	if (fd < 0 && errno == ENOENT)
		return true;
	if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode)) {
		(void)cannot(c, p, "it is no file that can be read");
		if (fd >= 0)
			(void)close(fd);
		return false;
	}
	while ((n = read(fd, part, sizeof(part))) > 0)
		buf_put(b, part, (size_t)n);
	(void)close(fd);
	if (n == 0 && buf_ok(b))
		return true;
	(void)cannot(c, p, n < 0 ? strerror(errno) : "it is over 4 MiB");
	return false;
}

static int
write_new(const struct cmd_call *c, const struct place *p,
    const struct buf *old, const struct js *settings)
{
	struct buf b;
	int err = 0;

	buf_init(&b, 2 * FILE_MAX);
	js_dump_pretty(settings, &b);
	buf_put_text(&b, "\n");
	if (old->len != b.len || memcmp(old->data, b.data, b.len) != 0)
		err = path_write_private(p->dir, NAME, b.data, b.len);
	buf_done(&b);
	return err == 0 ? CMD_OK : cannot(c, p, strerror(-err));
}

static int
merge(const struct cmd_call *c, const struct place *p, const struct buf *old)
{
	struct js *was, *made, *now;
	const char *odd;
	char why[160];
	int rc;

	was = old->len == 0
		  ? js_object()
		  : js_parse((char *)old->data, old->len, why, sizeof(why));
	odd = was == NULL ? why : oddity(was);
	if (odd != NULL) {
		js_free(was);
		return cannot(c, p, odd);
	}
	made = settings_of(c->cli, was);
	now = copy(made);
	rc = write_new(c, p, old, now);
	js_free(now);
	js_free(made);
	js_free(was);
	return rc;
}

static int
open_place(const struct cmd_call *c, struct place *p)
{
	const char *given = cmd_value(c, "dir");
	char dir[4000];

	if (!cli_path(given != NULL ? given : ".", dir, sizeof(dir))) {
		out_error(c->cli, "INVALID_PATH", "%s: %s",
		    given != NULL ? given : ".", strerror(errno));
		return CMD_FAILED;
	}
	(void)snprintf(p->path, sizeof(p->path), "%s/.claude", dir);
	if (mkdir(p->path, 0755) < 0 && errno != EEXIST)
		return cannot(c, p, strerror(errno));
	p->dir = open(p->path, O_DIRECTORY | O_CLOEXEC);
	if (p->dir < 0)
		return cannot(c, p, strerror(errno));
	(void)snprintf(p->path, sizeof(p->path), "%s/.claude/%s", dir, NAME);
	return CMD_OK;
}

static int
hook_install(struct cmd_call *c)
{
	struct place p = { .dir = -1 };
	struct buf old;
	int rc = open_place(c, &p);

	if (rc != CMD_OK)
		return rc;
	buf_init(&old, FILE_MAX);
	rc = read_old(c, &p, &old) ? merge(c, &p, &old) : CMD_FAILED;
	if (rc == CMD_OK && !c->cli->json)
		out_note(c->cli, "hooks of rdv are in %s", p.path);
	buf_done(&old);
	(void)close(p.dir);
	return rc;
}

static const struct cmd_opt opts[] = {
	{ .name = "agent",
	    .arg = "AGENT",
	    .words = "claude",
	    .help = "whose hooks; claude is the default" },
	{ .name = "dir",
	    .arg = "DIR",
	    .word = CMD_DIR,
	    .help = "the project; the current directory is the default" },
	{ .name = NULL },
};

const struct cmd cmd_hook_install = {
	.path = "hook install",
	.opts = opts,
	.help = "add rdv's hooks to an agent's settings in a project",
	.doc = "Of Claude Code: .claude/settings.local.json in the project, "
	       "which is yours alone. What else is there stays; hooks that an "
	       "earlier install wrote are replaced. Claude then tells rdv what "
	       "it is at, in sessions of rdv and nowhere else.",
	.scope = "local",
	.run = hook_install,
};
