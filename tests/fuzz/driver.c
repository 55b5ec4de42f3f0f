/* SPDX-License-Identifier: MIT */
/*
 * Stands in for libFuzzer where a target shall only replay: it feeds every file
 * of the directories it is given to the target, so that each input ever found
 * stays a test, also with a compiler that has no fuzzer. Each input is handed
 * over in memory of exactly its size, for the sanitizers to see an overrun.
 */
#include "tests/fuzz/fuzz.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define INPUT_MAX (1 << 20)

static int
replay(const char *path)
{
	static uint8_t data[INPUT_MAX];
	uint8_t *exact;
	size_t len;
	FILE *f;

	f = fopen(path, "rb");
	if (f == NULL) {
		perror(path);
		return 1;
	}
	len = fread(data, 1, sizeof(data), f);
	fclose(f);
	exact = malloc(len > 0 ? len : 1);
	if (exact == NULL)
		return 1;
	memcpy(exact, data, len);
	(void)LLVMFuzzerTestOneInput(exact, len);
	free(exact);
	return 0;
}

/* Number of inputs replayed; a failure ends the process inside the target. */
static unsigned
replay_dir(const char *dir)
{
	DIR *d = opendir(dir);
	struct dirent *e;
	char path[4096];
	unsigned n = 0;

	if (d == NULL) {
		perror(dir);
		exit(1);
	}
	while ((e = readdir(d)) != NULL) {
		if (e->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), "%s/%s", dir, e->d_name);
		if (replay(path) != 0)
			exit(1);
		n++;
	}
	closedir(d);
	return n;
}

int
main(int argc, char **argv)
{
	unsigned n = 0;
	int i;

	for (i = 1; i < argc; i++)
		n += replay_dir(argv[i]);
	printf("%u\n", n);
	return n > 0 ? 0 : 1;
}
