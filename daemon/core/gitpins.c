/* SPDX-License-Identifier: MIT */
/*
 * What rdv's own git is told about programs. The guard is the helper's sandbox,
 * in which git can execute nothing but git; these tables are what makes git go
 * on without the program instead of failing over it, and a second line.
 */
#include "daemon/core/gitpins.h"

#include <string.h>

#include "lib/arena.h"
#include "lib/str.h"

/* Of PRIV_TEXT_MAX; the rest is for the pins and the command itself. */
#define BYTES_MAX 5000

const char *const git_pins[] = {
	"core.hooksPath=/dev/null",
	"core.fsmonitor=false",
	"core.pager=cat",
	"core.editor=false",
	"core.askPass=",
	"core.sshCommand=false",
	"core.alternateRefsCommand=false",
	"core.attributesFile=/dev/null",
	"core.excludesFile=/dev/null",
	/* Changed files must not be hidden from a look at what is unsaved. */
	"core.ignoreStat=false",
	"core.quotePath=false",
	"credential.helper=",
	"diff.external=",
	"gpg.program=false",
	"commit.gpgSign=false",
	"log.showSignature=false",
	"sequence.editor=false",
	"protocol.allow=never",
	"protocol.ext.allow=never",
	"safe.bareRepository=explicit",
	"submodule.recurse=false",
	"status.submoduleSummary=false",
	"uploadpack.packObjectsHook=",
	"init.templateDir=",
	"gc.auto=0",
	"maintenance.auto=false",
	NULL,
};

/*
 * Keys with a name in the middle: section, last part, what they become. Not the
 * two programs of a remote, remote.NAME.uploadpack and .receivepack: git takes
 * the first of several, which is the repository's, and complains of the second,
 * so that a tree could not be looked at without a word. protocol.allow keeps
 * git from all remotes.
 */
static const struct {
	const char *section, *last, *value;
} named[] = {
	{ "filter.", ".clean", "" },
	{ "filter.", ".smudge", "" },
	{ "filter.", ".process", "" },
	/* Without its program a required filter would fail the checkout. */
	{ "filter.", ".required", "false" },
	{ "diff.", ".command", "" },
	{ "diff.", ".textconv", "" },
	{ "merge.", ".driver", "" },
	{ "credential.", ".helper", "" },
	{ "gpg.", ".program", "false" },
	{ "remote.", ".vcs", "" },
	{ "submodule.", ".update", "none" },
	{ "trailer.", ".command", "" },
	{ "trailer.", ".cmd", "" },
};

static const char *
override(const char *name)
{
	for (size_t i = 0; i < sizeof(named) / sizeof(named[0]); i++)
		if (str_starts(name, named[i].section) &&
		    str_ends(name, named[i].last) &&
		    strlen(name) >
			strlen(named[i].section) + strlen(named[i].last))
			return named[i].value;
	return NULL;
}

/*
 * `-c key=value` ends the key at the first '=', so a name with one cannot be
 * set that way; and one key may be listed many times.
 */
static bool
settable(const char *const *list, size_t n, const char *name)
{
	size_t len = strlen(name);

	if (strchr(name, '=') != NULL || strchr(name, '\n') != NULL ||
	    len > 256)
		return false;
	for (size_t i = 0; i < n; i++)
		if (strncmp(list[i], name, len) == 0 && list[i][len] == '=')
			return false;
	return true;
}

const char *const *
git_overrides(struct arena *a, const char *names, size_t len)
{
	const char **list =
	    arena_alloc(a, (GIT_OVERRIDES_MAX + 1) * sizeof(*list));
	const char *end = names + len, *value;
	size_t n = 0, bytes = 0;

	for (; names < end && n < GIT_OVERRIDES_MAX;
	     names += strlen(names) + 1) {
		value = override(names);
		if (value == NULL || !settable(list, n, names))
			continue;
		bytes += strlen(names) + 16;
		if (bytes > BYTES_MAX)
			break;
		list[n++] = arena_printf(a, "%s=%s", names, value);
	}
	return list;
}
