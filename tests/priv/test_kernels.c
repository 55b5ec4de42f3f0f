/* SPDX-License-Identifier: MIT */
/*
 * What holds a run on which kernel, as the answer to SPAWN tells it: one page,
 * golden/kernels.txt, with a line for each profile and each thing that a kernel
 * can lack. The test build takes them away (security/mutant.h).
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "security/landlock.h"
#include "security/profile.h"
#include "tests/priv/rig.h"
#include "tests/priv/rigpic.h"
#include "tests/unit/check.h"

static const struct {
	const char *name, *mutant;
} kernels[] = {
	{ "this one", "nothing" },
	{ "no user namespaces", "no userns" },
	{ "Landlock 1", "landlock 1" },
	{ "Landlock 1, no user namespaces", "landlock 1+no userns" },
	{ "no Landlock", "landlock 0" },
	{ "no cgroups", "cgroup" },
};

static const struct {
	uint32_t bit;
	const char *name;
} guards[] = {
	{ PRIV_G_NNP, "no_new_privs" },
	{ PRIV_G_SECCOMP, "seccomp" },
	{ PRIV_G_LANDLOCK, "landlock" },
	{ PRIV_G_RLIMITS, "rlimits" },
	{ PRIV_G_PDEATH, "pdeathsig" },
	{ PRIV_G_PIDNS, "pid_namespace" },
	{ PRIV_G_MOUNTNS, "mount_namespace" },
	{ PRIV_G_ROOT, "private_root" },
	{ PRIV_G_IPCNS, "ipc_namespace" },
	{ PRIV_G_NETNS, "net_namespace" },
};

/* Those of a cgroup are the machine's, and not on the page. */
#define CGROUP (PRIV_G_CGROUP | PRIV_G_PIDS | PRIV_G_MEMORY)

static void
put(const char *text)
{
	const size_t used = strlen(picture);

	assert_true(used + strlen(text) < PICTURE_MAX);
	memcpy(picture + used, text, strlen(text) + 1);
}

static void
put_answer(const struct priv_spawn_answer *a)
{
	if (a->result != PRIV_DONE) {
		put(" refused, ");
		put(a->why);
	} else if (a->guards == 0) {
		put(" nothing");
	}
	for (size_t i = 0; i < sizeof(guards) / sizeof(guards[0]); i++)
		if ((a->guards & guards[i].bit) != 0) {
			put(" ");
			put(guards[i].name);
		}
	put("\n");
}

static void
ask(struct rig *r, const struct profile *p, bool cgroup)
{
	const struct rig_spawn s = { .profile = p->name,
		.argv = ARGV(p->own != NULL ? p->own : "git", "--version") };
	struct rig_result res;
	struct priv_exit end;

	rig_spawn(r, &s, &res);
	put(p->name);
	put(":");
	put_answer(&res.a);
	if (!cgroup)
		assert_int_equal(res.a.guards & CGROUP, 0);
	if (res.a.result != PRIV_DONE)
		return;
	rig_exit(r, res.a.handle, &end);
	assert_int_equal(end.status, 0);
	assert_int_equal(rig_ack(r, res.a.handle), PRIV_DONE);
	rig_close(&res);
}

static void
kernel(const char *name, const char *mutant)
{
	struct rig r;
	bool cgroup;

	rig_start(&r, mutant);
	cgroup = (r.hello.features & PRIV_F_CGROUP) != 0;
	assert_false(cgroup && strcmp(mutant, "cgroup") == 0);
	put("\n");
	put(name);
	put("\n");
	for (int i = 0; i < PROFILES; i++)
		ask(&r, &profiles[i], cgroup);
	rig_stop(&r);
}

static bool
has_all(void)
{
	struct rig r;
	bool spaces;

	rig_start(&r, NULL);
	spaces = getuid() == 0 || (r.hello.features & PRIV_F_USERNS) != 0;
	rig_stop(&r);
	return spaces && landlock_abi() >= 6;
}

static void
golden_kernels(void **state)
{
	(void)state;
	if (!has_all()) {
		print_message("the page is for a kernel that has it all\n");
		skip();
	}
	picture[0] = '\0';
	for (size_t i = 0; i < sizeof(kernels) / sizeof(kernels[0]); i++)
		kernel(kernels[i].name, kernels[i].mutant);
	picture_compare("kernels");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(golden_kernels),
	};

	return CHECK_RUN("kernels", tests);
}
