/* SPDX-License-Identifier: MIT */
/*
 * Tries to type into its own terminal: one ioctl with the request number as it
 * is given, all 64 bits of it, and then what there is to read. Prints the error
 * and the number of bytes waiting.
 */
#include <sys/ioctl.h>
#include <sys/syscall.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int
main(int argc, char **argv)
{
	unsigned long request;
	/*
	 * A whole line, so that it counts as readable; TIOCLINUX reads it as
	 * "paste the selection".
	 */
	char text[] = "\n\003";
	int waiting = -1;
	long rc;

	if (argc != 2)
		return 2;
	request = strtoul(argv[1], NULL, 0);
	rc = syscall(SYS_ioctl, 0, request, text);
	(void)printf("%s", rc < 0 ? strerrorname_np(errno) : "ok");
	if (ioctl(0, FIONREAD, &waiting) < 0)
		waiting = -1;
	(void)printf(" waiting=%d\n", waiting);
	return 0;
}
