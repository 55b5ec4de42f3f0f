/* SPDX-License-Identifier: MIT */
/*
 * What differs in one file: asked for when it is opened, and again when the
 * file has changed, so many lines at a time. What was there stays until the new
 * is.
 */

import { useEffect, useMemo, useState } from "preact/hooks";
import { askDiff, type Compared } from "../../space/ask.ts";
import { painterOf, type Painter, type Token } from "../../space/code.ts";
import { nameText } from "../../space/name.ts";
import {
	sideText, split, unified, type Row, type Side,
} from "../../space/rows.ts";
import type { DiffFile, FileDiff, Hunk } from "../../space/types.ts";
import { bytes } from "../../util/text.ts";
import { Code, type Line } from "./code.tsx";
import { Refusal } from "./text.tsx";

const few = 2000;
/* The server tells no more of one file, or less if the lines are long. */
const most = 20_000;

export interface DiffProps {
	tree: string;
	what: Compared;
	file: DiffFile;
	sideBySide: boolean;
}

export function Diff({ tree, what, file, sideBySide }: DiffProps) {
	const [limit, setLimit] = useState(few);
	const { diff, trouble } = useDiff(tree, what, file, limit);
	const paint = usePainter(file.path);
	const label = `Differences of ${nameText(file.path,
	    file.path_base64)}`;

	if (trouble !== null)
		return <Refusal err={trouble} />;
	if (diff === null)
		return <p class="aside" role="status">Loading…</p>;
	return (
		<>
			<Modes diff={diff} />
			{diff.hunks.length === 0
			    ? <p class="aside">{emptyWords(diff)}</p>
			    : <Hunks hunks={diff.hunks} paint={paint} label={label}
			        sideBySide={sideBySide} />}
			{looked(diff) !== null && <p class="aside part">
				{`Compared were the first ${bytes(looked(diff)!)} of ` +
				    "it. The rest: git diff, in a terminal here."}</p>}
			{diff.truncated && looked(diff) === null && <More count={count(diff)}
			    more={limit < most ? () => setLimit(most) : null} />}
		</>
	);
}

const looked = (diff: FileDiff) => diff.looked ?? null;

function emptyWords(diff: FileDiff): string {
	if (diff.binary)
		return "Not shown: it is binary, or larger than 32 MB.";
	if (looked(diff) !== null)
		return "No whole difference lies in what was compared.";
	return diff.status === "renamed" ? "Renamed, and otherwise as it was."
	    : "No line differs.";
}

function count(diff: FileDiff): number {
	return diff.hunks.reduce((n, h) => n + h.lines.length, 0);
}

function More({ count, more }: { count: number; more: (() => void) | null }) {
	return (
		<p class="aside part">
			{`The first ${count} lines. `}
			{more !== null ? <button type="button" class="button"
			    onClick={more}>More of it</button>
			    : "The rest: rdv worktree diff, or a terminal here."}
		</p>
	);
}

function Modes({ diff }: { diff: FileDiff }) {
	const { old_mode, new_mode } = diff;

	if (old_mode === new_mode || old_mode === null || new_mode === null)
		return null;
	return <p class="aside">{`mode ${old_mode} → ${new_mode}`}</p>;
}

function useDiff(
	tree: string, what: Compared, file: DiffFile, limit: number,
) {
	const [diff, setDiff] = useState<FileDiff | null>(null);
	const [trouble, setTrouble] = useState<unknown>(null);

	useEffect(() => {
		const stop = new AbortController();

		askDiff(tree, what, file, limit, stop.signal).then((d) => {
			setDiff(d);
			setTrouble(null);
		}).catch((err) => stop.signal.aborted || setTrouble(err));
		return () => stop.abort();
	}, [tree, what.base, what.commit, file, limit]);
	return { diff, trouble };
}

function usePainter(path: string): Painter | null {
	const [paint, setPaint] = useState<Painter | null>(null);

	useEffect(() => {
		let here = true;

		void painterOf(path).then((p) => here && setPaint(() => p));
		return () => {
			here = false;
		};
	}, [path]);
	return paint;
}

/* A hunk is painted when the first line of it is drawn. */
function painted(hunks: Hunk[], paint: Painter | null) {
	const done = new Map<string, Token[][]>();

	return (side: Side, which: "old" | "new"): Token[] => {
		const key = `${side.hunk} ${which}`;
		const plain = [{ text: side.text, style: "" }];

		if (paint === null)
			return plain;
		const lines = done.get(key) ??
		    paint(sideText(hunks[side.hunk]!, which));
		done.set(key, lines);
		return lines[side.at] ?? plain;
	};
}

type Tokens = ReturnType<typeof painted>;

function headLine(text: string, nos: number): Line {
	return { kind: "head", nos: Array(nos).fill(null), mark: "",
	    open: false, tokens: () => [{ text, style: "" }] };
}

function sideLine(
	side: Side, nos: (number | null)[], tokens: Tokens,
): Line {
	return { kind: "line", nos, mark: side.mark, open: side.open,
	    tokens: () => tokens(side, side.mark === "-" ? "old" : "new") };
}

function oneLine(row: Row, tokens: Tokens): Line {
	return row.kind === "one"
	    ? sideLine(row.side, [row.old, row.new], tokens)
	    : headLine(row.kind === "head" ? row.text : "", 2);
}

const gap: Line = { kind: "gap", nos: [null], mark: " ", open: false,
    tokens: () => [] };

function twoLine(row: Row, which: "old" | "new", tokens: Tokens): Line {
	if (row.kind !== "two")
		return headLine(row.kind === "head" && which === "old"
		    ? row.text : "", 1);
	const side = row[which];
	return side === null ? gap : sideLine(side, [side.no], tokens);
}

function Hunks({ hunks, paint, label, sideBySide }: {
	hunks: Hunk[]; paint: Painter | null; label: string;
	sideBySide: boolean;
}) {
	const tokens = useMemo(() => painted(hunks, paint), [hunks, paint]);
	const [left, right] = useMemo(() => {
		if (!sideBySide)
			return [unified(hunks).map((r) => oneLine(r, tokens)), null];
		const rows = split(hunks);
		return [rows.map((r) => twoLine(r, "old", tokens)),
		    rows.map((r) => twoLine(r, "new", tokens))];
	}, [hunks, tokens, sideBySide]);

	return right === null ? <Code lines={left!} label={label} /> : (
		<div class="beside">
			<Code lines={left!} label={`${label}, before`} />
			<Code lines={right} label={`${label}, now`} />
		</div>
	);
}
