/* SPDX-License-Identifier: MIT */
/*
 * The rows of variants, told: a page that knew the fields by itself would be
 * wrong with the next agent. Nothing is judged by it; variant.c judges.
 */
#include "daemon/agent/variantform.h"

#include <stdio.h>
#include <string.h>

#include "daemon/agent/variantrows.h"
#include "lib/js.h"

static const char *const kinds[] = {
	[VARIANT_TEXT] = "text",
	[VARIANT_BOOL] = "flag",
	[VARIANT_TEXTS] = "texts",
	[VARIANT_PAIRS] = "pairs",
	[VARIANT_WORD] = "word",
};

static struct js *
words_of(const char *words)
{
	struct js *list = js_array();
	char word[40];

	while (words != NULL && *words != '\0') {
		size_t n = strcspn(words, "|");

		(void)snprintf(word, sizeof(word), "%.*s", (int)n, words);
		js_push_str(list, word);
		words += n + (words[n] == '|');
	}
	return list;
}

static const char *
choice_of(const struct variant_row *row, const char *field)
{
	const struct {
		const char *field, *choice;
	} all[] = { { row->model, "model_id" }, { row->mode, "agent_id" },
		{ row->reasoning, "reasoning_id" } };

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		if (all[i].field != NULL && strcmp(all[i].field, field) == 0)
			return all[i].choice;
	return NULL;
}

static void
put_fields(struct js *list, const struct variant_row *row,
    const struct variant_field *f)
{
	struct js *o;

	for (; f->name != NULL; f++) {
		o = js_object();
		js_add_str(o, "name", f->name);
		js_add_str(o, "kind", kinds[f->kind]);
		js_add(o, "words", words_of(f->words));
		js_add_str(o, "choice", choice_of(row, f->name));
		js_push(list, o);
	}
}

static struct js *
policies_of(const struct variant_row *row)
{
	struct js *list = js_array();

	if (row->automatic[0].field != NULL)
		js_push_str(list, "AUTO");
	if (row->supervised[0].field != NULL)
		js_push_str(list, "SUPERVISED");
	if (row->plan[0].field != NULL)
		js_push_str(list, "PLAN");
	return list;
}

struct js *
variantform(void)
{
	const struct variant_row *row;
	struct js *all = js_array(), *o, *fields;

	for (size_t i = 0; (row = variant_row(i)) != NULL; i++) {
		fields = js_array();
		put_fields(fields, row, row->fields);
		put_fields(fields, row, variant_common);
		o = js_object();
		js_add_str(o, "agent", row->agent);
		js_add(o, "fields", fields);
		js_add(o, "policies", policies_of(row));
		js_push(all, o);
	}
	return all;
}
