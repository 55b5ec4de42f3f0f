/* SPDX-License-Identifier: MIT */
#ifndef RDV_TTY_H
#define RDV_TTY_H

#include <stdbool.h>

/*
 * Raw mode that ends with the process, however it ends (SIGKILL excepted):
 * tty_restore() runs at exit, and in a crash the terminal is made plain, too.
 * Other signals that end a process are the caller's to catch.
 */

/*
 * 0 or -errno. One terminal at a time. Once more without tty_restore() makes it
 * raw again, whatever others did to it, and still restores what was at first.
 */
int tty_raw(int fd);
/* Harmless when nothing is to restore. */
void tty_restore(void);
/* False when `fd` is no terminal or has no size. */
bool tty_size(int fd, unsigned *cols, unsigned *rows);
/*
 * A second descriptor of the terminal `fd`, non-blocking while it is raw: a
 * description of its own where we may open one, so that the shell's stays
 * blocking. It must outlive raw mode. -errno on failure.
 */
int tty_reopen(int fd);

#endif
