/* SPDX-License-Identifier: MIT */
/*
 * The admitted accounts as they travel: from the child that asked the account
 * database to [main], and from [main] to [ops]. Both read a memory file of
 * their own parent's, and check it all the same.
 */
#include "priv-helper/accounts.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/buf.h"
#include "lib/err.h"
#include "lib/path.h"
#include "lib/xalloc.h"
#include "priv-helper/accountwire.h"
#include "priv-helper/policy.h"

#define GROUP_NAME_MAX 1024

static void
put_names(struct buf *b, char *const *names)
{
	uint32_t n = 0, i;

	while (names != NULL && names[n] != NULL)
		n++;
	buf_put_u32(b, n);
	for (i = 0; i < n; i++)
		buf_put_str(b, names[i]);
}

void
accountwire_put_limits(struct buf *b, const struct ctl_limit *l)
{
	for (int i = 0; i < CTL_WHATS; i++) {
		buf_put_u64(b, l[i].mb);
		buf_put_str(b, l[i].by);
	}
}

bool
accountwire_get_limits(struct buf *b, uint32_t uid, struct ctl_limit *l)
{
	for (int i = 0; i < CTL_WHATS; i++) {
		l[i].what = (uint8_t)i;
		l[i].uid = uid;
		if (!buf_get_u64(b, &l[i].mb) || l[i].mb > CTL_MB_MAX ||
		    !buf_get_str(b, l[i].by, CTL_RULE_MAX) ||
		    (l[i].mb == 0) != (l[i].by[0] == '\0'))
			return false;
	}
	return true;
}

void
accountwire_put(struct buf *b, const struct accounts *a)
{
	const struct account *p;
	unsigned i;

	buf_put_u32(b, (uint32_t)a->npolicy);
	if (a->npolicy > 0)
		buf_put(b, a->policy, a->npolicy);
	buf_put_str(b, a->source != NULL ? a->source : "");
	buf_put_u64(b, (uint64_t)a->rotation_ms);
	buf_put_u64(b, (uint64_t)a->grace_ms);
	buf_put_u32(b, (uint32_t)a->n);
	for (p = a->list; p < a->list + a->n; p++) {
		buf_put_u32(b, p->uid);
		buf_put_u32(b, p->gid);
		buf_put_u8(b, p->web);
		buf_put_u64(b, p->output_bytes);
		accountwire_put_limits(b, p->limits);
		buf_put_str(b, p->name);
		buf_put_str(b, p->home);
		buf_put_str(b, p->real_home);
		buf_put_str(b, p->shell);
		buf_put_u32(b, p->ngroups);
		for (i = 0; i < p->ngroups; i++)
			buf_put_u32(b, p->groups[i]);
		put_names(b, p->named);
	}
}

static bool
get_groups(struct buf *b, struct account *p)
{
	uint32_t n;
	unsigned i;

	if (!buf_get_u32(b, &n) || n > USER_GROUPS_MAX)
		return false;
	for (i = 0; i < n; i++)
		if (!buf_get_u32(b, &p->groups[i]))
			return false;
	p->ngroups = n;
	return true;
}

static bool
get_names(struct buf *b, struct account *p)
{
	uint32_t n, i;

	if (!buf_get_u32(b, &n) || n > USER_GROUPS_MAX)
		return false;
	p->named = xcalloc(n + 1, sizeof(*p->named));
	for (i = 0; i < n; i++) {
		p->named[i] = buf_get_strdup(b, GROUP_NAME_MAX);
		if (p->named[i] == NULL)
			return false;
	}
	return true;
}

/* Root is nobody's account here, whatever a database says. */
static bool
get_one(struct buf *b, struct account *p)
{
	uint8_t web;

	if (!buf_get_u32(b, &p->uid) || !buf_get_u32(b, &p->gid) ||
	    !buf_get_u8(b, &web) || web > 1 ||
	    !buf_get_u64(b, &p->output_bytes) ||
	    !accountwire_get_limits(b, p->uid, p->limits) ||
	    !buf_get_str(b, p->name, ACCOUNTS_NAME_MAX) ||
	    !buf_get_str(b, p->home, USER_PATH_MAX - 1) ||
	    !buf_get_str(b, p->real_home, USER_PATH_MAX - 1) ||
	    !buf_get_str(b, p->shell, USER_PATH_MAX - 1) || !get_groups(b, p) ||
	    !get_names(b, p))
		return false;
	p->web = web == 1;
	return p->uid != 0 && path_component_ok(p->name) &&
	       path_absolute_ok(p->home) && path_absolute_ok(p->real_home) &&
	       path_absolute_ok(p->shell);
}

/* Its grammar is the business of whoever judges by it. */
static bool
get_policy(struct buf *b, struct accounts *a)
{
	uint64_t rotation, grace;
	uint32_t n;

	if (!buf_get_u32(b, &n) || n > POLICY_TEXT_MAX)
		return false;
	a->npolicy = n;
	a->policy = xcalloc((size_t)n + 1, 1);
	if (!buf_get(b, a->policy, n))
		return false;
	a->source = buf_get_strdup(b, USER_PATH_MAX - 1);
	if (a->source == NULL || !buf_get_u64(b, &rotation) ||
	    !buf_get_u64(b, &grace))
		return false;
	a->rotation_ms = (int64_t)rotation;
	a->grace_ms = (int64_t)grace;
	return a->rotation_ms >= 0 && a->grace_ms >= 0;
}

static bool
get(struct buf *b, struct accounts *a)
{
	struct account *p;
	uint32_t n, i;

	*a = (struct accounts){ .n = 0 };
	if (!get_policy(b, a) || !buf_get_u32(b, &n) || n > ACCOUNTS_MAX)
		return false;
	a->list = n > 0 ? xcalloc(n, sizeof(*a->list)) : NULL;
	a->n = n;
	for (i = 0; i < n; i++) {
		p = &a->list[i];
		if (!get_one(b, p) || (i > 0 && p->uid <= p[-1].uid))
			return false;
	}
	return buf_end(b);
}

int
accounts_take(struct accounts *a, int fd)
{
	struct stat st;
	struct buf b;
	void *text;
	bool ok;

	if (fstat(fd, &st) < 0 || st.st_size <= 0 ||
	    (size_t)st.st_size > ACCOUNTS_WIRE_MAX)
		return RDV_E_MALFORMED;
	text = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (text == MAP_FAILED)
		return RDV_E_MALFORMED;
	buf_wrap(&b, text, (size_t)st.st_size);
	ok = get(&b, a);
	(void)munmap(text, (size_t)st.st_size);
	if (!ok)
		accounts_done(a);
	return ok ? 0 : RDV_E_MALFORMED;
}

void
accounts_done(struct accounts *a)
{
	char **name;
	size_t i;

	for (i = 0; i < a->n; i++) {
		for (name = a->list[i].named; name != NULL && *name != NULL;
		     name++)
			free(*name);
		free(a->list[i].named);
	}
	free(a->list);
	free(a->policy);
	free(a->source);
	*a = (struct accounts){ .n = 0 };
}

static int
by_uid(const void *key, const void *member)
{
	const uid_t uid = *(const uid_t *)key;
	const struct account *p = member;

	return (uid > p->uid) - (uid < p->uid);
}

const struct account *
accounts_find(const struct accounts *a, uid_t uid)
{
	if (a->n == 0)
		return NULL;
	return bsearch(&uid, a->list, a->n, sizeof(*a->list), by_uid);
}
