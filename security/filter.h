/* SPDX-License-Identifier: MIT */
#ifndef RDV_FILTER_H
#define RDV_FILTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sock_filter;

/*
 * A judgement on the low 32 bits of one argument of an allowed call; what fails
 * it gets EPERM. The kernel reads these arguments as 32 bits as well, so a bit
 * above them is no way round (abuse H06).
 */
struct filter_guard {
	const char *call;
	unsigned arg;
	uint32_t mask;
	bool deny; /* refuse the listed values; otherwise only they pass */
	uint32_t values[8];
	unsigned n; /* 0 without deny: the call always fails */
};

struct filter_spec {
	const char *allow;  /* a set; everything outside answers ENOSYS */
	const char *forbid; /* a set answered with EPERM, or NULL */
	const struct filter_guard *guards; /* ends with a NULL call */
	const struct filter_guard *extra;  /* one more, or NULL */
};

/* A compiled program, ready for the kernel; zeroed it is an empty one. */
struct filter {
	struct sock_filter *code;
	unsigned short len;
	char skipped[256]; /* calls this libseccomp does not know, or "" */
};

/* Compiles, may allocate: long before a fork. 0 or -errno. */
int filter_build(struct filter *f, const struct filter_spec *spec);
void filter_done(struct filter *f);
/*
 * Puts this thread under the filter: one system call, nothing else. Needs
 * no_new_privs. 0 or -errno.
 */
int filter_apply(const struct filter *f);
/* True when this kernel takes filters. */
bool filter_supported(void);

#endif
