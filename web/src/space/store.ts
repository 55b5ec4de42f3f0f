/* SPDX-License-Identifier: MIT */
/*
 * The workspaces, as the server has them. An event carries the row it is about,
 * so that a change costs what it is; only a break has the list fetched again.
 * Nothing is shown as done before the server said so.
 */

import { change, get } from "../net/http.ts";
import { oneAtATime } from "../util/one.ts";
import { Transfers } from "./transfers.ts";
import type {
	NewWorkspace, Stat, Transfer, Workspace, WorkspaceRow,
} from "./types.ts";
import { Watches } from "./watch.ts";

const page = 200;

interface Event {
	subject: string;
	body: unknown;
}

export class Workspaces {
	rows: WorkspaceRow[] = [];
	loaded = false;
	/* With their worktrees, of those that were looked at. */
	private readonly whole = new Map<string, Workspace>();
	/* There is no such one, or it cannot be had. */
	private readonly troubles = new Map<string, unknown>();
	/* Under way; true: once more behind it. */
	private readonly asked = new Map<string, boolean>();
	private active = false;
	/* Since the list was asked for, by events; null: deleted. */
	private told = new Map<string, WorkspaceRow | null>();
	private readonly list = oneAtATime(() => this.listed());
	/* How often something was done in a worktree. */
	private readonly turns = new Map<string, number>();
	private breaks = 0;
	/* How often a worktree may have come or gone. */
	stirs = 0;
	readonly watches: Watches;
	readonly transfers: Transfers;

	constructor(
		private readonly changed: () => void,
		private readonly failed: (err: unknown) => void,
	) {
		this.watches = new Watches(changed);
		this.transfers = new Transfers(changed,
		    (t) => this.touch(t.path));
	}

	/* Before anybody has looked at workspaces nothing is asked for. */
	begin(): void {
		if (this.active)
			return;
		this.active = true;
		void this.refresh();
	}

	reset(): void {
		this.active = this.loaded = false;
		this.rows = [];
		this.whole.clear();
		this.troubles.clear();
		this.watches.clear();
		this.transfers.clear();
	}

	async refresh(): Promise<void> {
		if (!this.active)
			return;
		this.watches.refresh();
		this.breaks++;
		this.stirs++;
		try {
			await Promise.all([this.list(),
			    this.transfers.refresh()]);
		} catch (err) {
			this.failed(err);
		}
		for (const id of [...this.whole.keys(), ...this.troubles.keys()])
			void this.load(id);
	}

	/* A list that comes late changes nothing that an event has told since. */
	private async listed(): Promise<void> {
		const rows: WorkspaceRow[] = [];
		let cursor: string | null = null;

		this.told.clear();
		do {
			const after: string = cursor === null ? ""
			    : `&cursor=${cursor}`;
			const part: { items: WorkspaceRow[];
				next_cursor: string | null } = await get(
			    `/api/workspaces?limit=${page}${after}`);
			rows.push(...part.items);
			cursor = part.next_cursor;
		} while (cursor !== null && this.active);
		this.rows = rows;
		for (const [id, row] of this.told)
			this.place(id, row);
		this.loaded = true;
		this.changed();
	}

	event(kind: string, data: string): void {
		if (!this.active)
			return;
		const { subject, body } = JSON.parse(data) as Event;

		if (/^work(space|tree)\./.test(kind) &&
		    kind !== "worktree.changed")
			this.stir();
		if (kind.startsWith("transfer."))
			this.transfers.event(body as Transfer);
		if (kind === "worktree.acted" || kind.startsWith("change."))
			this.touch((body as { path: string }).path);
		if (kind === "worktree.changed")
			this.watches.event(body as Stat &
			    { path: string; base: string | null });
		else if (kind === "workspace.deleted")
			this.drop(subject);
		else if (kind.startsWith("workspace."))
			this.put(body as WorkspaceRow);
	}

	private stir(): void {
		this.stirs++;
		this.watches.again();
		this.changed();
	}

	/* Another number each time something may be open there, or no more. */
	turn(tree: string): number {
		return this.breaks + (this.turns.get(tree) ?? 0);
	}

	touch(tree: string): void {
		this.turns.set(tree, (this.turns.get(tree) ?? 0) + 1);
		this.changed();
	}

	private place(id: string, row: WorkspaceRow | null): void {
		const at = this.rows.findIndex((w) => w.id === id);

		if (row === null)
			this.rows = this.rows.filter((w) => w.id !== id);
		else
			this.rows = at < 0 ? [row, ...this.rows]
			    : this.rows.map((w, i) => i === at ? row : w);
	}

	private drop(id: string): void {
		this.told.set(id, null);
		this.place(id, null);
		if (this.whole.has(id))
			void this.load(id);
		this.changed();
	}

	private put(row: WorkspaceRow): void {
		this.told.set(row.id, row);
		this.place(row.id, row);
		if (this.whole.has(row.id) || this.troubles.has(row.id))
			void this.load(row.id);
		this.changed();
	}

	get(id: string): Workspace | undefined {
		return this.whole.get(id);
	}

	trouble(id: string): unknown {
		return this.troubles.get(id);
	}

	/* One question for each at a time; what came meanwhile asks once more. */
	async load(id: string): Promise<void> {
		if (this.asked.has(id)) {
			this.asked.set(id, true);
			return;
		}
		this.asked.set(id, false);
		try {
			this.whole.set(id,
			    await get<Workspace>(`/api/workspaces/${id}`));
			this.troubles.delete(id);
		} catch (err) {
			this.whole.delete(id);
			this.troubles.set(id, err);
		}
		const again = this.asked.get(id);
		this.asked.delete(id);
		this.changed();
		if (again === true)
			await this.load(id);
	}

	/* Changes. They throw: who asked shows the refusal, and where. */

	async create(wish: NewWorkspace): Promise<Workspace> {
		const made = await change<Workspace>("POST", "/api/workspaces",
		    wish);

		this.whole.set(made.id, made);
		this.put(made);
		return made;
	}

	async update(
		id: string, part: { name?: string; pinned?: boolean },
	): Promise<void> {
		await change("PATCH", `/api/workspaces/${id}`, part);
		await this.load(id);
	}

	async archive(
		id: string, how: { remove: boolean; force: boolean },
	): Promise<void> {
		await change("POST", `/api/workspaces/${id}/archive`, how);
		await this.load(id);
	}

	async restore(id: string): Promise<void> {
		await change("POST", `/api/workspaces/${id}/restore`);
		await this.load(id);
	}

	async ensure(id: string): Promise<void> {
		await change("POST", `/api/workspaces/${id}/ensure`);
		await this.load(id);
	}

	async remove(
		id: string, how: { branches: boolean; force: boolean },
	): Promise<{ cause: string | null }> {
		const q = new URLSearchParams();

		for (const [key, on] of Object.entries(how))
			if (on)
				q.set(key, "true");
		const done = await change<{ cause: string | null }>("DELETE",
		    `/api/workspaces/${id}?${q}`);
		this.drop(id);
		return done;
	}
}
