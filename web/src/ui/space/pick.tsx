/* SPDX-License-Identifier: MIT */
/*
 * Which of the files that differ from the last commit: all of them, or those
 * that are checked. They are as they were when they were asked for, and the
 * commit they were compared with is told with them.
 */

import { useEffect, useState } from "preact/hooks";
import { askStat, atOnce } from "../../space/ask.ts";
import { nameKey, nameText } from "../../space/name.ts";
import type { DiffFile, DiffStat } from "../../space/types.ts";
import { Counts, Name, Refusal } from "./text.tsx";

/* As many as one request may name. */
const most = 2000;

export interface Picking {
	stat: DiffStat | null;
	trouble: unknown;
	files: DiffFile[];
	has(file: DiffFile): boolean;
	set(file: DiffFile, on: boolean): void;
	again(): void;
}

/* The first of very many at once, and then as many as there may be. */
async function askPicks(
	tree: string, told: (s: DiffStat) => void, signal: AbortSignal,
): Promise<void> {
	const begun = await askStat(tree, {}, 0, atOnce, signal);

	told(begun);
	if (begun.next !== null)
		told(await askStat(tree, {}, 0, most, signal));
}

const keyOf = (f: DiffFile) => nameKey(f.path, f.path_base64);

export function usePicking(tree: string): Picking {
	const [stat, setStat] = useState<DiffStat | null>(null);
	const [trouble, setTrouble] = useState<unknown>(null);
	const [on, setOn] = useState<ReadonlySet<string>>(new Set<string>());
	const [turn, setTurn] = useState(0);

	useEffect(() => {
		const stop = new AbortController();

		setStat(null);
		askPicks(tree, (s) => {
			setStat(s);
			setTrouble(null);
		}, stop.signal).catch((err) => stop.signal.aborted ||
		    setTrouble(err));
		return () => stop.abort();
	}, [tree, turn]);
	return {
		stat, trouble, again: () => {
			/* At once: it is not committed by what was before. */
			setStat(null);
			setTurn((n) => n + 1);
		},
		files: (stat?.files ?? []).filter((f) => on.has(keyOf(f))),
		has: (f) => on.has(keyOf(f)),
		set: (f, yes) => setOn((old) => {
			const now = new Set(old);

			if (yes)
				now.add(keyOf(f));
			else
				now.delete(keyOf(f));
			return now;
		}),
	};
}

export function Picks({ picking }: { picking: Picking }) {
	const { stat, trouble } = picking;

	if (trouble !== null)
		return <Refusal err={trouble} />;
	if (stat === null)
		return <p class="aside" role="status">Loading…</p>;
	return (
		<>
			<ul class="picks" aria-label="Files">
				{stat.files.map((f) => (
					<li key={keyOf(f)}>
						<input type="checkbox" checked={picking.has(f)}
						    aria-label={nameText(f.path,
						        f.path_base64)}
						    onChange={(ev) => picking.set(f,
						        ev.currentTarget.checked)} />
						<Name text={f.path} coded={f.path_base64} />
						<span class="aside">{f.status}</span>
						<Counts added={f.added} removed={f.removed} />
					</li>
				))}
			</ul>
			{stat.next !== null && <p class="hint">
				{stat.partial ? `The first ${stat.files.length}; ` +
				    "the rest is being looked at…"
				    : `The first ${stat.files.length} of ` +
				        `${stat.total}.`}
			</p>}
		</>
	);
}
