/* SPDX-License-Identifier: MIT */
/*
 * `rdv-helper --explain`: asks the kernel and looks at the paths, as a run
 * would find them. Cgroups are the one thing it is told: whether one was
 * delegated is known to the helper that runs, not to one started beside it. Of
 * a host's policy it is told where that is, and reads it if it may.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "lib/path.h"
#include "lib/str.h"
#include "priv-helper/cglimit.h"
#include "priv-helper/explain.h"
#include "priv-helper/explainpolicy.h"
#include "priv-helper/roots.h"
#include "priv-helper/user.h"
#include "security/filter.h"
#include "security/landlock.h"
#include "security/profile.h"

#define EXIT_USAGE 2

struct words {
	const char *profile, *base, *cgroup, *policy, *run;
	bool json;
};

static const char *
left_out_cb(const char *path, void *arg)
{
	const struct roots *roots = arg;
	int fd = open(path, O_PATH | O_CLOEXEC);
	bool closed;

	if (fd < 0)
		return errno == EACCES ? "not for this account"
				       : "not on this host";
	closed = roots_inside(roots, fd);
	(void)close(fd);
	return closed ? "the home directory or rdv's state lies in it" : NULL;
}

/* False for a word that is none. */
static bool
take_cgroup(struct explain_host *h, const char *text)
{
	static const struct {
		const char *word;
		unsigned on;
	} known[] = { { "none", 0 }, { "run", 0 },
		{ "processes", CGLIMIT_PIDS }, { "memory", CGLIMIT_MEMORY },
		{ "processors", CGLIMIT_CPU } };
	const size_t n = sizeof(known) / sizeof(known[0]);
	size_t len, i;

	h->cgroup_known = true;
	for (; *text != '\0'; text += len + (text[len] == ',')) {
		len = strcspn(text, ",");
		for (i = 0; i < n && (strlen(known[i].word) != len ||
					 memcmp(known[i].word, text, len) != 0);
		     i++)
			;
		if (i == n)
			return false;
		h->cgroup |= i > 0;
		h->cgroup_on |= known[i].on;
	}
	return true;
}

static bool
is_place(const char *path)
{
	return path == NULL || path_absolute_ok(path);
}

static bool
parse(struct words *w, int argc, char **argv)
{
	static const struct option table[] = {
		{ "base", required_argument, NULL, 'b' },
		{ "cgroup", required_argument, NULL, 'c' },
		{ "json", no_argument, NULL, 'j' },
		{ "policy", required_argument, NULL, 'p' },
		{ "run", required_argument, NULL, 'r' },
		{ NULL, 0, NULL, 0 },
	};
	int c;

	/* The word before ours is not looked at, as a program's name is not. */
	while ((c = getopt_long(argc + 1, argv - 1, "", table, NULL)) != -1) {
		if (c == 'b')
			w->base = optarg;
		else if (c == 'c')
			w->cgroup = optarg;
		else if (c == 'j')
			w->json = true;
		else if (c == 'p')
			w->policy = optarg;
		else if (c == 'r')
			w->run = optarg;
		else
			return false;
	}
	if (optind <= argc)
		w->profile = (argv - 1)[optind++];
	return optind > argc && is_place(w->base) && is_place(w->policy) &&
	       is_place(w->run);
}

static int
explain_one(const struct words *w, struct explain_host *h)
{
	static struct user user;
	static struct roots roots;
	static struct explain_policy policy;
	const int i = profile_find(w->profile);
	char why[256], name[64];

	if (i < 0) {
		(void)str_escape(name, sizeof(name), w->profile,
		    strlen(w->profile));
		(void)fprintf(stderr, "rdv-helper: no such profile: %s\n",
		    name);
		return 1;
	}
	if (user_load(&user, why, sizeof(why)) != 0 ||
	    !roots_init(&roots, user.home,
		w->base != NULL ? w->base : user.home, w->run, NULL)) {
		(void)fprintf(stderr, "rdv-helper: no usable home directory\n");
		return 1;
	}
	if (w->policy != NULL)
		explainpolicy_load(&policy, w->policy, user.name);
	h->arg = &roots;
	h->policy = &policy;
	explain_profile(&profiles[i], h, w->json, stdout);
	explainpolicy_done(&policy);
	return 0;
}

int
explain_main(int argc, char **argv)
{
	struct words w = { .json = false };
	struct explain_host h = { .abi = landlock_abi(),
		.seccomp = filter_supported(),
		.left_out = left_out_cb };
	int status = 0;

	if (!parse(&w, argc, argv) ||
	    (w.cgroup != NULL && !take_cgroup(&h, w.cgroup))) {
		(void)fprintf(stderr, "usage: %s\n", EXPLAIN_USAGE);
		return EXIT_USAGE;
	}
	if (w.profile != NULL)
		status = explain_one(&w, &h);
	else
		explain_list(w.json, stdout);
	return fflush(stdout) != 0 ? 1 : status;
}
