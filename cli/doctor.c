/* SPDX-License-Identifier: MIT */
/*
 * What of rdv doctor differs between an rdv of one's own and that of the host:
 * where things are, and who may look at them.
 */
#include "cli/doctor.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/hostservice.h"
#include "cli/hostunit.h"
#include "cli/proc.h"
#include "cli/settings.h"
#include "lib/err.h"
#include "lib/js.h"
#include "lib/xalloc.h"

/* What is ours or the host's, as the caller speaks to the one or the other. */
void
doctor_find(struct doctor *d)
{
	const char *base = d->cli->base;

	d->host = hostservice_root(d->cli);
	if (d->host == NULL) {
		d->settings = xasprintf("%s/server/config.toml", base);
		d->state = xstrdup(base);
		d->audit = xasprintf("%s/audit", base);
		return;
	}
	d->nobody = geteuid() == 0;
	d->settings = xasprintf("%s/etc/rdv/rdv.toml", d->host);
	d->policy = xasprintf("%s/etc/rdv/helper.toml", d->host);
	d->state = xasprintf("%s/var/lib/rdv", d->host);
	d->audit = xasprintf("%s/var/lib/rdv-helper/audit", d->host);
}

void
doctor_forget(struct doctor *d)
{
	free(d->host);
	free(d->settings);
	free(d->policy);
	free(d->state);
	free(d->audit);
}

/* Nothing is wrong with a file because we may not look into it. */
bool
doctor_is_closed(struct doctor *d, const char *path)
{
	if (access(path, R_OK) == 0 || errno != EACCES)
		return false;
	doctor_judge(d, "skipped", "%s: %s", path, strerror(EACCES));
	return true;
}

/*
 * Whom it admits, and to what: sandbox explain says that of oneself. With a
 * directory in the place of "/" rdv-helper judges where the file lies from
 * there on.
 */
void
doctor_look_policy(struct doctor *d)
{
	char why[512];
	int err;

	if (d->host == NULL) {
		doctor_judge(d, "ok", "none, as this rdv is yours alone");
		return;
	}
	if (doctor_is_closed(d, d->policy))
		return;
	err = settings_judge_policy(d->cli, d->policy, why, sizeof(why));
	if (err == 0 || (err == RDV_E_DENIED && d->host[0] != '\0'))
		doctor_judge(d, "ok", "%s", d->policy);
	else
		doctor_judge(d, "failed", "%s", why);
}

/* Root's to look into; that it is closed to others is to be seen by all. */
void
doctor_look_state(struct doctor *d)
{
	struct stat st;

	if (lstat(d->state, &st) == -1)
		doctor_judge(d, "failed", "%s: %s", d->state, strerror(errno));
	else if (!S_ISDIR(st.st_mode) || (st.st_mode & 077) != 0)
		doctor_judge(d, "failed", "%s must be rdv's alone (chmod 700)",
		    d->state);
	else
		doctor_judge(d, "ok", "%s", d->state);
}

/* Each account has its own; whether somebody listens there [main] tells. */
void
doctor_look_sockets(struct doctor *d)
{
	const pid_t pid = hostservice_pid(d->cli);

	d->reached = pid > 0;
	if (pid > 0)
		doctor_judge(d, "ok",
		    "%s/run/rdv/USER/api.sock of each account, of process %d",
		    d->host, (int)pid);
	else
		doctor_judge(d, "failed",
		    "the rdv of this host does not run (systemctl start rdv)");
}

bool
doctor_offers(const struct doctor *d, const char *feature)
{
	const struct js *list = js_get(js_get(d->status, "helper"), "features");
	const char *name;
	size_t i;

	for (i = 0; (name = js_text(js_at(list, i))) != NULL; i++)
		if (strcmp(name, feature) == 0)
			return true;
	return false;
}

/*
 * [main], as rdvd's parent or by the file that root alone can read. 0: it
 * cannot be seen, as where /proc shows an account its own processes alone.
 */
static pid_t
main_of(const struct doctor *d)
{
	const pid_t rdvd = (pid_t)js_int(d->status, "pid", 0);
	char name[64];
	pid_t parent;

	if (rdvd > 0 && proc_stat(rdvd, &parent, name, sizeof(name)))
		return parent;
	return hostservice_pid(d->cli);
}

/* Who cannot be seen is taken for the one that the host says it has. */
static bool
is_another(const struct doctor *d, const struct hostunit *u)
{
	const pid_t seen = main_of(d);

	return u->main == 0 || (seen != 0 && u->main != seen);
}

/*
 * Why not is for the log to say, which knows. Whether rdv has anything kept it
 * tells those whom it serves.
 */
void
doctor_look_restart(struct doctor *d)
{
	const bool known = d->status != NULL;
	struct hostunit u;

	if (d->host == NULL)
		doctor_judge(d, "ok",
		    "it ends what runs, as this rdv is yours alone");
	else if (!hostunit_ask(&u) || is_another(d, &u))
		doctor_judge(d, "ok",
		    "it ends what runs: this rdv is not systemd's rdv.service");
	else if (u.max == 0)
		doctor_judge(d, "warning",
		    "it ends what runs: rdv.service is without "
		    "FileDescriptorStoreMax=");
	else if (known && !doctor_offers(d, "outlives"))
		doctor_judge(d, "warning",
		    "it ends what runs, and the log of rdv says why");
	else
		doctor_judge(d, "ok", "%s, store %u of %u",
		    known ? "what runs outlives it"
			  : "what runs outlives it if rdv uses that",
		    u.kept, u.max);
}

/*
 * TIOCSTI is the kernel's to refuse where no profile does: a login has what its
 * account has. A warning, as rdv is no weaker by it than ssh is.
 */
void
doctor_look_terminals(struct doctor *d)
{
	int fd = open("/proc/sys/dev/tty/legacy_tiocsti", O_RDONLY | O_CLOEXEC);
	char c = '1';

	if (fd < 0) {
		doctor_judge(d, "warning",
		    "a program in a login can type into its own terminal: "
		    "kernels before 6.2 cannot refuse TIOCSTI");
		return;
	}
	(void)!read(fd, &c, 1);
	(void)close(fd);
	if (c == '0')
		doctor_judge(d, "ok", "the kernel refuses TIOCSTI");
	else
		doctor_judge(d, "warning",
		    "a program in a login can type into its own terminal "
		    "(sysctl -w dev.tty.legacy_tiocsti=0)");
}

/* The first one is named; rdv check has rdvd look again, and names all. */
void
doctor_look_integrity(struct doctor *d)
{
	const struct js *found = js_get(d->integrity, "findings");
	const struct js *first = js_at(found, 0);

	if (d->status == NULL)
		doctor_judge(d, "skipped", "%s", doctor_unasked(d));
	else if (first != NULL)
		doctor_judge(d, "failed", "%s %s: %s (%zu in all: rdv check)",
		    js_str(first, "table", "?"), js_str(first, "id", "?"),
		    js_str(first, "what", "?"), js_len(found));
	else if (!doctor_is_well(d, "integrity"))
		doctor_judge(d, "failed",
		    "a row of another account is wrong: the log says which");
	else if (js_int(d->integrity, "checked_at", -1) < 0)
		doctor_judge(d, "skipped", "rdvd has not looked yet");
	else
		doctor_judge(d, "ok", "nothing on record is wrong");
}
