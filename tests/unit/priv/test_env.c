/* SPDX-License-Identifier: MIT */
/* Environments: built from nothing, each name once, refusals by name (E13). */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/err.h"
#include "priv-helper/accounts.h"
#include "priv-helper/env.h"
#include "security/profile.h"
#include "tests/unit/check.h"

static struct account me = {
	.name = "me", .home = "/home/me", .shell = "/bin/zsh"
};
static char why[256];

static int
build(const char *profile, const char *const *vars, char ***out)
{
	struct env_request r = { .user = &me,
		.profile = &profiles[profile_find(profile)],
		.vars = (char *const *)(uintptr_t)vars };

	while (r.vars[r.nvars] != NULL)
		r.nvars++;
	why[0] = '\0';
	return env_build(&r, out, why, sizeof(why));
}

static void
from_nothing(void **state)
{
	const char *const vars[] = { NULL };
	char **env;
	size_t n = 0;

	(void)state;
	(void)setenv("RDV_TEST_LEAK", "x", 1);
	assert_int_equal(build("login", vars, &env), 0);
	assert_string_equal(env_get(env, "HOME"), "/home/me");
	assert_string_equal(env_get(env, "SHELL"), "/bin/zsh");
	assert_string_equal(env_get(env, "PATH"), ENV_PATH);
	assert_null(env_get(env, "RDV_TEST_LEAK"));
	assert_null(env_get(env, "TERM"));
	assert_null(env_get(env, "HOM"));
	while (env[n] != NULL)
		n++;
	assert_int_equal(n, 6);
	env_free(env);
}

/* Its only way out is told to it, and not to be told otherwise (I11). */
static void
abuse_I11_proxy_is_fixed(void **state)
{
	static const char *const vars[] = { "HTTPS_PROXY=http://evil",
		"NO_PROXY=*", NULL };
	static const char *const names[] = { "HTTP_PROXY", "HTTPS_PROXY",
		"ALL_PROXY", "http_proxy", "https_proxy", "all_proxy" };
	struct env_request r = { .user = &me,
		.profile = &profiles[profile_find("script")],
		.vars = (char *const *)(uintptr_t)vars,
		.nvars = 2 };
	char **env;

	(void)state;
	assert_int_equal(env_build(&r, &env, why, sizeof(why)), 0);
	assert_null(env_get(env, "http_proxy"));
	assert_string_equal(env_get(env, "NO_PROXY"), "*");
	env_free(env);
	r.egress = true;
	assert_int_equal(env_build(&r, &env, why, sizeof(why)), 0);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		assert_string_equal(env_get(env, names[i]),
		    "http://127.0.0.1:3128");
	assert_string_equal(env_get(env, "NO_PROXY"),
	    "localhost,127.0.0.1,::1");
	assert_string_equal(env_get(env, "no_proxy"),
	    "localhost,127.0.0.1,::1");
	assert_string_equal(env_get(env, "NODE_USE_ENV_PROXY"), "1");
	env_free(env);
}

static void
request_replaces_defaults(void **state)
{
	const char *const vars[] = { "PATH=/opt/bin", "LANG=C", "X=1=2", NULL };
	char **env;

	(void)state;
	assert_int_equal(build("login", vars, &env), 0);
	assert_string_equal(env_get(env, "PATH"), "/opt/bin");
	assert_string_equal(env_get(env, "LANG"), "C");
	assert_string_equal(env_get(env, "X"), "1=2");
	env_free(env);
}

static void
fixed_ones_win(void **state)
{
	const char *const vars[] = { "PATH=/evil", "LC_ALL=C", NULL };
	char **env;

	(void)state;
	assert_int_equal(build("git", vars, &env), 0);
	assert_string_equal(env_get(env, "PATH"),
	    "/usr/bin:/bin:/usr/local/bin");
	assert_string_equal(env_get(env, "LC_ALL"), "C.UTF-8");
	assert_string_equal(env_get(env, "GIT_CONFIG_GLOBAL"), "/dev/null");
	env_free(env);
}

/* git gives up over a configuration that it may not read. */
static void
closed_home(void **state)
{
	const char *const none[] = { NULL }, *const home[] = { "HOME=/w",
		NULL };
	char **env;

	(void)state;
	assert_int_equal(build("script", none, &env), 0);
	assert_string_equal(env_get(env, "GIT_CONFIG_GLOBAL"), "/dev/null");
	env_free(env);
	assert_int_equal(build("script", home, &env), 0);
	assert_null(env_get(env, "GIT_CONFIG_GLOBAL"));
	env_free(env);
	assert_int_equal(build("login", none, &env), 0);
	assert_null(env_get(env, "GIT_CONFIG_GLOBAL"));
	env_free(env);
}

static void
expect_denied(const char *var)
{
	const char *const vars[] = { "FINE=1", var, NULL };
	char **env = NULL;

	assert_int_equal(build("login", vars, &env), RDV_E_DENIED);
	assert_null(env);
	assert_true(why[0] != '\0');
}

static void
abuse_E13_refused_names(void **state)
{
	static const char *const bad[] = { "LD_PRELOAD=x", "LD_=x", "GIT_X=y",
		"BASH_ENV=x", "ENV=x", "IFS= ", "PS4=x", "PYTHONSTARTUP=x",
		"PERL5LIB=x", "RUBYOPT=x", "NODE_OPTIONS=x", "_JAVA_OPTIONS=x",
		"OPENSSL_CONF=x", "VIMINIT=x", "DOTNET_STARTUP_HOOKS=x",
		"CORECLR_PROFILER=x", "=x", "", "X", "x=y", "A-B=c", "A.B=c",
		"9A=b", " A=b", "\xc3\x84=b", "BASH_FUNC_x%%=() { :; }",
		"FINE=2" };
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		expect_denied(bad[i]);
	/* Names that only begin or end like a refused one are fine. */
	const char *const vars[] = { "ENVIRONMENT=x", "MYLD_PRELOAD=x",
		"NODE_ENV=test", "GITHUB=x", "_=x", NULL };
	char **env;

	assert_int_equal(build("login", vars, &env), 0);
	env_free(env);
}

static void
bounds(void **state)
{
	char name[200], *value = malloc(10300);
	char **env;

	(void)state;
	memset(name, 'A', 128);
	name[128] = '=';
	name[129] = '\0';
	{
		const char *const vars[] = { name, NULL };

		assert_int_equal(build("login", vars, &env), 0);
		env_free(env);
	}
	memset(name, 'A', 129);
	name[129] = '=';
	name[130] = '\0';
	expect_denied(name);
	memcpy(value, "V=", 2);
	memset(value + 2, 'x', 10240);
	value[2 + 10240] = '\0';
	{
		const char *const vars[] = { value, NULL };

		assert_int_equal(build("login", vars, &env), 0);
		env_free(env);
	}
	value[2 + 10240] = 'x';
	value[2 + 10241] = '\0';
	expect_denied(value);
	free(value);
}

/* The reason names the variable, and does so printably. */
static void
reason_is_printable(void **state)
{
	const char *const vars[] = { "A\x1b[31m\n=x", NULL };
	char **env;
	const char *p;

	(void)state;
	assert_int_equal(build("login", vars, &env), RDV_E_DENIED);
	for (p = why; *p != '\0'; p++)
		assert_true(*p >= ' ' && *p < 0x7f);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(from_nothing),
		cmocka_unit_test(abuse_I11_proxy_is_fixed),
		cmocka_unit_test(request_replaces_defaults),
		cmocka_unit_test(fixed_ones_win),
		cmocka_unit_test(closed_home),
		cmocka_unit_test(abuse_E13_refused_names),
		cmocka_unit_test(bounds),
		cmocka_unit_test(reason_is_printable),
	};

	return CHECK_RUN("env", tests);
}
