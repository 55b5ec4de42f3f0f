/* SPDX-License-Identifier: MIT */
/*
 * Which sides of a merge have a file that is in conflict. git numbers them: 1
 * is where both come from, 2 is ours and 3 theirs.
 */
#include "git-worker/stages.h"

#include <string.h>

/* A bit for each of them. */
static const char *const words[] = {
	[1 << STAGE_BASE] = "both deleted",
	[1 << STAGE_OURS] = "added by us",
	[1 << STAGE_THEIRS] = "added by them",
	[1 << STAGE_BASE | 1 << STAGE_OURS] = "deleted by them",
	[1 << STAGE_BASE | 1 << STAGE_THEIRS] = "deleted by us",
	[1 << STAGE_OURS | 1 << STAGE_THEIRS] = "both added",
	[1 << STAGE_BASE | 1 << STAGE_OURS | 1 << STAGE_THEIRS] =
	    "both modified",
};

/* False when it is none. */
static bool
read_stage(const char *record, unsigned *stage, const char **path)
{
	const char *tab = strchr(record, '\t');

	if (tab == NULL || tab - record < 2 || tab[-1] < '1' || tab[-1] > '3')
		return false;
	*stage = (unsigned)(tab[-1] - '0');
	*path = tab + 1;
	return true;
}

bool
stages_next(struct stages *s)
{
	const char *path, *nul;
	unsigned stage;

	s->path = NULL;
	memset(s->record, 0, sizeof(s->record));
	while (s->at < s->end) {
		nul = memchr(s->at, '\0', (size_t)(s->end - s->at));
		if (nul == NULL || !read_stage(s->at, &stage, &path) ||
		    (s->path != NULL && strcmp(path, s->path) != 0))
			break;
		s->path = path;
		s->record[stage] = s->at;
		s->at = nul + 1;
	}
	return s->path != NULL;
}

const char *
stages_words(const struct stages *s)
{
	unsigned seen = 0;

	for (unsigned i = STAGE_BASE; i < STAGES; i++)
		if (s->record[i] != NULL)
			seen |= 1u << i;
	return words[seen];
}
