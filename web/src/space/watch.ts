/* SPDX-License-Identifier: MIT */
/*
 * How much differs in each worktree that is in sight. The interest of all who
 * look at one worktree is one, is said again while somebody looks, and ends by
 * itself; what changes comes as an event that carries the numbers, so that
 * nothing has to be asked for.
 */

import { say } from "../net/http.ts";
import { Backoff } from "../util/backoff.ts";
import type { Stat } from "./types.ts";

/*
 * For how long, and in how many ms it is said again. The server keeps 64 of an
 * account: whoever looks through more of them leaves each behind sooner.
 */
const calm = { seconds: 120, again: 90_000 };
const crowded = { seconds: 15, again: 12_000 };
const crowd = 40;

interface Interest {
	tree: string;
	base: string | null;
	users: number;
	timer: number;
	/* The server watches it for so long, as far as was said here. */
	until: number;
	readonly backoff: Backoff;
	stat: Stat | null;
	/* How often an event has told it. */
	told: number;
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
		    { tree, base, users: 0, timer: 0, until: 0, stat: null, told: 0,
			backoff: new Backoff(2_000, 60_000) };

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

	/* A worktree may have come back. */
	again(): void {
		for (const it of this.all.values())
			if (it.users > 0 && it.stat === null)
				void this.ask(it);
	}

	/* The body of worktree.changed. */
	event(body: Stat & { path: string; base: string | null }): void {
		const it = this.all.get(keyOf(body.path, body.base));

		if (it === undefined)
			return;
		it.stat = body;
		it.told++;
		this.changed();
	}

	clear(): void {
		for (const it of this.all.values())
			clearTimeout(it.timer);
		this.all.clear();
	}

	private later(it: Interest, ms: number): void {
		clearTimeout(it.timer);
		it.timer = window.setTimeout(() => {
			if (document.visibilityState === "visible")
				void this.ask(it);
		}, ms);
	}

	private pace(now: number): typeof calm {
		let n = 0;

		for (const it of this.all.values())
			n += Number(it.users > 0 || it.until > now);
		return n > crowd ? crowded : calm;
	}

	/* Refused - the worktree has gone, or too many are watched - it has no
	 * numbers until it can be had; the page of the workspace tells why. */
	private async ask(it: Interest): Promise<void> {
		const now = Date.now(), { seconds, again } = this.pace(now);
		const { told } = it;

		this.later(it, again);
		try {
			const stat = await say<Stat>("/api/worktrees/watch",
			    { worktree_path: it.tree, seconds,
				...it.base !== null && { base: it.base } });
			/* What an event has told meanwhile is newer. */
			if (told === it.told)
				it.stat = stat;
			it.until = now + seconds * 1000;
			it.backoff.reset();
		} catch {
			it.stat = null;
			if (it.users > 0)
				this.later(it, it.backoff.next());
		}
		if (it.users > 0)
			this.changed();
		else
			clearTimeout(it.timer);
	}
}
