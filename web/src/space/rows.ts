/* SPDX-License-Identifier: MIT */
/*
 * Rows of a diff from its hunks: one below the other, or old and new side by
 * side. Every row has the same height, so a long diff can be drawn in part.
 */

import type { Hunk } from "./types.ts";

export type Mark = " " | "+" | "-";

export interface Side {
	mark: Mark;
	/* Line of the file, from 1. */
	no: number;
	text: string;
	/* Nothing ends it. */
	open: boolean;
	/* Its hunk, and its line among those of its side in it. */
	hunk: number;
	at: number;
}

export type Row =
	| { kind: "head"; text: string; cut: boolean }
	| { kind: "one"; old: number | null; new: number | null; side: Side }
	| { kind: "two"; old: Side | null; new: Side | null };

/* A hunk's lines with their numbers in both files. */
function sides(h: Hunk, hunk: number): [Side | null, Side | null][] {
	const out: [Side | null, Side | null][] = [];
	let o = 0, n = 0;

	for (const line of h.lines) {
		const mark = line[0]!, text = line.slice(1);
		const last = out.at(-1);
		const make = (no: number, at: number): Side => ({
			mark: mark as Mark, no, text, open: false, hunk, at,
		});

		if (mark === "\\" && last !== undefined) {
			for (const side of last)
				if (side !== null)
					side.open = true;
			continue;
		}
		const left = mark !== "+"
		    ? make(h.old_start + o, o++) : null;
		const right = mark !== "-"
		    ? make(h.new_start + n, n++) : null;
		out.push([left, right]);
	}
	return out;
}

function headOf(h: Hunk): Row {
	const range = (at: number, n: number) => n === 1 ? `${at}`
	    : `${at},${n}`;

	return { kind: "head", cut: h.cut,
	    text: `@@ -${range(h.old_start, h.old_lines)} ` +
	        `+${range(h.new_start, h.new_lines)} @@` +
	        (h.section ? ` ${h.section}` : "") };
}

export function unified(hunks: Hunk[]): Row[] {
	return hunks.flatMap((h, i) => [headOf(h),
	    ...sides(h, i).map(([left, right]): Row => ({
		kind: "one", old: left?.no ?? null, new: right?.no ?? null,
		side: (right ?? left)!,
	    }))]);
}

/* What was removed stands beside what was put in its place. */
export function split(hunks: Hunk[]): Row[] {
	const rows: Row[] = [];

	hunks.forEach((h, i) => {
		let olds: Side[] = [], news: Side[] = [];
		const flush = () => {
			for (let k = 0; k < Math.max(olds.length, news.length);
			    k++)
				rows.push({ kind: "two", old: olds[k] ?? null,
				    new: news[k] ?? null });
			olds = [];
			news = [];
		};

		rows.push(headOf(h));
		for (const [left, right] of sides(h, i)) {
			if (left !== null && right !== null) {
				flush();
				rows.push({ kind: "two", old: left,
				    new: right });
			} else if (left !== null) {
				olds.push(left);
			} else {
				news.push(right!);
			}
		}
		flush();
	});
	return rows;
}

/* Of a line that nobody reads to its end, its beginning. */
export function bounded<T extends { text: string }>(
	tokens: T[], most: number,
): { tokens: T[]; cut: boolean } {
	const out: T[] = [];
	let room = most;

	for (const token of tokens) {
		if (token.text.length > room) {
			out.push({ ...token, text: token.text.slice(0, room) });
			return { tokens: out, cut: true };
		}
		room -= token.text.length;
		out.push(token);
	}
	return { tokens: out, cut: false };
}

/* The text of one side of a hunk, which is what a grammar reads. */
export function sideText(h: Hunk, side: "old" | "new"): string {
	const other = side === "old" ? "+" : "-";

	return h.lines.filter((l) => l[0] !== other && l[0] !== "\\")
	    .map((l) => l.slice(1)).join("\n");
}
