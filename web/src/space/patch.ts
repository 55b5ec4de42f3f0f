/* SPDX-License-Identifier: MIT */
/*
 * RFC 6902 as far as the server speaks it: `add` and `remove` of members of
 * objects. A patch gives a new document, in which what it did not touch is the
 * same object as before, so that only what has changed is drawn anew.
 */

export interface Operation {
	op: string;
	path: string;
	value?: unknown;
}

type Doc = Readonly<Record<string, unknown>>;

export function pointer(path: string): string[] {
	if (!path.startsWith("/"))
		throw new Error(`no pointer: ${path}`);
	return path.slice(1).split("/").map((key) =>
	    key.replaceAll("~1", "/").replaceAll("~0", "~"));
}

/* A copy of `doc` for this patch, made once for all of its operations; without
 * a prototype, since a file may be called __proto__. */
function own(doc: unknown, mine: Set<unknown>): Record<string, unknown> {
	if (typeof doc !== "object" || doc === null || Array.isArray(doc))
		throw new Error("a path leads through what is no object");
	if (mine.has(doc))
		return doc as Record<string, unknown>;
	const copy = Object.assign(Object.create(null), doc);
	mine.add(copy);
	return copy;
}

export function applyPatch<T extends object>(doc: T, ops: Operation[]): T {
	const mine = new Set<unknown>();
	const top = own(doc, mine);

	for (const { op, path, value } of ops) {
		const keys = pointer(path);
		const last = keys.pop()!;
		let at = top;
		for (const key of keys)
			at = at[key] = own(at[key], mine);
		if (op === "add")
			at[last] = value;
		else if (op === "remove" && last in at)
			delete at[last];
		else
			throw new Error(`${op} ${path}`);
	}
	return top as Doc as T;
}
