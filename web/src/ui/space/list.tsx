/* SPDX-License-Identifier: MIT */
/*
 * The list of workspaces, those that are pinned first. How much differs is told
 * for those in sight alone, and changes by itself.
 */

import { useEffect, useRef, useState } from "preact/hooks";
import type { State, Store } from "../../store.ts";
import { formatRoute } from "../../util/route.ts";
import { ago, label } from "../../util/text.ts";
import type { Stat, WorkspaceRow } from "../../space/types.ts";
import { Account } from "../account.tsx";
import { useInView, useNow } from "../hooks.ts";
import { Counts } from "./text.tsx";

export function WorkspaceList({ store, state }: {
	store: Store; state: State;
}) {
	const now = useNow();
	const [archived, setArchived] = useState(false);
	const { work } = store;
	const rows = work.rows.filter((w) => archived || !w.archived);

	useEffect(() => work.begin(), [work, state.phase]);
	return (
		<>
			<div class="list">
				<ul class="sessions workspaces">
					{[...rows.filter((w) => w.pinned),
					    ...rows.filter((w) => !w.pinned)]
					    .map((w) => <Row key={w.id} row={w}
					        store={store} state={state} now={now} />)}
				</ul>
				{!work.loaded && <p class="aside" role="status">
					Loading…</p>}
				{work.loaded && rows.length === 0 &&
				    <p class="aside">No workspaces yet.</p>}
			</div>
			<footer>
				<label class="check">
					<input type="checkbox" checked={archived}
					    onChange={(ev) => setArchived(
					        ev.currentTarget.checked)} />
					Show archived
				</label>
				<Account store={store} state={state} />
			</footer>
		</>
	);
}

/* Sums what its worktrees tell, while it is in sight. */
function useStat(store: Store, row: WorkspaceRow) {
	const ref = useRef<HTMLLIElement>(null);
	const [seen, setSeen] = useState(false);
	const { work } = store;
	const parts = row.state === "ready" && !row.archived
	    ? work.get(row.id)?.repos ?? [] : [];
	const trees = parts.map((p) => `${p.path}\0${p.base ?? ""}`).join("\0");

	useEffect(() => {
		const eye = new IntersectionObserver((all) =>
		    setSeen(all.at(-1)!.isIntersecting));

		eye.observe(ref.current!);
		return () => eye.disconnect();
	}, []);
	useEffect(() => {
		if (seen && row.state === "ready" && !row.archived &&
		    work.get(row.id) === undefined)
			void work.load(row.id);
	}, [seen, row.id, row.state, row.archived]);
	useEffect(() => {
		if (!seen)
			return;
		const ends = parts.map((p) => work.watches.watch(p.path, p.base));
		return () => ends.forEach((end) => end());
	}, [seen, trees]);
	return { ref, stat: total(parts.map((p) =>
	    work.watches.stat(p.path, p.base))) };
}

function total(stats: (Stat | null)[]): Stat | null {
	const known = stats.filter((s) => s !== null);
	const sum = (key: "files" | "added" | "removed") =>
	    known.reduce((n, s) => n + s[key], 0);

	return known.length === 0 ? null : { from: null, truncated: false,
	    operation: null, files: sum("files"), added: sum("added"), removed: sum("removed") };
}

const tones: Record<string, string> = {
	ready: "live", creating: "busy", failed: "bad",
};

function Row({ row, store, state, now }: {
	row: WorkspaceRow; store: Store; state: State; now: number;
}) {
	const { route } = state;
	const { ref, stat } = useStat(store, row);
	const current = route.page === "workspace" && route.id === row.id;
	const link = useInView(current);

	return (
		<li ref={ref}>
			<a ref={link} href={formatRoute({ page: "workspace", id: row.id,
			    repo: null, view: "changes", at: null })}
			    data-workspace={row.id} title={label(row.name)}
			    data-tone={row.archived ? "rest"
			        : tones[row.state] ?? "busy"}
			    aria-current={current ? "page" : undefined}>
				<span class="dot" aria-hidden="true" />
				<span class="name">{label(row.name)}</span>
				<span class="word">{word(row, stat)}</span>
				<span class="where">{label(row.branch)}</span>
				<span class="when">{row.pinned ? "pinned"
				    : ago(row.created_at, now)}</span>
			</a>
		</li>
	);
}

function word(row: WorkspaceRow, stat: Stat | null) {
	if (row.archived)
		return "archived";
	if (row.state !== "ready")
		return label(row.state);
	if (stat === null)
		return "";
	return stat.files === 0 ? <span class="same">no changes</span>
	    : <Counts added={stat.added} removed={stat.removed} />;
}
