/* SPDX-License-Identifier: MIT */
/*
 * What the page does in a worktree. Each is one request to the public API with
 * a key of its own, and throws what the server said. What was looked at goes
 * along (`head`), so that nothing is done to what nobody has seen.
 */

import { change, get } from "../net/http.ts";
import type { Path } from "./name.ts";
import type {
	Change, Changed, Comparison, Conflict, Conflicts, DiffFile, Discarded,
} from "./types.ts";
import { target } from "./ask.ts";

/* null: all that has changed; "staged": what was staged elsewhere. */
export type Chosen = DiffFile[] | null | "staged";

export interface Committed {
	commit: string;
	hooks_not_run: string[];
	filters_not_run: boolean;
}

function post<T>(what: string, tree: string, body: object): Promise<T> {
	return change<T>("POST", `/api/worktrees/${what}`,
	    { worktree_path: tree, ...body });
}

/* Of a file with another name before, both names are what has changed. */
function chosen(what: Chosen): object {
	const paths: string[] = [], coded: string[] = [];
	const add = (text: string, bytes: string | undefined) =>
	    bytes === undefined ? paths.push(text) : coded.push(bytes);

	if (what === "staged")
		return {};
	if (what === null)
		return { all: true };
	for (const f of what) {
		add(f.path, f.path_base64);
		if (f.status === "renamed" && f.old_path !== undefined)
			add(f.old_path, f.old_path_base64);
	}
	return { ...paths.length > 0 && { paths },
	    ...coded.length > 0 && { paths_base64: coded } };
}

export function commit(
	tree: string, head: string | null, what: Chosen, message: string,
): Promise<Committed> {
	return post("commit", tree, { ...head !== null && { head }, message,
	    ...chosen(what) });
}

export function discard(
	tree: string, head: string | null, what: Chosen,
): Promise<{ id: string; files: number }> {
	return post("discard", tree, { ...head !== null && { head },
	    ...chosen(what) });
}

export async function askDiscards(tree: string): Promise<Discarded[]> {
	const { items } = await get<{ items: Discarded[] }>(
	    "/api/worktrees/discards");

	return items.filter((d) => d.path === tree);
}

export function restore(id: string): Promise<unknown> {
	return change("POST", "/api/worktrees/discards/restore", { id });
}

/* Of two branches: how far each has gone since they parted. */
export function compare(
	tree: string, base: string, signal?: AbortSignal,
): Promise<Comparison> {
	return get(target("/api/worktrees/compare", tree, { base }), signal);
}

/* `at` has where both were when that was looked at. */
export function merge(
	tree: string, into: string, how: { squash: boolean; message: string },
	at: Comparison | null,
): Promise<Changed> {
	return post("merge", tree, { into, squash: how.squash,
	    ...how.message.trim() !== "" && { message: how.message },
	    ...at !== null && { branch_at: at.to, target_at: at.base } });
}

export function rebase(
	tree: string, onto: string, at: Comparison | null,
): Promise<Changed> {
	return post("rebase", tree, { onto,
	    ...at !== null && { branch_at: at.to } });
}

export type Verb = "continue" | "skip" | "abort";

export function goOn(tree: string, verb: Verb): Promise<Changed> {
	return post(verb, tree, {});
}

export type Side = "ours" | "theirs" | "working";

export function resolve(
	tree: string, file: Path, as: Side,
): Promise<unknown> {
	return post("resolve", tree, { as, ...nameOf(file) });
}

export function askConflicts(
	tree: string, signal: AbortSignal,
): Promise<Conflicts> {
	return get(target("/api/worktrees/conflicts", tree, { limit: 500 }),
	    signal);
}

export function askConflict(
	tree: string, file: Path, signal: AbortSignal,
): Promise<Conflict> {
	return get(target("/api/worktrees/conflict", tree, nameOf(file)),
	    signal);
}

/* The newest that rdv began there. */
export async function askChange(
	tree: string, signal: AbortSignal,
): Promise<Change | null> {
	const { items } = await get<{ items: Change[] }>(target(
	    "/api/worktrees/operations", tree, { limit: 1 }), signal);

	return items[0] ?? null;
}

function nameOf({ path, path_base64 }: Path): Record<string, string> {
	return path_base64 === undefined ? { path } : { path_base64 };
}
