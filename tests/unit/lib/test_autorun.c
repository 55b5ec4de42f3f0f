/* SPDX-License-Identifier: MIT */
/*
 * Which changed files are marked as run by others (abuse I21), and which are
 * not, however alike.
 */
#include "tests/unit/check.h"

#include <string.h>

#include "lib/autorun.h"

static const struct {
	const char *path, *by; /* NULL: nobody */
} paths[] = {
	{ ".envrc", "direnv" },
	{ "a/b/.envrc", "direnv" },
	{ ".ENVRC", "direnv" },
	{ ".vscode/tasks.json", "VS Code" },
	{ "sub/.vscode/deep/er.json", "VS Code" },
	{ ".vscode/", "VS Code" },
	{ "web/package.json", "npm" },
	{ ".github/workflows/ci.yml", "GitHub" },
	{ ".claude/settings.json", "Claude Code" },
	{ "", NULL },
	{ "envrc", NULL },
	{ "my.envrc", NULL },
	{ ".envrc.md", NULL },
	{ ".envrc/file", NULL },
	{ "x.vscode/tasks.json", NULL },
	{ ".vscode", NULL },
	{ "package.json5", NULL },
	{ ".github/CODEOWNERS", NULL },
	{ "workflows/ci.yml", NULL },
};

static void
abuse_I21_marks(void **state)
{
	const char *by;

	(void)state;
	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
		by = autorun_by(paths[i].path);
		if (paths[i].by == NULL) {
			if (by != NULL)
				fail_msg("%s: %s", paths[i].path, by);
		} else if (by == NULL || strcmp(by, paths[i].by) != 0) {
			fail_msg("%s: %s", paths[i].path, by ? by : "nobody");
		}
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(abuse_I21_marks),
	};

	return CHECK_RUN("autorun", tests);
}
