/* SPDX-License-Identifier: MIT */
/* Where our cgroup is, as different systems tell it. */
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "priv-helper/cgroup.h"
#include "priv-helper/owncgroup.h"
#include "tests/unit/check.h"

#define V1   "31 30 0:28 / /sys/fs/cgroup/cpu rw - cgroup cgroup rw,cpu\n"
#define V2   "30 23 0:26 / /sys/fs/cgroup rw,relatime - cgroup2 cgroup2 rw\n"
#define BOTH V1 "41 31 0:38 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n"
#define PART "30 23 0:26 /pod /sys/fs/cgroup rw,relatime - cgroup2 cgroup2 rw\n"
/* Optional fields before the dash, of which there may be any number. */
#define MORE "30 23 0:26 / /cg rw shared:4 master:2 - cgroup2 none rw\n"
/* Not a file system of that name, but a place. */
#define NAME "30 23 0:26 / /cgroup2 rw - tmpfs cgroup2 rw\n"

static const struct row {
	const char *mounts, *self;
	const char *path; /* NULL: none */
} rows[] = {
	{ V2, "0::/user.slice/a.scope\n", "/sys/fs/cgroup/user.slice/a.scope" },
	{ V2, "0::/\n", "/sys/fs/cgroup" },
	{ BOTH, "9:name=systemd:/x\n1:cpu:/y\n0::/z\n",
	    "/sys/fs/cgroup/unified/z" },
	{ MORE, "0::/z", "/cg/z" },
	{ V1, "1:cpu:/y\n", NULL },
	{ V1, "1:cpu:/y\n0::/z\n", NULL },
	{ V2, "1:cpu:/y\n", NULL },
	{ NAME, "0::/z\n", NULL },
	{ PART, "0::/pod/z\n", NULL },
	{ V2, "0::/../z\n", NULL },
	{ V2, "", NULL },
	{ "30 23 - cgroup2\n", "0::/z\n", NULL },
};

static bool
find(const char *mounts, const char *self, char out[CGROUP_PATH])
{
	FILE *m = fmemopen((void *)(uintptr_t)mounts, strlen(mounts), "r");
	FILE *s = fmemopen((void *)(uintptr_t)self, strlen(self), "r");
	bool found;

	assert_true(m != NULL && s != NULL);
	found = owncgroup_find(m, s, out);
	(void)fclose(m);
	(void)fclose(s);
	return found;
}

static void
test_find(void **state)
{
	char out[CGROUP_PATH];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_int_equal(find(rows[i].mounts, rows[i].self, out),
		    rows[i].path != NULL);
		if (rows[i].path != NULL)
			assert_string_equal(out, rows[i].path);
	}
}

static void
test_long_path(void **state)
{
	char self[2 * CGROUP_PATH], out[CGROUP_PATH];

	(void)state;
	memset(self, 'x', sizeof(self));
	memcpy(self, "0::/", 4);
	self[CGROUP_PATH] = '\0';
	assert_false(find(V2, self, out));
	self[CGROUP_PATH - strlen("/sys/fs/cgroup") + 2] = '\0';
	assert_true(find(V2, self, out));
	assert_int_equal(strlen(out), CGROUP_PATH - 1);
}

/* Nothing is made, killed or removed where there is no place for it. */
static void
test_none(void **state)
{
	struct cgroup_hold h;
	int fd = 7;

	(void)state;
	assert_int_equal(cgroup_make("", 1, &fd), 0);
	assert_int_equal(fd, -1);
	cgroup_hold("", 1, &h);
	assert_int_equal(h.kill, -1);
	assert_int_equal(h.events, -1);
	cgroup_kill(&h);
	cgroup_wait(&h, 0);
	cgroup_remove("", 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_find),
		cmocka_unit_test(test_long_path),
		cmocka_unit_test(test_none),
	};

	return CHECK_RUN("cgroup", tests);
}
