/* SPDX-License-Identifier: MIT */
/*
 * Named sets of system calls become a BPF program. The list is libseccomp's
 * work; the judgements on arguments stand in front of it in our own few
 * instructions, because libseccomp lets an unconditional rule swallow every
 * conditional one for the same call: "ioctl is allowed" silently took "but not
 * TIOCSTI" with it. Unknown calls answer ENOSYS, for which libc has a way out
 * (clone3 -> clone); a foreign architecture is killed.
 */
#include "security/filter.h"

#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/xalloc.h"
#include "security/sysset.h"

#define RET_EPERM (SECCOMP_RET_ERRNO | (EPERM & SECCOMP_RET_DATA))
/* Guards are few and short; this bounds them and is checked on every put. */
#define PROLOGUE_MAX 192

#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define ARG_LOW(n) (offsetof(struct seccomp_data, args) + 8 * (n))
#else
#define ARG_LOW(n) (offsetof(struct seccomp_data, args) + 8 * (n) + 4)
#endif

struct prologue {
	struct sock_filter code[PROLOGUE_MAX];
	unsigned len;
	bool overflow;
};

static void
emit(struct prologue *p, unsigned code, uint32_t k, unsigned jt, unsigned jf)
{
	if (p->len == PROLOGUE_MAX) {
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
emit_arch(struct prologue *p)
{
	emit(p, BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch),
	    0, 0);
	emit(p, BPF_JMP | BPF_JEQ | BPF_K, seccomp_arch_native(), 1, 0);
	emit(p, BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS, 0, 0);
}

/*
 * load nr; other call: to the end / load arg; mask / a test per value / refuse.
 * Jumps count the instructions still to come in this block.
 */
static void
emit_guard(struct prologue *p, const struct filter_guard *g, uint32_t nr)
{
	unsigned i, left;

	emit(p, BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr), 0,
	    0);
	emit(p, BPF_JMP | BPF_JEQ | BPF_K, nr, 0, g->n + 3);
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
}

static void
put_guard(struct prologue *p, const struct filter_guard *g)
{
	int nr = seccomp_syscall_resolve_name(g->call);

	/* Negative: a call that this architecture does not have. */
	if (nr >= 0)
		emit_guard(p, g, (uint32_t)nr);
}

static int
build_prologue(struct prologue *p, const struct filter_spec *spec)
{
	const struct filter_guard *g;

	p->len = 0;
	p->overflow = false;
	emit_arch(p);
	for (g = spec->guards; g->call != NULL; g++)
		put_guard(p, g);
	if (spec->extra != NULL)
		put_guard(p, spec->extra);
	return p->overflow ? -E2BIG : 0;
}

struct adder {
	scmp_filter_ctx ctx;
	uint32_t action;
	struct filter *f;
};

static int
add_call(const char *name, void *arg)
{
	struct adder *a = arg;
	size_t used = strlen(a->f->skipped);
	int nr = seccomp_syscall_resolve_name(name);

	if (nr == __NR_SCMP_ERROR) {
		snprintf(a->f->skipped + used, sizeof(a->f->skipped) - used,
		    "%s%s", used > 0 ? " " : "", name);
		return 0;
	}
	return seccomp_rule_add(a->ctx, a->action, nr, 0);
}

static int
add_sets(scmp_filter_ctx ctx, const struct filter_spec *spec, struct filter *f)
{
	struct adder allow = { ctx, SCMP_ACT_ALLOW, f };
	struct adder forbid = { ctx, SCMP_ACT_ERRNO(EPERM), f };
	int err;

	err = seccomp_attr_set(ctx, SCMP_FLTATR_ACT_BADARCH,
	    SCMP_ACT_KILL_PROCESS);
	if (err == 0)
		err = sysset_walk(spec->allow, add_call, &allow);
	if (err == 0 && spec->forbid != NULL)
		err = sysset_walk(spec->forbid, add_call, &forbid);
	return err;
}

/* This libseccomp writes only to a descriptor, so through memory that is one.
 */
static int export(scmp_filter_ctx ctx, const struct prologue *p,
    struct filter *f)
{
	size_t head = p->len * sizeof(p->code[0]);
	struct sock_filter *code;
	struct stat st;
	int fd, err;

	fd = memfd_create("rdv-filter", MFD_CLOEXEC);
	if (fd < 0)
		return -errno;
	err = seccomp_export_bpf(ctx, fd);
	if (err == 0 && fstat(fd, &st) < 0)
		err = -errno;
	if (err == 0 && (size_t)st.st_size > 4096 * sizeof(*code) - head)
		err = -E2BIG;
	if (err != 0)
		goto out;
	code = xmalloc(head + (size_t)st.st_size);
	memcpy(code, p->code, head);
	if (pread(fd, code + p->len, (size_t)st.st_size, 0) != st.st_size) {
		free(code);
		err = -EIO;
		goto out;
	}
	f->code = code;
	f->len = (unsigned short)(p->len + (size_t)st.st_size / sizeof(*code));
out:
	(void)close(fd);
	return err;
}

int
filter_build(struct filter *f, const struct filter_spec *spec)
{
	struct prologue prologue;
	scmp_filter_ctx ctx;
	int err;

	memset(f, 0, sizeof(*f));
	err = build_prologue(&prologue, spec);
	if (err != 0)
		return err;
	ctx = seccomp_init(SCMP_ACT_ERRNO(ENOSYS));
	if (ctx == NULL)
		return -ENOMEM;
	err = add_sets(ctx, spec, f);
	if (err == 0)
		err = export(ctx, &prologue, f);
	seccomp_release(ctx);
	return err;
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
