/* SPDX-License-Identifier: MIT */
/*
 * Which programs an upgrade takes (abuse P03): not one that others could put
 * there, by the file, by its directory, or by one above that.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "priv-helper/programs.h"
#include "tests/unit/check.h"
#include "tests/unit/lib/tmpdir.h"

static const char *const names[] = { "rdv-helper", "rdvd", "rdv-egress",
	"rdv-git" };

static char top[64], up[80], bin[96], why[256];

static const char *
at(const char *name)
{
	static char path[4][160];
	static unsigned turn;
	char *p = path[turn++ % 4];

	(void)snprintf(p, sizeof(path[0]), "%s/%s", bin, name);
	return p;
}

static void
make(const char *name, mode_t mode)
{
	FILE *f = fopen(at(name), "we");

	assert_non_null(f);
	assert_int_equal(fclose(f), 0);
	assert_int_equal(chmod(at(name), mode), 0);
}

static int
set_up(void **state)
{
	size_t i;

	(void)state;
	(void)close(tmpdir_new(top));
	(void)snprintf(up, sizeof(up), "%s/up", top);
	(void)snprintf(bin, sizeof(bin), "%s/bin", up);
	assert_int_equal(mkdir(up, 0755), 0);
	assert_int_equal(mkdir(bin, 0755), 0);
	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		make(names[i], 0755);
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	tmpdir_remove(top);
	return 0;
}

static void
taken(void)
{
	struct programs p;

	why[0] = '\0';
	assert_int_equal(programs_next(&p, bin, why, sizeof(why)), 0);
	programs_close(&p);
}

static void
refused(const char *with)
{
	struct programs p;

	assert_true(programs_next(&p, bin, why, sizeof(why)) < 0);
	assert_non_null(strstr(why, with));
	assert_int_equal(p.helper, -1);
	assert_int_equal(p.worker, -1);
}

static void
abuse_P03_a_file_of_others(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		taken();
		assert_int_equal(chmod(at(names[i]), 0775), 0);
		refused("others may write it");
		assert_non_null(strstr(why, names[i]));
		assert_int_equal(chmod(at(names[i]), 0757), 0);
		refused("others may write it");
		assert_int_equal(unlink(at(names[i])), 0);
		assert_int_equal(symlink("/bin/true", at(names[i])), 0);
		refused("is not ours");
		assert_int_equal(unlink(at(names[i])), 0);
		assert_int_equal(mkdir(at(names[i]), 0755), 0);
		refused("is not ours");
		assert_int_equal(rmdir(at(names[i])), 0);
		make(names[i], 0755);
		if (geteuid() != 0)
			continue;
		assert_int_equal(chown(at(names[i]), 1, 0), 0);
		refused("is not ours");
		assert_int_equal(chown(at(names[i]), 0, 0), 0);
	}
}

static void
abuse_P03_a_directory_of_others(void **state)
{
	(void)state;
	assert_int_equal(chmod(bin, 0775), 0);
	refused("others may write in it");
	/* That its names are safe there does not make them rdv's. */
	assert_int_equal(chmod(bin, 01777), 0);
	refused("others may write in it");
	assert_int_equal(chmod(bin, 0755), 0);
	taken();
	assert_int_equal(chmod(up, 0775), 0);
	refused("others may write in it");
	assert_non_null(strstr(why, up));
	assert_int_equal(chmod(up, 01777), 0);
	taken();
	assert_int_equal(rename(bin, at("../../away")), 0);
	assert_int_equal(symlink("../away", bin), 0);
	refused("is not a directory of ours");
}

static void
what_is_needed(void **state)
{
	struct programs p;

	(void)state;
	assert_int_equal(unlink(at("rdv-egress")), 0);
	assert_int_equal(unlink(at("rdv-git")), 0);
	assert_int_equal(programs_next(&p, bin, why, sizeof(why)), 0);
	assert_true(p.helper >= 0 && p.daemon >= 0);
	assert_int_equal(p.egress, -1);
	assert_int_equal(programs_worker(&p).ino, 0);
	programs_close(&p);
	assert_int_equal(unlink(at("rdvd")), 0);
	refused("rdvd: No such file");
}

/* What takes its name afterwards is another file. */
static void
abuse_P03_what_was_opened_stays(void **state)
{
	struct programs p;
	struct stat st;

	(void)state;
	assert_int_equal(programs_next(&p, bin, why, sizeof(why)), 0);
	assert_int_equal(stat(at("rdv-git"), &st), 0);
	make("other", 0755);
	assert_int_equal(rename(at("other"), at("rdv-git")), 0);
	assert_int_equal(programs_worker(&p).ino, st.st_ino);
	programs_close(&p);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(abuse_P03_a_file_of_others,
		    set_up, tear_down),
		cmocka_unit_test_setup_teardown(abuse_P03_a_directory_of_others,
		    set_up, tear_down),
		cmocka_unit_test_setup_teardown(what_is_needed, set_up,
		    tear_down),
		cmocka_unit_test_setup_teardown(abuse_P03_what_was_opened_stays,
		    set_up, tear_down),
	};

	return CHECK_RUN("programs", tests);
}
