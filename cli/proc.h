/* SPDX-License-Identifier: MIT */
#ifndef RDV_PROC_H
#define RDV_PROC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/*
 * Processes of the launcher. A child has a process group of its own, so Ctrl-C
 * reaches only us, and gets SIGTERM when we die, however we die.
 */
struct proc_spec {
	const char *path; /* of the program */
	const char *const *argv;
	const char *const *envp; /* NULL: ours */
	const char *cwd;	 /* NULL: ours */
	int keep[2];		 /* descriptors it inherits, -1: none */
	int out;		 /* what it writes to, errors too; 0: ours */
};

/* 0, or -errno, also when the program could not be executed. */
int proc_spawn(const struct proc_spec *spec, pid_t *pid);
/* Finds `name` in PATH and the usual sbin directories. False: not there. */
bool proc_find(const char *name, char *out, size_t size);
/* The parent of a process and its name; false when there is no such process. */
bool proc_stat(pid_t pid, pid_t *parent, char *name, size_t size);

#endif
