/* SPDX-License-Identifier: MIT */
/*
 * The objects of the HTTP API as this page uses them; docs/http-api.md
 * has all their fields.
 */

export interface Run {
	id: string;
	session_id: string;
	state: string;
	exit_code: number | null;
	signal: number | null;
	cause: string | null;
	cwd: string | null;
	/* Of its terminal, or the last one it had. */
	cols: number | null;
	rows: number | null;
	log_bytes: number;
	started_at: number | null;
	/* A signal has stopped its program; it can go on. */
	stopped: boolean;
	stopped_at: number | null;
	ended_at: number | null;
}

export interface Session {
	id: string;
	name: string;
	status: "active" | "suspended" | "closed";
	project_path: string | null;
	folder_id: string | null;
	worktree_branch: string | null;
	repo_path: string | null;
	/* "shell", "tmux" or "tmux-attached". */
	terminal_type: string;
	command: string[] | null;
	/* Its programs may write the clipboard of who looks. */
	clipboard: boolean;
	last_activity_at: number | null;
	created_at: number;
	closed_at: number | null;
	run: Run | null;
	/* By its hooks, of what runs in it. */
	agent_status?: string | null;
}

/* What a tmux server has; without a session it is nobody's here. */
export interface TmuxSession {
	name: string;
	attached: number;
	windows: number;
	session_id: string | null;
}

export interface Folder {
	id: string;
	name: string;
	parent_id: string | null;
	collapsed: boolean;
	sort_order: number;
}

export interface User {
	id: string;
	name: string;
}

/* A link to a session's terminal, as its owner sees it. */
export interface ShareLink {
	id: string;
	session_id: string;
	mode: "read" | "write";
	label: string;
	/* What was before is shown too. */
	history: boolean;
	created_at: number;
	expires_at: number;
	uses: number;
	last_used_at: number | null;
	/* Shown once, by the answer that makes it. */
	path?: string | null;
}

/* What a link was exchanged for. */
export interface OpenedLink {
	/* Opens the terminal once. */
	token: string;
	session_id: string;
	name: string;
	owner: string;
	mode: "read" | "write";
	label: string;
	expires_at: number;
}

export interface NewSession {
	name: string;
	folder_id?: string;
	project_path?: string;
	repo_path?: string;
	worktree_branch?: string;
	base_branch?: string;
	create_worktree?: boolean;
	shell_command?: string;
	terminal_type?: "tmux";
	command?: string[];
}
