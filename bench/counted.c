/* SPDX-License-Identifier: MIT */
/*
 * Stands in rdvd's place: runs the rdvd-unconfined beside it under callgrind,
 * which writes what it counted there as well. A script would not do, because
 * rdv-helper executes rdvd by a descriptor that is closed on the way.
 */
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench/bench.h"

#define VALGRIND "/usr/bin/valgrind"
#define ARGS	 64

/*
 * A copy by `rep movsb` would count as one instruction for each byte and hide
 * all the rest, so libc is told to copy with vectors.
 */
static char tunables[] =
    "GLIBC_TUNABLES=glibc.cpu.x86_rep_movsb_threshold=0x40000000:"
    "glibc.cpu.x86_rep_stosb_threshold=0x40000000";

int
main(int argc, char **argv)
{
	static char self[PATH_MAX], out[PATH_MAX + 64], log[PATH_MAX + 64];
	static char program[PATH_MAX + 64];
	char *args[ARGS] = { (char[]){ "valgrind" }, (char[]){ "-q" },
		(char[]){ "--tool=callgrind" }, (char[]){ "--vgdb=no" }, log,
		out, program };
	const char *dir;
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);

	if (n < 0 || argc + 7 > ARGS)
		bench_die("/proc/self/exe");
	dir = dirname(self);
	(void)snprintf(log, sizeof(log), "--log-file=%s/valgrind.log", dir);
	(void)snprintf(out, sizeof(out),
	    "--callgrind-out-file=%s/callgrind.out", dir);
	(void)snprintf(program, sizeof(program), "%s/rdvd-unconfined", dir);
	memcpy(args + 7, argv + 1, (size_t)argc * sizeof(*argv));
	(void)putenv(tunables);
	execv(VALGRIND, args);
	bench_die(VALGRIND);
}
