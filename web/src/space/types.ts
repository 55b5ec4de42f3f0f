/* SPDX-License-Identifier: MIT */
/*
 * Workspaces and what their worktrees hold, as the HTTP API tells it;
 * docs/http-api.md has the rest. Every name comes in two spellings: as text,
 * and as its bytes where text cannot say it.
 */

export interface Repo {
	id: string;
	path: string;
	name: string;
	default_base: string | null;
}

/* One repository's worktree in a workspace. */
export interface Part {
	repo_id: string;
	repo_path: string;
	name: string;
	path: string;
	base: string | null;
	branch: string | null;
	/* null: there is no worktree of it. */
	state: string | null;
}

export interface WorkspaceRow {
	id: string;
	name: string;
	branch: string;
	directory: string;
	state: string;
	cause: string | null;
	pinned: boolean;
	archived: boolean;
	created_at: number;
}

export interface Workspace extends WorkspaceRow {
	repos: Part[];
}

export interface NewWorkspace {
	name?: string;
	branch?: string;
	existing_branch?: boolean;
	repos: string[];
	bases?: Record<string, string>;
}

/* What stands in the way of a removal, by repository. */
export interface Obstacle {
	name: string;
	path: string;
	reasons: string[];
	why: string | null;
}

export interface Stat {
	from: string | null;
	files: number;
	added: number;
	removed: number;
	truncated: boolean;
	/* What is open in the worktree, whoever began it. */
	operation: string | null;
}

export interface Named {
	path: string;
	path_base64?: string;
}

export interface DiffFile extends Named {
	status: string;
	old_path?: string;
	old_path_base64?: string;
	binary: boolean;
	added: number | null;
	removed: number | null;
	old_mode: string | null;
	new_mode: string | null;
	/* Who runs it without being told to. */
	run_by?: string;
}

export interface DiffStat {
	from: string | null;
	to: string | null;
	files: DiffFile[];
	total: number;
	next: number | null;
	added: number;
	removed: number;
	truncated: boolean;
	/* Not all was looked at: the numbers are at least that. */
	partial: boolean;
	/* Of two pages: the same is the same state of the tree. */
	as_of: string;
}

export interface Hunk {
	old_start: number;
	old_lines: number;
	new_start: number;
	new_lines: number;
	section: string | null;
	/* Each begins with ' ', '+', '-' or '\'. */
	lines: string[];
	/* Some line was too long and is shortened. */
	cut: boolean;
}

export interface FileDiff extends DiffFile {
	truncated: boolean;
	/* Of a very large file only so many bytes of each side were compared. */
	looked?: number | null;
	hunks: Hunk[];
}

export interface TreeEntry {
	name: string;
	name_base64?: string;
	mode: string;
	type: "tree" | "blob" | "commit";
	oid: string;
	size: number | null;
}

export interface TreePage {
	entries: TreeEntry[];
	total: number;
	next: number | null;
	truncated: boolean;
	commit: string;
}

export interface FileText extends Named {
	commit: string;
	size: number;
	binary: boolean;
	truncated: boolean;
	text: string | null;
}

export interface Commit {
	commit: string;
	parents: string[];
	author: string;
	author_email: string;
	/* Seconds since 1970. */
	authored_at: number;
	committed_at: number;
	subject: string;
	body: string;
	cut: boolean;
}

export interface LogPage {
	commits: Commit[];
	next: number | null;
}

/* Changes that were thrown away, and are kept. */
export interface Discarded {
	id: string;
	path: string;
	files: number;
	discarded_at: number;
}

/* Two commits, and how far each went since they parted. */
export interface Comparison {
	base: string;
	to: string;
	ahead: number;
	behind: number;
}

/* A merge or a rebase that rdv began. */
export interface Change {
	id: string;
	kind: string;
	branch: string | null;
	target: string | null;
	state: string;
	cause: string | null;
}

export interface Changed {
	changed: boolean;
	change: Change | null;
	conflicts: string[];
}

export interface Conflicted extends Named {
	conflict: string;
}

export interface Conflicts {
	/* What is open in the worktree, whoever began it. */
	operation: string | null;
	total: number;
	next: number | null;
	conflicts: Conflicted[];
}

/* A version that is not told is not there. */
export interface Conflict {
	versions: {
		version: "base" | "ours" | "theirs" | "working";
		binary: boolean;
		truncated: boolean;
		text: string | null;
	}[];
}

/* A push, fetch or pull. */
export interface Transfer {
	id: string;
	kind: "push" | "fetch" | "pull";
	path: string;
	repo_path: string;
	remote: string;
	branch: string | null;
	state: string;
	/* Somebody wishes that it ends. */
	cancelled: boolean;
	code: string | null;
	cause: string | null;
	/* null: none at work. */
	progress: { phase: string; percent: number | null } | null;
	created_at: number;
	updated_at: number;
}

/* A branch beside its upstream, as that was fetched last. */
export interface Ahead {
	branch: string | null;
	upstream: string | null;
	ahead: number | null;
	behind: number | null;
}
