/* SPDX-License-Identifier: MIT */
/*
 * Scopes as this door shows them: the words of auth/scope in an array.
 */
#include "daemon/api/scopes.h"

#include <stddef.h>

#include "daemon/auth/scope.h"
#include "lib/js.h"

struct js *
api_scopes_json(uint32_t bits)
{
	struct js *list = js_array();

	for (const struct scope_word *w = scope_words; w->name != NULL; w++) {
		if ((bits & w->bits) != w->bits)
			continue;
		bits &= ~w->bits;
		js_push_str(list, w->name);
	}
	return list;
}
