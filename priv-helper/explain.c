/* SPDX-License-Identifier: MIT */
/*
 * A profile in plain words. Every sentence is derived from the row that the
 * child is held by, or from what this kernel offers, so that none can promise
 * what is not done. Invariant: an entry is in one group, and the groups are the
 * same in text and in JSON.
 */
#include "priv-helper/explain.h"

#include <stdarg.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "lib/egress.h"
#include "priv-helper/cglimit.h"
#include "priv-helper/explainpolicy.h"
#include "security/filter.h"
#include "security/landlock.h"
#include "security/profile.h"
#include "security/sysset.h"

#define COLUMNS	  78
#define ENTRY_MAX 512

struct page {
	const struct profile *p;
	const struct explain_host *h;
	FILE *out;
	bool json;
	unsigned entries; /* of this group */
	unsigned column;  /* of a line of words that is not ended; 0: none */
};

/* What stands here is ours, plain ASCII: two bytes are all to be escaped. */
static void
put_json(FILE *out, const char *text)
{
	(void)fputc('"', out);
	for (; *text != '\0'; text++) {
		if (*text == '"' || *text == '\\')
			(void)fputc('\\', out);
		(void)fputc(*text, out);
	}
	(void)fputc('"', out);
}

static void
end_line(struct page *g)
{
	if (g->column > 0)
		(void)fputc('\n', g->out);
	g->column = 0;
}

static void
put_piece(struct page *g, const char *text, size_t len, unsigned indent)
{
	if (g->column > 0 && g->column + 1 + len > COLUMNS)
		end_line(g);
	if (g->column == 0)
		g->column = (unsigned)fprintf(g->out, "%*s", (int)indent, "");
	else
		g->column += (unsigned)fprintf(g->out, " ");
	g->column += (unsigned)fprintf(g->out, "%.*s", (int)len, text);
}

/* One of a list whose members are short: they share lines. */
static void
word(struct page *g, const char *text)
{
	const bool first = g->entries++ == 0;

	if (g->json) {
		(void)fputs(first ? "" : ",", g->out);
		put_json(g->out, text);
	} else {
		put_piece(g, text, strlen(text), 2);
	}
}

static void
say(struct page *g, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

static void
say(struct page *g, const char *fmt, ...)
{
	char text[ENTRY_MAX];
	const char *at = text;
	unsigned indent = 2;
	va_list ap;
	size_t n;

	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (g->json) {
		word(g, text);
		return;
	}
	end_line(g);
	g->entries++;
	for (; *at != '\0'; at += n + (at[n] == ' ')) {
		n = strcspn(at, " ");
		put_piece(g, at, n, indent);
		indent = 4;
	}
	end_line(g);
}

static bool
means(const struct profile_path *p, unsigned has, unsigned lacks)
{
	const unsigned m = landlock_means(p->access);

	return (m & has) == has && (m & lacks) == 0;
}

static void
words_of(struct page *g, unsigned has, unsigned lacks)
{
	const struct profile_path *p;

	for (p = g->p->paths; p->path != NULL; p++)
		if (means(p, has, lacks) &&
		    g->h->left_out(p->path, g->h->arg) == NULL)
			word(g, p->path);
}

/* The judgement on that argument of a call, or NULL. */
static const struct filter_guard *
guard_on(const struct page *g, const char *call, unsigned arg)
{
	const struct filter_guard *f;

	for (f = g->p->filter->guards; f->call != NULL; f++)
		if (f->arg == arg && strcmp(f->call, call) == 0)
			return f;
	return NULL;
}

struct named {
	uint32_t value;
	const char *name; /* NULL ends */
};

/* " a, b", of the values a guard lists. */
static void
join(char out[ENTRY_MAX], const struct filter_guard *f, const struct named *n)
{
	const char *separator = "";
	size_t used = 0;

	out[0] = '\0';
	for (; n->name != NULL; n++) {
		for (unsigned i = 0; i < f->n; i++) {
			if (f->values[i] != n->value)
				continue;
			used += (size_t)snprintf(out + used, ENTRY_MAX - used,
			    "%s%s", separator, n->name);
			separator = ", ";
		}
	}
}

/* Whether the directory a run is started in, and what else it is given, is. */
static bool
roots(const struct page *g, unsigned has)
{
	return (landlock_means(g->p->roots) & has) == has;
}

static void
fill_read(struct page *g)
{
	const struct profile_path *p;

	if (!g->p->confined) {
		say(g, "whatever the account may");
		return;
	}
	words_of(g, LANDLOCK_MEANS_READ, LANDLOCK_MEANS_WRITE);
	if (!roots(g, LANDLOCK_MEANS_WRITE))
		say(g, "the directory it is started in");
	say(g, "all that it may write");
	for (p = g->p->repo; p != NULL && p->path != NULL; p++)
		if (means(p, LANDLOCK_MEANS_READ, LANDLOCK_MEANS_WRITE))
			say(g, "in a linked worktree, of its repository: %s",
			    strcmp(p->path, ".") == 0 ? "all of it" : p->path);
}

static void
fill_write(struct page *g)
{
	const struct profile_path *p;

	if (!g->p->confined) {
		say(g, "whatever the account may");
		return;
	}
	words_of(g, LANDLOCK_MEANS_WRITE, 0);
	if (roots(g, LANDLOCK_MEANS_WRITE))
		say(g, "the directory it is started in");
	say(g, "$TMPDIR, a directory of its own that is removed at its end");
	if (g->p->repo == NULL)
		return;
	for (p = g->p->repo; p->path != NULL; p++)
		if (means(p, LANDLOCK_MEANS_WRITE, 0))
			say(g, "in a linked worktree, of its repository: %s",
			    p->path);
	if ((landlock_means(g->p->repo_own) & LANDLOCK_MEANS_WRITE) != 0)
		say(g, "in a linked worktree: what git keeps for this one of "
		       "them");
}

static void
fill_run(struct page *g)
{
	const struct filter_guard *f;

	if (!g->p->confined) {
		say(g, "whatever the account may");
		return;
	}
	words_of(g, LANDLOCK_MEANS_RUN, 0);
	if (g->p->exe != NULL)
		say(g, "%s, as found in %s, and nothing else to begin with",
		    g->p->exe, g->p->search);
	if (g->p->own != NULL)
		say(g, "%s of rdv itself, and nothing else to begin with",
		    g->p->own);
	if (g->p->worker != NULL)
		say(g,
		    "or %s of rdv itself, which may also make directories "
		    "in the account's ~/.rdv",
		    g->p->worker);
	if (roots(g, LANDLOCK_MEANS_RUN))
		say(g, "what is in the directory it is started in and in "
		       "$TMPDIR");
	f = guard_on(g, "memfd_create", 0);
	if (f != NULL && f->n == 0)
		say(g, "nothing that has no path: memfd_create fails");
}

static void
fill_network(struct page *g)
{
	static const struct named families[] = { { AF_UNIX, "UNIX" },
		{ AF_INET, "IPv4" }, { AF_INET6, "IPv6" },
		{ AF_NETLINK, "netlink" }, { 0, NULL } };
	const struct filter_guard *f;
	char text[ENTRY_MAX];

	if (!g->p->network)
		say(g, "none");
	else
		say(g, "every host and port the account can reach");
	if (!g->p->confined)
		return;
	if (g->p->network)
		say(g,
		    "with the network \"list\" the hosts of that list alone, "
		    "through a proxy at 127.0.0.1:%d; this takes namespaces",
		    EGRESS_PORT);
	f = guard_on(g, "socket", 0);
	if (f == NULL)
		return;
	join(text, f, families);
	if (f->n == 0)
		say(g, "no sockets but pairs of its own");
	else
		say(g, "sockets of these families, and pairs of its own: %s",
		    text);
	if (g->p->own_filter != NULL)
		say(g, "in a root of its own UNIX sockets, too: it can name "
		       "no others than its own there");
}

static int
count_cb(const char *name, void *arg)
{
	(void)name;
	++*(unsigned *)arg;
	return 0;
}

static unsigned
calls_in(const char *set)
{
	unsigned n = 0;

	if (set != NULL)
		(void)sysset_walk(set, count_cb, &n);
	return n;
}

/* A run's own record tells whether it has them; see hold.c. */
static void
say_view(struct page *g)
{
	static const char *const views[NSPACE_VIEWS] = {
		[NSPACE_OVER] = "over the host's",
		[NSPACE_ROOT] = "in a root that has nothing else but what it "
				"may read, write or run",
	};

	if (views[g->p->view] != NULL)
		say(g,
		    "where the host allows namespaces: its own processes "
		    "alone are to be seen, with /proc, /tmp, /dev/shm and "
		    "/dev/pts of its own, %s",
		    views[g->p->view]);
}

static void
fill_processes(struct page *g)
{
	if (!g->p->confined) {
		say(g, "whatever the account may, sudo too");
		say(g, "all that it started ends with it");
		return;
	}
	say(g, "no other identity by set-user-ID programs, as sudo is one");
	say(g, "%u system calls; %u more fail with EPERM, others with ENOSYS",
	    calls_in(g->p->filter->allow), calls_in(g->p->filter->forbid));
	if (guard_on(g, "clone", 0) != NULL)
		say(g, "no new namespaces");
	if (guard_on(g, "prlimit64", 0) != NULL)
		say(g, "no limits but its own can be set");
	say_view(g);
	if (landlock_holds(g->h->abi, LANDLOCK_HOLD_SIGNALS))
		say(g, "signals only to what it started");
	say(g, "all that it started ends with it");
}

static void
fill_terminals(struct page *g)
{
	static const struct named calls[] = { { TIOCSTI, "TIOCSTI" },
		{ TIOCLINUX, "TIOCLINUX" }, { TIOCSETD, "TIOCSETD" },
		{ 0, NULL } };
	const struct filter_guard *f;
	char text[ENTRY_MAX];

	if (!g->p->confined) {
		say(g, "whatever the account may");
		return;
	}
	say(g, "its own; no other can be opened");
	say(g, g->p->view == NSPACE_NONE
		   ? "no new one can be made"
		   : "new ones, which nobody else sees, where the host "
		     "allows namespaces; without them none");
	f = guard_on(g, "ioctl", 1);
	if (f == NULL)
		return;
	join(text, f, calls);
	say(g, "refused on all of them: %s", text);
}

static void
fill_environment(struct page *g)
{
	const char *const *e;

	for (e = g->p->env; *e != NULL; e++)
		word(g, *e);
	say(g,
	    "HOME, USER, LOGNAME, SHELL, PATH and LANG of the account%s, "
	    "and what is asked for, unless a loader, a shell or git would "
	    "run something because of it",
	    g->p->confined ? ", TMPDIR" : "");
}

static void
fill_limits(struct page *g)
{
	static const struct {
		int resource;
		const char *text;
	} named[] = { { RLIMIT_CORE, "bytes of a core dump" },
		{ RLIMIT_NOFILE, "open files of a process" },
		{ RLIMIT_NPROC,
		    "processes and threads of the account, or of the run "
		    "where it has namespaces" },
		{ RLIMIT_FSIZE, "bytes of a file" } };
	const struct profile_quota *q = &g->p->quota;
	const struct profile_limit *l;
	const unsigned kept = cglimit_wanted(q, g->h->cgroup_on);

	for (l = g->p->limits; l->resource >= 0; l++)
		for (size_t i = 0; i < sizeof(named) / sizeof(named[0]); i++)
			if (named[i].resource == l->resource)
				say(g, "%s: %llu", named[i].text,
				    (unsigned long long)l->max);
	if ((kept & CGLIMIT_PIDS) != 0)
		say(g, "processes and threads of the run: %u", q->processes);
	if ((kept & CGLIMIT_MEMORY) != 0)
		say(g, "megabytes of memory of the run: %llu",
		    (unsigned long long)q->memory_mb);
	if (g->p->limits->resource >= 0)
		say(g, "a lower limit that is in force already stays");
	else if (q->processes == 0 && q->memory_mb == 0)
		say(g, "none but those rdv was started with");
	if ((g->h->cgroup_on & CGLIMIT_CPU) != 0)
		say(g, "processors, where they are short, are shared out by "
		       "runs, however many processes one has");
}

/* Left out of the groups above, and why. */
static void
fill_left_out(struct page *g)
{
	const struct profile_path *p;
	const char *why;

	for (p = g->p->paths; p != NULL && p->path != NULL; p++) {
		why = g->h->left_out(p->path, g->h->arg);
		if (why != NULL)
			say(g, "%s: %s", p->path, why);
	}
}

static void
lacks_landlock(struct page *g)
{
	static const struct {
		const char *what, *follows;
	} rows[LANDLOCK_HOLD_MAX] = {
		[LANDLOCK_HOLD_RENAME] = { "renames across directories",
		    "they all fail with EXDEV" },
		[LANDLOCK_HOLD_TRUNCATE] = { "truncate(2)",
		    "it can empty, by opening it, a file that it may read "
		    "and the account may write" },
		[LANDLOCK_HOLD_DEVICES] = { "ioctls of devices",
		    "those of a device that it may open are all allowed, but "
		    "for the ones refused on terminals" },
		[LANDLOCK_HOLD_SIGNALS] = { "signals",
		    "it can end every process of the account" },
		[LANDLOCK_HOLD_ABSTRACT] = { "abstract UNIX sockets",
		    "the system call filter refuses UNIX sockets, or the "
		    "network "
		    "is its own, so nothing" },
	};

	for (int i = 0; i < LANDLOCK_HOLD_MAX; i++)
		if (!landlock_holds(g->h->abi, (enum landlock_hold)i))
			say(g, "%s; what follows: %s", rows[i].what,
			    rows[i].follows);
}

static void
lacks_cgroup(struct page *g)
{
	const struct explain_host *h = g->h;

	if (!h->cgroup_known) {
		say(g, "whether a run has a cgroup is known only while rdvd "
		       "runs");
		return;
	}
	if (!h->cgroup)
		say(g, "a cgroup for each run; what follows: one that forks "
		       "faster than it is ended may outlive its run");
	if (g->p->quota.processes > 0 && (h->cgroup_on & CGLIMIT_PIDS) == 0)
		say(g, "processes of a run; what follows: they count for all "
		       "of the account together");
	if (g->p->quota.memory_mb > 0 && (h->cgroup_on & CGLIMIT_MEMORY) == 0)
		say(g, "memory of a run; what follows: it has no limit");
	if ((h->cgroup_on & CGLIMIT_CPU) == 0)
		say(g, "a share of the processors for each run; what follows: "
		       "the kernel counts threads, or sessions, and not runs");
}

static bool
usable(const struct profile *p, const struct explain_host *h)
{
	return !p->confined || (h->abi > 0 && h->seccomp);
}

static void
fill_not_held(struct page *g)
{
	if (!g->p->confined)
		return;
	if (g->h->abi == 0)
		say(g, "files, for want of Landlock; what follows: runs of "
		       "this profile are refused");
	else
		lacks_landlock(g);
	if (!g->h->seccomp)
		say(g, "system calls, for want of seccomp; what follows: runs "
		       "of this profile are refused");
	lacks_cgroup(g);
}

static void
policy_line_cb(const char *text, void *arg)
{
	say(arg, "%s", text);
}

static void
fill_policy(struct page *g)
{
	explainpolicy_tell(g->h->policy, (int)(g->p - profiles), policy_line_cb,
	    g);
}

static const struct group {
	const char *key, *title;
	void (*fill)(struct page *g);
} groups[] = {
	{ "may_read", "May read", fill_read },
	{ "may_write", "May write", fill_write },
	{ "may_run", "May run", fill_run },
	{ "network", "Network", fill_network },
	{ "processes", "Processes and signals", fill_processes },
	{ "terminals", "Terminals", fill_terminals },
	{ "environment", "Environment", fill_environment },
	{ "limits", "Limits", fill_limits },
	{ "left_out", "Not granted here", fill_left_out },
	{ "not_held", "What this kernel cannot hold", fill_not_held },
	{ "policy", "The policy of this host, for this account", fill_policy },
};

/* The beginning of the object, without its end. */
static void
put_head(const struct profile *p, FILE *out)
{
	(void)fputs("{\"profile\":", out);
	put_json(out, p->name);
	(void)fputs(",\"help\":", out);
	put_json(out, p->help);
	(void)fprintf(out, ",\"confined\":%s,\"network_allowed\":%s",
	    p->confined ? "true" : "false", p->network ? "true" : "false");
}

static void
put_groups(struct page *g)
{
	for (size_t i = 0; i < sizeof(groups) / sizeof(groups[0]); i++) {
		g->entries = 0;
		(void)fprintf(g->out, g->json ? ",\"%s\":[" : "\n%s:\n",
		    g->json ? groups[i].key : groups[i].title);
		groups[i].fill(g);
		if (g->json)
			(void)fputc(']', g->out);
		else if (g->entries == 0)
			say(g, "nothing");
		end_line(g);
	}
}

void
explain_profile(const struct profile *p, const struct explain_host *h,
    bool json, FILE *out)
{
	struct page g = { .p = p, .h = h, .out = out, .json = json };
	const bool ok = usable(p, h);

	if (json) {
		put_head(p, out);
		(void)fprintf(out,
		    ",\"usable\":%s,\"landlock_abi\":%d,\"seccomp\":%s,"
		    "\"cgroup\":%s",
		    ok ? "true" : "false", h->abi,
		    h->seccomp ? "true" : "false",
		    !h->cgroup_known ? "null"
		    : h->cgroup	     ? "true"
				     : "false");
	} else {
		(void)fprintf(out, "%s: %s\n", p->name, p->help);
		if (!ok)
			(void)fputs("It cannot be used on this kernel.\n", out);
	}
	put_groups(&g);
	(void)fputs(json ? "}\n" : "", out);
}

void
explain_list(bool json, FILE *out)
{
	for (int i = 0; i < PROFILES; i++) {
		if (json) {
			(void)fputs(i == 0 ? "[" : ",", out);
			put_head(&profiles[i], out);
			(void)fputs("}", out);
		} else {
			(void)fprintf(out, "%-8s%s\n", profiles[i].name,
			    profiles[i].help);
		}
	}
	(void)fputs(json ? "]\n" : "", out);
}
