/* SPDX-License-Identifier: MIT */
/*
 * The message and the author of a commit, as they were given. A file is read
 * here, as whoever types; nothing in it is changed.
 */
#include "cli/message.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/cmd.h"
#include "cli/out.h"
#include "lib/buf.h"
#include "lib/js.h"
#include "lib/str.h"
#include "lib/xalloc.h"

/* As much as the API takes. */
#define BYTES_MAX (256u << 10)

/* NULL after telling why; freed by the caller. */
static char *
read_message(struct cmd_call *c, const char *name)
{
	const bool is_stdin = strcmp(name, "-") == 0;
	FILE *f = is_stdin ? stdin : fopen(name, "re");
	char chunk[4096], *text = NULL;
	struct buf b;
	size_t n = 1;

	if (f == NULL) {
		out_error(c->cli, "INVALID_PATH", "%s: %s", name,
		    strerror(errno));
		return NULL;
	}
	buf_init(&b, BYTES_MAX + 1);
	while (n > 0 && buf_ok(&b)) {
		n = fread(chunk, 1, sizeof(chunk), f);
		buf_put(&b, chunk, n);
	}
	if (ferror(f) != 0 || !buf_ok(&b) || b.len > BYTES_MAX)
		out_error(c->cli, "INVALID_ARGUMENT",
		    "%s cannot be read, or is longer than a message may be",
		    name);
	else if (!str_utf8_valid(buf_cstr(&b), b.len) ||
		 strlen(buf_cstr(&b)) != b.len)
		out_error(c->cli, "INVALID_ARGUMENT", "%s is no UTF-8", name);
	else
		text = xstrdup(buf_cstr(&b));
	buf_done(&b);
	if (!is_stdin)
		(void)fclose(f);
	return text;
}

/* "NAME <EMAIL>" */
static int
put_author(struct cmd_call *c, struct js *body, const char *author)
{
	const char *at = strstr(author, " <");
	char *name, *email;

	if (at == NULL || !str_ends(author, ">")) {
		out_error(c->cli, "USAGE",
		    "--author is 'NAME <EMAIL>', not '%s'", author);
		return CMD_USAGE;
	}
	name = xstrndup(author, (size_t)(at - author));
	email = xstrndup(at + 2, strlen(at) - 3);
	js_add_str(body, "author_name", name);
	js_add_str(body, "author_email", email);
	free(name);
	free(email);
	return CMD_OK;
}

int
message_put(struct cmd_call *c, struct js *body, bool optional)
{
	const char *text = cmd_value(c, "message"),
		   *name = cmd_value(c, "file");
	const char *author = cmd_value(c, "author");
	char *read;

	if ((text != NULL) + (name != NULL) > 1 ||
	    (text == NULL && name == NULL && !optional)) {
		out_error(c->cli, "USAGE", "give one of --message and --file");
		return CMD_USAGE;
	}
	if (name != NULL) {
		read = read_message(c, name);
		if (read == NULL)
			return CMD_FAILED;
		js_add_str(body, "message", read);
		free(read);
	} else if (text != NULL) {
		js_add_str(body, "message", text);
	}
	return author != NULL ? put_author(c, body, author) : CMD_OK;
}
