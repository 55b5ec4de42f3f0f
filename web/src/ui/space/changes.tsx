/* SPDX-License-Identifier: MIT */
/*
 * What differs in a worktree, as it is now: followed, so that a change costs
 * what has changed. What is beyond the files that are followed comes in pages.
 * Of very much the first files stand there before all has been looked at.
 */

import { useEffect, useRef, useState } from "preact/hooks";
import { askEarly, askStat, type Compared } from "../../space/ask.ts";
import { Follow, type Differing } from "../../space/follow.ts";
import type { DiffFile, DiffStat, Stat } from "../../space/types.ts";
import { FileList } from "./files.tsx";
import { Counts, Refusal, Total } from "./text.tsx";

const page = 500;
/* In ms, in which as a rule all is told. */
const patience = 300;

interface Followed {
	doc: Differing;
	live: boolean;
	trouble: unknown;
}

const none: Followed = { doc: {}, live: false, trouble: null };

/* `stirs`: see Workspaces. */
function useFollow(
	tree: string, base: string | undefined, stirs: number,
): Followed {
	const [now, setNow] = useState(none);
	const at = useRef<Follow | null>(null);

	useEffect(() => {
		const set = (part: Partial<Followed>) =>
		    setNow((old) => ({ ...old, ...part }));

		setNow(none);
		const follow = new Follow(tree, base, {
			told: (doc) => set({ doc, trouble: null }),
			live: (live) => set({ live }),
			refused: (trouble) => set({ trouble }),
		});
		at.current = follow;
		return () => follow.stop();
	}, [tree, base]);
	useEffect(() => at.current?.again(), [stirs]);
	return now;
}

/* Asked for only where waiting for all takes a while. */
function useEarly(
	tree: string, base: string | undefined, told: boolean,
): DiffStat | null {
	const [early, setEarly] = useState<DiffStat | null>(null);

	useEffect(() => {
		const stop = new AbortController();
		const timer = told ? undefined : setTimeout(() => void askEarly(
		    tree, base, stop.signal).then(setEarly,
		    /* Who follows tells what is wrong. */
		    () => undefined), patience);

		setEarly(null);
		return () => {
			clearTimeout(timer);
			stop.abort();
		};
	}, [tree, base, told]);
	return told ? null : early;
}

export function Changes({ tree, what, sideBySide, stirs }: {
	tree: string; what: Compared; sideBySide: boolean; stirs: number;
}) {
	const { doc, live, trouble } = useFollow(tree, what.base, stirs);
	const early = useEarly(tree, what.base, doc.stat !== undefined ||
	    trouble !== null);
	const files = doc.stat === undefined ? early?.files ?? []
	    : sorted(doc.entries ?? {});

	if (trouble !== null)
		return <Refusal err={trouble} />;
	if (doc.stat === undefined && early === null)
		return <p class="aside" role="status">Loading…</p>;
	return (
		<section aria-label="Changes" data-live={live}>
			{doc.stat === undefined ? <Begun stat={early!} />
			    : <Sum stat={doc.stat} live={live} />}
			<FileList tree={tree} what={what} files={files}
			    sideBySide={sideBySide} />
			{doc.stat?.truncated && <Rest tree={tree} what={what}
			    known={files} sideBySide={sideBySide} />}
		</section>
	);
}

function sorted(entries: Record<string, DiffFile>): DiffFile[] {
	return Object.values(entries).sort((a, b) =>
	    a.path < b.path ? -1 : a.path > b.path ? 1 : 0);
}

/* What stands below is not all, or not followed yet. */
function Begun({ stat }: { stat: DiffStat }) {
	return (
		<p class="sum" role="status" data-partial={stat.partial}>
			<Total stat={stat} />
			<span class="aside">{stat.partial ? "looking at the rest…"
			    : "looking again…"}</span>
		</p>
	);
}

function Sum({ stat, live }: { stat: Stat; live: boolean }) {
	const { files } = stat;

	return (
		<p class="sum" role="status">
			{files === 0 ? "Nothing differs."
			    : `${files} ${files === 1 ? "file" : "files"} `}
			{files > 0 && <Counts added={stat.added}
			    removed={stat.removed} />}
			{!live && <span class="aside">
				reconnecting; this may be old</span>}
		</p>
	);
}

/* Beyond those that are followed: as they were when they were asked for. */
function Rest({ tree, what, known, sideBySide }: {
	tree: string; what: Compared; known: DiffFile[]; sideBySide: boolean;
}) {
	const [files, setFiles] = useState<DiffFile[]>([]);
	const [next, setNext] = useState<number | null>(known.length);
	const [trouble, setTrouble] = useState<unknown>(null);
	const [busy, setBusy] = useState(false);
	const [states, setStates] = useState<string[]>([]);
	const have = new Set(known.map((f) => f.path_base64 ?? f.path));

	const more = () => {
		setBusy(true);
		void askStat(tree, what, next!, page).then((s) => {
			setFiles((old) => [...old, ...s.files]);
			setNext(s.next);
			setStates((old) => [...old, s.as_of]);
			setTrouble(null);
		}).catch(setTrouble).finally(() => setBusy(false));
	};
	return (
		<>
			<FileList tree={tree} what={what} sideBySide={sideBySide}
			    files={files.filter((f) =>
			        !have.has(f.path_base64 ?? f.path))} />
			{new Set(states).size > 1 && <p class="aside" role="status">
				Something has changed between these parts: a file may
				be missing here, or be there as it was.</p>}
			{trouble !== null && <Refusal err={trouble} />}
			{next !== null && <button type="button" class="button part"
			    disabled={busy} onClick={more}>More files</button>}
		</>
	);
}
