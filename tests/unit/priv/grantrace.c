/* SPDX-License-Identifier: MIT */
/*
 * What races of granted paths have in common. A name is judged while it is
 * swapped, so what was granted is told by its inode and never by that name.
 */
#include "tests/unit/priv/grantrace.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/err.h"
#include "tests/unit/check.h"
#include "tests/unit/lib/race.h"

void
grantrace_root(void)
{
	assert_int_equal(mkdirat(race_topfd, "root", 0700), 0);
	assert_int_equal(mkdirat(race_topfd, "root/dir0", 0700), 0);
	assert_int_equal(mkdirat(race_topfd, "root/dir0/sub", 0700), 0);
	assert_int_equal(symlinkat("../out", race_topfd, "root/link0"), 0);
}

int
grantrace_once(const struct roots *rs, ino_t secret)
{
	struct stat got;
	char why[256];
	int fd, err;

	err = roots_open(rs, race_in("root/dir0/sub"), &fd, why, sizeof(why));
	assert_true(err == 0 || err == RDV_E_DENIED);
	if (err != 0)
		return err;
	assert_int_equal(fstat(fd, &got), 0);
	assert_int_not_equal(got.st_ino, secret);
	(void)close(fd);
	return 0;
}
