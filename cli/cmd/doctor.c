/* SPDX-License-Identifier: MIT */
/*
 * rdv doctor: looks at everything rdv needs, from the outside, and names what
 * is wrong. One row of the table is one thing to look at; a row that cannot be
 * judged is skipped and says so.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "build.h"
#include "cli/api.h"
#include "cli/cli.h"
#include "cli/cmd.h"
#include "cli/doctor.h"
#include "cli/front.h"
#include "cli/hostservice.h"
#include "cli/out.h"
#include "cli/proc.h"
#include "cli/settings.h"
#include "cli/sock.h"
#include "lib/auditdir.h"
#include "lib/err.h"
#include "lib/js.h"
#include "lib/secret.h"
#include "lib/str.h"

#define DIAL_MS 5000
/* Below this the next long output meets a full disk. */
#define DISK_LEAST (256ull << 20)
/* include/uapi/linux/landlock.h: ask for the version, make nothing. */
#define LANDLOCK_VERSION 1u

void
doctor_judge(struct doctor *d, const char *state, const char *fmt, ...)
{
	struct js *row = js_object();
	char text[512];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	js_add_str(row, "name", d->name);
	js_add_str(row, "state", state);
	js_add_str(row, "detail", text);
	js_push(d->rows, row);
	d->failed = d->failed || strcmp(state, "failed") == 0;
}

/* rdv starts those beside itself, never what PATH would find. */
static void
look_programs(struct doctor *d)
{
	static const char *const names[] = { "rdvd", "rdv-helper" };
	char path[4096];
	size_t i;

	for (i = 0; i < 2; i++) {
		(void)snprintf(path, sizeof(path), "%s/%s", d->cli->bin_dir,
		    names[i]);
		if (access(path, X_OK) == -1) {
			doctor_judge(d, "failed", "%s: %s", path,
			    strerror(errno));
			return;
		}
	}
	doctor_judge(d, "ok", "in %s", d->cli->bin_dir);
}

/* As they would be read now; rdvd has those it was started with. */
static void
look_settings(struct doctor *d)
{
	const char *first = NULL;
	struct js *s;
	char why[512];
	unsigned idle;
	int err;

	if (d->host != NULL && doctor_is_closed(d, d->settings))
		return;
	err = d->host != NULL ? settings_ask_host(d->cli, d->state, d->settings,
				    &s, why, sizeof(why))
			      : settings_ask(d->cli, &s, why, sizeof(why));
	if (err != 0) {
		doctor_judge(d, "failed", "%s", why);
		return;
	}
	idle = settings_idle(s, &first);
	if (idle > 0)
		doctor_judge(d, "warning",
		    "%s: without effect, one of %u (rdvd -t)", first, idle);
	else
		doctor_judge(d, "ok", "%s%s", d->settings,
		    access(d->settings, F_OK) == 0
			? ""
			: ": not there, so the defaults");
	js_free(s);
}

static void
look_files(struct doctor *d)
{
	char path[4096];

	(void)snprintf(path, sizeof(path), "%s/web/index.html",
	    d->cli->share_dir);
	if (access(path, R_OK) == -1)
		doctor_judge(d, "failed", "%s: %s", path, strerror(errno));
	else
		doctor_judge(d, "ok", "in %s", d->cli->share_dir);
}

static void
look_installed(struct doctor *d, const char *program, const char *otherwise)
{
	char path[4096];

	if (proc_find(program, path, sizeof(path)))
		doctor_judge(d, "ok", "%s", path);
	else
		doctor_judge(d, "failed", "not found: %s", otherwise);
}

static void
look_nginx(struct doctor *d)
{
	look_installed(d, "nginx", "apt-get install nginx-light");
}

static void
look_git(struct doctor *d)
{
	look_installed(d, "git", "apt-get install git");
}

/* Nobody needs it who has not asked for it. */
static void
look_tmux(struct doctor *d)
{
	static const char *const places[] = { "/usr/bin/tmux", "/bin/tmux",
		"/usr/local/bin/tmux" };

	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++)
		if (access(places[i], X_OK) == 0) {
			doctor_judge(d, "ok", "%s", places[i]);
			return;
		}
	doctor_judge(d, "skipped",
	    "not there; sessions in tmux need the package tmux");
}

/* A warning, not a failure: terminals do not need it. */
static void
look_landlock(struct doctor *d)
{
#ifdef SYS_landlock_create_ruleset
	long abi =
	    syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_VERSION);
#else
	/* The number is the same on every architecture. */
	long abi = syscall(444, NULL, 0, LANDLOCK_VERSION);
#endif

	if (abi > 0)
		doctor_judge(d, "ok", "Landlock ABI %ld", abi);
	else
		doctor_judge(d, "warning",
		    "no Landlock: the profiles script and git "
		    "are refused");
}

static void
look_state(struct doctor *d)
{
	struct stat st;

	if (d->host != NULL)
		doctor_look_state(d);
	else if (lstat(d->cli->base, &st) == -1)
		doctor_judge(d, "failed", "%s: %s", d->cli->base,
		    strerror(errno));
	else if (!S_ISDIR(st.st_mode) || st.st_uid != geteuid() ||
		 (st.st_mode & 077) != 0)
		doctor_judge(d, "failed",
		    "%s must be a directory of yours alone "
		    "(chmod 700)",
		    d->cli->base);
	else
		doctor_judge(d, "ok", "%s", d->cli->base);
}

/* Output is kept on this disk and nowhere else. */
static void
look_disk(struct doctor *d)
{
	unsigned long long left;
	struct statvfs fs;
	char text[32];

	if (statvfs(d->state, &fs) == -1) {
		doctor_judge(d, "skipped", "%s", strerror(errno));
		return;
	}
	left = (unsigned long long)fs.f_bavail * fs.f_frsize;
	out_bytes(text, sizeof(text), (int64_t)left);
	doctor_judge(d, left < DISK_LEAST ? "warning" : "ok", "%s left", text);
}

static void
look_token(struct doctor *d)
{
	char *token, why[512];

	if (d->nobody)
		doctor_judge(d, "skipped", "%s", d->unreachable);
	else if (sock_token(&token, d->cli->base, "cli-token", why,
		     sizeof(why)) != 0) {
		doctor_judge(d, "failed", "%s%s", why,
		    d->host != NULL ? " (rdv login)" : "");
	} else {
		secret_free(token, strlen(token));
		doctor_judge(d, "ok", "%s/cli-token", d->cli->base);
	}
}

/* The same checks as before a token is sent, in words. */
static void
look_socket(struct doctor *d)
{
	char why[512];
	pid_t pid;
	int fd;

	if (d->nobody) {
		doctor_look_sockets(d);
		return;
	}
	if (sock_open(&fd, d->cli->api_socket, DIAL_MS, &pid, why,
		sizeof(why)) != 0) {
		doctor_judge(d, "failed", "%s", why);
		return;
	}
	(void)close(fd);
	d->reached = true;
	doctor_judge(d, "ok", "%s, of process %d", d->cli->api_socket,
	    (int)pid);
}

/* Two builds side by side work or do not; [ops] refuses, we only warn. */
static void
look_daemon(struct doctor *d)
{
	const char *build;

	if (d->status == NULL) {
		doctor_judge(d, d->nobody ? "skipped" : "failed", "%s",
		    d->unreachable);
		return;
	}
	build = js_str(d->status, "build", "?");
	if (strcmp(build, RDV_BUILD) != 0)
		doctor_judge(d, "warning", "it is %s, this is %s: %s", build,
		    RDV_BUILD,
		    d->host != NULL ? "systemctl restart rdv"
				    : "rdv down, rdv up");
	else
		doctor_judge(d, "ok", "process %lld, up %lld s",
		    (long long)js_int(d->status, "pid", 0),
		    (long long)js_int(d->status, "uptime_seconds", 0));
}

const char *
doctor_unasked(const struct doctor *d)
{
	return d->nobody ? d->unreachable : "rdvd does not answer";
}

bool
doctor_is_well(const struct doctor *d, const char *part)
{
	return js_bool(js_get(d->status, "components"), part, true);
}

static void
look_database(struct doctor *d)
{
	if (d->status == NULL)
		doctor_judge(d, "skipped", "%s", doctor_unasked(d));
	else if (!doctor_is_well(d, "database"))
		doctor_judge(d, "failed",
		    "it cannot be read, or what was written is not on disk");
	else
		doctor_judge(d, "ok", "%s",
		    js_str(js_get(d->status, "database"), "path", "?"));
}

/* Those that are there and those of them, or of the last ones, that fail. */
static void
look_several(struct doctor *d, const char *part, const char *bad,
    const char *otherwise)
{
	const struct js *n = js_get(d->status, part);

	if (d->status == NULL)
		doctor_judge(d, "skipped", "%s", doctor_unasked(d));
	else if (!doctor_is_well(d, part))
		doctor_judge(d, "failed", "%lld %s",
		    (long long)js_int(n, bad, 0), otherwise);
	else
		doctor_judge(d, "ok", "%lld at work",
		    (long long)js_int(n, "running", 0));
}

static void
look_git_workers(struct doctor *d)
{
	look_several(d, "git_workers", "failing",
	    "ended, and no other has answered since: the log says why");
}

static void
look_egress(struct doctor *d)
{
	look_several(d, "egress", "silent",
	    "dead or stopped: their runs have no network");
}

static void
look_helper(struct doctor *d)
{
	const struct js *h = js_get(d->status, "helper");

	if (d->status == NULL)
		doctor_judge(d, "skipped", "%s", doctor_unasked(d));
	else if (!js_bool(h, "ready", false))
		doctor_judge(d, "failed",
		    "rdvd has none: nothing can be started");
	else if (!doctor_is_well(d, "helper"))
		doctor_judge(d, "failed", "process %lld cannot work",
		    (long long)js_int(h, "pid", 0));
	else
		doctor_judge(d, "ok", "process %lld",
		    (long long)js_int(h, "pid", 0));
}

/* Most people's terminals are in a cgroup that is not theirs: no warning. */
static void
look_cgroups(struct doctor *d)
{
	const struct js *h = js_get(d->status, "helper");
	const bool pids = doctor_offers(d, "cgroup_pids");
	const bool memory = doctor_offers(d, "cgroup_memory");
	const bool cpu = doctor_offers(d, "cgroup_cpu");

	if (d->status == NULL)
		doctor_judge(d, "skipped", "%s", doctor_unasked(d));
	else if (!js_bool(h, "ready", false))
		doctor_judge(d, "skipped", "the helper does not answer");
	else if (!doctor_offers(d, "cgroup"))
		doctor_judge(d, "ok",
		    "none is delegated: runs go without, limited by rlimits");
	else
		doctor_judge(d, "ok", "one for each run, limits: %s%s%srlimits",
		    pids ? "processes, " : "", memory ? "memory, " : "",
		    cpu ? "processors, " : "");
}

/* The last file alone: rdv audit verify looks at all of them. */
static int
walk_audit(int dir, struct auditdir *log, struct audit_damage *bad)
{
	uint8_t pub[AUDIT_KEY], mac[AUDIT_KEY];
	const int last = auditdir_last(dir);
	int err = last < 0 ? last : auditdir_key(dir, AUDIT_PUBLIC, false, pub);

	if (err != 0)
		return err;
	log->chain.pub = pub;
	log->chain.loose = last > 1;
	if (auditdir_key(dir, AUDIT_MAC, true, mac) == 0)
		log->chain.mac = mac;
	err = auditdir_head(log, dir, AUDIT_HEAD, AUDIT_MARK_BESIDE, bad);
	if (err == 0 || err == -ENOENT)
		err =
		    auditdir_walk(log, dir, last > 1 ? (unsigned)last : 1, bad);
	secret_wipe(mac, sizeof(mac));
	return err;
}

static void
judge_audit(struct doctor *d, int dir)
{
	struct auditdir log = { .files = 0 };
	struct audit_damage bad = { .line = 0 };
	const int err = walk_audit(dir, &log, &bad);

	if (err == RDV_E_CORRUPT)
		doctor_judge(d, "failed", "%s line %llu: %s (rdv audit verify)",
		    bad.file, (unsigned long long)bad.line, bad.what);
	else if (err != 0)
		doctor_judge(d, "failed", "%s",
		    err < 0 ? strerror(-err) : err_name(err));
	else
		doctor_judge(d, "ok", "%llu records, signed up to %llu",
		    (unsigned long long)log.chain.seq,
		    (unsigned long long)log.chain.head);
}

/* What the helper says comes first: it may be why nothing begins. */
static void
look_audit(struct doctor *d)
{
	const char *refused =
	    js_str(js_get(d->status, "helper"), "refused", "");
	char why[256];
	int dir;

	if (refused[0] != '\0') {
		doctor_judge(d, "failed", "nothing can be started: %s",
		    refused);
		return;
	}
	if (d->host != NULL && geteuid() != 0) {
		doctor_judge(d, "skipped", "it is root's: sudo rdv audit show");
		return;
	}
	dir = open(d->audit, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0)
		doctor_judge(d, "skipped", "%s: %s", d->audit, strerror(errno));
	else if (!auditcrypt_load(why, sizeof(why)))
		doctor_judge(d, "skipped", "%s", why);
	else
		judge_audit(d, dir);
	if (dir >= 0)
		(void)close(dir);
}

/*
 * The way a browser comes, up to the answer of rdvd: the status of one request
 * through nginx, or -errno.
 */
static int
probe(unsigned port)
{
	struct front_probe *p = front_probe_new(port);
	struct pollfd wait = { .events = POLLIN };
	int status = 0;

	if (p == NULL)
		return -errno;
	wait.fd = front_probe_fd(p);
	while (status == 0 && poll(&wait, 1, DIAL_MS) == 1)
		status = front_probe_read(p);
	front_probe_free(p);
	return status == 0 ? -ETIMEDOUT : status;
}

static void
look_page(struct doctor *d)
{
	const char *origin = js_text(js_at(js_get(d->status, "web"), 0));
	const char *colon = origin != NULL ? strrchr(origin, ':') : NULL;
	uint64_t port;
	int status;

	if (colon == NULL || !str_to_u64(colon + 1, 1, 65535, &port)) {
		doctor_judge(d, "skipped", "%s",
		    d->status == NULL ? doctor_unasked(d)
		    : d->host != NULL ? "started without --web"
				      : "started with --no-web");
		return;
	}
	status = probe((unsigned)port);
	if (status == 200)
		doctor_judge(d, "ok", "127.0.0.1:%u answers", (unsigned)port);
	else
		doctor_judge(d, "failed", "127.0.0.1:%u: %s", (unsigned)port,
		    status < 0 ? strerror(-status) : "nginx cannot reach rdvd");
}

/* From the ground up: the first row that fails is the one to mend. */
static const struct {
	const char *name;
	void (*look)(struct doctor *d);
} checks[] = {
	{ "programs", look_programs },
	{ "settings", look_settings },
	{ "policy", doctor_look_policy },
	{ "files", look_files },
	{ "nginx", look_nginx },
	{ "git", look_git },
	{ "tmux", look_tmux },
	{ "kernel", look_landlock },
	{ "terminals", doctor_look_terminals },
	{ "state", look_state },
	{ "disk", look_disk },
	{ "token", look_token },
	{ "socket", look_socket },
	{ "rdvd", look_daemon },
	{ "database", look_database },
	{ "integrity", doctor_look_integrity },
	{ "helper", look_helper },
	{ "audit", look_audit },
	{ "workers", look_git_workers },
	{ "egress", look_egress },
	{ "cgroups", look_cgroups },
	{ "restart", doctor_look_restart },
	{ "page", look_page },
};

static const struct out_col cols[] = {
	{ "WHAT", "name", OUT_TEXT },
	{ "STATE", "state", OUT_STATE },
	{ "DETAIL", "detail", OUT_TEXT },
	{ NULL, NULL, OUT_TEXT },
};

/* Asked once for all rows; those that need it say so when it is missing. */
static void
ask_rdvd(struct doctor *d)
{
	const struct cmd_call *c = d->call;
	struct js *health;
	char why[256];

	if (d->nobody) {
		(void)str_copy(d->unreachable,
		    "root is no user of the rdv of this host",
		    sizeof(d->unreachable));
		return;
	}
	/* Has rdvd ask its helper, whose answer the status tells. */
	if (api_try(c, "/health", &health, d->unreachable,
		sizeof(d->unreachable)) == 0)
		js_free(health);
	if (api_try(c, "/api/status", &d->status, d->unreachable,
		sizeof(d->unreachable)) != 0 &&
	    hostservice_excludes(d->cli))
		(void)str_copy(d->unreachable,
		    "the rdv of this host does not serve this account",
		    sizeof(d->unreachable));
	/* One of an earlier build has none. */
	if (d->status != NULL)
		(void)api_try(c, "/api/integrity", &d->integrity, why,
		    sizeof(why));
}

static int
doctor(struct cmd_call *c)
{
	struct doctor d = { .call = c, .cli = c->cli, .rows = js_array() };
	struct js *v = js_object();
	size_t i;

	doctor_find(&d);
	ask_rdvd(&d);
	for (i = 0; i < sizeof(checks) / sizeof(checks[0]); i++) {
		d.name = checks[i].name;
		checks[i].look(&d);
	}
	if (!c->cli->json)
		out_table(c->cli, cols, d.rows, "");
	js_add_bool(v, "ok", !d.failed);
	js_add(v, "checks", d.rows);
	if (c->cli->json)
		out_json(v);
	js_free(v);
	js_free(d.status);
	js_free(d.integrity);
	doctor_forget(&d);
	if (!d.failed)
		return CMD_OK;
	return d.reached ? CMD_FAILED : CMD_UNREACHABLE;
}

const struct cmd cmd_doctor = {
	.path = "doctor",
	.help = "look for what is wrong",
	.doc = "Of the rdv that this account speaks to: its own, or the one of "
	       "the host, of which root sees what nobody else may. Exit status "
	       "0 when nothing failed, 3 when rdvd is not "
	       "reachable, otherwise 1.",
	.scope = "read",
	.run = doctor,
};
