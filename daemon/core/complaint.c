/* SPDX-License-Identifier: MIT */
/*
 * What git says when it fails, as one printable sentence for people and logs.
 */
#include "daemon/core/complaint.h"

#include <stdio.h>
#include <string.h>

#include "daemon/core/git.h"
#include "lib/str.h"

/* What is fatal comes after warnings and says why it ended. */
void
git_complaint(const struct git_result *r, char *out, size_t size)
{
	static const char *const heads[] = { "fatal: ", "error: " };
	const char *line = r->err, *found = NULL;
	size_t len;

	for (size_t i = 0; i < 2 && found == NULL; i++) {
		found = strstr(r->err, heads[i]);
		if (found != NULL)
			line = found + strlen(heads[i]);
	}
	len = strcspn(line, "\n");
	if (len == 0)
		(void)snprintf(out, size, "git ended with status %d",
		    r->status);
	else
		(void)str_escape(out, size, line, len);
}

bool
git_complains_of_lock(const struct git_result *r, char *out, size_t size)
{
	static const char head[] = "Unable to create '",
			  tail[] = ".lock': File exists.";
	const char *at = strstr(r->err, head), *end;

	if (at == NULL)
		return false;
	at += strlen(head);
	end = strstr(at, tail);
	if (end == NULL)
		return false;
	(void)str_escape(out, size, at, (size_t)(end - at) + strlen(".lock"));
	return true;
}
