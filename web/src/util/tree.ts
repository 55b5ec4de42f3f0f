/* SPDX-License-Identifier: MIT */
/*
 * The tree of folders and sessions, from two flat lists that were fetched
 * at different moments. A folder or session whose parent is missing appears
 * at the top, and a loop of parents is cut: nothing is ever hidden.
 */

import type { Folder, Session } from "../net/types.ts";

export interface Branch {
	folder: Folder;
	folders: Branch[];
	sessions: Session[];
}

export interface Tree {
	folders: Branch[];
	sessions: Session[];
}

function looped(folder: Folder, byId: Map<string, Folder>): boolean {
	const met = new Set<string>();
	let at: Folder | undefined = folder;

	while (at !== undefined && at.parent_id !== null) {
		if (met.has(at.id))
			return true;
		met.add(at.id);
		at = byId.get(at.parent_id);
	}
	return false;
}

export function buildTree(folders: Folder[], sessions: Session[]): Tree {
	const byId = new Map(folders.map((f) => [f.id, f]));
	const branches = new Map<string, Branch>();
	const top: Tree = { folders: [], sessions: [] };

	for (const folder of folders)
		branches.set(folder.id, { folder, folders: [], sessions: [] });
	for (const branch of branches.values()) {
		const parent = branches.get(branch.folder.parent_id ?? "");
		const home = parent && !looped(branch.folder, byId)
		    ? parent : top;
		home.folders.push(branch);
	}
	for (const session of sessions) {
		const home = branches.get(session.folder_id ?? "") ?? top;
		home.sessions.push(session);
	}
	return top;
}

/* All folders in tree order, with how deep each lies, for a choice list. */
export function flatten(
	tree: Tree, depth = 0,
): { folder: Folder; depth: number }[] {
	return tree.folders.flatMap((b) => [
		{ folder: b.folder, depth },
		...flatten(b, depth + 1),
	]);
}
