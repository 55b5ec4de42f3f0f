/* SPDX-License-Identifier: MIT */
/*
 * How [ops] knows that a person wants a token, when all it hears comes from
 * rdvd: by a file that nobody else can have made, neither rdvd nor another
 * person, and no run that is confined. It is looked at with the account's own
 * rights, and used up before the token is written: one left behind would bring
 * a token back that has been revoked.
 */
#include "priv-helper/proof.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/err.h"
#include "lib/path.h"
#include "lib/secret.h"
#include "lib/str.h"
#include "priv-helper/accounts.h"
#include "security/asuser.h"
#include "security/mutant.h"

/* The digits and a newline. */
#define PROOF_LEN SHA256_TEXT

static int
refuse(int err, char *why, size_t whysize, const char *text)
{
	snprintf(why, whysize, "proof: %s", text);
	return err;
}

static const char *
objection(const struct stat *st, uid_t uid)
{
	if (!S_ISREG(st->st_mode))
		return "not a regular file";
	if (st->st_uid != uid && !mutant("proof owner"))
		return "not the account's own";
	/* Another name of a file may be in somebody else's hands. */
	if (st->st_nlink != 1 && !mutant("proof links"))
		return "has more than one name";
	if ((st->st_mode & 07777) != 0600 && !mutant("proof mode"))
		return "not of mode 0600";
	return NULL;
}

static bool
says(int fd, const char *hex)
{
	char text[PROOF_LEN + 1];
	ssize_t n = read(fd, text, sizeof(text));

	return mutant("proof text") ||
	       (n == PROOF_LEN && text[PROOF_LEN - 1] == '\n' &&
		   secret_equal(text, hex, PROOF_LEN - 1));
}

static int
judge(int fd, uid_t uid, const char *hex, char *why, size_t whysize)
{
	const char *text;
	struct stat st;

	if (fstat(fd, &st) < 0)
		return refuse(-errno, why, whysize, strerror(errno));
	text = objection(&st, uid);
	if (text == NULL && !says(fd, hex))
		text = "says something else";
	return text == NULL ? 0 : refuse(RDV_E_DENIED, why, whysize, text);
}

/* Its directory, or -errno. */
static int
open_dir(const char *run_dir, const char *name)
{
	char rel[ACCOUNTS_NAME_MAX + 16];
	int run, fd;

	run = open(run_dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (run < 0)
		return -errno;
	snprintf(rel, sizeof(rel), "%s/enroll", name);
	fd = path_open_beneath(run, rel, O_RDONLY | O_DIRECTORY, 0);
	(void)close(run);
	return fd;
}

static int
take(int dir, uid_t uid, const char *hex, char *why, size_t whysize)
{
	/* O_NONBLOCK: a FIFO of that name must not hold us up. */
	int fd = path_open_beneath(dir, hex, O_RDONLY | O_NONBLOCK, 0);
	int err;

	if (fd < 0)
		return refuse(RDV_E_DENIED, why, whysize, strerror(-fd));
	err = judge(fd, uid, hex, why, whysize);
	(void)close(fd);
	if (err == 0 && unlinkat(dir, hex, 0) < 0)
		err = refuse(-errno, why, whysize, strerror(errno));
	return err;
}

int
proof_take(const char *run_dir, const struct account *a, bool privileged,
    const uint8_t sum[SHA256_LEN], char *why, size_t whysize)
{
	char hex[SHA256_TEXT];
	int err, dir;

	if (mutant("proof"))
		return 0;
	str_hex(hex, sum, SHA256_LEN);
	err = asuser_begin(privileged, a->uid, a->gid, a->groups, a->ngroups);
	if (err != 0)
		return refuse(err, why, whysize, strerror(-err));
	dir = open_dir(run_dir, a->name);
	if (dir < 0) {
		err = refuse(RDV_E_DENIED, why, whysize, strerror(-dir));
	} else {
		err = take(dir, a->uid, hex, why, whysize);
		(void)close(dir);
	}
	asuser_end(privileged);
	return err;
}
