/* SPDX-License-Identifier: MIT */
/*
 * The questions of the page about a worktree. It only asks, and only through
 * the public API: what may be looked at is decided there.
 */

import { get } from "../net/http.ts";
import type { Path } from "./name.ts";
import type {
	DiffFile, DiffStat, FileDiff, FileText, LogPage, TreePage,
} from "./types.ts";

/* What is compared: the work tree with `base` or HEAD, or a commit with the
 * one before it. */
export interface Compared {
	base?: string;
	commit?: string;
}

type Query = Record<string, string | number | undefined>;

export function target(what: string, tree: string, query: Query): string {
	const q = new URLSearchParams({ worktree_path: tree });

	for (const [key, value] of Object.entries(query))
		if (value !== undefined)
			q.set(key, String(value));
	return `${what}?${q}`;
}

function ask<T>(
	what: string, tree: string, query: Query, signal?: AbortSignal,
): Promise<T> {
	return get<T>(target(`/api/worktrees/${what}`, tree, query), signal);
}

/* By its text when it has one. */
function named(key: "path" | "old_path", p: {
	text?: string | undefined; coded?: string | undefined;
}): Query {
	return p.coded !== undefined ? { [`${key}_base64`]: p.coded }
	    : { [key]: p.text };
}

/* As many as the server tells of very much before it has looked at all. */
export const atOnce = 500;

export function askStat(
	tree: string, what: Compared, offset: number, limit: number,
	signal?: AbortSignal,
): Promise<DiffStat> {
	return ask("diffstat", tree, { ...what, offset, limit,
	    first: offset === 0 ? "true" : undefined }, signal);
}

/* The first of what differs, for who waits to be told of all. Since `base` it
 * is what differs from HEAD while nothing is committed on it; else null. */
export async function askEarly(
	tree: string, base: string | undefined, signal: AbortSignal,
): Promise<DiffStat | null> {
	if (base !== undefined && (await askLog(tree, base, undefined, 0, 1,
	    signal)).commits.length > 0)
		return null;
	return askStat(tree, {}, 0, atOnce, signal);
}

export function askDiff(
	tree: string, what: Compared, file: DiffFile, limit: number,
	signal: AbortSignal,
): Promise<FileDiff> {
	return ask("diff", tree, { ...what, limit,
	    ...named("path", { text: file.path, coded: file.path_base64 }),
	    ...named("old_path", { text: file.old_path,
	        coded: file.old_path_base64 }) }, signal);
}

export function askTree(
	tree: string, dir: Path | null, at: string | undefined, offset: number,
	signal?: AbortSignal,
): Promise<TreePage> {
	return ask("tree", tree, { at, offset, limit: 500, ...dir !== null &&
	    named("path", { text: dir.path, coded: dir.path_base64 }) }, signal);
}

export function askFile(
	tree: string, file: Path, signal: AbortSignal,
): Promise<FileText> {
	return ask("file", tree, named("path",
	    { text: file.path, coded: file.path_base64 }), signal);
}

export function askLog(
	tree: string, base: string | undefined, to: string | undefined,
	offset: number, limit: number, signal?: AbortSignal,
): Promise<LogPage> {
	return ask("log", tree, { base, to, offset, limit }, signal);
}
