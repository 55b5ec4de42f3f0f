/* SPDX-License-Identifier: MIT */
/*
 * What auth keeps on disk: the service token and its rotation, the token of
 * the command line, the audit log. Modes are part of the promise (C16).
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/auth/audit.h"
#include "daemon/auth/service.h"
#include "daemon/core/clitoken.h"
#include "daemon/http/http.h"
#include "daemon/loop.h"
#include "daemon/store/db.h"
#include "lib/clock.h"
#include "lib/err.h"
#include "tests/unit/api/fx.h"
#include "tests/unit/check.h"

#define DAY_MS (24 * 3600 * 1000LL)

static void
mode_is(struct fx *fx, const char *rel, mode_t mode)
{
	struct stat st;

	assert_int_equal(stat(fx_path(fx, rel), &st), 0);
	assert_int_equal(st.st_mode & 0777, mode);
}

static void
write_file(struct fx *fx, const char *rel, const char *text, mode_t mode)
{
	FILE *f = fopen(fx_path(fx, rel), "w");

	assert_non_null(f);
	assert_true(fputs(text, f) >= 0);
	assert_int_equal(fclose(f), 0);
	assert_int_equal(chmod(fx_path(fx, rel), mode), 0);
}

static int
load(struct fx *fx, struct service *s, int64_t rotate)
{
	struct service_rule rule = { .rotate_ms = rotate, .grace_ms = DAY_MS };
	char path[256];

	(void)snprintf(path, sizeof(path), "%s",
	    fx_path(fx, "server/service-token"));
	return service_load(s, path, &rule, fx->why, sizeof(fx->why));
}

static void
digest_of_file(struct fx *fx, uint8_t digest[DIGEST_LEN])
{
	char *text = fx_read(fx, "server/service-token");

	assert_non_null(text);
	assert_int_equal(strlen(text), 45);
	digest_of(text, 44, digest);
	free(text);
}

static void
test_C16_modes(void **state)
{
	struct fx *fx = *state;

	assert_int_equal(clitoken_ensure(&fx->app, fx->why, sizeof(fx->why)),
	    0);
	mode_is(fx, "server/service-token", 0600);
	mode_is(fx, "server/service-token.json", 0600);
	mode_is(fx, "server/audit.log", 0600);
	mode_is(fx, "server/rdv.db", 0600);
	mode_is(fx, "cli-token", 0600);
}

static void
test_service_token_stays(void **state)
{
	struct service one, two;
	struct fx *fx = *state;

	assert_int_equal(load(fx, &one, 30 * DAY_MS), 0);
	assert_int_equal(load(fx, &two, 30 * DAY_MS), 0);
	assert_memory_equal(&one, &two, sizeof(one));
	assert_false(fx_contains(fx, "server/service-token.json", fx->service));
}

static void
test_service_token_rotates(void **state)
{
	uint8_t old[DIGEST_LEN], fresh[DIGEST_LEN];
	struct service s;
	struct fx *fx = *state;
	int64_t now = clock_wall_ms();

	digest_of_file(fx, old);
	clock_shift(0, 31 * DAY_MS);
	assert_int_equal(load(fx, &s, 30 * DAY_MS), 0);
	clock_shift(0, 0);
	digest_of_file(fx, fresh);
	assert_memory_not_equal(old, fresh, DIGEST_LEN);
	now += 31 * DAY_MS;
	assert_non_null(service_id(&s, fresh, now));
	/* The old one is good for a day more. */
	assert_non_null(service_id(&s, old, now));
	assert_null(service_id(&s, old, now + DAY_MS + 5000));
	assert_non_null(service_id(&s, fresh, now + DAY_MS + 5000));
	memset(old, 0, sizeof(old));
	assert_null(service_id(&s, old, now));
}

/* The sidecar is written first: the proxy's token is the one that counts. */
static void
test_service_token_half_rotated(void **state)
{
	uint8_t stands[DIGEST_LEN];
	struct service one, two;
	struct fx *fx = *state;
	char *before;

	digest_of_file(fx, stands);
	assert_int_equal(load(fx, &one, 0), 0);
	before = fx_read(fx, "server/service-token");
	assert_int_equal(service_rotate(&one,
			     fx_path(fx, "server/service-token"), DAY_MS),
	    0);
	/* As after a crash in between. */
	write_file(fx, "server/service-token", before, 0600);
	assert_int_equal(load(fx, &two, 0), 0);
	assert_non_null(service_id(&two, stands, clock_wall_ms()));
	assert_null(service_id(&two, one.digest, clock_wall_ms()));
	assert_string_not_equal(two.id, one.id);
	free(before);
}

static void
test_service_token_twice_is_the_end(void **state)
{
	uint8_t first[DIGEST_LEN];
	int64_t now = clock_wall_ms();
	char id[2][UUID_TEXT];
	struct service s;
	struct fx *fx = *state;
	const char *path = fx_path(fx, "server/service-token");

	digest_of_file(fx, first);
	assert_int_equal(load(fx, &s, 0), 0);
	memcpy(id[0], s.id, UUID_TEXT);
	assert_int_equal(service_rotate(&s, path, DAY_MS), 0);
	memcpy(id[1], s.id, UUID_TEXT);
	assert_string_equal(service_id(&s, first, now), id[0]);
	assert_true(service_counts(&s, id[0], now));
	assert_true(service_counts(&s, id[1], now));
	assert_false(service_counts(&s, id[0], now + DAY_MS + 5000));
	assert_int_equal(service_rotate(&s, path, DAY_MS), 0);
	assert_null(service_id(&s, first, now));
	assert_false(service_counts(&s, id[0], now));
	assert_true(service_counts(&s, id[1], now));
}

/* Nothing has changed when the file cannot be written. */
static void
test_service_token_stays_when_it_must(void **state)
{
	struct service s, before;
	struct fx *fx = *state;

	assert_int_equal(load(fx, &s, 0), 0);
	before = s;
	assert_int_equal(service_rotate(&s, fx_path(fx, "nowhere/token"),
			     DAY_MS),
	    -ENOENT);
	assert_memory_equal(&s, &before, sizeof(s));
}

static void
set_cb(void *arg)
{
	*(bool *)arg = true;
}

static void
service_actor(struct fx *fx, struct actor *who)
{
	const char *h[] = { "x-rdv-service-token", fx->service, "x-rdv-user-id",
		auth_owner(fx->app.auth), NULL };
	struct auth_need need = { .scope = SCOPE_READ };
	struct http_req *r = fx_req(HTTP_M_GET, "/", h);
	struct auth_refusal no;
	struct actor *actor;

	assert_true(auth_identify(fx->app.auth, r, &need, &actor, &no));
	*who = *actor;
	fx_req_free(r);
}

static void
stop_cb(void *arg)
{
	loop_stop(arg);
}

/* Until something else has expired: the same look finds what is due. */
static void
sweep(struct fx *fx)
{
	struct actor who = { .via = AUTH_TOKEN };
	char text[TOKEN_TEXT];
	struct auth_watch *w;

	fx_issue(fx, TOKEN_CLI, SCOPE_READ, clock_wall_ms() + 20, who.token_id,
	    text);
	w = auth_on_revoke(fx->app.auth, &who, stop_cb, fx->app.loop);
	loop_run(fx->app.loop);
	auth_unwatch(w);
}

/* What is open by the service token ends with it: when the grace is over. */
static void
test_C13_grace_ends_what_is_open(void **state)
{
	struct fx *fx = *state;
	struct auth_service fresh;
	struct actor who;
	struct auth_watch *w;
	bool ended = false;

	service_actor(fx, &who);
	w = auth_on_revoke(fx->app.auth, &who, set_cb, &ended);
	fx->conf.token_grace_minutes = 1;
	assert_int_equal(auth_rotate_service(fx->app.auth, &fresh), 0);
	assert_string_not_equal(fresh.id, who.token_id);
	/* The old text is still good, and known as what it is. */
	service_actor(fx, &who);
	assert_string_not_equal(fresh.id, who.token_id);
	sweep(fx);
	assert_false(ended);
	clock_shift(0, 60001);
	sweep(fx);
	assert_true(ended);
	clock_shift(0, 0);
	auth_unwatch(w);
}

/* One that is due is replaced while rdvd runs, on record. */
static void
test_service_token_is_replaced_by_age(void **state)
{
	uint8_t old[DIGEST_LEN], now[DIGEST_LEN];
	struct fx *fx = *state;
	char *log;

	digest_of_file(fx, old);
	sweep(fx);
	digest_of_file(fx, now);
	assert_memory_equal(old, now, DIGEST_LEN);
	clock_shift(0, fx->conf.token_rotation_days * DAY_MS + 1);
	sweep(fx);
	clock_shift(0, 0);
	digest_of_file(fx, now);
	assert_memory_not_equal(old, now, DIGEST_LEN);
	log = fx_read(fx, "server/audit.log");
	assert_non_null(strstr(log, "event=service.rotate"));
	free(log);
}

static void
test_service_token_zero_digest_is_none(void **state)
{
	uint8_t zero[DIGEST_LEN] = { 0 };
	struct service s;
	struct fx *fx = *state;

	/* Without a previous token its empty place matches nothing. */
	assert_int_equal(load(fx, &s, 0), 0);
	assert_null(service_id(&s, zero, 0));
}

static void
test_service_token_refusals(void **state)
{
	struct service s;
	struct fx *fx = *state;

	write_file(fx, "server/service-token", "short\n", 0600);
	assert_int_equal(load(fx, &s, 0), RDV_E_MALFORMED);
	assert_non_null(strstr(fx->why, "service-token"));
	write_file(fx, "server/service-token", fx->service, 0644);
	assert_int_equal(load(fx, &s, 0), RDV_E_DENIED);
	write_file(fx, "server/service-token", fx->service, 0600);
	assert_int_equal(load(fx, &s, 0), 0);
}

static char *
cli_token(struct fx *fx)
{
	char *text;

	assert_int_equal(clitoken_ensure(&fx->app, fx->why, sizeof(fx->why)),
	    0);
	db_settle(fx->app.db);
	text = fx_read(fx, "cli-token");
	assert_non_null(text);
	text[strcspn(text, "\n")] = '\0';
	return text;
}

static void
test_cli_token_is_kept_while_good(void **state)
{
	struct fx *fx = *state;
	char *one = cli_token(fx), *two = cli_token(fx);
	const struct token *t = auth_find(fx->app.auth, one);

	assert_string_equal(one, two);
	assert_non_null(t);
	assert_int_equal(t->scopes, SCOPE_FULL);
	free(one);
	free(two);
}

static void
test_cli_token_is_replaced_when_revoked(void **state)
{
	struct fx *fx = *state;
	char *one = cli_token(fx), *two;

	fx_revoke(fx, auth_find(fx->app.auth, one)->id);
	two = cli_token(fx);
	assert_string_not_equal(one, two);
	assert_null(auth_find(fx->app.auth, one));
	assert_non_null(auth_find(fx->app.auth, two));
	free(one);
	free(two);
}

static void
test_cli_token_others_can_read_is_refused(void **state)
{
	struct fx *fx = *state;
	char *one = cli_token(fx);

	assert_int_equal(chmod(fx_path(fx, "cli-token"), 0644), 0);
	assert_int_not_equal(clitoken_ensure(&fx->app, fx->why,
				 sizeof(fx->why)),
	    0);
	assert_non_null(strstr(fx->why, "cli-token"));
	free(one);
}

static void
entry(struct audit *a, const char *subject)
{
	struct audit_entry e = {
		.event = "test", .result = "ok", .subject = subject
	};

	assert_true(audit_write(a, &e));
}

static void
test_audit_rotates(void **state)
{
	char dir[128], subject[220];
	struct fx *fx = *state;
	struct audit *a;

	(void)snprintf(dir, sizeof(dir), "%s/server", fx->base);
	assert_int_equal(audit_open(&a, dir, 1000), 0);
	memset(subject, 'x', sizeof(subject) - 1);
	subject[sizeof(subject) - 1] = '\0';
	for (int i = 0; i < 40; i++)
		entry(a, subject);
	assert_int_equal(audit_errors(a), 0);
	audit_close(a);
	mode_is(fx, "server/audit.log", 0600);
	mode_is(fx, "server/audit.log.1", 0600);
	mode_is(fx, "server/audit.log.3", 0600);
	assert_int_not_equal(access(fx_path(fx, "server/audit.log.4"), F_OK),
	    0);
}

static unsigned
lines(const char *text)
{
	unsigned n = 0;

	for (; *text != '\0'; text++)
		n += *text == '\n';
	return n;
}

/* Who has no credential cannot push what stands there out of the files. */
static void
test_D02_audit_is_not_washed_out(void **state)
{
	struct audit_entry no = { .event = "auth", .result = "MISSING_TOKEN" };
	struct audit_entry yes = { .event = "auth", .result = "ok" };
	char dir[128], *text;
	struct fx *fx = *state;
	struct audit *a;

	(void)snprintf(dir, sizeof(dir), "%s/server", fx->base);
	assert_int_equal(audit_open(&a, dir, 1 << 20), 0);
	entry(a, "the-first");
	for (int i = 0; i < 50000; i++)
		(void)audit_attempt(a, &no, AUDIT_REFUSED);
	text = fx_read(fx, "server/audit.log");
	assert_non_null(strstr(text, "the-first"));
	assert_null(strstr(text, "left_out"));
	assert_in_range(lines(text), 1001, 1100);
	assert_true(audit_left_out(a) >= 48900);
	free(text);
	/* Not told of one by one, but counted: by the next line. */
	yes.subject = "the-next";
	(void)audit_attempt(a, &yes, AUDIT_ADMITTED);
	audit_catch_up(a);
	text = fx_read(fx, "server/audit.log");
	assert_non_null(strstr(text, "the-next"));
	assert_non_null(strstr(strstr(text, "the-next"), " left_out="));
	assert_null(strstr(text, "LEFT_OUT"));
	free(text);
	/* And without one; who has a credential does no better. */
	for (int i = 0; i < 50000; i++)
		(void)audit_attempt(a, &yes, AUDIT_ADMITTED);
	audit_catch_up(a);
	audit_close(a);
	text = fx_read(fx, "server/audit.log");
	assert_non_null(strstr(text, "the-first"));
	assert_non_null(strstr(text, "result=LEFT_OUT"));
	free(text);
}

/* A run that knocks at its door without end keeps nobody else's refusal out. */
static void
test_D02_audit_has_doors_apart(void **state)
{
	struct audit_entry no = { .event = "auth", .result = "UNAUTHORIZED" };
	char dir[128], *text;
	struct fx *fx = *state;
	struct audit *a;

	(void)snprintf(dir, sizeof(dir), "%s/server", fx->base);
	assert_int_equal(audit_open(&a, dir, 1 << 20), 0);
	for (int i = 0; i < 2000; i++)
		(void)audit_attempt(a, &no, AUDIT_REFUSED_AT_DOOR);
	assert_in_range(audit_left_out(a), 900, 1000);
	no.subject = "elsewhere";
	(void)audit_attempt(a, &no, AUDIT_REFUSED);
	text = fx_read(fx, "server/audit.log");
	assert_non_null(strstr(text, "elsewhere"));
	free(text);
	audit_close(a);
}

/* J09: one entry is one line, whatever it says. */
static void
test_audit_escapes(void **state)
{
	char dir[128], *text;
	struct fx *fx = *state;
	struct audit *a;

	(void)snprintf(dir, sizeof(dir), "%s/server", fx->base);
	assert_int_equal(audit_open(&a, dir, 1 << 20), 0);
	entry(a, "a\nts=forged\x1b[31m");
	audit_close(a);
	text = fx_read(fx, "server/audit.log");
	assert_null(strstr(text, "\nts=forged"));
	assert_non_null(strstr(text, "a\\nts=forged\\e[31m"));
	free(text);
}

static void
test_C17_audit_does_not_follow(void **state)
{
	char dir[128], target[128], link[160];
	struct fx *fx = *state;
	struct audit *a = NULL;

	(void)snprintf(dir, sizeof(dir), "%s/elsewhere", fx->base);
	assert_int_equal(mkdir(dir, 0700), 0);
	(void)snprintf(target, sizeof(target), "%s/canary", fx->base);
	(void)snprintf(link, sizeof(link), "%s/audit.log", dir);
	assert_int_equal(symlink(target, link), 0);
	assert_int_not_equal(audit_open(&a, dir, 1000), 0);
	assert_int_not_equal(access(target, F_OK), 0);
	assert_int_equal(unlink(link), 0);
	assert_int_equal(audit_open(&a, dir, 1000), 0);
	audit_close(a);
}

int
main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, fx_setup, fx_teardown)
	const struct CMUnitTest tests[] = {
		T(test_C16_modes),
		T(test_service_token_stays),
		T(test_service_token_rotates),
		T(test_service_token_half_rotated),
		T(test_service_token_twice_is_the_end),
		T(test_service_token_stays_when_it_must),
		T(test_C13_grace_ends_what_is_open),
		T(test_service_token_is_replaced_by_age),
		T(test_service_token_zero_digest_is_none),
		T(test_service_token_refusals),
		T(test_cli_token_is_kept_while_good),
		T(test_cli_token_is_replaced_when_revoked),
		T(test_cli_token_others_can_read_is_refused),
		T(test_audit_rotates),
		T(test_D02_audit_is_not_washed_out),
		T(test_D02_audit_has_doors_apart),
		T(test_audit_escapes),
		T(test_C17_audit_does_not_follow),
	};

	return CHECK_RUN("state", tests);
}
