/* SPDX-License-Identifier: MIT */
/*
 * What rdv-git answers. It comes from a process of the user's, so every byte is
 * judged here, and a text can bring nothing into a log or a terminal that does
 * not belong there.
 */
#include "lib/gitproto.h"

#include <string.h>

#include "lib/buf.h"
#include "lib/err.h"
#include "lib/str.h"

#define BUILD_MAX 64

void
gitproto_put_build(struct buf *b, const char *build)
{
	buf_put_str(b, build);
}

void
gitproto_put(struct buf *b, const struct git_fact *f)
{
	buf_put_u8(b, f->found);
	buf_put_u8(b, f->flags);
	buf_put_str(b, f->text);
}

/* Sentences are shown; a path is only ever handed back to that user's git. */
static void
make_printable(char *text)
{
	char raw[GITPROTO_TEXT_MAX + 1];
	const size_t len = strlen(text);
	bool plain = str_utf8_valid(text, len);

	for (size_t i = 0; i < len && plain; i++)
		plain = (unsigned char)text[i] >= 0x20 && text[i] != 0x7f;
	if (plain)
		return;
	memcpy(raw, text, len + 1);
	(void)str_escape(text, GITPROTO_TEXT_MAX + 1, raw, len);
}

static bool
get(struct buf *b, struct git_fact *f)
{
	if (!buf_get_u8(b, &f->found) || !buf_get_u8(b, &f->flags) ||
	    !buf_get_str(b, f->text, GITPROTO_TEXT_MAX) ||
	    f->found >= GIT_FOUND_MAX)
		return false;
	if (f->found != GIT_FOUND)
		make_printable(f->text);
	return true;
}

int
gitproto_get(struct buf *b, const char *build, struct git_fact *const *f,
    size_t n)
{
	char theirs[BUILD_MAX + 1];

	if (!buf_get_str(b, theirs, BUILD_MAX))
		return RDV_E_MALFORMED;
	if (strcmp(theirs, build) != 0)
		return RDV_E_NEWER;
	for (size_t i = 0; i < n; i++)
		if (!get(b, f[i]))
			return RDV_E_MALFORMED;
	return buf_end(b) ? 0 : RDV_E_MALFORMED;
}

bool
gitproto_is_midway(const char *text)
{
	static const char *const names[] = { "rebase", "rebase or am", "merge",
		"cherry-pick", "revert", "cherry-pick or revert", "bisect" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(text, names[i]) == 0)
			return true;
	return false;
}
