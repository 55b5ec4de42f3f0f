/* SPDX-License-Identifier: MIT */
/*
 * A process that waits for its program is a copy of [ops], and most of a copy's
 * pages are of no use to it: three quarters of an exec(2) went into unmapping
 * them. What is given back while it waits is not in anybody's way later, and
 * the heap with what [ops] knows of other accounts is gone from it as well.
 */
#include "security/slim.h"

#include <link.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define RANGES 32

static struct {
	void *at;
	size_t len;
} ranges[RANGES];
static size_t n;
static char *heap;

static void
add_code(uintptr_t from, uintptr_t to, uintptr_t page)
{
	if (n == RANGES)
		return;
	from &= ~(page - 1);
	/* Whole pages of that segment: the next one may be written to. */
	to &= ~(page - 1);
	if (to <= from)
		return;
	ranges[n].at = (void *)from;
	ranges[n++].len = to - from;
}

static int
add_object(struct dl_phdr_info *info, size_t size, void *arg)
{
	const uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
	const ElfW(Phdr) *p = info->dlpi_phdr;
	int i;

	(void)size;
	(void)arg;
	for (i = 0; i < info->dlpi_phnum; i++, p++)
		if (p->p_type == PT_LOAD && (p->p_flags & PF_W) == 0)
			add_code(info->dlpi_addr + p->p_vaddr,
			    info->dlpi_addr + p->p_vaddr + p->p_memsz, page);
	return 0;
}

/* Its beginning is nowhere to be asked for. */
static void
find_heap(void)
{
	FILE *f = fopen("/proc/self/maps", "re");
	char line[512];
	unsigned long at;

	heap = NULL;
	while (f != NULL && fgets(line, sizeof(line), f) != NULL)
		if (strstr(line, "[heap]") != NULL &&
		    sscanf(line, "%lx-", &at) == 1)
			heap = (char *)at;
	if (f != NULL)
		(void)fclose(f);
}

void
slim_init(void)
{
	n = 0;
	(void)dl_iterate_phdr(add_object, NULL);
	find_heap();
}

void
slim_down(void)
{
	size_t i;

	for (i = 0; i < n; i++)
		(void)madvise(ranges[i].at, ranges[i].len, MADV_DONTNEED);
	if (heap != NULL)
		(void)madvise(heap, (size_t)((char *)sbrk(0) - heap),
		    MADV_DONTNEED);
}
