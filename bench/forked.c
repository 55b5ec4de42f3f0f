/* SPDX-License-Identifier: MIT */
/*
 * A program started and waited for, with nothing around it: what a run of rdv
 * is compared with.
 *
 *   forked COUNT PROGRAM [ARG]...
 *
 * Prints the median and the fastest in microseconds.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench/bench.h"

static int64_t
once(char *const argv[])
{
	int64_t begin = bench_ns();
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		(void)execv(argv[0], argv);
		_exit(127);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid || status != 0)
		bench_die(argv[0]);
	return bench_ns() - begin;
}

int
main(int argc, char **argv)
{
	size_t n = argc > 2 ? (size_t)bench_num(argv[1]) : 0;
	int64_t *ns = calloc(n, sizeof(*ns));

	if (n == 0 || ns == NULL)
		bench_die("usage: forked COUNT PROGRAM [ARG]...");
	for (size_t i = 0; i < n; i++)
		ns[i] = once(argv + 2);
	printf("{\"p50_us\": %" PRId64 ", \"least_us\": %" PRId64 "}\n",
	    bench_quantile(ns, n, 0.5) / 1000,
	    bench_quantile(ns, n, 0.0) / 1000);
	return 0;
}
