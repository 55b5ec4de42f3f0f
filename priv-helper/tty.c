/* SPDX-License-Identifier: MIT */
/*
 * Terminals and pipes for children. O_NONBLOCK is a property of the open file
 * description, so it is set on the daemon's side only: a program that finds its
 * standard output non-blocking loses bytes. Every descriptor is close-on-exec
 * until C4 hands it over.
 */
#include "priv-helper/tty.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#include "security/mutant.h"

#ifndef SO_PASSRIGHTS
#define SO_PASSRIGHTS 83 /* Linux 6.16 */
#endif

/* A fuller spool means fewer turns of the daemon's loop during a flood. */
#define SPOOL_BYTES (128 * 1024)

static void
clear(struct tty *t)
{
	memset(t, 0, sizeof(*t));
	t->child[0] = t->child[1] = t->child[2] = -1;
}

static void
give(struct tty *t, int fd)
{
	t->ours.fd[t->ours.n++] = fd;
}

/*
 * By TIOCGPTPEER and not by name: nobody can have put another device there in
 * between. The kernel made it ours; that is checked, not assumed.
 */
static int
open_slave(int master, uid_t uid, struct tty *t)
{
	struct stat st;
	int off = 0, fd;

	if (ioctl(master, TIOCSPTLCK, &off) < 0)
		return -errno;
	fd = ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	t->child[0] = t->child[1] = t->child[2] = fd;
	if (fstat(fd, &st) < 0)
		return -errno;
	if (!S_ISCHR(st.st_mode) || st.st_uid != uid)
		return -EPERM;
	return 0;
}

/* So that erasing a character in a cooked line erases all of its bytes. */
static int
set_modes(int slave, uint16_t cols, uint16_t rows)
{
	const struct winsize size = { .ws_col = cols, .ws_row = rows };
	struct termios tio;

	if (tcgetattr(slave, &tio) < 0)
		return -errno;
	tio.c_iflag |= IUTF8;
	if (tcsetattr(slave, TCSANOW, &tio) < 0 ||
	    ioctl(slave, TIOCSWINSZ, &size) < 0)
		return -errno;
	return 0;
}

static int
open_spool(struct tty *t)
{
	int p[2];

	if (pipe2(p, O_NONBLOCK | O_CLOEXEC) < 0)
		return -errno;
	give(t, p[0]);
	give(t, p[1]);
	/* Over the user's pipe quota it stays at its default: slower only. */
	(void)fcntl(p[1], F_SETPIPE_SZ, SPOOL_BYTES);
	return 0;
}

int
tty_open(struct tty *t, uint16_t cols, uint16_t rows, uid_t uid)
{
	int master, err;

	clear(t);
	master = open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK);
	if (master < 0)
		return -errno;
	give(t, master);
	err = open_slave(master, uid, t);
	if (err == 0)
		err = set_modes(t->child[0], cols, rows);
	if (err == 0)
		err = open_spool(t);
	if (err != 0)
		tty_done(t);
	return err;
}

/* `write_ours`: the daemon writes and the child reads. */
static int
add_pipe(struct tty *t, int i, int write_ours)
{
	int p[2];

	if (pipe2(p, O_CLOEXEC) < 0)
		return -errno;
	/*
	 * While rdvd takes what is in it nobody can write to it: with more in
	 * it, it is seldom that. Standard output alone, for the quota's sake.
	 */
	if (i == 1)
		(void)fcntl(p[1], F_SETPIPE_SZ, SPOOL_BYTES);
	give(t, p[write_ours]);
	t->child[i] = p[!write_ours];
	if (fcntl(p[write_ours], F_SETFL, O_NONBLOCK) < 0)
		return -errno;
	return 0;
}

/*
 * The kernel that knows this refuses a descriptor to who would take it; others
 * have the program discard it, which reads bytes. Against a program that wants
 * one it is rdvd's own filter that holds: its system calls send none.
 */
static int
refuse_rights(int fd)
{
	const int off = 0;

	if (mutant("talk rights") ||
	    setsockopt(fd, SOL_SOCKET, SO_PASSRIGHTS, &off, sizeof(off)) == 0 ||
	    errno == ENOPROTOOPT)
		return 0;
	return -errno;
}

/*
 * For one that is spoken to. Nothing comes back by it: what the child writes
 * there fails, descriptors included.
 */
static int
add_socket(struct tty *t)
{
	int s[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, s) < 0)
		return -errno;
	give(t, s[0]);
	t->child[0] = s[1];
	if (shutdown(s[0], SHUT_RD) < 0 || fcntl(s[0], F_SETFL, O_NONBLOCK) < 0)
		return -errno;
	return refuse_rights(s[1]);
}

int
tty_pipes(struct tty *t, bool talk)
{
	int err;

	clear(t);
	err = talk ? add_socket(t) : add_pipe(t, 0, 1);
	if (err == 0)
		err = add_pipe(t, 1, 0);
	if (err == 0)
		err = add_pipe(t, 2, 0);
	if (err != 0)
		tty_done(t);
	return err;
}

int
tty_resize(int master, uint16_t cols, uint16_t rows)
{
	const struct winsize size = { .ws_col = cols, .ws_row = rows };

	return ioctl(master, TIOCSWINSZ, &size) < 0 ? -errno : 0;
}

void
tty_close_child(struct tty *t)
{
	int i;

	for (i = 0; i < 3; i++)
		/* Of a terminal there is one descriptor in three places. */
		if (t->child[i] >= 0 && (i == 0 || t->child[i] != t->child[0]))
			(void)close(t->child[i]);
	t->child[0] = t->child[1] = t->child[2] = -1;
}

void
tty_done(struct tty *t)
{
	tty_close_child(t);
	seqpkt_fds_close(&t->ours);
}
