/* SPDX-License-Identifier: MIT */
/*
 * The memory that [ops] shares with another account's process: whatever is
 * written there, [ops] writes its own in order and nowhere else.
 */
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/seqpkt.h"
#include "priv-helper/order.h"
#include "security/nspace.h"
#include "tests/unit/check.h"

static char one[] = "one", empty[] = "", three[] = "three", var[] = "A=1";
static char *argv[] = { one, empty, three, NULL };
static char *envp[] = { var, NULL };
static const struct drop_order wanted = {
	.cwd = "/tmp", .path = "/bin/true", .argv = argv, .envp = envp
};

static void
assert_inside(const struct order *t, const void *p, size_t len)
{
	const char *from = t->page->bytes, *at = p;

	assert_true(at >= from);
	assert_true(at + len <= (const char *)t->page + ORDER_BYTES);
}

static void
assert_list(const struct order *t, char *const *list, char *const *want)
{
	size_t i;

	assert_inside(t, list, sizeof(*list));
	for (i = 0; want[i] != NULL; i++) {
		assert_inside(t, list[i], strlen(want[i]) + 1);
		assert_string_equal(list[i], want[i]);
	}
	assert_null(list[i]);
}

static void
assert_told(const struct order *t)
{
	const struct drop_order *o = &t->page->told;

	assert_inside(t, o->cwd, sizeof("/tmp"));
	assert_string_equal(o->cwd, "/tmp");
	assert_string_equal(o->path, "/bin/true");
	assert_list(t, o->argv, argv);
	assert_list(t, o->envp, envp);
}

static void
says_what_is_told(void **state)
{
	struct order *t = order_new();

	(void)state;
	assert_non_null(t);
	assert_true(order_tell(t, &wanted));
	assert_told(t);
	order_give(t);
	assert_int_equal(t->page->told.given, 1);
	order_free(t);
	order_free(NULL);
}

static const struct nspace seen = { .view = NSPACE_ROOT,
	.ipc = true,
	.n = 2,
	.mounts = {
	    { .from = one, .to = "tmp", .ino = 7, .directory = true },
	    { .from = three, .to = three + 1, .link = one, .ino = 8 },
	} };

static void
assert_mount(const struct order *t, const struct nspace_mount *m,
    const struct nspace_mount *want)
{
	assert_inside(t, m->from, strlen(want->from) + 1);
	assert_inside(t, m->to, strlen(want->to) + 1);
	assert_string_equal(m->from, want->from);
	assert_string_equal(m->to, want->to);
	assert_int_equal(m->link != NULL, want->link != NULL);
	if (want->link != NULL) {
		assert_inside(t, m->link, strlen(want->link) + 1);
		assert_string_equal(m->link, want->link);
	}
	assert_int_equal(m->ino, want->ino);
	assert_int_equal(m->directory, want->directory);
}

static void
assert_view(const struct order *t, const struct nspace *s, size_t skip)
{
	size_t i;

	assert_inside(t, s, sizeof(*s));
	assert_int_equal(s->view, NSPACE_ROOT);
	assert_true(s->ipc);
	assert_int_equal(s->n, seen.n - skip);
	for (i = 0; i < s->n; i++)
		assert_mount(t, &s->mounts[i], &seen.mounts[skip + i]);
}

static void
assert_shown(const struct order *t)
{
	assert_view(t, t->page->told.common, 0);
	assert_view(t, t->page->told.view, 1);
}

/* In this order; what is told later takes nothing of it back. */
static void
shows_what_is_to_be_seen(void **state)
{
	struct order *t = order_new();

	(void)state;
	assert_non_null(t);
	assert_true(order_begin(t, &seen));
	assert_int_equal(t->page->told.begun, 1);
	assert_int_equal(t->page->told.shown, 0);
	assert_true(order_show(t, &seen, 1));
	assert_int_equal(t->page->told.shown, 1);
	assert_true(order_tell(t, &wanted));
	assert_int_equal(t->page->told.shown, 1);
	assert_int_equal(t->page->told.given, 0);
	assert_shown(t);
	assert_told(t);
	order_free(t);
}

static void
too_much_is_not_shown(void **state)
{
	static char text[SEQPKT_MAX];
	static struct nspace s;
	struct order *t = order_new();
	size_t i;

	(void)state;
	memset(text, 'x', sizeof(text) - 1);
	s.n = NSPACE_MOUNTS;
	for (i = 0; i < s.n; i++)
		s.mounts[i] = (struct nspace_mount){ .from = text, .to = text };
	assert_false(order_begin(t, &s));
	assert_int_equal(t->page->told.begun, 0);
	order_free(t);
	t = order_new();
	assert_false(order_show(t, &s, 1));
	assert_int_equal(t->page->told.shown, 0);
	order_free(t);
}

/* Every byte of it, as whoever has it mapped as well can. */
static void
abuse_E01_it_is_not_read(void **state)
{
	static const uint8_t fill[] = { 0xff, 0x80, 0x41, 0x01 };
	struct order *t;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(fill); i++) {
		t = order_new();
		memset(t->page, fill[i], ORDER_BYTES);
		assert_true(order_begin(t, &seen));
		assert_true(order_show(t, &seen, 1));
		assert_true(order_tell(t, &wanted));
		assert_shown(t);
		assert_told(t);
		order_free(t);
	}
}

static void
too_much_is_refused(void **state)
{
	static char text[SEQPKT_MAX];
	char *many[131];
	const struct drop_order o = {
		.cwd = "/", .path = "/", .argv = many, .envp = envp
	};
	struct order *t = order_new();
	size_t i;

	(void)state;
	memset(text, 'x', sizeof(text) - 1);
	for (i = 0; i < 130; i++)
		many[i] = text;
	many[130] = NULL;
	assert_false(order_tell(t, &o));
	/* The largest that is not too much. */
	many[126] = NULL;
	order_free(t);
	t = order_new();
	assert_true(order_tell(t, &o));
	order_free(t);
}

/* True where a new process has that memory. */
static bool
is_passed_on(const struct order *t)
{
	unsigned char in;
	int status;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0)
		_exit(mincore(t->page, 1, &in) == 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status) == 1;
}

static void
kept_from_other_processes(void **state)
{
	struct order *t = order_new();

	(void)state;
	assert_true(is_passed_on(t));
	order_keep(t);
	assert_false(is_passed_on(t));
	order_lend(t);
	assert_true(is_passed_on(t));
	order_keep(t);
	assert_false(is_passed_on(t));
	assert_true(order_tell(t, &wanted));
	assert_told(t);
	order_free(t);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(says_what_is_told),
		cmocka_unit_test(abuse_E01_it_is_not_read),
		cmocka_unit_test(shows_what_is_to_be_seen),
		cmocka_unit_test(too_much_is_not_shown),
		cmocka_unit_test(too_much_is_refused),
		cmocka_unit_test(kept_from_other_processes),
	};

	return cmocka_run_group_tests_name("order", tests, NULL, NULL);
}
