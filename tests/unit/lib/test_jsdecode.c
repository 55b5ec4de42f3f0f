/* SPDX-License-Identifier: MIT */
/* Bodies by table: every kind of field, every way to get it wrong. */
#include "tests/unit/check.h"

#include <stdio.h>
#include <string.h>

#include "lib/arena.h"
#include "lib/err.h"
#include "lib/js.h"

struct input {
	uint64_t set;
	const char *name;
	const char *folder;
	int64_t size;
	bool on;
	const char **words;
	const char **env;
	const char *mode;
	const char *any;
};

enum { NAME, FOLDER, SIZE, ON, WORDS, ENV, MODE, ANY };

#define AT(member) offsetof(struct input, member)

static const struct js_field fields[] = {
	[NAME] = { .name = "name",
	    .kind = JS_TEXT,
	    .offset = AT(name),
	    .required = true,
	    .min = 1,
	    .max = 8 },
	[FOLDER] = { .name = "folder_id",
	    .alias = "folderId",
	    .kind = JS_TEXT,
	    .offset = AT(folder),
	    .nullable = true,
	    .max = 8 },
	[SIZE] = { .name = "size",
	    .kind = JS_INT,
	    .offset = AT(size),
	    .nullable = true,
	    .min = -5,
	    .max = 1000 },
	[ON] = { .name = "on", .kind = JS_BOOL, .offset = AT(on) },
	[WORDS] = { .name = "words",
	    .kind = JS_TEXTS,
	    .offset = AT(words),
	    .min = 1,
	    .max = 3 },
	[ENV] = { .name = "env",
	    .kind = JS_PAIRS,
	    .offset = AT(env),
	    .max = 2 },
	[MODE] = { .name = "mode",
	    .kind = JS_ONE_OF,
	    .offset = AT(mode),
	    .words = "read|write|a" },
	[ANY] = { .name = "any",
	    .kind = JS_JSON,
	    .offset = AT(any),
	    .min = 2,
	    .max = 16 },
	{ .name = NULL },
};

static struct arena *arena;
static struct input in;
static struct js_error err;

static int
setup(void **state)
{
	(void)state;
	arena = arena_new();
	memset(&in, 0, sizeof(in));
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	arena_free(arena);
	return 0;
}

static int
decode(const char *body)
{
	return js_decode(arena, body, strlen(body), fields, &in, &err);
}

static void
fills_every_kind(void **state)
{
	(void)state;
	assert_int_equal(decode("{\"name\":\"n\",\"folderId\":\"f\","
				"\"size\":1000,\"on\":true,"
				"\"words\":[\"a\",\"\"],"
				"\"env\":{\"K\":\"v\",\"L\":\"\"},"
				"\"mode\":\"write\","
				"\"any\": {\"a\" : [1, null]}}"),
	    0);
	assert_int_equal(in.set, 0xff);
	assert_string_equal(in.any, "{\"a\":[1,null]}");
	assert_string_equal(in.name, "n");
	assert_string_equal(in.folder, "f");
	assert_int_equal(in.size, 1000);
	assert_true(in.on);
	assert_string_equal(in.words[0], "a");
	assert_string_equal(in.words[1], "");
	assert_null(in.words[2]);
	assert_string_equal(in.env[0], "K");
	assert_string_equal(in.env[1], "v");
	assert_string_equal(in.env[2], "L");
	assert_string_equal(in.env[3], "");
	assert_null(in.env[4]);
	assert_string_equal(in.mode, "write");
}

static void
absent_is_not_null(void **state)
{
	(void)state;
	in.folder = "old";
	in.size = 7;
	assert_int_equal(decode("{\"name\":\"n\"}"), 0);
	assert_int_equal(in.set, 1u << NAME);
	assert_string_equal(in.folder, "old");
	assert_true(JS_SET(&in, NAME) && !JS_SET(&in, FOLDER));
	assert_int_equal(decode("{\"name\":\"n\",\"folder_id\":null,"
				"\"size\":null}"),
	    0);
	assert_true(JS_SET(&in, FOLDER) && JS_SET(&in, SIZE));
	assert_null(in.folder);
	assert_int_equal(in.size, 7);
}

/* The first thing wrong with a body, and where. */
static const struct {
	const char *body, *code, *field;
} refusals[] = {
	{ "{", "INVALID_JSON", "" },
	{ "{\"name\":\"n\"}}", "INVALID_JSON", "" },
	{ "{\"name\":\"n\",\"name\":\"n\"}", "INVALID_JSON", "" },
	{ "[]", "WRONG_TYPE", "" },
	{ "\"n\"", "WRONG_TYPE", "" },
	{ "null", "WRONG_TYPE", "" },
	{ "", "MISSING_FIELD", "name" },
	{ "{}", "MISSING_FIELD", "name" },
	{ "{\"name\":\"n\",\"admin\":true}", "UNKNOWN_FIELD", "admin" },
	{ "{\"name\":\"n\",\"a\\n\":1}", "UNKNOWN_FIELD", "a\\n" },
	{ "{\"Name\":\"n\"}", "UNKNOWN_FIELD", "Name" },
	{ "{\"name\":\"n\",\"folder_id\":\"a\",\"folderId\":\"b\"}",
	    "DUPLICATE_FIELD", "folder_id" },
	{ "{\"name\":1}", "WRONG_TYPE", "name" },
	{ "{\"name\":null}", "WRONG_TYPE", "name" },
	{ "{\"name\":\"\"}", "OUT_OF_RANGE", "name" },
	{ "{\"name\":\"123456789\"}", "OUT_OF_RANGE", "name" },
	{ "{\"name\":\"n\",\"folderId\":7}", "WRONG_TYPE", "folder_id" },
	{ "{\"name\":\"n\",\"size\":\"1\"}", "WRONG_TYPE", "size" },
	{ "{\"name\":\"n\",\"size\":1.0}", "WRONG_TYPE", "size" },
	{ "{\"name\":\"n\",\"size\":1001}", "OUT_OF_RANGE", "size" },
	{ "{\"name\":\"n\",\"size\":-6}", "OUT_OF_RANGE", "size" },
	{ "{\"name\":\"n\",\"on\":1}", "WRONG_TYPE", "on" },
	{ "{\"name\":\"n\",\"on\":null}", "WRONG_TYPE", "on" },
	{ "{\"name\":\"n\",\"words\":\"a\"}", "WRONG_TYPE", "words" },
	{ "{\"name\":\"n\",\"words\":[]}", "OUT_OF_RANGE", "words" },
	{ "{\"name\":\"n\",\"words\":[\"\",\"\",\"\",\"\"]}", "OUT_OF_RANGE",
	    "words" },
	{ "{\"name\":\"n\",\"words\":[\"a\",2]}", "WRONG_TYPE", "words[1]" },
	{ "{\"name\":\"n\",\"env\":[]}", "WRONG_TYPE", "env" },
	{ "{\"name\":\"n\",\"env\":{\"K\":1}}", "WRONG_TYPE", "env.K" },
	{ "{\"name\":\"n\",\"env\":{\"K\":null}}", "WRONG_TYPE", "env.K" },
	{ "{\"name\":\"n\",\"env\":{\"1\":\"\",\"2\":\"\",\"3\":\"\"}}",
	    "OUT_OF_RANGE", "env" },
	{ "{\"name\":\"n\",\"mode\":\"rea\"}", "OUT_OF_RANGE", "mode" },
	{ "{\"name\":\"n\",\"mode\":\"\"}", "OUT_OF_RANGE", "mode" },
	{ "{\"name\":\"n\",\"mode\":\"read|write\"}", "OUT_OF_RANGE", "mode" },
	{ "{\"name\":\"n\",\"mode\":1}", "WRONG_TYPE", "mode" },
	{ "{\"name\":\"n\",\"any\":1}", "WRONG_TYPE", "any" },
	{ "{\"name\":\"n\",\"any\":null}", "WRONG_TYPE", "any" },
	{ "{\"name\":\"n\",\"any\":[\"12345678901234\"]}", "OUT_OF_RANGE",
	    "any" },
};

static void
abuse_L06_names_what_is_wrong(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++) {
		assert_int_equal(decode(refusals[i].body), RDV_E_INVALID);
		assert_string_equal(err.code, refusals[i].code);
		assert_string_equal(err.field, refusals[i].field);
		assert_string_not_equal(err.why, "");
	}
}

static void
bounds_are_inclusive(void **state)
{
	static const char *const good[] = { "{\"name\":\"12345678\"}",
		"{\"name\":\"1\",\"size\":-5}",
		"{\"name\":\"\xc3\xbc\xc3\xbc\xc3\xbc\xc3\xbc\"}",
		"{\"name\":\"1\",\"words\":[\"1\",\"2\",\"3\"]}",
		"{\"name\":\"1\",\"env\":{}}",
		"{\"name\":\"1\",\"mode\":\"a\"}",
		"{\"name\":\"1\",\"mode\":\"read\"}" };
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		assert_int_equal(decode(good[i]), 0);
}

static void
long_names_are_cut_in_the_error(void **state)
{
	char body[400];

	(void)state;
	snprintf(body, sizeof(body), "{\"%0300d\":1}", 0);
	assert_int_equal(decode(body), RDV_E_INVALID);
	assert_string_equal(err.code, "UNKNOWN_FIELD");
	assert_int_equal(strlen(err.field), sizeof(err.field) - 1);
	assert_string_equal(err.field + strlen(err.field) - 3, "...");
	snprintf(body, sizeof(body), "{\"name\":\"n\",\"env\":{\"%0300d\":1}}",
	    0);
	assert_int_equal(decode(body), RDV_E_INVALID);
	assert_memory_equal(err.field, "env.000", 7);
}

#define DECODE_TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		DECODE_TEST(fills_every_kind),
		DECODE_TEST(absent_is_not_null),
		DECODE_TEST(abuse_L06_names_what_is_wrong),
		DECODE_TEST(bounds_are_inclusive),
		DECODE_TEST(long_names_are_cut_in_the_error),
	};

	return CHECK_RUN("jsdecode", tests);
}
