/* SPDX-License-Identifier: MIT */
/*
 * The files of the last commit: a tree whose directories are fetched when they
 * are opened, and beside it the file that was chosen.
 */

import { useEffect, useMemo, useState } from "preact/hooks";
import type { Store } from "../../store.ts";
import { formatRoute, type WorkspaceRoute } from "../../util/route.ts";
import { bytes } from "../../util/text.ts";
import { askFile, askTree } from "../../space/ask.ts";
import { painterOf, type Token } from "../../space/code.ts";
import {
	joinKeys, keyName, nameKey, nameText, type Path,
} from "../../space/name.ts";
import type {
	FileText, Part, TreeEntry, TreePage,
} from "../../space/types.ts";
import { Code, type Line } from "./code.tsx";
import { useHead } from "./head.ts";
import { Name, Refusal } from "./text.tsx";

interface Props {
	part: Part;
	route: WorkspaceRoute;
}

export function Files({ store, part, route }: Props & { store: Store }) {
	const head = useHead(store, part.path);
	const file = route.at === null ? null : keyName(route.at);
	const up = formatRoute({ ...route, repo: part.repo_id, at: null });

	return (
		<section class="browse" aria-label="Files"
		    data-open={file !== null}>
			<nav class="dirs scroll" aria-label="Tree">
				<Dir part={part} route={route} dir="" at={head} />
			</nav>
			<div class="opened scroll">
				{file === null ? <p class="aside">Pick a file. They
					are those of the last commit; what has changed
					since is under Changes.</p>
				    : <>
					<a class="up" href={up}>‹ All files</a>
					<FileView key={route.at} part={part} file={file}
					    head={head} />
				    </>}
			</div>
		</section>
	);
}

/*
 * Its further pages are of the commit that the first one was of. `at` "": of
 * the last one, whichever that is.
 */
function useDir(tree: string, dir: string, at: string) {
	const [pages, setPages] = useState<TreePage[]>([]);
	const [trouble, setTrouble] = useState<unknown>(null);
	const [busy, setBusy] = useState(false);
	const next = pages.at(-1)?.next ?? null;

	const load = (offset: number, signal?: AbortSignal) => {
		setBusy(true);
		askTree(tree, dir === "" ? null : keyName(dir),
		    (offset > 0 ? pages[0]?.commit : at) || undefined, offset,
		    signal).then((p) => {
			setPages((old) => offset === 0 ? [p] : [...old, p]);
			setTrouble(null);
		}).catch((err) => signal?.aborted || setTrouble(err))
		    .finally(() => setBusy(false));
	};
	useEffect(() => {
		const stop = new AbortController();

		if (at === "" || pages[0]?.commit !== at)
			load(0, stop.signal);
		return () => stop.abort();
	}, [tree, dir, at]);
	return { pages, trouble, busy,
		more: next === null ? null : () => load(next) };
}

/* Directories first, as people look for them. */
function inOrder(pages: TreePage[]): TreeEntry[] {
	const all = pages.flatMap((p) => p.entries);

	return [...all.filter((e) => e.type === "tree"),
	    ...all.filter((e) => e.type !== "tree")];
}

function Dir({ part, route, dir, at }: Props & {
	dir: string; at: string;
}) {
	const { pages, trouble, busy, more } = useDir(part.path, dir, at);

	if (pages.length === 0 && trouble !== null)
		return <Refusal err={trouble} />;
	if (pages.length === 0)
		return <p class="aside" role="status">Loading…</p>;
	return (
		<ul class="dir">
			{inOrder(pages).map((e) => (
				<Entry key={nameKey(e.name, e.name_base64)} entry={e}
				    part={part} route={route} at={pages[0]!.commit}
				    path={joinKeys(dir,
				        nameKey(e.name, e.name_base64))} />
			))}
			{trouble !== null && <li><Refusal err={trouble} /></li>}
			{more !== null && <li><button type="button" class="plain"
			    disabled={busy} onClick={more}>More…</button></li>}
			{pages.some((p) => p.truncated) && <li class="aside">
				There is more than can be told.</li>}
		</ul>
	);
}

function Entry({ entry, part, route, path, at }: Props & {
	entry: TreeEntry; path: string; at: string;
}) {
	/* The directories of the file that is looked at are open. */
	const [open, setOpen] = useState(() => leadsTo(path, route.at));
	const name = <Name text={entry.name} coded={entry.name_base64} />;

	if (entry.type === "commit")
		return <li class="entry">{name}{" "}
			<span class="aside">submodule</span></li>;
	if (entry.type === "blob")
		return (
			<li class="entry">
				<a href={formatRoute({ ...route, repo: part.repo_id,
				    view: "files", at: path })}
				    aria-current={route.at === path ? "page"
				        : undefined}>{name}</a>
			</li>
		);
	return (
		<li class="entry">
			<button type="button" aria-expanded={open}
			    onClick={() => setOpen(!open)}>{name}</button>
			{open && <Dir part={part} route={route} dir={path}
			    at={at} />}
		</li>
	);
}

function leadsTo(dir: string, at: string | null): boolean {
	const text = (key: string) => {
		const p = keyName(key);
		return p === null ? "" : p.path;
	};

	return at !== null && text(at).startsWith(`${text(dir)}/`);
}

function useFile(tree: string, file: Path, head: string) {
	const [got, setGot] = useState<FileText | null>(null);
	const [trouble, setTrouble] = useState<unknown>(null);

	useEffect(() => {
		const stop = new AbortController();

		if (got !== null && got.commit === head)
			return;
		askFile(tree, file, stop.signal).then((f) => {
			setGot(f);
			setTrouble(null);
		}).catch((err) => stop.signal.aborted || setTrouble(err));
		return () => stop.abort();
	}, [tree, file.path, file.path_base64, head]);
	return { got, trouble };
}

function FileView({ part, file, head }: {
	part: Part; file: Path; head: string;
}) {
	const { got, trouble } = useFile(part.path, file, head);

	if (trouble !== null)
		return <Refusal err={trouble} />;
	if (got === null)
		return <p class="aside" role="status">Loading…</p>;
	return (
		<>
			<p class="sum">
				<Name text={file.path} coded={file.path_base64} />
				<span class="aside">{bytes(got.size)}</span>
				{got.truncated && <span class="aside">
					only its beginning is shown</span>}
			</p>
			{got.text === null
			    ? <p class="aside">Not shown: it is binary.</p>
			    : <Text text={got.text} path={file} />}
		</>
	);
}

function usePainted(text: string, path: string): Token[][] {
	const [painted, setPainted] = useState<Token[][] | null>(null);
	const plain = useMemo(() => text.split("\n").map((t) =>
	    [{ text: t, style: "" }]), [text]);

	useEffect(() => {
		let here = true;

		setPainted(null);
		void painterOf(path).then((paint) => here && paint !== null &&
		    setPainted(paint(text)));
		return () => {
			here = false;
		};
	}, [text, path]);
	return painted ?? plain;
}

export function Text({ text, path }: { text: string; path: Path }) {
	const ended = text.endsWith("\n");
	const painted = usePainted(ended ? text.slice(0, -1) : text, path.path);
	const lines = useMemo(() => painted.map((tokens, i): Line => ({
		kind: "line", nos: [i + 1], mark: "", tokens: () => tokens,
		open: !ended && i === painted.length - 1 && text !== "",
	})), [painted]);

	return <Code lines={lines}
	    label={`Text of ${nameText(path.path, path.path_base64)}`} />;
}
