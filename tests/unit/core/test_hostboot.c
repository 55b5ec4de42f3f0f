/* SPDX-License-Identifier: MIT */
/* Which start of the host it is: told by two ids, and by nothing else. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/app.h"
#include "daemon/conf.h"
#include "daemon/core/hostboot.h"
#include "lib/path.h"
#include "tests/unit/check.h"
#include "tests/unit/lib/tmpdir.h"

struct fx {
	char path[64];
	int server;
	struct conf conf;
	struct app app;
};

static int
setup(void **state)
{
	static struct fx fx;
	int fd = tmpdir_new(fx.path);

	assert_int_equal(mkdirat(fd, "server", 0700), 0);
	fx.server = openat(fd, "server", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_true(fx.server >= 0);
	assert_int_equal(close(fd), 0);
	fx.conf.base = fx.path;
	fx.app.conf = &fx.conf;
	*state = &fx;
	return 0;
}

static int
teardown(void **state)
{
	struct fx *fx = *state;
	int err = close(fx->server);

	tmpdir_remove(fx->path);
	return err;
}

/* Whether an rdvd that finds this says that the host was restarted. */
static bool
says(struct fx *fx, const char *kept)
{
	assert_int_equal(path_write_private(fx->server, "boot-id", kept,
			     strlen(kept)),
	    0);
	hostboot_look(&fx->app);
	return fx->app.rebooted;
}

static bool
keeps(const struct fx *fx, const char *id)
{
	char *kept = NULL;
	bool same;

	assert_int_equal(path_read_private(fx->server, "boot-id", 100, &kept,
			     NULL),
	    0);
	same = strcmp(kept, id) == 0;
	free(kept);
	return same;
}

static void
test_an_empty_file_is_none(void **state)
{
	struct fx *fx = *state;

	assert_true(says(fx, "another\n"));
	hostboot_look(&fx->app);
	assert_false(says(fx, fx->app.boot_id));
	assert_false(says(fx, ""));
}

/* Where the kernel's cannot be read, the one that is known stays. */
static void
test_no_id_is_not_kept(void **state)
{
	struct fx *fx = *state;

	assert_true(says(fx, "another\n"));
	fx->app.boot_id[0] = '\0';
	hostboot_settled(&fx->app);
	assert_false(fx->app.rebooted);
	assert_true(keeps(fx, "another\n"));
	hostboot_look(&fx->app);
	assert_true(fx->app.rebooted);
	hostboot_settled(&fx->app);
	assert_true(keeps(fx, fx->app.boot_id));
	hostboot_look(&fx->app);
	assert_false(fx->app.rebooted);
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_an_empty_file_is_none),
		T(test_no_id_is_not_kept),
	};

	return CHECK_RUN("hostboot", tests);
}
