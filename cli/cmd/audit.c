/* SPDX-License-Identifier: MIT */
/*
 * rdv audit verify, show, export and head: the log of privileged acts, read
 * where it lies. No daemon is asked, since the log is there to be believed
 * when the daemons are not, and on another machine as well.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/cmd.h"
#include "cli/hostservice.h"
#include "cli/out.h"
#include "lib/auditdir.h"
#include "lib/buf.h"
#include "lib/err.h"
#include "lib/js.h"
#include "lib/str.h"
#include "lib/xalloc.h"

#define SHOWN 50

/* One log, opened, with what keys there are. */
struct audit {
	struct cmd_call *call;
	char *path;
	int dir;
	uint8_t pub[AUDIT_KEY], mac[AUDIT_KEY];
	struct auditdir log;
	struct audit_damage bad;
	uint64_t since, left; /* of the records to print */
	struct js *rows;      /* collects them, or NULL */
	bool raw;	      /* with hashes */
};

static int
refuse(struct audit *a, const char *what, int err)
{
	out_error(a->call->cli, "AUDIT", "%s: %s", what,
	    err < 0 ? strerror(-err) : err_name(err));
	return CMD_FAILED;
}

static void
audit_close(struct audit *a)
{
	if (a->dir >= 0)
		(void)close(a->dir);
	free(a->path);
}

/* The MACs can be checked by whoever may read their key, the log's owner. */
static int
load_keys(struct audit *a, const char *file)
{
	int err;

	err = file != NULL ? auditdir_key(AT_FDCWD, file, false, a->pub)
			   : auditdir_key(a->dir, AUDIT_PUBLIC, false, a->pub);
	if (err != 0)
		return refuse(a, file != NULL ? file : AUDIT_PUBLIC, err);
	a->log.chain.pub = a->pub;
	if (auditdir_key(a->dir, AUDIT_MAC, true, a->mac) == 0)
		a->log.chain.mac = a->mac;
	return CMD_OK;
}

/* Whose rdv is the host's has none of his own. */
static char *
find_log(const struct cli *cli)
{
	char *path = hostservice_audit(cli);

	return path != NULL ? path : xasprintf("%s/audit", cli->base);
}

static int
refuse_log(struct audit *a, int err)
{
	const struct cli *cli = a->call->cli;

	if (err != -ENOENT || cli->run_dir == NULL || a->call->nargs > 0)
		return refuse(a, a->path, err);
	out_error(cli, "AUDIT",
	    "the audit log of this host is root's: sudo rdv audit");
	return CMD_FAILED;
}

static int
audit_open(struct audit *a, struct cmd_call *c, const char *key)
{
	char why[256];

	memset(a, 0, sizeof(*a));
	a->call = c;
	a->path = c->nargs > 0 ? xstrdup(c->args[0]) : find_log(c->cli);
	a->dir = open(a->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (a->dir < 0)
		return refuse_log(a, -errno);
	if (!auditcrypt_load(why, sizeof(why))) {
		out_error(c->cli, "AUDIT", "%s", why);
		return CMD_FAILED;
	}
	return load_keys(a, key);
}

/* A log without a head has not lived long enough to have one beside it. */
static int
check_heads(struct audit *a, const char *given)
{
	int err = auditdir_head(&a->log, a->dir, AUDIT_HEAD, AUDIT_MARK_BESIDE,
	    &a->bad);

	if (err == 0 && given != NULL)
		err = auditdir_head(&a->log, AT_FDCWD, given, AUDIT_MARK_GIVEN,
		    &a->bad);
	else if (err == -ENOENT && given == NULL)
		err = 0;
	return err;
}

static int
damaged(struct audit *a, const char *what)
{
	(void)str_copy(a->bad.what, what, sizeof(a->bad.what));
	snprintf(a->bad.file, sizeof(a->bad.file), AUDIT_FILE_FMT,
	    a->log.last > 0 ? a->log.last : 1);
	a->bad.line = 0;
	a->bad.seq = a->log.chain.seq + 1;
	return RDV_E_CORRUPT;
}

/* The whole log. 0, RDV_E_CORRUPT with `bad` filled, or -errno. */
static int
check(struct audit *a, const char *given)
{
	const struct audit_mark *beside = &a->log.chain.mark[AUDIT_MARK_BESIDE];
	int err = check_heads(a, given);

	if (err == 0)
		err = auditdir_walk(&a->log, a->dir, 1, &a->bad);
	if (err != 0)
		return err;
	if (a->log.files == 0)
		return damaged(a, "there is no log");
	if (a->log.torn > 0)
		return damaged(a, "its last record is cut off");
	if (a->log.chain.head > 0 && beside->seq == 0)
		return damaged(a, "the signed head beside it is missing");
	return 0;
}

static void
report_damage(struct audit *a)
{
	const struct audit_damage *bad = &a->bad;
	struct js *v;

	if (!a->call->cli->json) {
		out_error(a->call->cli, "DAMAGED",
		    "%s line %llu, record %llu: %s", bad->file,
		    (unsigned long long)bad->line, (unsigned long long)bad->seq,
		    bad->what);
		return;
	}
	v = js_object();
	js_add_bool(v, "ok", false);
	js_add_str(v, "file", bad->file);
	js_add_int(v, "line", (int64_t)bad->line);
	js_add_int(v, "seq", (int64_t)bad->seq);
	js_add_str(v, "what", bad->what);
	out_json(v);
	js_free(v);
}

/* As an exit status. */
static int
verdict(struct audit *a, int err)
{
	if (err == RDV_E_CORRUPT)
		report_damage(a);
	else if (err != 0)
		return refuse(a, a->path, err);
	return err == 0 ? CMD_OK : CMD_FAILED;
}

static void
report_whole(struct audit *a)
{
	const struct auditchain *ch = &a->log.chain;
	struct js *v = js_object();

	js_add_bool(v, "ok", true);
	js_add_int(v, "files", a->log.files);
	js_add_int(v, "last", (int64_t)ch->seq);
	js_add_int(v, "head", (int64_t)ch->head);
	js_add_int(v, "unsigned", (int64_t)(ch->seq - ch->head));
	js_add_bool(v, "macs", ch->mac != NULL);
	if (a->call->cli->json)
		out_json(v);
	else
		printf("whole: %llu records in %u files; signed up to %llu%s\n",
		    (unsigned long long)ch->seq, a->log.files,
		    (unsigned long long)ch->head,
		    ch->mac != NULL ? "" : "; MACs not checked, no key");
	js_free(v);
}

static int
audit_verify(struct cmd_call *c)
{
	struct audit a;
	int rc = audit_open(&a, c, cmd_value(c, "key"));

	if (rc == CMD_OK)
		rc = verdict(&a, check(&a, cmd_value(c, "head")));
	if (rc == CMD_OK)
		report_whole(&a);
	audit_close(&a);
	return rc;
}

static void
add_field(struct js *v, const struct auditline_field *f)
{
	static const char *const numbers[] = { "child", "errno", "file",
		"grant", "guards", "missed", "mono", "omitted", "pid", "seq",
		"signal", "status", "torn", "uid" };
	char *key = xstrndup(f->key, f->keylen);
	struct buf text;
	int64_t n;
	size_t i;

	buf_init(&text, AUDITLINE_MAX);
	auditline_value(f, &text);
	for (i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		if (strcmp(key, numbers[i]) == 0)
			break;
	if (i < sizeof(numbers) / sizeof(numbers[0]) && !f->text &&
	    str_to_i64(buf_cstr(&text), INT64_MIN, INT64_MAX, &n))
		js_add_int(v, key, n);
	else
		js_add_str(v, key, buf_cstr(&text));
	buf_done(&text);
	free(key);
}

/* `record` is the line itself, by which all can be verified once more. */
static struct js *
object_of(const struct auditline *l, const char *text, size_t len,
    const char *file, bool raw)
{
	struct js *v = js_object();
	char *line = xstrndup(text, len);
	unsigned i;

	for (i = 0; i < l->n; i++)
		add_field(v, &l->field[i]);
	if (raw) {
		js_add_str(v, "log", file);
		js_add_str(v, "record", line);
	}
	free(line);
	return v;
}

static bool
print_record(const struct auditline *l, const char *text, size_t len,
    const char *file, void *arg)
{
	struct audit *a = arg;
	struct js *v;

	if (l->seq < a->since)
		return true;
	if (a->left-- == 0)
		return false;
	if (!a->raw && !a->call->cli->json) {
		/* Escaped as it stands there; nobody reads hashes. */
		len = (size_t)(auditline_find(l, "prev")->key - text) - 1;
		printf("%.*s\n", (int)len, text);
		return true;
	}
	v = object_of(l, text, len, file, a->raw);
	if (a->rows != NULL) {
		js_push(a->rows, v);
		return true;
	}
	out_json_line(v);
	js_free(v);
	return true;
}

/* Once to judge it, and once to print as far as it is good. */
static int
print_log(struct audit *a, uint64_t newest)
{
	struct audit_damage bad;
	const int err = check(a, NULL);

	if (a->since == 0 && a->log.chain.seq > newest)
		a->since = a->log.chain.seq - newest + 1;
	memset(&a->log.chain.mark, 0, sizeof(a->log.chain.mark));
	a->log.chain.seq = 0;
	memset(a->log.chain.hash, 0, sizeof(a->log.chain.hash));
	a->log.each = print_record;
	a->log.arg = a;
	(void)auditdir_walk(&a->log, a->dir, 1, &bad);
	if (a->rows != NULL)
		out_json(a->rows);
	if (err == RDV_E_CORRUPT)
		out_error(a->call->cli, "DAMAGED", "%s line %llu: %s",
		    a->bad.file, (unsigned long long)a->bad.line, a->bad.what);
	else if (err != 0)
		return refuse(a, a->path, err);
	return err == 0 ? CMD_OK : CMD_FAILED;
}

static int
show_key(struct audit *a)
{
	char hex[2 * AUDIT_KEY + 1];
	struct js *v;

	str_hex(hex, a->pub, AUDIT_KEY);
	if (!a->call->cli->json) {
		out_line(hex);
		return CMD_OK;
	}
	v = js_object();
	js_add_str(v, "ed25519", hex);
	out_json(v);
	js_free(v);
	return CMD_OK;
}

static int
audit_show(struct cmd_call *c)
{
	const int64_t limit = cmd_number(c, "limit", SHOWN);
	struct audit a;
	int rc = audit_open(&a, c, NULL);

	a.since = (uint64_t)cmd_number(c, "since", 0);
	a.left = (uint64_t)limit;
	if (rc == CMD_OK && cmd_flag(c, "key")) {
		rc = show_key(&a);
	} else if (rc == CMD_OK) {
		a.rows = c->cli->json ? js_array() : NULL;
		rc = print_log(&a, (uint64_t)limit);
		js_free(a.rows);
	}
	audit_close(&a);
	return rc;
}

static int
audit_export(struct cmd_call *c)
{
	struct audit a;
	int rc = audit_open(&a, c, NULL);

	a.since = (uint64_t)cmd_number(c, "since", 1);
	a.left = UINT64_MAX;
	a.raw = true;
	if (rc == CMD_OK)
		rc = print_log(&a, 0);
	audit_close(&a);
	return rc;
}

/* As it is, so that a file of it is what --head takes. */
static int
audit_head(struct cmd_call *c)
{
	struct auditline l;
	struct audit a;
	char *text = xcalloc(1, AUDITLINE_MAX + 1);
	int rc = audit_open(&a, c, NULL), fd = -1;
	ssize_t n = 0;

	if (rc == CMD_OK)
		rc = verdict(&a, check(&a, NULL));
	if (rc == CMD_OK)
		fd = openat(a.dir, AUDIT_HEAD, O_RDONLY | O_CLOEXEC);
	if (fd >= 0)
		n = read(fd, text, AUDITLINE_MAX);
	if (rc == CMD_OK && n <= 1)
		rc = refuse(&a, AUDIT_HEAD, -ENOENT);
	if (rc == CMD_OK) {
		text[n - 1] = '\0';
		if (c->cli->json &&
		    auditline_parse(&l, text, (size_t)n - 1) == NULL) {
			a.raw = true;
			a.left = 1;
			(void)print_record(&l, text, (size_t)n - 1, AUDIT_HEAD,
			    &a);
		} else {
			out_line(text);
		}
	}
	if (fd >= 0)
		(void)close(fd);
	free(text);
	audit_close(&a);
	return rc;
}

static const struct cmd_arg dir_arg[] = {
	{ .name = "DIR", .word = CMD_DIR, .optional = true },
	{ .name = NULL },
};
static const struct cmd_opt verify_opts[] = {
	{ .name = "key",
	    .arg = "FILE",
	    .help = "the public key, kept elsewhere (DIR/sign.pub)" },
	{ .name = "head",
	    .arg = "FILE",
	    .help = "a head kept elsewhere, which must be in the log" },
	{ .name = NULL },
};
static const struct cmd_opt show_opts[] = {
	{ .name = "since",
	    .arg = "SEQ",
	    .min = 1,
	    .max = INT64_MAX,
	    .help = "from this record on (the newest ones)" },
	{ .name = "limit",
	    .arg = "N",
	    .min = 1,
	    .max = 1000000,
	    .help = "at most N records (50)" },
	{ .name = "key", .help = "show the public key instead" },
	{ .name = NULL },
};
static const struct cmd_opt export_opts[] = {
	{ .name = "since",
	    .arg = "SEQ",
	    .min = 1,
	    .max = INT64_MAX,
	    .help = "from this record on" },
	{ .name = NULL },
};

const struct cmd cmd_audit_verify = {
	.path = "audit verify",
	.args = dir_arg,
	.opts = verify_opts,
	.help = "find any change to the log of privileged acts",
	.doc = "Exit status 0 when it is whole; 1 when it is not, with the "
	       "first bad record. Works on a copy, without rdv running. What "
	       "was cut off behind the newest signed head shows only with "
	       "--head.",
	.scope = "local",
	.run = audit_verify,
};

const struct cmd cmd_audit_show = {
	.path = "audit show",
	.args = dir_arg,
	.opts = show_opts,
	.help = "print records of privileged acts",
	.scope = "local",
	.run = audit_show,
};

const struct cmd cmd_audit_export = {
	.path = "audit export",
	.args = dir_arg,
	.opts = export_opts,
	.help = "print all records, one JSON object in a line",
	.scope = "local",
	.run = audit_export,
};

const struct cmd cmd_audit_head = {
	.path = "audit head",
	.args = dir_arg,
	.help = "print the newest signed head, to be kept elsewhere",
	.scope = "local",
	.run = audit_head,
};
