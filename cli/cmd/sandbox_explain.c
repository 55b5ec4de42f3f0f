/* SPDX-License-Identifier: MIT */
/*
 * rdv sandbox explain: rdv-helper, which alone knows the profiles, is started
 * beside us and asked, so no daemon is needed. What only the helper that runs
 * can know is asked of rdvd and handed on.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "build.h"
#include "cli/api.h"
#include "cli/cli.h"
#include "cli/cmd.h"
#include "cli/hostservice.h"
#include "cli/out.h"
#include "cli/proc.h"
#include "lib/js.h"
#include "lib/xalloc.h"

#define WORDS_MAX 64

/* Of the host's rdv; NULL: there is none for us. */
struct places {
	char *state, *policy, *run;
};

static bool
has(const struct js *list, const char *word)
{
	const char *text;

	for (size_t i = 0; i < js_len(list); i++) {
		text = js_text(js_at(list, i));
		if (text != NULL && strcmp(text, word) == 0)
			return true;
	}
	return false;
}

/* What it has of cgroups, in the words of --cgroup. */
static void
cgroup_words(const struct js *status, char out[WORDS_MAX])
{
	static const struct {
		const char *feature, *word;
	} rows[] = { { "cgroup", "run" }, { "cgroup_pids", "processes" },
		{ "cgroup_memory", "memory" }, { "cgroup_cpu", "processors" } };
	const struct js *list = js_get(js_get(status, "helper"), "features");

	(void)snprintf(out, WORDS_MAX, "none");
	for (size_t k = 0; k < sizeof(rows) / sizeof(rows[0]); k++)
		if (has(list, rows[k].feature))
			(void)snprintf(out + strlen(out),
			    WORDS_MAX - strlen(out), ",%s", rows[k].word);
}

/* False: nothing is known, as no rdvd answers or its helper is away. */
static bool
ask_cgroup(struct cmd_call *c, char out[WORDS_MAX])
{
	struct js *status = NULL;
	char why[256];
	bool known;

	if (api_try(c, "/api/status", &status, why, sizeof(why)) != 0)
		return false;
	known = js_bool(js_get(status, "helper"), "ready", false);
	if (known)
		cgroup_words(status, out);
	if (strcmp(js_str(status, "build", RDV_BUILD), RDV_BUILD) != 0)
		out_note(c->cli, "rdvd is build %s; this is told by %s",
		    js_str(status, "build", "?"), RDV_BUILD);
	js_free(status);
	return known;
}

/* It writes to our own output and ends with what we end with. */
static int
become(struct cmd_call *c, const char *const *argv)
{
	char *path = xasprintf("%s/rdv-helper", c->cli->bin_dir);
	const struct proc_spec spec = {
		.path = path, .argv = argv, .keep = { -1, -1 }
	};
	int err, status = -1;
	pid_t pid;

	err = proc_spawn(&spec, &pid);
	if (err != 0)
		out_error(c->cli, "SPAWN_FAILED", "%s: %s", path,
		    strerror(-err));
	free(path);
	if (err != 0)
		return CMD_FAILED;
	while (waitpid(pid, &status, 0) == -1 && errno == EINTR)
		;
	return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? CMD_OK
							     : CMD_FAILED;
}

/* Of our own rdv the base directory; of the host's its state and policy. */
static unsigned
add_places(const struct cli *cli, struct places *p, const char **argv)
{
	char *root = hostservice_root(cli);
	unsigned n = 0;

	argv[n++] = "--base";
	if (root == NULL) {
		argv[n++] = cli->base;
		return n;
	}
	p->state = xasprintf("%s/var/lib/rdv", root);
	p->policy = xasprintf("%s/etc/rdv/helper.toml", root);
	p->run = xasprintf("%s/run/rdv", root);
	free(root);
	argv[n++] = p->state;
	argv[n++] = "--policy";
	argv[n++] = p->policy;
	argv[n++] = "--run";
	argv[n++] = p->run;
	return n;
}

static int
sandbox_explain(struct cmd_call *c)
{
	const char *argv[14] = { "rdv-helper", "--explain" };
	struct places places = { NULL, NULL, NULL };
	char cgroup[WORDS_MAX];
	unsigned n = 2;
	int rc;

	if (c->cli->json)
		argv[n++] = "--json";
	if (c->nargs > 0) {
		argv[n++] = c->args[0];
		n += add_places(c->cli, &places, argv + n);
	}
	if (c->nargs > 0 && ask_cgroup(c, cgroup)) {
		argv[n++] = "--cgroup";
		argv[n] = cgroup;
	}
	rc = become(c, argv);
	free(places.state);
	free(places.policy);
	free(places.run);
	return rc;
}

static const struct cmd_arg args[] = {
	{ .name = "PROFILE",
	    .words = "login|script|git|agent|lsp|push",
	    .optional = true },
	{ .name = NULL },
};

const struct cmd cmd_sandbox_explain = {
	.path = "sandbox explain",
	.args = args,
	.help = "what a profile lets a program do on this kernel",
	.doc = "Without a profile all of them, a line each. No rdvd is needed; "
	       "whether a run has a cgroup is known only while one runs. On a "
	       "host that serves several accounts it also says what the policy "
	       "has for yours.",
	.scope = "local",
	.run = sandbox_explain,
};
