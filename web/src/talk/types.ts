/* SPDX-License-Identifier: MIT */
/*
 * Conversations as the HTTP API tells them; docs/http-api.md has the rest. Of
 * entries the page knows some kinds and shows of any other what it says.
 */

export interface Conversation {
	id: string;
	workspace_id: string;
	name: string;
	status: string;
	agent: string;
	profile: string;
	created_at: number;
	/* In its workspace, perhaps for another conversation. */
	at_work?: { conversation_id: string; turn_id: string;
		stopping: string | null; agent_status?: string | null };
}

export interface Turn {
	id: string;
	prompt: string;
	state: string;
	cause: string | null;
	run_id: string | null;
	unasked: string | null; /* by what its agent asks nobody */
	/* A reset went back behind it. */
	dropped: boolean;
	created_at: number;
	ended_at: number | null;
}

/* A step of what is done for a turn: setup, agent, cleanup, commit. */
export interface Link {
	kind: string;
	repo_id: string | null;
	state: string;
	cause: string | null;
	run_id: string | null;
}

export interface WholeTurn extends Turn {
	chain: { state: string; cause: string | null; ended_at: number | null;
	    links: Link[] };
}

/* A message that waits. */
export interface Queued {
	id: string;
	prompt: string;
	blocked: string | null; /* why it was not taken in its turn */
	created_at: number;
}

export interface Question {
	question: string;
	header?: string;
	options?: { label: string; description?: string }[];
	multiSelect?: boolean;
}

export interface Answer {
	question: string;
	answer: string[];
}

/* All of its text but `asked` comes spelled out (docs/approvals.md). */
export interface Approval {
	id: string;
	session_id: string;
	run_id: string;
	kind: "tool" | "question" | "plan";
	state: string;
	tool: string;
	command: string | null;
	input: string | null;
	cwd: string;
	environment: string[];
	profile: string;
	/* Of questions and plans, as it came. */
	asked: unknown;
	digest: string;
	reason: string | null;
	flags: string[];
	repeats: number;
	created_at: number;
	deadline_at: number;
	decided_at: number | null;
	decided_via: string | null;
}

export interface Readiness {
	state: "ready" | "installed" | "sign_in" | "refused" | "missing";
	/* What a person has to do first. */
	needs: string | null;
}

export interface Agent extends Readiness {
	name: string;
	help: string;
	/* In its sandbox, where it has a home and a sign-in of its own. */
	confined?: Readiness;
}

export interface Todo {
	content: string;
	status: string;
}

/* What a tool does, or has done. */
export interface Action {
	action: string;
	[key: string]: unknown;
}

export interface EntryType {
	type: string;
	tool_name?: string;
	action_type?: Action;
	status?: { status: string; reason?: string | null };
	error_type?: { type: string };
	denied_tool?: string;
	answers?: unknown;
	total_tokens?: number;
	model_context_window?: number;
}

export interface Entry {
	entry_type: EntryType;
	content: string;
}

/* null: it was lost. */
export type Slot = Entry | null;

export interface Page {
	total: number;
	before: number | null;
	items: { index: number; entry: Slot }[];
}
