/* SPDX-License-Identifier: MIT */
/*
 * Whom the fuzzed [ops] serves in system mode: three accounts under policies
 * that differ in who is admitted, for what, by the web, and how often. Each is
 * here twice: as the text that the product reads, and as a table to judge it
 * by.
 */
#include "tests/fuzz/ops_people.h"

#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "lib/buf.h"
#include "lib/str.h"
#include "priv-helper/accounts.h"
#include "priv-helper/accountwire.h"
#include "tests/fuzz/fuzz.h"

#define WIRE_MAX 4096
#define ALL	 " login script git "

static const char *const names[PEOPLE] = { "ann", "bob", "cid" };
static char staff[] = "staff", *groups[] = { staff, NULL };

static const char *const text[POLICIES] = {
	"[access]\nusers = [\"ann\", \"bob\"]\n"
	"[default]\nprofiles = [\"login\", \"script\", \"git\"]\n"
	"[user.ann]\nweb = true\nmax_runs = 3\nmax_terminals = 2\n"
	"[user.bob]\nprofiles = [\"script\"]\nmax_runs = 1\n",

	"[access]\nusers = [\"ann\", \"cid\"]\n"
	"[group.staff]\nweb = true\n"
	"[user.ann]\nweb = false\ndeny_profiles = [\"login\"]\n"
	"[profile.script]\nnetwork = \"none\"\n",

	"[access]\ngroups = [\"staff\"]\ndeny_users = [\"ann\"]\n"
	"[group.staff]\nweb = true\nmax_terminals = 1\n"
	"deny_profiles = [\"git\"]\n",

	"[access]\nusers = [\"ann\", \"bob\", \"cid\"]\n[default]\nweb = 2\n",
};

const struct people_right people_right[POLICIES][PEOPLE] = {
	{ { .served = true,
	      .web = true,
	      .profiles = ALL,
	      .runs = 3,
	      .terminals = 2 },
	    { .served = true,
		.profiles = " script ",
		.runs = 1,
		.terminals = 64 },
	    { .served = false } },
	{ { .served = true,
	      .offline = true,
	      .profiles = " script git ",
	      .runs = 128,
	      .terminals = 64 },
	    { .served = false },
	    { .served = true,
		.web = true,
		.offline = true,
		.profiles = ALL,
		.runs = 128,
		.terminals = 64 } },
	{ { .served = false },
	    { .served = true,
		.web = true,
		.profiles = " login script ",
		.runs = 128,
		.terminals = 1 },
	    { .served = true,
		.web = true,
		.profiles = " login script ",
		.runs = 128,
		.terminals = 1 } },
};

const struct people_right *
people_of(unsigned policy, uid_t uid)
{
	const unsigned i = uid - PEOPLE_UID;

	if (i >= PEOPLE || !people_right[policy][i].served)
		return NULL;
	return &people_right[policy][i];
}

static void
fill(struct account *a, unsigned policy, unsigned i)
{
	memset(a, 0, sizeof(*a));
	a->uid = a->gid = PEOPLE_UID + i;
	a->web = people_right[policy][i].web;
	(void)str_copy(a->name, names[i], sizeof(a->name));
	(void)str_copy(a->home, "/home", sizeof(a->home));
	(void)str_copy(a->real_home, "/home", sizeof(a->real_home));
	(void)str_copy(a->shell, "/bin/sh", sizeof(a->shell));
	a->named = groups;
}

static int
make_one(unsigned policy)
{
	static struct account list[PEOPLE];
	struct accounts all = { .list = list };
	char copy[1024], source[] = "policy";
	struct buf b;
	unsigned i;
	int fd;

	(void)str_copy(copy, text[policy], sizeof(copy));
	all.policy = copy;
	all.npolicy = strlen(copy);
	all.source = source;
	for (i = 0; i < PEOPLE; i++)
		if (people_right[policy][i].served || policy == POLICY_BROKEN)
			fill(&list[all.n++], policy, i);
	buf_init(&b, WIRE_MAX);
	accountwire_put(&b, &all);
	fd = memfd_create("people", MFD_CLOEXEC);
	FUZZ_CHECK(fd >= 0 && buf_ok(&b));
	FUZZ_CHECK(write(fd, b.data, b.len) == (ssize_t)b.len);
	buf_done(&b);
	return fd;
}

void
people_make(int fd[POLICIES])
{
	unsigned i;

	for (i = 0; i < POLICIES; i++)
		fd[i] = make_one(i);
}
