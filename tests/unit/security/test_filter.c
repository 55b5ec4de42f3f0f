/* SPDX-License-Identifier: MIT */
/*
 * What the compiled filters answer, call by call, by interpreting the program
 * on made-up calls: no kernel, no privilege, every architecture field and every
 * high bit can be tried.
 */
#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/sched.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include "security/filter.h"
#include "security/profile.h"
#include "security/sysset.h"
#include "tests/unit/check.h"

#if defined(__x86_64__)
#define ARCH  AUDIT_ARCH_X86_64
#define OTHER AUDIT_ARCH_I386
#elif defined(__aarch64__)
#define ARCH  AUDIT_ARCH_AARCH64
#define OTHER AUDIT_ARCH_ARM
#endif

#define DENIED	(SECCOMP_RET_ERRNO | EPERM)
#define UNKNOWN (SECCOMP_RET_ERRNO | ENOSYS)

static struct filter script, git;

static uint32_t
jump(const struct sock_filter *i, uint32_t a)
{
	bool yes;

	switch (BPF_OP(i->code)) {
	case BPF_JEQ:
		yes = a == i->k;
		break;
	case BPF_JGT:
		yes = a > i->k;
		break;
	case BPF_JGE:
		yes = a >= i->k;
		break;
	case BPF_JSET:
		yes = (a & i->k) != 0;
		break;
	default:
		return i->k;
	}
	return yes ? i->jt : i->jf;
}

/* As much of classic BPF as seccomp programs use. */
static uint32_t
judge(const struct filter *f, const struct seccomp_data *d)
{
	uint32_t a = 0, pc;

	for (pc = 0; pc < f->len; pc++) {
		const struct sock_filter *i = &f->code[pc];

		switch (BPF_CLASS(i->code)) {
		case BPF_LD:
			assert_int_equal(i->code, BPF_LD | BPF_W | BPF_ABS);
			assert_true(i->k + 4 <= sizeof(*d));
			memcpy(&a, (const char *)d + i->k, 4);
			break;
		case BPF_ALU:
			assert_int_equal(i->code, BPF_ALU | BPF_AND | BPF_K);
			a &= i->k;
			break;
		case BPF_JMP:
			pc += jump(i, a);
			break;
		case BPF_RET:
			return i->k;
		default:
			fail_msg("instruction %u", i->code);
		}
	}
	fail_msg("ran off the end");
	return 0;
}

static uint32_t
call(const struct filter *f, long nr, uint64_t a0, uint64_t a1)
{
	const struct seccomp_data d = {
		.nr = (int)nr, .arch = ARCH, .args = { a0, a1 }
	};

	return judge(f, &d);
}

static int
build(void **state)
{
	(void)state;
	return filter_build(&script, profiles[profile_find("script")].filter) ||
	       filter_build(&git, profiles[profile_find("git")].filter);
}

static int
done(void **state)
{
	(void)state;
	filter_done(&script);
	filter_done(&git);
	return 0;
}

static void
ordinary_calls(void **state)
{
	(void)state;
	assert_int_equal(call(&script, SYS_read, 0, 0), SECCOMP_RET_ALLOW);
	assert_int_equal(call(&script, SYS_execve, 0, 0), SECCOMP_RET_ALLOW);
	assert_int_equal(call(&script, SYS_exit_group, 0, 0),
	    SECCOMP_RET_ALLOW);
	assert_int_equal(call(&script, SYS_clone3, 0, 0), UNKNOWN);
	assert_int_equal(call(&script, 100000, 0, 0), UNKNOWN);
	assert_int_equal(call(&script, SYS_ptrace, 0, 0), DENIED);
	assert_int_equal(call(&script, SYS_mount, 0, 0), DENIED);
}

static void
abuse_H06_ioctl(void **state)
{
	uint64_t high;

	(void)state;
	assert_int_equal(call(&script, SYS_ioctl, 0, TCGETS),
	    SECCOMP_RET_ALLOW);
	for (high = 0; high <= 1ull << 63;
	     high = high != 0 ? high << 1 : 1ull << 32) {
		assert_int_equal(call(&script, SYS_ioctl, 0, high | TIOCSTI),
		    DENIED);
		assert_int_equal(call(&git, SYS_ioctl, 0, high | TIOCLINUX),
		    DENIED);
		assert_int_equal(call(&script, SYS_ioctl, 0, high | TIOCSETD),
		    DENIED);
		if (high == 1ull << 63)
			break;
	}
}

static void
namespaces(void **state)
{
	const uint64_t thread =
	    CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD;
	static const uint64_t bad[] = { CLONE_NEWNS, CLONE_NEWCGROUP,
		CLONE_NEWUTS, CLONE_NEWIPC, CLONE_NEWUSER, CLONE_NEWPID,
		CLONE_NEWNET };
	size_t i;

	(void)state;
	assert_int_equal(call(&script, SYS_clone, 17, 0), SECCOMP_RET_ALLOW);
	assert_int_equal(call(&script, SYS_clone, thread, 0),
	    SECCOMP_RET_ALLOW);
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_int_equal(call(&script, SYS_clone, bad[i] | 17, 0),
		    DENIED);
		assert_int_equal(call(&script, SYS_clone, bad[i] | 1ull << 40,
				     0),
		    DENIED);
	}
}

static void
socket_families(void **state)
{
	unsigned family;

	(void)state;
	for (family = 0; family < 64; family++) {
		assert_int_equal(call(&git, SYS_socket, family, 0), DENIED);
		assert_int_equal(call(&script, SYS_socket, family, 0),
		    family == AF_INET || family == AF_INET6 ||
			    family == AF_NETLINK
			? SECCOMP_RET_ALLOW
			: DENIED);
	}
	assert_int_equal(call(&script, SYS_socketpair, AF_UNIX,
			     SOCK_STREAM | SOCK_CLOEXEC),
	    SECCOMP_RET_ALLOW);
	assert_int_equal(call(&script, SYS_socketpair, AF_UNIX, SOCK_SEQPACKET),
	    SECCOMP_RET_ALLOW);
	assert_int_equal(call(&script, SYS_socketpair, AF_UNIX,
			     1ull << 32 | SOCK_NONBLOCK | SOCK_DGRAM),
	    DENIED);
	/* For this family the kernel makes the same of it. */
	assert_int_equal(call(&script, SYS_socketpair, AF_UNIX, SOCK_RAW),
	    DENIED);
	assert_int_equal(call(&script, SYS_socketpair, AF_INET, SOCK_STREAM),
	    DENIED);
}

/* Each filter that a profile may be held by. */
static void
each_filter(void (*look)(const struct filter *f, const struct filter_spec *s))
{
	const struct filter_spec *specs[3];
	struct filter f;
	unsigned n = 0, i;
	int p;

	for (p = 0; p < PROFILES; p++) {
		specs[0] = profiles[p].filter;
		specs[1] = profiles[p].offline_filter;
		specs[2] = profiles[p].own_filter;
		for (i = 0; i < 3; i++) {
			if (specs[i] == NULL)
				continue;
			assert_int_equal(filter_build(&f, specs[i]), 0);
			look(&f, specs[i]);
			filter_done(&f);
			n++;
		}
	}
	assert_true(n >= 7);
}

static void
nothing_foreign(const struct filter *f, const struct filter_spec *spec)
{
	struct seccomp_data d = { .arch = OTHER };

	(void)spec;
	for (d.nr = 0; d.nr < 500; d.nr++)
		assert_int_equal(judge(f, &d), SECCOMP_RET_KILL_PROCESS);
#ifdef __x86_64__
	/* x32 says x86-64 and sets a bit in the number. */
	d.arch = ARCH;
	for (d.nr = 0x40000000; d.nr < 0x40000000 + 500; d.nr++)
		assert_int_equal(judge(f, &d), SECCOMP_RET_KILL_PROCESS);
#endif
	d.arch = ARCH;
	d.nr = SYS_getpid;
	assert_int_equal(judge(f, &d), SECCOMP_RET_ALLOW);
}

/* Not one call gets through on another architecture. */
static void
foreign_architecture(void **state)
{
	(void)state;
	each_filter(nothing_foreign);
}

/* What would be new power, in every profile. */
static void
no_new_power(const struct filter *f, const struct filter_spec *spec)
{
	static const long power[] = { SYS_mount, SYS_umount2, SYS_pivot_root,
		SYS_chroot, SYS_unshare, SYS_setns, SYS_fsopen, SYS_fsconfig,
		SYS_fsmount, SYS_fspick, SYS_open_tree, SYS_move_mount,
		SYS_mount_setattr, SYS_ptrace, SYS_process_vm_readv,
		SYS_process_vm_writev, SYS_kcmp, SYS_pidfd_getfd,
		SYS_perf_event_open, SYS_bpf, SYS_userfaultfd, SYS_keyctl,
		SYS_add_key, SYS_request_key, SYS_kexec_load,
		SYS_kexec_file_load, SYS_init_module, SYS_finit_module,
		SYS_delete_module, SYS_quotactl, SYS_acct, SYS_swapon,
		SYS_swapoff, SYS_reboot, SYS_settimeofday, SYS_clock_settime,
		SYS_sethostname, SYS_open_by_handle_at, SYS_syslog,
		SYS_io_uring_setup, SYS_io_uring_enter, SYS_io_uring_register,
		SYS_clone3 };
	uint32_t says;
	size_t i;

	(void)spec;
	for (i = 0; i < sizeof(power) / sizeof(power[0]); i++) {
		says = call(f, power[i], 0, 0);
		if (says != DENIED && says != UNKNOWN)
			fail_msg("%ld: %x", power[i], says);
	}
	/* Programs that could do without them are told so. */
	assert_int_equal(call(f, SYS_clone3, 0, 0), UNKNOWN);
	assert_int_equal(call(f, SYS_io_uring_setup, 0, 0), UNKNOWN);
	assert_int_equal(call(f, SYS_clone, CLONE_NEWUSER | 17, 0), DENIED);
	assert_int_equal(call(f, SYS_clone, 17, 0), SECCOMP_RET_ALLOW);
}

static void
abuse_I01_I03_I04_I06_in_every_profile(void **state)
{
	(void)state;
	each_filter(no_new_power);
}

/* To Landlock, which decides by paths, what has none is no file. */
static void
nothing_without_a_path(const struct filter_spec *spec, uint32_t want)
{
	struct filter f;

	if (spec == NULL)
		return;
	assert_int_equal(filter_build(&f, spec), 0);
	assert_int_equal(call(&f, SYS_memfd_create, 0, 0), want);
	assert_int_equal(call(&f, SYS_execveat, 0, 0), want);
	filter_done(&f);
}

/* Who has one program of its own runs no other, by whatever filter. */
static void
abuse_I01_one_program_alone(void **state)
{
	const struct profile *p;
	unsigned n = 0;

	(void)state;
	for (p = profiles; p < profiles + PROFILES; p++) {
		if (p->exe == NULL && p->own == NULL)
			continue;
		nothing_without_a_path(p->filter, DENIED);
		nothing_without_a_path(p->offline_filter, DENIED);
		nothing_without_a_path(p->own_filter, DENIED);
		n++;
	}
	assert_int_equal(n, 2);
	p = &profiles[profile_find("script")];
	nothing_without_a_path(p->filter, SECCOMP_RET_ALLOW);
}

/* A guard without values refuses always; one that is extra counts as well. */
static void
extra_guard(void **state)
{
	static const struct filter_guard never = { "truncate", 0, 0, false,
		{ 0 }, 0 };
	struct filter_spec spec = *profiles[profile_find("script")].filter;
	struct filter f;

	(void)state;
	assert_int_equal(call(&script, SYS_truncate, 1, 1), SECCOMP_RET_ALLOW);
	spec.extra = &never;
	assert_int_equal(filter_build(&f, &spec), 0);
	assert_int_equal(call(&f, SYS_truncate, 1, 1), DENIED);
	assert_int_equal(call(&f, SYS_ftruncate, 1, 1), SECCOMP_RET_ALLOW);
	filter_done(&f);
}

struct answers {
	uint32_t of[1024], now;
};

static int
expect(const char *name, void *arg)
{
	struct answers *a = arg;
	int nr = seccomp_syscall_resolve_name(name);

	if (nr >= 0)
		a->of[nr] = a->now;
	return 0;
}

static bool
guarded(const struct filter_spec *spec, long nr)
{
	const struct filter_guard *g;

	for (g = spec->guards; g->call != NULL; g++)
		if (seccomp_syscall_resolve_name(g->call) == nr)
			return true;
	return false;
}

/* Ranges of numbers and halves of them: not one ends a number off. */
static void
numbers_of(const struct filter *f, const struct filter_spec *spec)
{
	struct answers a;
	unsigned allowed = 0, denied = 0;
	long nr;

	for (nr = 0; nr < 1024; nr++)
		a.of[nr] = UNKNOWN;
	a.now = SECCOMP_RET_ALLOW;
	assert_int_equal(sysset_walk(spec->allow, expect, &a), 0);
	a.now = DENIED;
	assert_int_equal(sysset_walk(spec->forbid, expect, &a), 0);
	for (nr = 0; nr < 1024; nr++) {
		if (guarded(spec, nr))
			continue;
		assert_int_equal(call(f, nr, 0, 0), a.of[nr]);
		allowed += a.of[nr] == SECCOMP_RET_ALLOW;
		denied += a.of[nr] == DENIED;
	}
	assert_true(allowed > 100 && denied > 50);
	assert_int_equal(call(f, 0x3fffffff, 0, 0), UNKNOWN);
	/* A tracer has taken the call away. */
	assert_int_equal(call(f, -1, 0, 0), UNKNOWN);
}

static void
abuse_I07_every_number_of_every_profile(void **state)
{
	(void)state;
	each_filter(numbers_of);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ordinary_calls),
		cmocka_unit_test(abuse_H06_ioctl),
		cmocka_unit_test(namespaces),
		cmocka_unit_test(socket_families),
		cmocka_unit_test(foreign_architecture),
		cmocka_unit_test(extra_guard),
		cmocka_unit_test(abuse_I01_one_program_alone),
		cmocka_unit_test(abuse_I01_I03_I04_I06_in_every_profile),
		cmocka_unit_test(abuse_I07_every_number_of_every_profile),
	};

	return cmocka_run_group_tests_name("filter", tests, build, done);
}
