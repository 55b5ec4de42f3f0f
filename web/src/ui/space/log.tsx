/* SPDX-License-Identifier: MIT */
/*
 * Commits, the newest first, a page at a time; and one of them with what it has
 * changed.
 */

import { useEffect, useMemo, useState } from "preact/hooks";
import type { Store } from "../../store.ts";
import { formatRoute, type WorkspaceRoute } from "../../util/route.ts";
import { ago, label } from "../../util/text.ts";
import { askLog, askStat } from "../../space/ask.ts";
import { linePieces } from "../../space/name.ts";
import type {
	Commit, DiffFile, DiffStat, LogPage, Part,
} from "../../space/types.ts";
import { useNow } from "../hooks.ts";
import { useHead } from "./head.ts";
import { FileList } from "./files.tsx";
import { Pieces, Refusal, Total } from "./text.tsx";

const page = 50;

/* Grows by pages; begins anew when `of` is another. */
function usePages<T extends { next: number | null }>(
	of: string, ask: (offset: number, signal: AbortSignal) => Promise<T>,
) {
	const [parts, setParts] = useState<T[]>([]);
	const [trouble, setTrouble] = useState<unknown>(null);
	const [busy, setBusy] = useState(false);
	const [stop, setStop] = useState(() => new AbortController());
	const next = parts.at(-1)?.next ?? null;

	const more = (offset: number, signal: AbortSignal) => {
		setBusy(true);
		void ask(offset, signal).then((part) => {
			setParts((old) => offset === 0 ? [part]
			    : [...old, part]);
			setTrouble(null);
		}).catch((err) => signal.aborted || setTrouble(err))
		    .finally(() => signal.aborted || setBusy(false));
	};
	useEffect(() => {
		const own = new AbortController();

		setStop(own);
		more(0, own.signal);
		return () => own.abort();
	}, [of]);
	return { parts, trouble, busy,
		more: next === null ? null : () => more(next, stop.signal) };
}

export function Log({ store, part, route, base }: {
	store: Store; part: Part; route: WorkspaceRoute;
	base: string | undefined;
}) {
	const head = useHead(store, part.path);
	const now = useNow();
	const { parts, trouble, busy, more } = usePages<LogPage>(
	    [part.path, base ?? "", head].join("\0"), (offset, signal) =>
	        askLog(part.path, base, undefined, offset, page, signal));
	const commits = parts.flatMap((p) => p.commits);

	if (parts.length === 0 && trouble !== null)
		return <Refusal err={trouble} />;
	if (parts.length === 0)
		return <p class="aside" role="status">Loading…</p>;
	return (
		<section aria-label="Commits">
			{commits.length === 0 && <p class="aside">
				{base === undefined ? "No commits."
				    : `No commits beyond ${label(base)}.`}</p>}
			<ul class="commits">
				{commits.map((c) => <Row key={c.commit} commit={c}
				    route={route} part={part} now={now} />)}
			</ul>
			{trouble !== null && <Refusal err={trouble} />}
			{more !== null && <button type="button"
			    class="button part" disabled={busy}
			    onClick={more}>Older</button>}
		</section>
	);
}

function Row({ commit, route, part, now }: {
	commit: Commit; route: WorkspaceRoute; part: Part; now: number;
}) {
	return (
		<li>
			<a href={formatRoute({ ...route, repo: part.repo_id,
			    at: commit.commit })} data-commit={commit.commit}>
				<span class="name"><bdi><Pieces
				    list={linePieces(commit.subject)} /></bdi></span>
				<span class="aside">
					{label(commit.author)}{" · "}
					{ago(commit.committed_at * 1000, now)}</span>
				<code>{commit.commit.slice(0, 9)}</code>
			</a>
		</li>
	);
}

export function CommitPage({ part, id, sideBySide }: {
	part: Part; id: string; sideBySide: boolean;
}) {
	const [commit, setCommit] = useState<Commit | null>(null);
	const [missing, setMissing] = useState<unknown>(null);
	const { parts, trouble, busy, more } = usePages<DiffStat>(
	    `${part.path}\0${id}`, (offset, signal) => askStat(part.path,
	        { commit: id }, offset, 500, signal));
	const files: DiffFile[] = parts.flatMap((p) => p.files);
	const what = useMemo(() => ({ commit: id }), [id]);

	useEffect(() => {
		const stop = new AbortController();

		askLog(part.path, undefined, id, 0, 1, stop.signal)
		    .then((p) => setCommit(p.commits[0] ?? null))
		    .catch((err) => stop.signal.aborted || setMissing(err));
		return () => stop.abort();
	}, [part.path, id]);
	if (missing !== null || trouble !== null && parts.length === 0)
		return <Refusal err={missing ?? trouble} />;
	return (
		<section aria-label="Commit">
			{commit !== null && <About commit={commit} />}
			{parts[0] !== undefined && <p class="sum">
				<Total stat={parts[0]} />
				{(commit?.parents.length ?? 0) > 1 &&
				    <span class="aside">against its first parent</span>}
			</p>}
			<FileList tree={part.path} what={what}
			    files={files} sideBySide={sideBySide} />
			{trouble !== null && <Refusal err={trouble} />}
			{more !== null && <button type="button"
			    class="button part" disabled={busy}
			    onClick={more}>More files</button>}
		</section>
	);
}

function About({ commit }: { commit: Commit }) {
	const body = linePieces(commit.body.trimEnd());

	return (
		<header class="about">
			<h2><bdi><Pieces list={linePieces(commit.subject)} /></bdi>
			</h2>
			<p class="aside">
				{label(commit.author)}{" <"}
				{label(commit.author_email)}{">, "}
				{new Date(commit.authored_at * 1000)
				    .toLocaleString()}
			</p>
			<p class="aside"><code>{commit.commit}</code></p>
			{body.length > 0 && <pre class="body">
				<Body text={commit.body.trimEnd()} />
				{commit.cut && <span class="odd">shortened</span>}
			</pre>}
		</header>
	);
}

function Body({ text }: { text: string }) {
	return (
		<>
			{text.split("\n").map((line, i) => (
				<bdi key={i} class="row">
					<Pieces list={linePieces(line)} />{"\n"}</bdi>
			))}
		</>
	);
}
