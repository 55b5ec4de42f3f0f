/* SPDX-License-Identifier: MIT */
/*
 * What questions and answers have in common: what git is asked, names, and
 * lists that are told in parts. A name in a work tree is bytes (abuse F06):
 * JSON can only carry it as text, so one that is no UTF-8 is told twice.
 */
#include "git-worker/job.h"

#include <stdio.h>
#include <string.h>

#include "lib/arena.h"
#include "lib/autorun.h"
#include "lib/js.h"
#include "lib/str.h"

/* Of one answer, so that it fits into a message. */
#define PAGE_BYTES (384u << 10)
#define PAGE_MAX   5000
#define PAGE_USUAL 500

struct js *
job_refusal(int64_t id, const char *error, int64_t status, const char *why)
{
	struct js *o = js_object();

	js_add_int(o, "id", id);
	js_add_str(o, "error", error);
	js_add_int(o, "status", status);
	js_add_str(o, "why", why);
	return o;
}

void
job_ask(struct job *j, const char *const *words)
{
	const char **argv;
	size_t n = 0;

	while (words[n] != NULL)
		n++;
	argv = arena_alloc(j->arena, (n + 1) * sizeof(*argv));
	memcpy(argv, words, n * sizeof(*argv));
	j->argv = argv;
	j->may_fail = true;
}

const char *
job_line(struct job *j, unsigned step)
{
	const char *text = j->text[step].at;

	return arena_strndup(j->arena, text, strcspn(text, "\n"));
}

const char *
job_commit(struct job *j, unsigned step, const char *name)
{
	if (j->error != NULL)
		return NULL;
	if (j->n == step)
		JOB_ASK(j, "rev-parse", "--verify", "--quiet",
		    "--end-of-options",
		    arena_printf(j->arena, "%s^{commit}", name));
	else if (j->text[step].status == 0)
		return job_line(j, step);
	else
		job_refuse(j, "there is no commit of that name");
	return NULL;
}

void
job_put_as_of(const struct job *j, struct js *o)
{
	char text[64];

	(void)snprintf(text, sizeof(text), "%llx-%llx", (long long)j->born,
	    (long long)j->epoch);
	js_add_str(o, "as_of", text);
}

void
job_put_name(struct js *o, const char *key, const char *name)
{
	const size_t len = strlen(name);
	char coded[4 * ((4096 + 2) / 3) + 1], exact[64];

	js_add_str(o, key, name);
	if (str_utf8_valid(name, len) || len > 4096)
		return;
	str_base64(coded, name, len);
	(void)snprintf(exact, sizeof(exact), "%s_base64", key);
	js_add_str(o, exact, coded);
}

void
job_put_runs(struct js *o, const char *path)
{
	const char *by = autorun_by(path);

	if (by != NULL)
		js_add_str(o, "run_by", by);
}

size_t
job_cost(const char *text, size_t len)
{
	size_t cost = 0;

	for (size_t i = 0; i < len; i++) {
		const unsigned char c = (unsigned char)text[i];

		/* "\u001b"; U+FFFD, and once more as base64. */
		cost += c < 0x20 ? 6 : c >= 0x80 ? 5 : 2;
	}
	return cost;
}

void
job_page_init(struct job_page *p, const struct job *j)
{
	int64_t limit = js_int(j->ask, "limit", PAGE_USUAL);

	memset(p, 0, sizeof(*p));
	p->offset = js_int(j->ask, "offset", 0);
	p->limit = limit < 1 || limit > PAGE_MAX ? PAGE_MAX : limit;
	p->items = js_array();
}

bool
job_page_takes(struct job_page *p, size_t cost)
{
	if (p->seen++ < p->offset || p->full)
		return false;
	/* One that would never fit goes alone. */
	if (p->taken > 0 &&
	    (p->taken == p->limit || p->bytes + cost > PAGE_BYTES)) {
		p->full = true;
		return false;
	}
	p->taken++;
	p->bytes += cost;
	return true;
}

void
job_page_put(struct job_page *p, struct js *o, const char *key)
{
	js_add_int(o, "total", p->seen);
	if (p->full)
		js_add_int(o, "next", p->offset + p->taken);
	else
		js_add_str(o, "next", NULL);
	js_add(o, key, p->items);
}
