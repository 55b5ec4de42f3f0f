/* SPDX-License-Identifier: MIT */
/*
 * The settings as a table. Defaults pass through the same functions as values
 * from a file, so that a default outside its own bounds cannot exist, and an
 * unknown key is an error: a misspelt bound must not silently be none.
 */
#include "daemon/conf.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/err.h"
#include "lib/host.h"
#include "lib/path.h"
#include "lib/str.h"
#include "lib/toml.h"
#include "lib/xalloc.h"

#define FILE_MAX (1 << 20)

static void *
field(struct conf *c, const struct conf_row *row)
{
	return (char *)c + row->offset;
}

static void
list_free(char **list)
{
	for (size_t i = 0; list != NULL && list[i] != NULL; i++)
		free(list[i]);
	free(list);
}

/* "@/x" lies under the base, "~" and "~/x" under home. NULL: not absolute. */
static char *
expand(const char *value, const char *base, const char *home)
{
	const char *root = NULL;
	char *path;

	if (value[0] == '@')
		root = base;
	else if (value[0] == '~')
		root = home;
	if (root == NULL)
		path = xstrdup(value);
	else if (value[1] == '\0' || value[1] == '/')
		path = xasprintf("%s%s", root, value + 1);
	else
		return NULL;
	if (!path_absolute_ok(path)) {
		free(path);
		return NULL;
	}
	return path;
}

static const char *
set_path(struct conf *c, const struct conf_row *row, const char *value,
    const char *home)
{
	char **out = field(c, row), *path = expand(value, c->base, home);

	if (path == NULL)
		return "must be an absolute path or begin with ~/";
	if (strlen(path) > (size_t)row->max) {
		free(path);
		return "is longer than a path may be here";
	}
	free(*out);
	*out = path;
	return NULL;
}

/* The setters return NULL, or what is wrong as the end of a sentence. */
static const char *
set_word(struct conf *c, const struct conf_row *row, const char *value)
{
	const char *w = row->words;
	size_t n = strlen(value);
	char **out = field(c, row);

	for (; *w != '\0'; w += strcspn(w, "|"), w += *w == '|') {
		if (strcspn(w, "|") == n && memcmp(w, value, n) == 0) {
			free(*out);
			*out = xstrdup(value);
			return NULL;
		}
	}
	return "is none of the words allowed here";
}

static bool
contact_ok(const char *s)
{
	const char *host = NULL;

	if (str_starts(s, "https://"))
		host = s + strlen("https://");
	else if (str_starts(s, "mailto:") && strchr(s, '@') != NULL)
		host = strchr(s, '@') + 1;
	/* This host is nowhere that anybody else could write to. */
	if (host == NULL || host[0] == '/' || host[0] == '\0' ||
	    (str_starts(host, "localhost") &&
		strchr(":/", host[strlen("localhost")]) != NULL))
		return false;
	for (; *s != '\0'; s++)
		if (*s <= ' ' || *s >= 0x7f)
			return false;
	return true;
}

static const char *
set_contact(struct conf *c, const struct conf_row *row, const char *value)
{
	char **out = field(c, row);

	if (*value != '\0' &&
	    (strlen(value) > (size_t)row->max || !contact_ok(value)))
		return "must be https://HOST or mailto:USER@HOST, and not "
		       "localhost";
	free(*out);
	*out = xstrdup(value);
	return NULL;
}

static const char *
set_int(struct conf *c, const struct conf_row *row, int64_t value)
{
	if (value < row->min || value > row->max)
		return "is out of bounds";
	*(int64_t *)field(c, row) = value;
	return NULL;
}

/* In system mode "~" is each account's own home, which rdv-git knows. */
static char *
expand_each(const struct conf *c, const char *value, const char *home)
{
	char *path = expand(value, c->base, home);

	if (path == NULL || !c->system || value[0] != '~')
		return path;
	free(path);
	return xstrdup(value);
}

/* A name with wildcards, and not so long that git could not be told of all. */
static bool
glob_ok(const char *s)
{
	s += *s == '!';
	return *s != '\0' && *s != '/' && strlen(s) <= CONF_GLOB_LEN;
}

static bool
entry_ok(enum conf_type type, const char *s)
{
	if (type == CONF_GLOBS)
		return glob_ok(s);
	return host_ok(type == CONF_SERVICES && str_starts(s, "*.") ? s + 2
								    : s);
}

/* The old list goes only when the whole new one is sound. */
static const char *
set_list(struct conf *c, const struct conf_row *row, char *const *values,
    const char *home)
{
	char ***out = field(c, row), **list;
	size_t n = 0;

	while (values[n] != NULL)
		n++;
	if (n < (size_t)row->min || n > (size_t)row->max)
		return "has too few or too many entries";
	list = xcalloc(n + 1, sizeof(*list));
	for (size_t i = 0; i < n; i++) {
		if (row->type == CONF_PATHS)
			list[i] = expand_each(c, values[i], home);
		else if (entry_ok(row->type, values[i]))
			list[i] = xstrdup(values[i]);
		if (list[i] == NULL) {
			list_free(list);
			return "has an entry that is not valid";
		}
	}
	list_free(*out);
	*out = list;
	return NULL;
}

static const char *
set_globs(struct conf *c, const struct conf_row *row, const char *home)
{
	char *text = xstrdup(row->value), *each[CONF_GLOBS_MAX + 1], *at = text;
	const char *why;
	size_t n = 0;

	while (n < CONF_GLOBS_MAX && (each[n] = strsep(&at, " ")) != NULL)
		n++;
	each[n] = NULL;
	why = set_list(c, row, each, home);
	free(text);
	return why;
}

static const char *
set_default(struct conf *c, const struct conf_row *row, const char *home)
{
	char *one[] = { NULL, NULL };
	const char *why = NULL;
	int64_t n;

	switch (row->type) {
	case CONF_PATH:
		return set_path(c, row, row->value, home);
	case CONF_WORD:
		return set_word(c, row, row->value);
	case CONF_CONTACT:
		return set_contact(c, row, row->value);
	case CONF_INT:
	case CONF_INERT:
		if (!str_to_i64(row->value, row->min, row->max, &n))
			return "is out of bounds";
		return set_int(c, row, n);
	case CONF_HOSTS:
	case CONF_PATHS:
		one[0] = row->value != NULL ? xstrdup(row->value) : NULL;
		why = set_list(c, row, one, home);
		free(one[0]);
		break;
	case CONF_GLOBS:
	case CONF_SERVICES:
		why = set_globs(c, row, home);
	}
	return why;
}

/* Dies with a sentence: without its defaults rdvd cannot even say no. */
void
conf_init(struct conf *c, const char *base, const char *home)
{
	memset(c, 0, sizeof(*c));
	c->base = xstrdup(base);
	c->home = xstrdup(home);
	c->file = xasprintf("%s/server/config.toml", base);
	for (const struct conf_row *row = conf_rows; row->key != NULL; row++) {
		const char *why = set_default(c, row, home);

		/* Only a base or home of thousands of bytes gets here. */
		if (why != NULL) {
			fprintf(stderr, "rdvd: %s: %s\n", row->key, why);
			exit(78);
		}
	}
}

void
conf_done(struct conf *c)
{
	for (const struct conf_row *row = conf_rows; row->key != NULL; row++) {
		if (conf_is_text(row))
			free(*(char **)field(c, row));
		else if (!conf_is_number(row))
			list_free(*(char ***)field(c, row));
		free(c->sources[row - conf_rows]);
	}
	free(c->base);
	free(c->home);
	free(c->file);
	memset(c, 0, sizeof(*c));
}

static const enum toml_type wanted[] = {
	[CONF_PATH] = TOML_STRING,
	[CONF_WORD] = TOML_STRING,
	[CONF_CONTACT] = TOML_STRING,
	[CONF_INT] = TOML_INT,
	[CONF_HOSTS] = TOML_STRINGS,
	[CONF_PATHS] = TOML_STRINGS,
	[CONF_GLOBS] = TOML_STRINGS,
	[CONF_SERVICES] = TOML_STRINGS,
	[CONF_INERT] = TOML_INT,
};

/* NULL or what is wrong with the value. */
static const char *
set_value(struct conf *c, const struct conf_row *row,
    const struct toml_value *v)
{
	switch (row->type) {
	case CONF_PATH:
		return set_path(c, row, v->str, c->home);
	case CONF_WORD:
		return set_word(c, row, v->str);
	case CONF_CONTACT:
		return set_contact(c, row, v->str);
	case CONF_INT:
	case CONF_INERT:
		return set_int(c, row, v->num);
	case CONF_HOSTS:
	case CONF_PATHS:
	case CONF_GLOBS:
	case CONF_SERVICES:
		break;
	}
	return set_list(c, row, v->strs, c->home);
}

static const struct conf_row *
row_find(const char *key)
{
	for (const struct conf_row *row = conf_rows; row->key != NULL; row++) {
		if (strcmp(row->key, key) == 0)
			return row;
	}
	return NULL;
}

const char *
conf_source(const struct conf *c, const char *key)
{
	const struct conf_row *row = row_find(key);
	const char *source = row != NULL ? c->sources[row - conf_rows] : NULL;

	return source != NULL ? source : "the default";
}

bool
conf_is_set(const struct conf *c, const char *key)
{
	const struct conf_row *row = row_find(key);

	return row != NULL && c->sources[row - conf_rows] != NULL;
}

/* The rule a value broke, in numbers or words, for the end of the sentence. */
static void
explain(const struct conf_row *row, const struct toml_value *v, char *out,
    size_t size)
{
	size_t i = 0;

	out[0] = '\0';
	while (row->type == CONF_HOSTS && i < v->nstrs && host_ok(v->strs[i]))
		i++;
	if (row->type == CONF_HOSTS && i < v->nstrs)
		(void)snprintf(out, size,
		    " (number %zu: name, IPv4 or [IPv6], perhaps with :port)",
		    i + 1);
	else if (conf_is_number(row))
		(void)snprintf(out, size, " (%" PRId64 "..%" PRId64 ")",
		    row->min, row->max);
	else if (row->type == CONF_WORD)
		(void)snprintf(out, size, " (%s)", row->words);
}

/* One value of the file; false with the rest of the sentence. */
static bool
apply_one(struct conf *c, const struct toml_value *v, char *wrong, size_t size)
{
	const struct conf_row *row = row_find(v->key);
	const char *why;
	char rule[80];

	if (row == NULL) {
		(void)str_copy(wrong, "no such setting", size);
		return false;
	}
	if (v->type != wanted[row->type]) {
		(void)snprintf(wrong, size, "must be %s, not %s",
		    toml_type_name(wanted[row->type]), toml_type_name(v->type));
		return false;
	}
	why = set_value(c, row, v);
	if (why == NULL)
		return true;
	explain(row, v, rule, sizeof(rule));
	(void)snprintf(wrong, size, "%s%s", why, rule);
	return false;
}

static int
apply(struct conf *c, const char *path, const struct toml *t, char *why,
    size_t whysize)
{
	char wrong[200];

	for (size_t i = 0; i < t->n; i++) {
		const struct toml_value *v = &t->values[i];
		char **source;

		if (!apply_one(c, v, wrong, sizeof(wrong))) {
			(void)snprintf(why, whysize, "%s:%u: %s: %s", path,
			    v->line, v->key, wrong);
			return RDV_E_INVALID;
		}
		source = &c->sources[row_find(v->key) - conf_rows];
		free(*source);
		*source = xasprintf("%s:%u", path, v->line);
	}
	return 0;
}

/* The whole of a file that nobody else can have written. */
static int
slurp(const char *path, char **out, size_t *len, char *why, size_t whysize)
{
	struct stat st;
	ssize_t n = -1;
	char *text;
	int fd;

	/* Non-blocking, or a FIFO of that name would hold up the start. */
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	if (fd < 0)
		return -errno;
	if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode) ||
	    (st.st_uid != geteuid() && st.st_uid != 0) ||
	    (st.st_mode & 022) != 0 || st.st_size >= FILE_MAX) {
		(void)close(fd);
		(void)snprintf(why, whysize,
		    "%s:0: must be a file of less than 1 MiB that only you "
		    "can write",
		    path);
		return RDV_E_INVALID;
	}
	text = xmalloc(FILE_MAX);
	n = read(fd, text, FILE_MAX - 1);
	(void)close(fd);
	if (n < 0) {
		free(text);
		return -EIO;
	}
	text[n] = '\0';
	*out = text;
	*len = (size_t)n;
	return 0;
}

/* What was set before an error stays set; a caller that goes on starts anew. */
int
conf_load(struct conf *c, const char *path, char *why, size_t whysize)
{
	const char *wrong = NULL;
	unsigned line = 0;
	struct toml t;
	char *text = NULL;
	size_t len = 0;
	int err;

	err = slurp(path, &text, &len, why, whysize);
	if (err == -ENOENT)
		return 0;
	if (err != 0) {
		if (err < 0)
			(void)snprintf(why, whysize, "%s: %s", path,
			    strerror(-err));
		return err;
	}
	err = toml_parse(&t, text, len, &line, &wrong);
	if (err != 0) {
		(void)snprintf(why, whysize, "%s:%u: %s", path, line, wrong);
	} else {
		err = apply(c, path, &t, why, whysize);
		toml_done(&t);
	}
	free(text);
	return err;
}
