/* SPDX-License-Identifier: MIT */
/*
 * Files that other programs run by themselves: who opens, enters, installs or
 * pushes a worktree, unconfined, runs what a confined agent wrote there (abuse
 * I21). A mark is for whoever looks at what has changed, and no guard: a name
 * that is not here is not harmless. Invariant: what a file system that folds
 * case would take for one of them is marked, too.
 */
#include "lib/autorun.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <strings.h>

/* With "/": a directory anywhere in the path; without: its last names. */
static const struct {
	const char *name, *by;
} rows[] = {
	{ ".envrc", "direnv" },
	{ "mise.toml", "mise" },
	{ ".mise.toml", "mise" },
	{ ".vscode/", "VS Code" },
	{ ".idea/", "JetBrains" },
	{ ".zed/", "Zed" },
	{ ".devcontainer/", "dev containers" },
	{ ".devcontainer.json", "dev containers" },
	{ ".exrc", "vim" },
	{ ".vimrc", "vim" },
	{ ".nvimrc", "Neovim" },
	{ ".nvim.lua", "Neovim" },
	{ ".dir-locals.el", "Emacs" },
	{ "package.json", "npm" },
	{ ".npmrc", "npm" },
	{ ".pnpmfile.cjs", "pnpm" },
	{ ".yarnrc.yml", "yarn" },
	{ ".yarn/", "yarn" },
	{ "build.rs", "cargo" },
	{ ".cargo/", "cargo" },
	{ ".husky/", "git hooks" },
	{ ".githooks/", "git hooks" },
	{ "lefthook.yml", "git hooks" },
	{ ".pre-commit-config.yaml", "git hooks" },
	{ ".claude/", "Claude Code" },
	{ ".codex/", "Codex" },
	{ ".gemini/", "Gemini" },
	{ ".qwen/", "Qwen" },
	{ ".cursor/", "Cursor" },
	{ ".opencode/", "OpenCode" },
	{ "opencode.json", "OpenCode" },
	{ ".mcp.json", "agents" },
	{ ".github/workflows/", "GitHub" },
	{ ".gitlab-ci.yml", "GitLab" },
};

/* At the start of `path` or of a name in it. */
static bool
has(const char *path, const char *name)
{
	const size_t len = strlen(name);
	const bool directory = name[len - 1] == '/';
	const char *at = path;

	while (at != NULL && *at != '\0') {
		if (strncasecmp(at, name, len) == 0 &&
		    (directory || at[len] == '\0'))
			return true;
		at = strchr(at, '/');
		if (at != NULL)
			at++;
	}
	return false;
}

const char *
autorun_by(const char *path)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (has(path, rows[i].name))
			return rows[i].by;
	return NULL;
}
