/* SPDX-License-Identifier: MIT */
/* Whatever a worker says, it gets the form that was promised, or is refused. */
#include "tests/unit/check.h"

#include <string.h>

#include "daemon/core/gitshape.h"
#include "lib/buf.h"
#include "lib/js.h"

static const struct shape inner[] = {
	{ "name", SHAPE_TEXT, NULL },
	{ NULL, SHAPE_TEXT, NULL },
};
static const struct shape shape[] = {
	{ "n", SHAPE_NUMBER, NULL },
	{ "on", SHAPE_FLAG, NULL },
	{ "text", SHAPE_TEXT, NULL },
	{ "words", SHAPE_TEXTS, NULL },
	{ "list", SHAPE_OBJECTS, inner },
	{ NULL, SHAPE_TEXT, NULL },
};

/* What it becomes; NULL: it is refused. */
static void
becomes(const char *said, const char *text)
{
	char why[120];
	struct js *v = js_parse(said, strlen(said), why, sizeof(why));
	struct js *copy = shape_copy(shape, v);
	struct buf b;

	assert_non_null(v);
	buf_init(&b, 4096);
	if (copy != NULL)
		js_dump(copy, &b);
	if (text == NULL && copy != NULL)
		fail_msg("%s is taken", said);
	if (text != NULL)
		assert_string_equal(buf_cstr(&b), text);
	buf_done(&b);
	js_free(copy);
	js_free(v);
}

static void
what_is_promised(void **state)
{
	(void)state;
	becomes("{\"text\":\"a\",\"n\":-3,\"on\":false,\"words\":[\"x\"],"
		"\"list\":[{\"name\":\"b\"},{}]}",
	    "{\"n\":-3,\"on\":false,\"text\":\"a\",\"words\":[\"x\"],"
	    "\"list\":[{\"name\":\"b\"},{}]}");
	becomes("{\"n\":null,\"list\":null}", "{\"n\":null,\"list\":null}");
	becomes("{}", "{}");
}

static void
what_is_not_is_left_out(void **state)
{
	(void)state;
	becomes("{\"more\":1,\"list\":[{\"name\":\"b\",\"more\":{}}]}",
	    "{\"list\":[{\"name\":\"b\"}]}");
}

static void
another_kind_is_refused(void **state)
{
	static const char *const said[] = { "[]", "{\"n\":\"1\"}",
		"{\"n\":1.5}", "{\"on\":1}", "{\"text\":{}}",
		"{\"words\":\"x\"}", "{\"words\":[1]}", "{\"words\":{}}",
		"{\"list\":{}}", "{\"list\":[1]}",
		"{\"list\":[{\"name\":1}]}" };

	(void)state;
	for (size_t i = 0; i < sizeof(said) / sizeof(said[0]); i++)
		becomes(said[i], NULL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_promised),
		cmocka_unit_test(what_is_not_is_left_out),
		cmocka_unit_test(another_kind_is_refused),
	};

	return CHECK_RUN("core/gitshape", tests);
}
