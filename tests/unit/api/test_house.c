/* SPDX-License-Identifier: MIT */
/*
 * What is done now and then: SIGHUP takes the settings that may change, and a
 * wrong file changes nothing.
 */
#include <stdio.h>
#include <sys/stat.h>

#include "daemon/app.h"
#include "daemon/house.h"
#include "tests/unit/api/fx.h"
#include "tests/unit/check.h"

static void
write_conf(struct fx *fx, const char *text)
{
	FILE *f = fopen(fx_path(fx, "server/config.toml"), "w");

	assert_non_null(f);
	assert_true(fputs(text, f) >= 0);
	assert_int_equal(fclose(f), 0);
	assert_int_equal(chmod(fx_path(fx, "server/config.toml"), 0600), 0);
}

static bool
served(struct fx *fx, const char *host)
{
	struct http_req *r = fx_req(HTTP_M_GET, "/health", NULL);
	struct auth_refusal no;
	bool ok;

	r->host = host;
	ok = auth_gate(fx->app.auth, r, &no);
	fx_req_free(r);
	return ok;
}

static void
test_reload(void **state)
{
	struct fx *fx = *state;
	struct house *h = house_new(&fx->app);

	assert_false(served(fx, "dev.example"));
	write_conf(fx, "[auth]\nallowed_hosts = [\"dev.example\"]\n");
	house_reload_cb(h);
	assert_true(served(fx, "dev.example"));
	assert_true(served(fx, "127.0.0.1:8443"));
	write_conf(fx, "[auth]\nallowed_hosts = [1]\n");
	house_reload_cb(h);
	assert_true(served(fx, "dev.example"));
	write_conf(fx, "");
	house_reload_cb(h);
	assert_false(served(fx, "dev.example"));
	house_free(h);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_reload, fx_setup,
		    fx_teardown),
	};

	return CHECK_RUN("house", tests);
}
