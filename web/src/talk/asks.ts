/* SPDX-License-Identifier: MIT */
/*
 * What runs ask, of all conversations and sessions: each is fetched whole once,
 * as it is to be decided, and stays until it was decided here or its end was
 * read. What was decided elsewhere is told, not taken away.
 */

import { get } from "../net/http.ts";
import { oneAtATime } from "../util/one.ts";
import { askApproval, decide, type Verdict } from "./ask.ts";
import type { Approval } from "./types.ts";

export interface Asked {
	approval: Approval;
	/* It was decided elsewhere, or is over. */
	late: boolean;
}

const settle = 60;
/* Pending ones that are shown at once, and ends that are kept. */
const page = 50;
const ends = 20;

export class Asks {
	list: Asked[] = [];
	/* There are more than those. */
	more = false;
	private timer = 0;
	/* Another number for each sign-in: an answer to the one before is none. */
	private age = 0;
	/* What is decided here: under way, or done and shown no more. */
	private readonly mine = new Map<string, "asking" | "done">();
	readonly refresh = oneAtATime(() =>
	    this.load(this.age).catch(this.failed));

	constructor(
		private readonly changed: () => void,
		private readonly failed: (err: unknown) => void,
	) {}

	/*
	 * Another text when anything may have moved on the page: what is under the
	 * pointer then may be another one than was read.
	 */
	get order(): string {
		return this.list.map(({ approval: a, late }) =>
		    `${a.id} ${a.digest} ${late}`).join("\n");
	}

	get open(): Asked[] {
		return this.list.filter((a) => !a.late);
	}

	of(session: string): Asked[] {
		return this.list.filter((a) =>
		    a.approval.session_id === session);
	}

	event(kind: string): void {
		if (!kind.startsWith("approval."))
			return;
		clearTimeout(this.timer);
		this.timer = window.setTimeout(() => void this.refresh(), settle);
	}

	reset(): void {
		clearTimeout(this.timer);
		this.age++;
		this.list = [];
		this.more = false;
		this.mine.clear();
	}

	private async load(age: number): Promise<void> {
		const { items, next_cursor } = await get<{ items: Approval[];
			next_cursor: string | null }>(
		    `/api/approvals?state=pending&limit=${page}`);
		const ids = items.map((a) => a.id).reverse();
		const known = new Map(this.list.map((a) => [a.approval.id, a]));
		const old = this.list.filter(({ approval }) =>
		    !ids.includes(approval.id));
		const now = [...await Promise.all(old.map((a) => this.ended(a))),
		    ...await Promise.all(ids.map(async (id) => known.get(id) ??
		        { approval: await askApproval(id), late: false }))];

		if (age !== this.age)
			return;
		this.more = next_cursor !== null;
		this.list = now.filter((a) =>
		    this.mine.get(a.approval.id) !== "done");
		const late = this.list.filter((a) => a.late);
		const gone = new Set(late.slice(0, -ends));
		this.list = this.list.filter((a) => !gone.has(a));
		this.changed();
	}

	/* It is not pending any more. */
	private async ended(a: Asked): Promise<Asked> {
		if (a.late || this.mine.has(a.approval.id))
			return a;
		const approval = await askApproval(a.approval.id);
		return { approval, late: approval.state !== "pending" };
	}

	dismiss(id: string): void {
		this.mine.set(id, "done");
		this.list = this.list.filter((a) => a.approval.id !== id);
		this.changed();
	}

	private put(id: string, now: Asked | null): void {
		this.list = this.list.flatMap((a) => a.approval.id !== id ? [a]
		    : now === null ? [] : [now]);
		this.changed();
	}

	/* Throws; what stands then is looked at anew. */
	async decide(seen: Approval, verdict: Verdict): Promise<void> {
		const { id } = seen;

		this.mine.set(id, "asking");
		try {
			const done = await decide(seen, verdict);
			if (done.late)
				this.mine.delete(id);
			else
				this.mine.set(id, "done");
			this.put(id, done.late ? done : null);
		} catch (err) {
			this.mine.delete(id);
			const approval = await askApproval(id).catch(() => seen);
			this.put(id, { approval,
			    late: approval.state !== "pending" });
			throw err;
		}
	}
}
