/* SPDX-License-Identifier: MIT */
/*
 * What a tree of files costs at least: the same names and bytes as the trees of
 * workspace.mjs, from as many threads as there are to be, and nothing beside
 * them: no objects to be read and unpacked, no index, no sandbox. All
 * directories come first, as git makes them when it has workers.
 *
 *   rawtree DIR FILES PER-DIR THREADS
 *
 * Says how long it took, in milliseconds.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bench/bench.h"

#define THREADS_MAX 64
#define LINES	    500

static const char *top;
static long files, per_dir, threads;

static void
make_dir(const char *path)
{
	if (mkdir(path, 0777) < 0 && errno != EEXIST)
		bench_die(path);
}

/* Of the directory whose first file is `i`. */
static void
name_dir(char *out, size_t size, long i)
{
	(void)snprintf(out, size, "%s/d%ld/e%ld", top, i % 1000, i);
}

static void
make_dirs(void)
{
	char path[4096];

	make_dir(top);
	for (long i = 0; i < files; i += per_dir) {
		(void)snprintf(path, sizeof(path), "%s/d%ld", top, i % 1000);
		make_dir(path);
		name_dir(path, sizeof(path), i);
		make_dir(path);
	}
}

static void
make_file(int dir, long k)
{
	char name[32], line[32], text[LINES * sizeof(line)];
	size_t len;
	struct stat st;
	int fd;

	len = (size_t)snprintf(line, sizeof(line), "%ld\n", k);
	for (size_t i = 0; i < LINES; i++)
		memcpy(text + i * len, line, len);
	(void)snprintf(name, sizeof(name), "f%ld", k);
	fd = openat(dir, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
	if (fd < 0)
		bench_die(name);
	bench_write_all(fd, text, LINES * len);
	/* As an index needs it. */
	if (fstat(fd, &st) < 0 || close(fd) < 0)
		bench_die(name);
}

static void *
work(void *arg)
{
	const long which = *(const long *)arg;
	char path[4096];
	int dir;

	for (long i = which * per_dir; i < files; i += threads * per_dir) {
		name_dir(path, sizeof(path), i);
		dir = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
		if (dir < 0)
			bench_die(path);
		for (long k = i; k < i + per_dir; k++)
			make_file(dir, k);
		(void)close(dir);
	}
	return NULL;
}

int
main(int argc, char **argv)
{
	pthread_t thread[THREADS_MAX];
	long which[THREADS_MAX];
	int64_t begin = bench_ns();

	if (argc != 5)
		bench_die("usage: rawtree DIR FILES PER-DIR THREADS");
	top = argv[1];
	files = bench_num(argv[2]);
	per_dir = bench_num(argv[3]);
	threads = bench_num(argv[4]);
	if (threads < 1 || threads > THREADS_MAX || per_dir < 1)
		bench_die("threads");
	make_dirs();
	for (long i = 0; i < threads; i++) {
		which[i] = i;
		if (pthread_create(&thread[i], NULL, work, &which[i]) != 0)
			bench_die("pthread_create");
	}
	for (long i = 0; i < threads; i++)
		(void)pthread_join(thread[i], NULL);
	printf("%.3f\n", (double)(bench_ns() - begin) / 1e6);
	return 0;
}
