/* SPDX-License-Identifier: MIT */
/*
 * Cursors of lists: where the last page ended and not how far it was, so that
 * what comes and goes meanwhile is neither repeated nor left out.
 */
#include "daemon/api/cursor.h"

#include <string.h>

#include "lib/arena.h"
#include "lib/str.h"

const char *
cursor_text(struct arena *a, const char *key, const char *id)
{
	const char *both = arena_printf(a, "%s\n%s", key, id);
	char *hex = arena_alloc(a, 2 * strlen(both) + 1);

	str_hex(hex, both, strlen(both));
	return hex;
}

bool
cursor_read(struct arena *a, const char *text, const char **key,
    const char **id)
{
	size_t len = text != NULL ? strlen(text) / 2 : 0;
	char *both, *at;

	*key = *id = "";
	if (text == NULL)
		return true;
	both = arena_alloc(a, len + 1);
	if (strlen(text) % 2 != 0 || !str_unhex(both, len, text) ||
	    strlen(both) != len)
		return false;
	at = strchr(both, '\n');
	if (at == NULL)
		return false;
	*at = '\0';
	*key = both;
	*id = at + 1;
	return true;
}
