/* SPDX-License-Identifier: MIT */
/*
 * How much differs in each worktree that is in sight. The interest of all who
 * look at one worktree is one, is said again while somebody looks, and ends by
 * itself; what changes comes as an event that carries the numbers, so that
 * nothing has to be asked for.
 */

import { say } from "../net/http.ts";
import type { Stat } from "./types.ts";

const seconds = 120;
const again = 90_000;

interface Interest {
	tree: string;
	base: string | null;
	users: number;
	timer: number;
	stat: Stat | null;
}

function keyOf(tree: string, base: string | null): string {
	return `${tree}\0${base ?? ""}`;
}

export class Watches {
	private readonly all = new Map<string, Interest>();

	constructor(private readonly changed: () => void) {
		document.addEventListener("visibilitychange", () => {
			if (document.visibilityState === "visible")
				this.refresh();
		});
	}

	stat(tree: string, base: string | null): Stat | null {
		return this.all.get(keyOf(tree, base))?.stat ?? null;
	}

	/* Returns what ends it. */
	watch(tree: string, base: string | null): () => void {
		const key = keyOf(tree, base);
		const it = this.all.get(key) ??
		    { tree, base, users: 0, timer: 0, stat: null };

		this.all.set(key, it);
		if (it.users++ === 0)
			void this.ask(it);
		return () => {
			if (--it.users === 0)
				clearTimeout(it.timer);
		};
	}

	/* After a break, in which events may have gone by. */
	refresh(): void {
		for (const it of this.all.values())
			if (it.users > 0)
				void this.ask(it);
	}

	/* The body of worktree.changed. */
	event(body: Stat & { path: string; base: string | null }): void {
		const it = this.all.get(keyOf(body.path, body.base));

		if (it === undefined)
			return;
		it.stat = body;
		this.changed();
	}

	clear(): void {
		for (const it of this.all.values())
			clearTimeout(it.timer);
		this.all.clear();
	}

	/* Refused - the worktree has gone, or too many are watched - it has no
	 * numbers, and the page of the workspace tells why. */
	private async ask(it: Interest): Promise<void> {
		clearTimeout(it.timer);
		it.timer = window.setTimeout(() => {
			if (document.visibilityState === "visible")
				void this.ask(it);
		}, again);
		try {
			it.stat = await say<Stat>("/api/worktrees/watch",
			    { worktree_path: it.tree, seconds,
				...it.base !== null && { base: it.base } });
		} catch {
			it.stat = null;
		}
		if (it.users > 0)
			this.changed();
	}
}
