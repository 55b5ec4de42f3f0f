/* SPDX-License-Identifier: MIT */
/*
 * What a child finds in its environment (abuse E13). Built from nothing: what
 * the account and the profile say, and of a request only what looks like a
 * name. Of those the table refuses what makes a loader, shell, interpreter or
 * git run or load something else. Refused means that the request fails and says
 * why, not that the variable is dropped.
 */
#include "priv-helper/env.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/egress.h"
#include "lib/err.h"
#include "lib/privproto.h"
#include "lib/str.h"
#include "lib/xalloc.h"
#include "priv-helper/accounts.h"
#include "security/mutant.h"
#include "security/profile.h"

#define NAME_MAX_BYTES	128
#define VALUE_MAX_BYTES 10240
/* The account's seven, TERM, TMPDIR and two of a door. */
#define OWN_MAX	  11
#define FIXED_MAX 48

/* A trailing '*' matches any rest. */
static const char *const refused[] = { "AWKLIBPATH", "BASHOPTS", "BASH_*",
	"CDPATH", "CORECLR_*", "DOTNET_STARTUP_HOOKS", "ENV", "EXINIT",
	"GCONV_PATH", "GETCONF_DIR", "GIT_*", "GLIBC_TUNABLES", "HOSTALIASES",
	"IFS", "JAVA_TOOL_OPTIONS", "JDK_JAVA_OPTIONS", "LD_*", "LESSCLOSE",
	"LESSOPEN", "LOCALDOMAIN", "LOCPATH", "LUA_INIT*", "MALLOC_*",
	"NIS_PATH", "NLSPATH", "NODE_OPTIONS", "NODE_PATH",
	"NODE_REPL_EXTERNAL_MODULE", "OPENSSL_CONF", "OPENSSL_ENGINES",
	"OPENSSL_MODULES", "PERL5*", "PERLLIB", "PERL_*", "PHPRC",
	"PHP_INI_SCAN_DIR", "PROMPT_COMMAND", "PS4", "PYTHON*",
	"RESOLV_HOST_CONF", "RES_OPTIONS", "RUBYLIB", "RUBYOPT", "SHELLOPTS",
	"VIMINIT", "ZDOTDIR", "_JAVA_OPTIONS", NULL };

static bool
matches(const char *pattern, const char *name, size_t len)
{
	size_t n = strlen(pattern);

	if (pattern[n - 1] == '*')
		return len >= n - 1 && strncmp(pattern, name, n - 1) == 0;
	return len == n && strncmp(pattern, name, n) == 0;
}

static bool
is_refused(const char *name, size_t len)
{
	const char *const *p;

	if (mutant("E13"))
		return false;
	for (p = refused; *p != NULL; p++)
		if (matches(*p, name, len))
			return true;
	return false;
}

/* [A-Z_][A-Z0-9_]*, so no '=' tricks and no exported shell function. */
static bool
name_ok(const char *name, size_t len)
{
	size_t i;

	if (len == 0 || len > NAME_MAX_BYTES)
		return false;
	for (i = 0; i < len; i++) {
		if ((name[i] >= 'A' && name[i] <= 'Z') || name[i] == '_')
			continue;
		if (i > 0 && name[i] >= '0' && name[i] <= '9')
			continue;
		return false;
	}
	return true;
}

/* Index of the variable with the same name as `var`, or -1. */
static int
find(char *const *env, size_t n, const char *var)
{
	size_t len = strcspn(var, "="), i;

	for (i = 0; i < n; i++)
		if (strncmp(env[i], var, len) == 0 && env[i][len] == '=')
			return (int)i;
	return -1;
}

static int
deny(char *why, size_t whysize, const char *text, const char *var)
{
	char name[80];

	(void)str_escape(name, sizeof(name), var, strcspn(var, "="));
	snprintf(why, whysize, "environment: %s: \"%s\"", text, name);
	return RDV_E_DENIED;
}

static int
judge(const struct env_request *r, unsigned i, char *why, size_t whysize)
{
	const char *var = r->vars[i];
	const size_t len = strcspn(var, "=");

	if (var[len] != '=' || !name_ok(var, len))
		return deny(why, whysize, "not a name", var);
	if (is_refused(var, len))
		return deny(why, whysize, "may not be set", var);
	if (strlen(var + len + 1) > VALUE_MAX_BYTES)
		return deny(why, whysize, "value too long", var);
	if (find(r->vars, i, var) >= 0)
		return deny(why, whysize, "given twice", var);
	return 0;
}

/* Takes `var` over, in place of one with the same name. */
static void
set(char **env, size_t *n, char *var)
{
	int at = find(env, *n, var);

	if (at >= 0) {
		free(env[at]);
		env[at] = var;
	} else {
		env[(*n)++] = var;
	}
}

static void
set_account(const struct env_request *r, char **env, size_t *n)
{
	const struct account *u = r->user;

	set(env, n, xasprintf("HOME=%s", u->home));
	set(env, n, xasprintf("USER=%s", u->name));
	set(env, n, xasprintf("LOGNAME=%s", u->name));
	set(env, n, xasprintf("SHELL=%s", u->shell));
	set(env, n, xstrdup("PATH=" ENV_PATH));
	set(env, n, xstrdup("LANG=C.UTF-8"));
	if (r->pty)
		set(env, n, xstrdup("TERM=xterm-256color"));
	if (r->tmpdir != NULL)
		set(env, n, xasprintf("TMPDIR=%s", r->tmpdir));
	/* git gives up over a file in the home directory it may not read. */
	if (r->profile->confined && find(r->vars, r->nvars, "HOME=") < 0)
		set(env, n, xstrdup("GIT_CONFIG_GLOBAL=/dev/null"));
}

/*
 * Both spellings, as half of the programs know only one; curl takes HTTP_PROXY
 * from none but the lower one. What is on its own loopback is not the host's.
 */
#define EGRESS_URL "http://127.0.0.1:3128"
_Static_assert(EGRESS_PORT == 3128, "the address of rdv-egress");
static const char *const egress_env[] = { "HTTP_PROXY=" EGRESS_URL,
	"HTTPS_PROXY=" EGRESS_URL, "ALL_PROXY=" EGRESS_URL,
	"http_proxy=" EGRESS_URL, "https_proxy=" EGRESS_URL,
	"all_proxy=" EGRESS_URL, "NO_PROXY=localhost,127.0.0.1,::1",
	"no_proxy=localhost,127.0.0.1,::1", "NODE_USE_ENV_PROXY=1", NULL };

/* Not what rdvd says: that knows where its own are, which are not there. */
static const char *const door_env[] = { "RDV_API_SOCKET=" PRIV_DOOR,
	"RDV_TOKEN_FILE=" PRIV_DOOR_TOKEN, NULL };

static void
set_fixed(const char *const *fixed, char **env, size_t *n)
{
	for (; *fixed != NULL; fixed++)
		set(env, n, xstrdup(*fixed));
}

int
env_build(const struct env_request *r, char ***out, char *why, size_t whysize)
{
	char **env;
	size_t n = 0;
	unsigned i;
	int err;

	for (i = 0; i < r->nvars; i++) {
		err = judge(r, i, why, whysize);
		if (err != 0)
			return err;
	}
	env = xcalloc(OWN_MAX + FIXED_MAX + r->nvars + 1, sizeof(*env));
	set_account(r, env, &n);
	for (i = 0; i < r->nvars; i++)
		set(env, &n, xstrdup(r->vars[i]));
	set_fixed(r->profile->env, env, &n);
	if (r->egress)
		set_fixed(egress_env, env, &n);
	if (r->door)
		set_fixed(door_env, env, &n);
	*out = env;
	return 0;
}

void
env_free(char **env)
{
	char **p;

	if (env == NULL)
		return;
	for (p = env; *p != NULL; p++)
		free(*p);
	free(env);
}

const char *
env_get(char *const *env, const char *name)
{
	const size_t len = strlen(name);

	for (; *env != NULL; env++)
		if (strncmp(*env, name, len) == 0 && (*env)[len] == '=')
			return *env + len + 1;
	return NULL;
}

void
env_replace(char **env, const char *name, const char *from, const char *to)
{
	char *old = xasprintf("%s=%s", name, from);

	for (; *env != NULL; env++)
		if (strcmp(*env, old) == 0) {
			free(*env);
			*env = xasprintf("%s=%s", name, to);
		}
	free(old);
}
