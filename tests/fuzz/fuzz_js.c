/* SPDX-License-Identifier: MIT */
/*
 * Request bodies, decoded by a table with every kind of field. Invariant:
 * refused with a code, or every field that was set keeps its bounds; and what
 * the parser takes, written and read again, is the same.
 */
#include "tests/fuzz/fuzz.h"

#include <string.h>

#include "lib/arena.h"
#include "lib/buf.h"
#include "lib/err.h"
#include "lib/js.h"
#include "lib/str.h"

struct input {
	uint64_t set;
	const char *text, *one, *any;
	int64_t num;
	bool flag;
	const char **texts, **pairs;
};

#define AT(member) offsetof(struct input, member)

static const struct js_field fields[] = {
	{ "text", "t", JS_TEXT, AT(text), false, true, 1, 8, NULL, NULL },
	{ "num", NULL, JS_INT, AT(num), false, true, -3, 9, NULL, NULL },
	{ "flag", NULL, JS_BOOL, AT(flag), false, false, 0, 0, NULL, NULL },
	{ "texts", NULL, JS_TEXTS, AT(texts), false, false, 0, 3, NULL, NULL },
	{ "pairs", NULL, JS_PAIRS, AT(pairs), false, false, 0, 2, NULL, NULL },
	{ "one", NULL, JS_ONE_OF, AT(one), false, false, 0, 0, "a|bc", NULL },
	{ "any", NULL, JS_JSON, AT(any), false, false, 2, 16, NULL, NULL },
	{ NULL, NULL, JS_TEXT, 0, false, false, 0, 0, NULL, NULL },
};

static size_t
count(const char **list)
{
	size_t n = 0;

	for (; list != NULL && list[n] != NULL; n++)
		FUZZ_CHECK(str_utf8_valid(list[n], strlen(list[n])));
	return n;
}

static void
check_decode(const char *text, size_t size)
{
	struct input in = { .flag = true };
	struct arena *a = arena_new();
	struct js_error err = { .code = NULL };

	if (js_decode(a, text, size, fields, &in, &err) != 0) {
		FUZZ_CHECK(err.code != NULL && err.why[0] != '\0');
	} else {
		FUZZ_CHECK(in.text == NULL ||
			   (in.text[0] != '\0' && strlen(in.text) <= 8));
		FUZZ_CHECK(in.num >= -3 && in.num <= 9);
		FUZZ_CHECK(count(in.texts) <= 3 && count(in.pairs) <= 4);
		FUZZ_CHECK(count(in.pairs) % 2 == 0);
		FUZZ_CHECK(in.one == NULL || strcmp(in.one, "a") == 0 ||
			   strcmp(in.one, "bc") == 0);
		FUZZ_CHECK(in.any == NULL ||
			   (strlen(in.any) <= 16 && strchr("{[", *in.any)));
	}
	arena_free(a);
}

/* Text to value to text reaches a fixed point after the first writing. */
static void
check_writing(const char *text, size_t size)
{
	struct buf first, second;
	char why[64];
	struct js *v;

	v = js_parse(text, size, why, sizeof(why));
	if (v == NULL)
		return;
	buf_init(&first, 16 << 20);
	buf_init(&second, 16 << 20);
	js_dump(v, &first);
	js_free(v);
	v = js_parse(buf_cstr(&first), first.len, why, sizeof(why));
	FUZZ_CHECK(buf_ok(&first) && v != NULL);
	js_dump(v, &second);
	js_free(v);
	FUZZ_CHECK(strcmp(buf_cstr(&first), buf_cstr(&second)) == 0);
	buf_done(&first);
	buf_done(&second);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	check_decode((const char *)data, size);
	check_writing((const char *)data, size);
	return 0;
}
