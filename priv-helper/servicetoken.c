/* SPDX-License-Identifier: MIT */
/*
 * Invariant: the token that stands in its file is honoured at any moment, by
 * [ops] and by rdvd, and so is the one before until its end. So the old one's
 * end is written before the new token, and a crash in between leaves a file
 * that grants the current token a second time, which is nothing.
 */
#include "priv-helper/servicetoken.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/buf.h"
#include "lib/clock.h"
#include "lib/ctlproto.h"
#include "lib/err.h"
#include "lib/log.h"
#include "lib/path.h"
#include "lib/secret.h"
#include "lib/seqpkt.h"
#include "lib/str.h"
#include "priv-helper/tokens.h"

#define RAW_LEN	 32
#define TEXT_LEN 44 /* in standard base64 */
#define FILE_MAX 256

/* One line of a file. 0, RDV_E_MALFORMED, or -errno. */
static int
read_line(int dir, const char *name, char line[FILE_MAX])
{
	char *text;
	size_t len;
	int err = path_read_private(dir, name, FILE_MAX - 1, &text, &len);

	if (err != 0)
		return err;
	if (len == 0 || text[len - 1] != '\n' || strlen(text) != len)
		err = RDV_E_MALFORMED;
	else
		(void)snprintf(line, FILE_MAX, "%.*s", (int)len - 1, text);
	secret_free(text, len);
	return err;
}

static void
make_text(char text[TEXT_LEN + 2])
{
	uint8_t raw[RAW_LEN];

	secret_random(raw, sizeof(raw));
	str_base64(text, raw, sizeof(raw));
	text[TEXT_LEN] = '\n';
	text[TEXT_LEN + 1] = '\0';
	secret_wipe(raw, sizeof(raw));
}

static int
put_text(int dir, const char text[TEXT_LEN + 2])
{
	return path_write_private(dir, TOKENS_SERVICE, text, TEXT_LEN + 1);
}

/* What we have written, as far as its shape tells: no part of one counts. */
static bool
is_whole(const char *line)
{
	uint8_t raw[TEXT_LEN];
	size_t len = 0;
	const bool whole = strlen(line) == TEXT_LEN &&
			   str_unbase64(raw, sizeof(raw), &len, line) &&
			   len == RAW_LEN;

	secret_wipe(raw, sizeof(raw));
	return whole;
}

/*
 * One that was cut or overwritten would be known to whoever did that, and rdvd
 * could not be told of it at all: it ends, and nginx is told the new one.
 */
int
servicetoken_make(int dir)
{
	char text[FILE_MAX];
	int err = read_line(dir, TOKENS_SERVICE, text);
	const bool damaged = err == RDV_E_MALFORMED || err == RDV_E_TOO_BIG ||
			     (err == 0 && !is_whole(text));

	if (damaged)
		log_warnx("main", TOKENS_SERVICE
		    " was damaged and is another one now: nginx has to be "
		    "told (rdv token rotate-service)");
	if (damaged || err == -ENOENT) {
		make_text(text);
		err = put_text(dir, text);
	}
	secret_wipe(text, sizeof(text));
	return err;
}

int64_t
servicetoken_made(int dir)
{
	struct stat st;

	if (fstatat(dir, TOKENS_SERVICE, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return 0;
	return (int64_t)st.st_mtim.tv_sec * 1000 + st.st_mtim.tv_nsec / 1000000;
}

/* A memory file, so that rdvd can have what is in no place yet. */
static int
say(int control, const char *text, const struct ctl_service *m)
{
	struct seqpkt_fds fds = { .n = 1 };
	struct buf b;
	int err = 0;

	fds.fd[0] = memfd_create("rdv-service", MFD_CLOEXEC);
	if (fds.fd[0] < 0)
		return -errno;
	buf_init(&b, CTL_MAX);
	ctl_put_service(&b, m);
	if (write(fds.fd[0], text, strlen(text)) != (ssize_t)strlen(text))
		err = -EIO;
	else
		err = seqpkt_send(control, b.data, b.len, &fds);
	buf_done(&b);
	(void)close(fds.fd[0]);
	return err;
}

/* What is not there or not understood grants nothing. */
static void
read_previous(int dir, struct ctl_service *m)
{
	char line[FILE_MAX], *until;

	*m = (struct ctl_service){ .until = 0 };
	if (read_line(dir, TOKENS_SERVICE_UNTIL, line) != 0)
		return;
	until = strchr(line, ' ');
	if (until != NULL)
		*until++ = '\0';
	if (until == NULL || !str_unhex(m->previous, SHA256_LEN, line) ||
	    !str_to_i64(until, 0, INT64_MAX, &m->until))
		*m = (struct ctl_service){ .until = 0 };
}

int
servicetoken_tell(int dir, int control)
{
	struct ctl_service m;
	char text[FILE_MAX];
	int err = servicetoken_make(dir);

	if (err == 0)
		err = read_line(dir, TOKENS_SERVICE, text);
	read_previous(dir, &m);
	if (err == 0)
		err = say(control, text, &m);
	secret_wipe(text, sizeof(text));
	return err;
}

static int
put_previous(int dir, const struct ctl_service *m)
{
	char hex[SHA256_TEXT], line[FILE_MAX];
	int n;

	str_hex(hex, m->previous, SHA256_LEN);
	n = snprintf(line, sizeof(line), "%s %lld\n", hex, (long long)m->until);
	return path_write_private(dir, TOKENS_SERVICE_UNTIL, line, (size_t)n);
}

int
servicetoken_rotate(int dir, int64_t grace_ms, int control,
    uint8_t sum[SHA256_LEN], bool *told)
{
	struct ctl_service m = { .until = clock_wall_ms() + grace_ms };
	char old[FILE_MAX], text[TEXT_LEN + 2];
	int err = servicetoken_make(dir);

	*told = false;
	if (err == 0)
		err = read_line(dir, TOKENS_SERVICE, old);
	if (err != 0)
		return err;
	sha256(old, strlen(old), m.previous);
	make_text(text);
	sha256(text, TEXT_LEN, sum);
	if (control >= 0)
		err = say(control, text, &m);
	*told = control >= 0 && err == 0;
	/* A taken-over rdvd that closes its end must not keep the old one. */
	if (err != -EAGAIN)
		err = put_previous(dir, &m);
	if (err == 0)
		err = put_text(dir, text);
	secret_wipe(old, sizeof(old));
	secret_wipe(text, sizeof(text));
	return err;
}
