/* SPDX-License-Identifier: MIT */
/*
 * The record of how a run is held tells the truth: beside it stands what the
 * kernel says of the process itself, and nothing the helper says.
 */
#include <linux/landlock.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "tests/priv/rig.h"
#include "tests/unit/check.h"

#define PATH_LEN 512

/* Programs that wait for their input, in each profile. */
static const struct row {
	struct rig_spawn s;
	unsigned net;
	uint32_t wants; /* of guards that a host may not have */
} rows[] = {
	{ { .profile = "login", .argv = ARGV("cat") }, PRIV_NET_FULL, 0 },
	{ { .profile = "script", .argv = ARGV("cat") }, PRIV_NET_FULL,
	    PRIV_G_CGROUP | PRIV_G_PIDS | PRIV_G_PIDNS | PRIV_G_MOUNTNS },
	{ { .profile = "git", .argv = ARGV("git", "hash-object", "--stdin") },
	    PRIV_NET_NONE, PRIV_G_CGROUP | PRIV_G_PIDS },
};
#define ROWS (sizeof(rows) / sizeof(rows[0]))

/* The rest of the line that begins with `key`, false when there is none. */
static bool
line_of(const char *path, const char *key, char *out, size_t size)
{
	FILE *f = fopen(path, "re");
	bool found = false;

	if (f == NULL)
		return false;
	while (!found && fgets(out, (int)size, f) != NULL)
		found = strncmp(out, key, strlen(key)) == 0;
	(void)fclose(f);
	if (found) {
		memmove(out, out + strlen(key), strlen(out + strlen(key)) + 1);
		out[strcspn(out, "\n")] = '\0';
	}
	return found;
}

static void
proc_line(uint32_t pid, const char *file, const char *key, char *out,
    size_t size)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%u/%s", pid, file);
	assert_true(line_of(path, key, out, size));
}

static int
proc_number(uint32_t pid, const char *key)
{
	char text[256];
	int n;

	proc_line(pid, "status", key, text, sizeof(text));
	assert_int_equal(sscanf(text, "%d", &n), 1);
	return n;
}

/* As /proc/PID/limits has it: soft limit, hard limit, unit. */
static void
look_rlimit(uint32_t pid, const struct priv_hold *h, enum priv_limit what,
    const char *name)
{
	char text[256], hard[32], told[32] = "unlimited";

	proc_line(pid, "limits", name, text, sizeof(text));
	assert_int_equal(sscanf(text, "%*s %31s", hard), 1);
	assert_int_not_equal(h->limits[what].by, PRIV_BY_CGROUP);
	if (h->limits[what].by == PRIV_BY_RLIMIT)
		snprintf(told, sizeof(told), "%llu",
		    (unsigned long long)h->limits[what].max);
	assert_string_equal(told, hard);
}

/* "max" where its cgroup has no such file, or is none of its own. */
static void
look_cgroup(const char *own, const struct priv_hold *h, enum priv_limit what,
    const char *file)
{
	char path[PATH_LEN], kept[64], told[64] = "max";

	snprintf(path, sizeof(path), "/sys/fs/cgroup%s/%s", own, file);
	if (own[0] == '\0' || !line_of(path, "", kept, sizeof(kept)))
		snprintf(kept, sizeof(kept), "max");
	assert_int_not_equal(h->limits[what].by, PRIV_BY_RLIMIT);
	if (h->limits[what].by == PRIV_BY_CGROUP)
		snprintf(told, sizeof(told), "%llu",
		    (unsigned long long)h->limits[what].max);
	assert_string_equal(told, kept);
}

/*
 * Where there is the controller each run has an equal weight, and all together
 * less than what lies beside them.
 */
static void
look_share(const char *own, const struct priv_hold *h)
{
	char path[PATH_LEN], weight[64];
	bool shared;

	snprintf(path, sizeof(path), "/sys/fs/cgroup%s/cpu.weight", own);
	shared = own[0] != '\0' && line_of(path, "", weight, sizeof(weight));
	assert_int_equal(h->limits[PRIV_LIMIT_CPU_WEIGHT].by,
	    shared ? PRIV_BY_CGROUP : PRIV_BY_NOTHING);
	if (!shared)
		return;
	assert_int_equal(h->limits[PRIV_LIMIT_CPU_WEIGHT].max, 100);
	assert_string_equal(weight, "100");
	snprintf(path, sizeof(path), "/sys/fs/cgroup%s/../cpu.weight", own);
	assert_true(line_of(path, "", weight, sizeof(weight)));
	assert_string_equal(weight, "50");
}

/* A login is in one, too, where there are any; that holds it to nothing. */
static void
look_cgroups(const struct priv_spawn_answer *a, bool confined)
{
	char path[64], own[PATH_LEN / 2], run[64];

	snprintf(path, sizeof(path), "/proc/%u/cgroup", a->pid);
	snprintf(run, sizeof(run), "/run-%016llx",
	    (unsigned long long)a->handle);
	if (!line_of(path, "0::", own, sizeof(own)) || strstr(own, run) == NULL)
		own[0] = '\0';
	assert_int_equal((a->guards & PRIV_G_CGROUP) != 0,
	    own[0] != '\0' && confined);
	if (a->hold.limits[PRIV_LIMIT_PROCESSES].by != PRIV_BY_RLIMIT)
		look_cgroup(own, &a->hold, PRIV_LIMIT_PROCESSES, "pids.max");
	look_cgroup(own, &a->hold, PRIV_LIMIT_MEMORY_BYTES, "memory.max");
	look_share(own, &a->hold);
}

/*
 * In a user namespace of its own a run is counted by itself, elsewhere with all
 * there is of the account (user_namespaces(7)).
 */
static void
look_processes(const struct priv_spawn_answer *a)
{
	const struct priv_hold *h = &a->hold;
	char path[64], map[128];
	unsigned n = 0;

	snprintf(path, sizeof(path), "/proc/%u/uid_map", a->pid);
	assert_true(line_of(path, "", map, sizeof(map)));
	assert_int_equal(sscanf(map, "%*u %*u %u", &n), 1);
	if (n != 1) {
		look_rlimit(a->pid, h, PRIV_LIMIT_ACCOUNT_PROCESSES,
		    "Max processes");
		return;
	}
	assert_int_equal(h->limits[PRIV_LIMIT_ACCOUNT_PROCESSES].by,
	    PRIV_BY_NOTHING);
	if (h->limits[PRIV_LIMIT_PROCESSES].by != PRIV_BY_CGROUP)
		look_rlimit(a->pid, h, PRIV_LIMIT_PROCESSES, "Max processes");
}

/* What a version of Landlock has no hold on (landlock(7)). */
static uint32_t
landlock_lacks(long abi)
{
	return (abi < 2 ? PRIV_G_LL_RENAME : 0) |
	       (abi < 3 ? PRIV_G_LL_TRUNCATE : 0) |
	       (abi < 5 ? PRIV_G_LL_DEVICES : 0) |
	       (abi < 6 ? PRIV_G_LL_SIGNALS | PRIV_G_LL_ABSTRACT : 0);
}

/* The version is at most the newest that the helper knows. */
static void
look_landlock(const struct priv_hold *h, bool confined)
{
	const long abi = syscall(SYS_landlock_create_ruleset, NULL, 0,
	    LANDLOCK_CREATE_RULESET_VERSION);

	assert_true(h->landlock_abi <= abi);
	assert_int_equal(h->landlock_abi > 0, confined);
	if (confined)
		assert_int_equal(landlock_lacks(h->landlock_abi),
		    landlock_lacks(abi));
	assert_int_equal(h->lacked & landlock_lacks(0),
	    confined ? landlock_lacks(abi) : 0);
}

/* Each guard that is wanted is on or lacked, and never both. */
static void
look_guards(const struct priv_spawn_answer *a, const struct row *row,
    bool confined)
{
	assert_int_equal(proc_number(a->pid, "NoNewPrivs:"), confined);
	assert_int_equal((a->guards & PRIV_G_NNP) != 0, confined);
	assert_int_equal(proc_number(a->pid, "Seccomp:"), confined ? 2 : 0);
	assert_int_equal((a->guards & PRIV_G_SECCOMP) != 0, confined);
	assert_int_equal(a->guards & a->hold.lacked, 0);
	assert_int_equal((a->guards | a->hold.lacked) & row->wants, row->wants);
	assert_int_equal(a->hold.lacked & ~(row->wants | landlock_lacks(0)), 0);
}

static void
look(const struct priv_spawn_answer *a, const struct row *row)
{
	const bool confined = strcmp(row->s.profile, "login") != 0;

	look_guards(a, row, confined);
	look_landlock(&a->hold, confined);
	look_cgroups(a, confined);
	look_processes(a);
	look_rlimit(a->pid, &a->hold, PRIV_LIMIT_DATA_BYTES, "Max data size");
	look_rlimit(a->pid, &a->hold, PRIV_LIMIT_OPEN_FILES, "Max open files");
	look_rlimit(a->pid, &a->hold, PRIV_LIMIT_FILE_BYTES, "Max file size");
	look_rlimit(a->pid, &a->hold, PRIV_LIMIT_CORE_BYTES,
	    "Max core file size");
	assert_int_equal(a->hold.net, row->net);
	assert_string_equal(a->hold.admitted, "[access] users (user mode)");
	assert_string_equal(a->hold.granted, "[default] profiles (user mode)");
}

static void
finish(struct rig *r, struct rig_result *res)
{
	struct priv_exit end;

	rig_close(res);
	(void)rig_signal(r, res->a.handle, SIGKILL, true);
	rig_exit(r, res->a.handle, &end);
	assert_int_equal(rig_ack(r, res->a.handle), PRIV_DONE);
}

static void
abuse_I13_record_and_kernel_agree(void **state)
{
	struct rig_result res;
	struct rig r;
	size_t i;

	(void)state;
	rig_start(&r, NULL);
	for (i = 0; i < ROWS; i++) {
		rig_spawn(&r, &rows[i].s, &res);
		assert_int_equal(res.a.result, PRIV_DONE);
		look(&res.a, &rows[i]);
		finish(&r, &res);
	}
	rig_stop(&r);
}

/* A lower one that was in force already is the one that is told. */
static void
lower_limit(void **state)
{
	struct rig_result res;
	struct rig r;

	(void)state;
	rig_prepare(&r);
	r.nofile = 200;
	rig_launch(&r, NULL);
	rig_daemon(&r);
	rig_ops(&r);
	rig_login(&r);
	rig_spawn(&r, &rows[1].s, &res);
	assert_int_equal(res.a.result, PRIV_DONE);
	look(&res.a, &rows[1]);
	assert_int_equal(res.a.hold.limits[PRIV_LIMIT_OPEN_FILES].max, 200);
	finish(&r, &res);
	rig_stop(&r);
}

/* What a kernel has not is in the record of each run that would have it. */
static void
abuse_I13_older_kernel(void **state)
{
	struct rig_result res;
	struct rig r;
	size_t i;

	(void)state;
	rig_start(&r, "landlock 2");
	for (i = 0; i < ROWS; i++) {
		rig_spawn(&r, &rows[i].s, &res);
		assert_int_equal(res.a.result, PRIV_DONE);
		assert_int_equal(res.a.hold.lacked & landlock_lacks(0),
		    i == 0 ? 0 : landlock_lacks(2));
		finish(&r, &res);
	}
	rig_stop(&r);
}

/* The next rdvd gets the record of the start. */
static void
adopted(void **state)
{
	struct priv_inventory_answer a;
	struct seqpkt_fds fds;
	struct rig_result res;
	struct rig r;

	(void)state;
	rig_start(&r, NULL);
	rig_spawn(&r,
	    &(struct rig_spawn){
		.profile = "script", .argv = ARGV("sleep", "1000") },
	    &res);
	assert_int_equal(res.a.result, PRIV_DONE);
	rig_close(&res);
	rig_kill_daemon(&r);
	rig_daemon(&r);
	rig_ops(&r);
	rig_login(&r);
	assert_int_equal(rig_inventory(&r, 0, &a, &fds), PRIV_DONE);
	assert_int_equal(a.guards, res.a.guards);
	assert_memory_equal(&a.hold, &res.a.hold, sizeof(a.hold));
	seqpkt_fds_close(&fds);
	finish(&r, &res);
	rig_stop(&r);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(abuse_I13_record_and_kernel_agree),
		cmocka_unit_test(lower_limit),
		cmocka_unit_test(abuse_I13_older_kernel),
		cmocka_unit_test(adopted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
