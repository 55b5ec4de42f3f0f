/* SPDX-License-Identifier: MIT */
/*
 * The service token's files. The sidecar is written before its token: a crash
 * in between leaves a sidecar whose digest does not fit, which is then taken
 * for none and made anew around the token that stands. The proxy has that one;
 * the other nobody has seen.
 */
#include "daemon/auth/service.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/buf.h"
#include "lib/clock.h"
#include "lib/err.h"
#include "lib/js.h"
#include "lib/path.h"
#include "lib/str.h"
#include "lib/xalloc.h"

#define RAW_LEN	 32
#define TEXT_LEN 44
#define FILE_MAX 4096

/* The two files and the directory they stand in. */
struct files {
	int dir;
	char token[256], sidecar[264];
};

static int
files_open(struct files *f, const char *path)
{
	const char *name = strrchr(path, '/') + 1;
	char *dir = xstrndup(path, (size_t)(name - path));
	int err = 0;

	f->dir = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (f->dir < 0)
		err = -errno;
	else if (!str_copy(f->token, name, sizeof(f->token)))
		err = -ENAMETOOLONG;
	(void)snprintf(f->sidecar, sizeof(f->sidecar), "%s.json", f->token);
	free(dir);
	return err;
}

/* Digests only: the sidecar may be shown, the token may not (N01). */
static int
sidecar_write(const struct service *s, const struct files *f)
{
	char hex[DIGEST_TEXT];
	struct js *o = js_object();
	struct buf b;
	int err;

	js_add_str(o, "token_id", s->id);
	js_add_ms(o, "created_at", s->created_at);
	str_hex(hex, s->digest, DIGEST_LEN);
	js_add_str(o, "sha256", hex);
	if (s->previous_until > 0) {
		str_hex(hex, s->previous, DIGEST_LEN);
		js_add_str(o, "previous_token_id", s->previous_id);
		js_add_str(o, "previous_sha256", hex);
		js_add_ms(o, "previous_until", s->previous_until);
	}
	buf_init(&b, FILE_MAX);
	js_dump_pretty(o, &b);
	buf_put_text(&b, "\n");
	err = path_write_private(f->dir, f->sidecar, b.data, b.len);
	buf_done(&b);
	js_free(o);
	return err;
}

/* True when the sidecar exists, is sound and describes this token. */
static bool
sidecar_read(struct service *s, const struct files *f)
{
	struct service found = { .previous_until = 0 };
	char *text = NULL, why[80];
	struct js *o = NULL;
	size_t len;
	bool ok = false;

	if (path_read_private(f->dir, f->sidecar, FILE_MAX, &text, &len) != 0)
		return false;
	o = js_parse(text, len, why, sizeof(why));
	if (o == NULL)
		goto out;
	ok = uuid_valid(js_str(o, "token_id", "")) &&
	     str_copy(found.id, js_str(o, "token_id", ""), sizeof(found.id)) &&
	     str_unhex(found.digest, DIGEST_LEN, js_str(o, "sha256", "")) &&
	     secret_equal(found.digest, s->digest, DIGEST_LEN);
	found.created_at = js_int(o, "created_at", 0);
	/* Without an id, as an older rdv wrote it, nothing could be ended. */
	if (uuid_valid(js_str(o, "previous_token_id", "")) &&
	    str_copy(found.previous_id, js_str(o, "previous_token_id", ""),
		sizeof(found.previous_id)) &&
	    str_unhex(found.previous, DIGEST_LEN,
		js_str(o, "previous_sha256", "")))
		found.previous_until = js_int(o, "previous_until", 0);
	if (ok)
		*s = found;
out:
	js_free(o);
	free(text);
	return ok;
}

/* Standard base64 with padding, as clients of the older daemon expect it. */
static int
token_make(struct service *s, const struct files *f)
{
	char text[TEXT_LEN + 2];
	uint8_t raw[RAW_LEN];
	int err;

	secret_random(raw, sizeof(raw));
	str_base64(text, raw, sizeof(raw));
	digest_of(text, TEXT_LEN, s->digest);
	text[TEXT_LEN] = '\n';
	uuid_v7(s->id);
	s->created_at = clock_wall_ms();
	err = sidecar_write(s, f);
	if (err == 0)
		err = path_write_private(f->dir, f->token, text, TEXT_LEN + 1);
	secret_wipe(raw, sizeof(raw));
	secret_wipe(text, sizeof(text));
	return err;
}

/* Anything shorter would be a password, and this is none. */
static bool
token_digest(struct service *s, const char *text, size_t len)
{
	while (len > 0 && (text[len - 1] == '\n' || text[len - 1] == ' '))
		len--;
	if (len != TEXT_LEN)
		return false;
	digest_of(text, len, s->digest);
	return true;
}

static int
token_read(struct service *s, const struct files *f)
{
	char *text;
	size_t len;
	int err;

	err = path_read_private(f->dir, f->token, FILE_MAX, &text, &len);
	if (err != 0)
		return err;
	if (!token_digest(s, text, len))
		err = RDV_E_MALFORMED;
	secret_free(text, len);
	return err;
}

/* The proxy learns of it a little later: until then it has the one before. */
static int
rotate(struct service *s, const struct files *f, int64_t grace_ms)
{
	struct service fresh = *s;
	int err;

	memcpy(fresh.previous, s->digest, DIGEST_LEN);
	memcpy(fresh.previous_id, s->id, sizeof(fresh.previous_id));
	fresh.previous_until = clock_wall_ms() + grace_ms;
	err = token_make(&fresh, f);
	/* If that fails too, the token that stands is adopted by the next. */
	if (err != 0)
		(void)sidecar_write(s, f);
	else
		*s = fresh;
	return err;
}

/* A token without a sidecar, put there by hand, counts as new. */
static void
adopt(struct service *s)
{
	uuid_v7(s->id);
	s->created_at = clock_wall_ms();
}

static int
load(struct service *s, const struct files *f, const struct service_rule *rule)
{
	int err = token_read(s, f);

	if (err == -ENOENT)
		return token_make(s, f);
	if (err != 0)
		return err;
	if (!sidecar_read(s, f)) {
		adopt(s);
		return sidecar_write(s, f);
	}
	return service_due(s, rule, clock_wall_ms())
		   ? rotate(s, f, rule->grace_ms)
		   : 0;
}

int
service_load(struct service *s, const char *path,
    const struct service_rule *rule, char *why, size_t whysize)
{
	struct files f = { .dir = -1 };
	int err;

	memset(s, 0, sizeof(*s));
	err = files_open(&f, path);
	if (err == 0)
		err = load(s, &f, rule);
	if (err != 0)
		(void)snprintf(why, whysize, "%s: %s", path,
		    err < 0 ? strerror(-err)
			    : "is not a service token of mode 0600; remove it "
			      "and start again");
	if (f.dir >= 0)
		(void)close(f.dir);
	return err;
}

static void
id_of(const struct service *s, const uint8_t digest[DIGEST_LEN],
    char id[UUID_TEXT])
{
	if (s->id[0] != '\0' && secret_equal(s->digest, digest, DIGEST_LEN))
		memcpy(id, s->id, UUID_TEXT);
	else if (s->previous_id[0] != '\0' &&
		 secret_equal(s->previous, digest, DIGEST_LEN))
		memcpy(id, s->previous_id, UUID_TEXT);
	else
		uuid_v7(id);
}

bool
service_set(struct service *s, const char *text, size_t len,
    const uint8_t previous[DIGEST_LEN], int64_t until)
{
	struct service fresh = { .created_at = clock_wall_ms(),
		.previous_until = until };

	if (!token_digest(&fresh, text, len))
		return false;
	id_of(s, fresh.digest, fresh.id);
	memcpy(fresh.previous, previous, DIGEST_LEN);
	if (until > 0)
		id_of(s, previous, fresh.previous_id);
	*s = fresh;
	return true;
}

int
service_rotate(struct service *s, const char *path, int64_t grace_ms)
{
	struct files f = { .dir = -1 };
	int err = files_open(&f, path);

	if (err == 0)
		err = rotate(s, &f, grace_ms);
	if (f.dir >= 0)
		(void)close(f.dir);
	return err;
}

bool
service_due(const struct service *s, const struct service_rule *rule,
    int64_t now)
{
	return rule->rotate_ms > 0 && now - s->created_at >= rule->rotate_ms;
}

/* Both are compared whatever the first says. */
const char *
service_id(const struct service *s, const uint8_t digest[DIGEST_LEN],
    int64_t now)
{
	bool current = secret_equal(s->digest, digest, DIGEST_LEN);
	bool previous = secret_equal(s->previous, digest, DIGEST_LEN);

	if (current)
		return s->id;
	return previous && now < s->previous_until ? s->previous_id : NULL;
}

bool
service_counts(const struct service *s, const char *id, int64_t now)
{
	return strcmp(id, s->id) == 0 ||
	       (strcmp(id, s->previous_id) == 0 && now < s->previous_until);
}
