/* SPDX-License-Identifier: MIT */
/*
 * How rdv attach ended, in words or as JSON, and as an exit status. The
 * terminal is a plain one again by then.
 */
#include "cli/attachend.h"

#include <stdlib.h>
#include <string.h>

#include "cli/api.h"
#include "cli/attach.h"
#include "cli/cli.h"
#include "cli/cmd.h"
#include "cli/out.h"
#include "cli/view.h"
#include "cli/vt.h"
#include "cli/vtsafe.h"
#include "lib/err.h"
#include "lib/js.h"

static const char *
name_of(const struct attach_conf *conf)
{
	return js_str(conf->session, "name", "session");
}

static const char *
end_name(const struct view *v)
{
	static const char *const names[] = { [VIEW_ON] = "detached",
		[VIEW_EXITED] = "exited",
		[VIEW_RELEASED] = "released",
		[VIEW_REFUSED] = "refused",
		[VIEW_LOST] = "lost" };

	return names[v->end];
}

static void
report_json(const struct view *v)
{
	struct js *o = js_object();

	js_add_str(o, "session_id", v->session);
	js_add_str(o, "run_id", v->run[0] != '\0' ? v->run : NULL);
	js_add_int(o, "offset", v->offset < 0 ? 0 : v->offset);
	js_add_str(o, "end", end_name(v));
	js_add_str(o, "state", v->state[0] != '\0' ? v->state : NULL);
	js_add_ms(o, "code", v->code);
	js_add_ms(o, "signal", v->signal);
	out_json(o);
	js_free(o);
}

/* "lost" has neither status nor signal: then the cause is all there is. */
static void
report_exit(const struct attach_conf *conf, const struct view *v)
{
	const struct cli *cli = conf->call->cli;
	const char *name = name_of(conf);

	if (v->signal > 0)
		out_note(cli, "%s ended by signal %d (%s)", name, v->signal,
		    strsignal(v->signal));
	else if (v->code >= 0)
		out_note(cli, "%s ended with status %d", name, v->code);
	else
		out_note(cli, "%s ended: %s %s", name, v->state, v->why);
}

/* It was over before anybody looked: what was shown is the end of a log. */
static void
report_past(const struct attach_conf *conf)
{
	const char *state =
	    js_str(js_get(conf->session, "run"), "state", "running");
	char *hint;

	if (strcmp(state, "running") == 0 || strcmp(state, "starting") == 0)
		return;
	hint = cli_hint(conf->call->cli, "scrollback --all", name_of(conf));
	out_note(conf->call->cli,
	    "it had ended before; all it wrote is shown by: %s", hint);
	free(hint);
}

/* Who wants it has a switch for it; who does not learns that it was tried. */
static void
report_refused(const struct attach_conf *conf, const struct view *v)
{
	const struct cli *cli = conf->call->cli;
	const char *name = name_of(conf);
	char *hint;

	if (vt_safe(v->vt)->refused == 0 || conf->link != NULL)
		return;
	hint = cli_hint(cli, "session clipboard", name);
	out_note(cli,
	    "%s tried to put text on your clipboard, in vain; it may after: "
	    "%s on",
	    name, hint);
	free(hint);
}

int
attachend_report(const struct attach_conf *conf, const struct view *v)
{
	const struct cmd_call *c = conf->call;
	const char *name = name_of(conf);

	if (c->cli->json)
		report_json(v);
	report_refused(conf, v);
	if (v->end == VIEW_REFUSED) {
		out_error(c->cli, "REFUSED", "%s", v->why);
		return CMD_FAILED;
	}
	if (v->end == VIEW_LOST && conf->link != NULL) {
		out_error(c->cli, "UNREACHABLE", "%s", v->why);
		return CMD_UNREACHABLE;
	}
	if (v->end == VIEW_LOST)
		return api_unreachable(c, RDV_E_UNAVAILABLE, v->why);
	if (v->end == VIEW_EXITED) {
		report_exit(conf, v);
		report_past(conf);
		if (!conf->exit_code)
			return CMD_OK;
		return CMD_PROGRAM + (v->signal > 0	? 128 + v->signal
					 : v->code >= 0 ? v->code & 255
							: CMD_FAILED);
	}
	if (v->end == VIEW_RELEASED)
		out_note(c->cli,
		    "%s was suspended or closed; this view is over", name);
	else if (v->ready)
		out_note(c->cli, "detached from %s; it goes on", name);
	else
		out_note(c->cli, "detached from %s while rdvd was away", name);
	return CMD_OK;
}
