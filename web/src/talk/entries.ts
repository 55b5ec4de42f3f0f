/* SPDX-License-Identifier: MIT */
/*
 * Entries of a run by their numbers, in blocks. A block stays the same object
 * until one of its entries is another one, so that what is new draws its own
 * block anew and leaves a conversation of any length as it is.
 */

import type { Operation } from "../space/patch.ts";
import type { Entry, Slot } from "./types.ts";

export const size = 32;

export interface Block {
	from: number;
	/* Sparse: undefined was not asked for yet. */
	slots: readonly (Slot | undefined)[];
}

export interface Usage {
	tokens: number;
	of: number;
}

function isUsage(slot: Slot | undefined): slot is Entry {
	return slot?.entry_type.type === "token_usage_info";
}

export class Entries {
	private readonly blocks = new Map<number, Block>();
	/* The highest number that is known, and one. */
	end = 0;
	/* Entries below this are not known; null: nothing is yet. */
	first: number | null = null;
	usage: Usage | null = null;
	/* A person has to do something first: sign in, or trust. */
	setup = false;
	private usageAt = -1;

	put(all: Iterable<readonly [number, Slot]>): void {
		const mine = new Set<number>();

		for (const [index, slot] of all) {
			const no = Math.floor(index / size);
			const old = this.blocks.get(no);
			if (!mine.has(no))
				this.blocks.set(no, { from: no * size,
				    slots: [...old?.slots ?? []] });
			mine.add(no);
			(this.blocks.get(no)!.slots as Slot[])[index % size] =
			    slot;
			this.end = Math.max(this.end, index + 1);
			this.note(index, slot);
		}
	}

	private note(index: number, slot: Slot): void {
		this.setup ||= slot?.entry_type.error_type?.type ===
		    "setup_required";
		if (!isUsage(slot) || index < this.usageAt)
			return;
		this.usageAt = index;
		this.usage = {
			tokens: Number(slot.entry_type.total_tokens ?? 0),
			of: Number(slot.entry_type.model_context_window ?? 0),
		};
	}

	/* A page from before. */
	older(first: number, all: Iterable<readonly [number, Slot]>): void {
		this.put(all);
		this.first = first;
	}

	/* All that is told at once: behind a gap, what there was is let go of,
	 * since it would stand as if nothing were missing. */
	private whole(first: number, all: Record<string, Slot>): void {
		if (this.first === null || first > this.end) {
			this.blocks.clear();
			this.first = first;
		}
		this.put(Object.entries(all).map(([key, slot]) =>
		    [Number(key), slot] as const));
	}

	/* Throws at what it does not know: then all has to be told anew. */
	patch(ops: Operation[]): void {
		const changed: (readonly [number, Slot])[] = [];
		let first = 0;

		for (const { op, path, value } of ops) {
			const at = /^\/entries\/(\d{1,10})$/.exec(path)?.[1];
			if (op !== "add")
				throw new Error(`${op} ${path}`);
			if (at !== undefined)
				changed.push([Number(at), value as Slot]);
			else if (path === "/first")
				first = Number(value);
			else if (path === "/entries")
				this.whole(first, value as Record<string, Slot>);
			else if (path !== "/total")
				throw new Error(`${op} ${path}`);
		}
		this.put(changed);
	}

	list(): Block[] {
		return [...this.blocks.values()].sort((a, b) => a.from - b.from);
	}

	/* How many are rows. */
	get count(): number {
		let n = 0;

		for (const { slots } of this.blocks.values())
			n += slots.filter((s) => s !== undefined &&
			    !isUsage(s)).length;
		return n;
	}
}

/* The rows of a block: its entries but for what is no row of its own. */
export function rowsOf(block: Block): { index: number; entry: Slot }[] {
	const out: { index: number; entry: Slot }[] = [];

	block.slots.forEach((entry, i) => {
		if (entry !== undefined && !isUsage(entry))
			out.push({ index: block.from + i, entry });
	});
	return out;
}
