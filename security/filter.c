/* SPDX-License-Identifier: MIT */
/*
 * Named sets of system calls become a BPF program: first the judgements on
 * arguments, then a search tree over ranges of numbers that are answered alike.
 * A tree, because the kernel converts the program and runs it for every number
 * there is when a process is put under it: with libseccomp's list of
 * comparisons that took 300 us of each start, with its tree 110, with this one
 * 60. libseccomp also lets an unconditional rule swallow every conditional one
 * for the same call: "ioctl is allowed" silently took "but not TIOCSTI" with
 * it. Unknown calls answer ENOSYS, for which libc has a way out (clone3 ->
 * clone); a foreign architecture is killed.
 */
#include "security/filter.h"

#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>

#include "lib/xalloc.h"
#include "security/sysset.h"

#define RET_EPERM  (SECCOMP_RET_ERRNO | (EPERM & SECCOMP_RET_DATA))
#define RET_ENOSYS (SECCOMP_RET_ERRNO | (ENOSYS & SECCOMP_RET_DATA))
/* Both bounds are checked on every put. The kernel takes 4096 instructions. */
#define PROGRAM_MAX 1024
#define NUMBERS	    1024
/* x86-64 calls with this bit are those of another interface, x32. */
#define X32_BIT 0x40000000u

#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define ARG_LOW(n) (offsetof(struct seccomp_data, args) + 8 * (n))
#else
#define ARG_LOW(n) (offsetof(struct seccomp_data, args) + 8 * (n) + 4)
#endif

struct program {
	struct sock_filter code[PROGRAM_MAX];
	unsigned len;
	bool overflow;
};

static void
emit(struct program *p, unsigned code, uint32_t k, unsigned jt, unsigned jf)
{
	if (p->len == PROGRAM_MAX) {
		p->overflow = true;
		return;
	}
	p->code[p->len++] = (struct sock_filter){ .code = (uint16_t)code,
		.k = k,
		.jt = (uint8_t)jt,
		.jf = (uint8_t)jf };
}

/* Numbers mean other calls on another architecture: judged before any. */
static void
emit_arch(struct program *p)
{
	emit(p, BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch),
	    0, 0);
	emit(p, BPF_JMP | BPF_JEQ | BPF_K, seccomp_arch_native(), 1, 0);
	emit(p, BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS, 0, 0);
}

static void
emit_number(struct program *p)
{
	emit(p, BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr), 0,
	    0);
}

/*
 * other call: to the end / load arg; mask / a test per value / refuse / load
 * nr, so that it is there at the end whichever way led there. Jumps count the
 * instructions still to come in this block.
 */
static void
emit_guard(struct program *p, const struct filter_guard *g, uint32_t nr)
{
	unsigned i, left;

	emit(p, BPF_JMP | BPF_JEQ | BPF_K, nr, 0, g->n + 4);
	emit(p, BPF_LD | BPF_W | BPF_ABS, (uint32_t)ARG_LOW(g->arg), 0, 0);
	emit(p, BPF_ALU | BPF_AND | BPF_K, g->mask, 0, 0);
	for (i = 0; i < g->n; i++) {
		left = g->n - i - 1; /* tests between here and the refusal */
		if (!g->deny)
			emit(p, BPF_JMP | BPF_JEQ | BPF_K, g->values[i],
			    left + 1, 0);
		else
			emit(p, BPF_JMP | BPF_JEQ | BPF_K, g->values[i], left,
			    left == 0 ? 1 : 0);
	}
	emit(p, BPF_RET | BPF_K, RET_EPERM, 0, 0);
	emit_number(p);
}

static void
put_guard(struct program *p, const struct filter_guard *g)
{
	int nr = seccomp_syscall_resolve_name(g->call);

	/* Negative: a call that this architecture does not have. */
	if (nr >= 0)
		emit_guard(p, g, (uint32_t)nr);
}

static void
put_guards(struct program *p, const struct filter_spec *spec)
{
	const struct filter_guard *g;

	for (g = spec->guards; g->call != NULL; g++)
		put_guard(p, g);
	if (spec->extra != NULL)
		put_guard(p, spec->extra);
}

/* What each number is answered with. */
struct table {
	uint32_t action[NUMBERS];
	uint32_t now; /* for the set that is being walked */
	struct filter *f;
};

static int
add_call(const char *name, void *arg)
{
	struct table *t = arg;
	size_t used = strlen(t->f->skipped);
	int nr = seccomp_syscall_resolve_name(name);

	if (nr == __NR_SCMP_ERROR)
		snprintf(t->f->skipped + used, sizeof(t->f->skipped) - used,
		    "%s%s", used > 0 ? " " : "", name);
	if (nr >= NUMBERS)
		return -E2BIG;
	/* Negative: a call that this architecture does not have. */
	if (nr >= 0)
		t->action[nr] = t->now;
	return 0;
}

static int
fill(struct table *t, const struct filter_spec *spec)
{
	int i, err;

	for (i = 0; i < NUMBERS; i++)
		t->action[i] = RET_ENOSYS;
	t->now = SECCOMP_RET_ALLOW;
	err = sysset_walk(spec->allow, add_call, t);
	/* Last, so that what stands in both is forbidden. */
	t->now = RET_EPERM;
	if (err == 0 && spec->forbid != NULL)
		err = sysset_walk(spec->forbid, add_call, t);
	return err;
}

/* Numbers from here to the next range's are answered alike. */
struct range {
	uint32_t first, action;
};

static unsigned
ranges(const struct table *t, struct range r[NUMBERS + 3])
{
	unsigned n = 0, i;

	for (i = 0; i < NUMBERS; i++)
		if (n == 0 || t->action[i] != r[n - 1].action)
			r[n++] = (struct range){ i, t->action[i] };
	r[n++] = (struct range){ NUMBERS, RET_ENOSYS };
	if (seccomp_arch_native() == SCMP_ARCH_X86_64) {
		r[n++] = (struct range){ X32_BIT, SECCOMP_RET_KILL_PROCESS };
		/* -1: a tracer has taken the call away. */
		r[n++] = (struct range){ ~0u, RET_ENOSYS };
	}
	return n;
}

/* With the number loaded: below the middle go on, else jump over that half. */
static void
emit_tree(struct program *p, const struct range *r, unsigned n)
{
	const unsigned half = n / 2, test = p->len;

	if (n == 1) {
		emit(p, BPF_RET | BPF_K, r->action, 0, 0);
		return;
	}
	emit(p, BPF_JMP | BPF_JGE | BPF_K, r[half].first, 0, 0);
	emit_tree(p, r, half);
	if (p->len - test - 1 > UINT8_MAX)
		p->overflow = true;
	else
		p->code[test].jt = (uint8_t)(p->len - test - 1);
	emit_tree(p, r + half, n - half);
}

int
filter_build(struct filter *f, const struct filter_spec *spec)
{
	struct range r[NUMBERS + 3];
	struct program p = { .len = 0 };
	struct table t = { .f = f };
	int err;

	memset(f, 0, sizeof(*f));
	err = fill(&t, spec);
	if (err != 0)
		return err;
	emit_arch(&p);
	emit_number(&p);
	put_guards(&p, spec);
	emit_tree(&p, r, ranges(&t, r));
	if (p.overflow)
		return -E2BIG;
	f->code = xmalloc(p.len * sizeof(p.code[0]));
	memcpy(f->code, p.code, p.len * sizeof(p.code[0]));
	f->len = (unsigned short)p.len;
	return 0;
}

void
filter_done(struct filter *f)
{
	free(f->code);
	memset(f, 0, sizeof(*f));
}

int
filter_apply(const struct filter *f)
{
	struct sock_fprog prog = { .len = f->len, .filter = f->code };

	/* Not seccomp_load(): it allocates and sets no_new_privs by itself. */
	if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &prog, 0, 0) < 0)
		return -errno;
	return 0;
}

bool
filter_supported(void)
{
	/* A kernel with filters looks at the program and finds none. */
	return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, NULL, 0, 0) < 0 &&
	       errno == EFAULT;
}
