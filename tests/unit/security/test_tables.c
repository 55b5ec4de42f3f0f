/* SPDX-License-Identifier: MIT */
/*
 * The policy tables hold what their comments promise: sorted, explained,
 * closed, without a call that is allowed and forbidden at once, and compilable
 * into filters.
 */
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "lib/privproto.h"
#include "security/filter.h"
#include "security/landlock.h"
#include "security/profile.h"
#include "security/sysset.h"
#include "tests/unit/check.h"

static const struct sysset *
find(const char *name)
{
	const struct sysset *s;

	for (s = syssets; s->name != NULL; s++)
		if (strcmp(s->name, name) == 0)
			return s;
	return NULL;
}

static void
sets_sorted_and_explained(void **state)
{
	const struct sysset *s;
	const char *const *m;

	(void)state;
	for (s = syssets; s->name != NULL; s++) {
		assert_int_equal(s->name[0], '@');
		assert_true(strlen(s->help) > 10);
		if (s != syssets)
			assert_true(strcmp(s[-1].name, s->name) < 0);
		assert_non_null(s->members[0]);
		for (m = s->members; *m != NULL; m++) {
			if (m != s->members)
				assert_true(strcmp(m[-1], *m) < 0);
			if (**m == '@')
				assert_non_null(find(*m));
		}
		assert_ptr_equal(find(s->name), s);
	}
}

static int
count_call(const char *call, void *arg)
{
	assert_true(call[0] != '@');
	++*(unsigned *)arg;
	return 0;
}

static int
stop_at_second(const char *call, void *arg)
{
	(void)call;
	return ++*(unsigned *)arg == 2 ? 42 : 0;
}

static void
walk_descends_and_stops(void **state)
{
	unsigned n = 0;

	(void)state;
	assert_int_equal(sysset_walk("@program", count_call, &n), 0);
	assert_true(n > 200);
	n = 0;
	assert_int_equal(sysset_walk("@program", stop_at_second, &n), 42);
	assert_int_equal(n, 2);
	assert_int_equal(sysset_walk("@none", count_call, &n), -ENOENT);
}

static int
equals(const char *call, void *arg)
{
	return strcmp(call, arg) == 0;
}

static bool
contains(const char *set, const char *call)
{
	return sysset_walk(set, equals, (void *)(uintptr_t)call) == 1;
}

static int
not_in_program(const char *call, void *arg)
{
	(void)arg;
	if (contains("@program", call))
		print_message("allowed and forbidden: %s\n", call);
	return contains("@program", call);
}

static int
not_in_daemon(const char *call, void *arg)
{
	(void)arg;
	return contains("@daemon", call);
}

static int
not_in_audit(const char *call, void *arg)
{
	(void)arg;
	return contains("@audit", call);
}

static void
nothing_both_ways(void **state)
{
	(void)state;
	assert_int_equal(sysset_walk("@forbidden", not_in_program, NULL), 0);
	assert_int_equal(sysset_walk("@daemon-forbidden", not_in_daemon, NULL),
	    0);
	assert_int_equal(sysset_walk("@daemon-forbidden", not_in_audit, NULL),
	    0);
	assert_false(contains("@audit", "clone"));
	assert_false(contains("@audit", "kill"));
	assert_false(contains("@audit", "accept4"));
	assert_false(contains("@audit", "ioctl"));
	assert_false(contains("@audit", "mprotect"));
	/* The sentence in confine.h, as a table. */
	assert_false(contains("@daemon", "execve"));
	assert_false(contains("@daemon", "fork"));
	assert_false(contains("@daemon", "connect"));
	assert_false(contains("@daemon", "tkill"));
	assert_false(contains("@daemon", "rt_sigqueueinfo"));
	assert_false(contains("@program", "clone3"));
	assert_false(contains("@program", "io_uring_setup"));
}

static void
profiles_complete(void **state)
{
	const struct profile_limit *l;
	const struct profile *p;
	const char *const *e;
	int i;

	(void)state;
	for (i = 0; i < PROFILES; i++) {
		p = &profiles[i];
		assert_int_equal(profile_find(p->name), i);
		/* What rdvd asks for one has to be what the helper gives. */
		assert_int_equal(p->door,
		    strcmp(p->name, PRIV_DOOR_PROFILE) == 0);
		assert_true(strlen(p->help) > 10);
		assert_non_null(p->env);
		assert_non_null(p->limits);
		for (e = p->env; *e != NULL; e++)
			assert_non_null(strchr(*e, '='));
		for (l = p->limits; l->resource >= 0; l++)
			continue;
		if (!p->confined)
			continue;
		assert_non_null(p->paths);
		assert_non_null(p->filter);
		assert_non_null(find(p->filter->allow));
		assert_non_null(find(p->filter->forbid));
	}
	assert_int_equal(profile_find("nobody"), -1);
}

/* No rule may be about a place where users' files or sockets are. */
static void
profile_paths_sane(void **state)
{
	const struct profile_path *p;
	int i;

	(void)state;
	for (i = 0; i < PROFILES; i++) {
		for (p = profiles[i].paths; p != NULL && p->path != NULL; p++) {
			assert_int_equal(p->path[0], '/');
			assert_string_not_equal(p->path, "/");
			assert_null(strstr(p->path, "home"));
			assert_string_not_equal(p->path, "/tmp");
			assert_string_not_equal(p->path, "/run");
			assert_string_not_equal(p->path, "/dev");
			assert_true(p->access != LANDLOCK_WRITE &&
				    p->access != LANDLOCK_WRITE_EXEC);
		}
	}
}

static bool
has_return(const struct filter *f, uint32_t value)
{
	unsigned i;

	for (i = 0; i < f->len; i++)
		if (f->code[i].code == (BPF_RET | BPF_K) &&
		    f->code[i].k == value)
			return true;
	return false;
}

static void
filters_compile(void **state)
{
	struct filter f;
	int i;

	(void)state;
	for (i = 0; i < PROFILES; i++) {
		if (!profiles[i].confined)
			continue;
		assert_int_equal(filter_build(&f, profiles[i].filter), 0);
		assert_true(f.len > 50 && f.len <= 4096);
		assert_true(has_return(&f, SECCOMP_RET_KILL_PROCESS));
		assert_true(has_return(&f, SECCOMP_RET_ERRNO | EPERM));
		assert_true(has_return(&f, SECCOMP_RET_ERRNO | ENOSYS));
		assert_true(has_return(&f, SECCOMP_RET_ALLOW));
		/* The first judgement is on the architecture. */
		assert_int_equal(f.code[0].k,
		    offsetof(struct seccomp_data, arch));
		filter_done(&f);
		assert_null(f.code);
	}
}

static void
unknown_set_is_an_error(void **state)
{
	static const struct filter_guard none[] = { { NULL, 0, 0, false, { 0 },
	    0 } };
	const struct filter_spec spec = { "@none", NULL, none, NULL };
	struct filter f;

	(void)state;
	assert_int_equal(filter_build(&f, &spec), -ENOENT);
	assert_null(f.code);
}

static void
landlock_says_what_is_missing(void **state)
{
	int abi;

	(void)state;
	for (abi = 0; abi < 6; abi++)
		assert_true(strlen(landlock_missing(abi)) > 10);
	assert_string_equal(landlock_missing(7), "");
	assert_true(landlock_abi() >= 0 && landlock_abi() <= 7);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sets_sorted_and_explained),
		cmocka_unit_test(walk_descends_and_stops),
		cmocka_unit_test(nothing_both_ways),
		cmocka_unit_test(profiles_complete),
		cmocka_unit_test(profile_paths_sane),
		cmocka_unit_test(filters_compile),
		cmocka_unit_test(unknown_set_is_an_error),
		cmocka_unit_test(landlock_says_what_is_missing),
	};

	return CHECK_RUN("tables", tests);
}
