/* SPDX-License-Identifier: MIT */
/*
 * A recording (asciicast v2) as the server gives it, and the times at which
 * its parts are shown. Nothing of it is believed to be harmless: a program
 * wrote it, so texts go through label() and output through the terminal.
 */

export interface Moment {
	/* ms since the beginning */
	at: number;
	/* Output, or a size as "80x24". */
	code: "o" | "r";
	data: string;
}

/* What a page keeps of one recording, in characters of its file. */
export const castLimit = 64 * 1024 * 1024;

function sizeOf(n: unknown, low: number, high: number): number {
	if (typeof n !== "number" || !Number.isInteger(n))
		throw new Error("The recording has no size.");
	return Math.max(low, Math.min(high, n));
}

export class Cast {
	cols = 80;
	rows = 24;
	title = "";
	/* What the recording says of itself: a mark at its beginning. */
	note: string | null = null;
	readonly moments: Moment[] = [];
	private rest = "";
	private length = 0;
	private begun = false;

	/* True when there is more than a page can keep. */
	get full(): boolean {
		return this.length >= castLimit;
	}

	/* Lines in whatever pieces the network cut them. */
	feed(text: string): void {
		const lines = (this.rest + text).split("\n");

		this.length += text.length;
		this.rest = lines.pop()!;
		for (const line of lines)
			this.line(line);
	}

	private line(line: string): void {
		const value: unknown = JSON.parse(line);

		if (!this.begun)
			this.head(value as Record<string, unknown>);
		else if (Array.isArray(value))
			this.event(value);
	}

	private head(head: Record<string, unknown>): void {
		if (head.version !== 2)
			throw new Error("The recording is of another version.");
		this.cols = sizeOf(head.width, 2, 1000);
		this.rows = sizeOf(head.height, 1, 500);
		if (typeof head.title === "string")
			this.title = head.title;
		this.begun = true;
	}

	/* Kinds that are not known are passed over, as the format asks. */
	private event([time, code, data]: unknown[]): void {
		if (typeof time !== "number" || typeof data !== "string")
			return;
		if (code === "m" && this.moments.length === 0)
			this.note = data;
		if (code === "o" || code === "r")
			this.moments.push({ at: time * 1000, code, data });
	}
}

export function parseSize(text: string): { cols: number; rows: number } | null {
	const found = /^(\d{1,4})x(\d{1,4})$/.exec(text);

	if (found === null)
		return null;
	return { cols: sizeOf(Number(found[1]), 2, 1000),
	    rows: sizeOf(Number(found[2]), 1, 500) };
}

/* When each moment comes, with pauses no longer than `longest` ms. */
export class Timeline {
	private readonly times: Float64Array;

	constructor(moments: readonly Moment[], longest: number) {
		let before = 0, now = 0;

		this.times = Float64Array.from(moments, ({ at }) => {
			now += Math.min(Math.max(0, at - before), longest);
			before = at;
			return now;
		});
	}

	get duration(): number {
		return this.times.at(-1) ?? 0;
	}

	timeOf(index: number): number {
		return this.times[index] ?? this.duration;
	}

	/* How many moments have come by then. */
	count(time: number): number {
		let low = 0, high = this.times.length;

		while (low < high) {
			const mid = (low + high) >> 1;
			if (this.times[mid]! <= time)
				low = mid + 1;
			else
				high = mid;
		}
		return low;
	}
}
