/* SPDX-License-Identifier: MIT */
/*
 * What a tool does in a few words, and of what it was told and has said the
 * parts that are shown when it is unfolded. An action that is not known here is
 * shown as the JSON that it is.
 */

import type { Action, Answer, Entry, Question, Todo } from "./types.ts";

export type Part =
	| { kind: "command" | "output" | "markdown" | "patch"; text: string }
	| { kind: "note"; text: string }
	| { kind: "todos"; todos: Todo[] }
	| { kind: "questions"; questions: Question[] };

type Row = (a: Action) => Part[];

function text(v: unknown): string {
	return typeof v === "string" ? v : "";
}

function rows(v: unknown): Record<string, unknown>[] {
	return Array.isArray(v) ? v.filter((x) => typeof x === "object" &&
	    x !== null) : [];
}

function json(v: unknown): string {
	return JSON.stringify(v, null, 2) ?? "";
}

/* How a command ended: {type, code} or {type, success}. */
function ended(v: unknown): string {
	const { code, success } = (v ?? {}) as
	    { code?: number; success?: boolean };

	if (code !== undefined)
		return `exit code ${code}`;
	return success === false ? "it failed" : "";
}

function ran(v: unknown): Part[] {
	const { output, exit_status } = (v ?? {}) as Record<string, unknown>;
	const how = ended(exit_status);

	return [
		...text(output) !== "" ? [{ kind: "output" as const,
		    text: text(output) }] : [],
		...how !== "" ? [{ kind: "note" as const, text: how }] : [],
	];
}

/* {type: {type: "markdown" | "json"}, value} */
function result(v: unknown): Part[] {
	const { type, value } = (v ?? {}) as
	    { type?: { type?: string }; value?: unknown };

	if (v === null || v === undefined)
		return [];
	return typeof value === "string" && type?.type === "markdown"
	    ? [{ kind: "markdown", text: value }]
	    : [{ kind: "output", text: typeof value === "string" ? value
	        : json(value ?? v) }];
}

function edit(c: Record<string, unknown>): Part {
	if (c.action === "edit")
		return { kind: "patch", text: text(c.unified_diff) };
	if (c.action === "write")
		return { kind: "output", text: text(c.content) };
	if (c.action === "rename")
		return { kind: "note", text: `renamed to ${text(c.new_path)}` };
	return { kind: "note", text: c.action === "delete" ? "deleted"
	    : json(c) };
}

export function questionsOf(v: unknown): Question[] {
	return rows(v).map((q) => ({ question: text(q.question),
	    header: text(q.header), multiSelect: q.multiSelect === true,
	    options: rows(q.options).map((o) => ({ label: text(o.label),
	        description: text(o.description) })) }))
	    .filter((q) => q.question !== "");
}

export function answersOf(v: unknown): Answer[] {
	return rows(v).map((a) => ({ question: text(a.question),
	    answer: Array.isArray(a.answer) ? a.answer.map(String)
	        : [String(a.answer ?? "")] }));
}

const actions: Record<string, Row> = {
	command_run: (a) => [{ kind: "command", text: text(a.command) },
	    ...ran(a.result)],
	file_edit: (a) => rows(a.changes).map(edit),
	file_read: () => [],
	search: () => [],
	web_fetch: () => [],
	task_create: (a) => [{ kind: "markdown", text: text(a.description) },
	    ...result(a.result)],
	plan_presentation: (a) => [{ kind: "markdown", text: text(a.plan) }],
	todo_management: (a) => [{ kind: "todos", todos: rows(a.todos)
	    .map((t) => ({ content: text(t.content), status: text(t.status) })) }],
	ask_user_question: (a) => [{ kind: "questions",
	    questions: questionsOf(a.questions) }],
	tool: (a) => [
		...a.arguments === null || a.arguments === undefined ? []
		    : [{ kind: "output" as const, text: json(a.arguments) }],
		...result(a.result),
	],
	other: (a) => [{ kind: "note", text: text(a.description) }],
};

export function partsOf(entry: Entry): Part[] {
	const { action_type: a } = entry.entry_type;

	if (a === undefined)
		return [{ kind: "output", text: json(entry) }];
	return (Object.hasOwn(actions, a.action) ? actions[a.action]!(a)
	    : [{ kind: "output" as const, text: json(a) }])
	    .filter((p) => !("text" in p) || p.text !== "");
}

/* What a person should see without unfolding it. */
const open = new Set(["plan_presentation", "todo_management",
    "ask_user_question"]);

export function isOpen(entry: Entry): boolean {
	return open.has(entry.entry_type.action_type?.action ?? "");
}

export interface Status {
	word: string;
	tone: string;
}

const statuses: Record<string, Status> = {
	created: { word: "at work", tone: "busy" },
	success: { word: "done", tone: "rest" },
	failed: { word: "failed", tone: "bad" },
	denied: { word: "denied", tone: "bad" },
	pending_approval: { word: "waits for you", tone: "busy" },
	timed_out: { word: "nobody decided in time", tone: "bad" },
};

export function statusOf(entry: Entry): Status {
	const { status = "" } = entry.entry_type.status ?? {};

	return Object.hasOwn(statuses, status) ? statuses[status]!
	    : { word: status, tone: "rest" };
}

/* Lines that come and go in a unified diff. */
export function counts(entry: Entry): { added: number; removed: number } {
	let added = 0, removed = 0;

	for (const part of entry.entry_type.action_type?.action === "file_edit"
	    ? partsOf(entry) : [])
		for (const line of part.kind === "patch"
		    ? part.text.split("\n") : []) {
			added += Number(/^\+(?!\+\+ )/.test(line));
			removed += Number(/^-(?!-- )/.test(line));
		}
	return { added, removed };
}
