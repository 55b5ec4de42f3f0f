/* SPDX-License-Identifier: MIT */
/*
 * What goes to remotes and comes from them, as the server has it: an event
 * carries the row it is about. An answer or a list that comes late changes
 * nothing that an event has told since.
 */

import { change, get } from "../net/http.ts";
import type { Transfer } from "./types.ts";

export type Kind = Transfer["kind"];

export interface Wish {
	force?: boolean;
	/* With force: the commit that is replaced. */
	lease?: string;
	dirty?: boolean;
	upstream?: boolean;
}

const ends = ["done", "failed", "cancelled"];
/* As many as the server keeps. */
const most = 200;

export function hasEnded(t: Transfer): boolean {
	return ends.includes(t.state);
}

export class Transfers {
	private readonly all = new Map<string, Transfer>();

	constructor(
		private readonly changed: () => void,
		private readonly ended: (t: Transfer) => void,
	) {}

	clear(): void {
		this.all.clear();
	}

	async refresh(): Promise<void> {
		const { items } = await get<{ items: Transfer[] }>(
		    `/api/transfers?limit=${most}`);

		for (const t of items)
			this.late(t);
		this.changed();
	}

	/* The body of transfer.*. */
	event(t: Transfer): void {
		this.put(t);
		this.changed();
	}

	private late(t: Transfer): void {
		const known = this.all.get(t.id);

		if (known === undefined || (!hasEnded(known) &&
		    (hasEnded(t) || t.updated_at > known.updated_at)))
			this.put(t);
	}

	private put(t: Transfer): void {
		const before = this.all.get(t.id);

		this.all.set(t.id, t);
		if (hasEnded(t) && before !== undefined && !hasEnded(before))
			this.ended(t);
	}

	/* The newest of a worktree. */
	of(tree: string): Transfer | null {
		return this.newest((t) => t.path === tree);
	}

	/* When something of its repository was fetched last, as far as is known
	 * here; what a terminal fetches is no transfer. */
	fetched(repo: string): number | null {
		return this.newest((t) => t.repo_path === repo &&
		    t.kind !== "push" && (t.state === "done" ||
		    t.code === "DIVERGED"))?.updated_at ?? null;
	}

	private newest(is: (t: Transfer) => boolean): Transfer | null {
		let found: Transfer | null = null;

		for (const t of this.all.values())
			if (is(t) && (found === null ||
			    t.created_at >= found.created_at))
				found = t;
		return found;
	}

	/* They throw: who asked shows the refusal, and where. */

	async begin(kind: Kind, tree: string, wish: Wish = {}): Promise<void> {
		this.late(await change<Transfer>("POST",
		    `/api/worktrees/${kind}`, { worktree_path: tree, ...wish }));
		this.changed();
	}

	async cancel(id: string): Promise<void> {
		this.late(await change<Transfer>("DELETE",
		    `/api/transfers/${id}`));
		this.changed();
	}
}
