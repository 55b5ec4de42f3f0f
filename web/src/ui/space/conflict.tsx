/* SPDX-License-Identifier: MIT */
/*
 * A merge or a rebase that is open in a worktree: which files are in conflict,
 * what each side has of them, and going on or giving up. Nothing is given up
 * by one click.
 */

import type { ComponentChildren } from "preact";
import { useEffect, useState } from "preact/hooks";
import {
	askChange, askConflict, askConflicts, goOn, resolve, type Side, type Verb,
} from "../../space/act.ts";
import { nameKey } from "../../space/name.ts";
import type { Store } from "../../store.ts";
import { label } from "../../util/text.ts";
import type {
	Change, Conflict, Conflicted, Conflicts, Part,
} from "../../space/types.ts";
import { Confirm } from "../dialog.tsx";
import { Name, Refusal } from "./text.tsx";
import { Text } from "./tree.tsx";

interface Open {
	told: Conflicts;
	change: Change | null;
}

/* Asked when something was done there, or another operation is open, whoever
 * began it; while one is open, at each change. */
function useOpen(store: Store, tree: string) {
	const { work } = store;
	const [open, setOpen] = useState<Open | null>(null);
	const [trouble, setTrouble] = useState<unknown>(null);
	const turn = work.turn(tree);
	const now = work.watches.stat(tree, null);
	const operation = now?.operation ?? null;
	const stat = open === null ? null : now;

	useEffect(() => work.watches.watch(tree, null), [tree]);
	useEffect(() => {
		const stop = new AbortController();

		askConflicts(tree, stop.signal).then(async (told) => {
			const is = told.operation !== null || told.total > 0;
			const change = is ? await askChange(tree, stop.signal)
			    : null;

			if (stop.signal.aborted)
				return;
			setOpen(is ? { told, change } : null);
			setTrouble(null);
		}).catch((err) => stop.signal.aborted || setTrouble(err));
		return () => stop.abort();
	}, [tree, turn, operation, stat]);
	return { open, trouble };
}

export function Midway({ store, part }: { store: Store; part: Part }) {
	const { open, trouble } = useOpen(store, part.path);
	const [refused, setRefused] = useState<unknown>(null);
	const [busy, setBusy] = useState(false);

	const act = (fn: () => Promise<unknown>) => {
		setBusy(true);
		setRefused(null);
		void fn().catch(setRefused).finally(() => {
			setBusy(false);
			store.work.touch(part.path);
		});
	};
	if (open === null)
		return trouble === null ? null : <Refusal err={trouble} />;
	return (
		<section class="midway" aria-label="What is open">
			<Said open={open} />
			<Verbs open={open} busy={busy} go={(verb) =>
			    act(() => goOn(part.path, verb))} />
			{refused !== null && <Refusal err={refused} />}
			{trouble !== null && <Refusal err={trouble} />}
			<ul class="picks">
				{open.told.conflicts.map((c) => (
					<File key={nameKey(c.path, c.path_base64)}
					    tree={part.path} file={c} busy={busy}
					    operation={open.told.operation}
					    turn={store.work.watches.stat(part.path, null)}
					    settle={(as) => act(() =>
					        resolve(part.path, c, as))} />
				))}
			</ul>
		</section>
	);
}

function Said({ open: { told, change } }: { open: Open }) {
	const n = told.total;

	return (
		<>
			<p role="status"><strong>
				{`Open: ${label(told.operation ?? "a conflict")}`}
			</strong>{". "}
				{n === 0 ? "No file is in conflict."
				    : `${n} ${n === 1 ? "file is" : "files are"} ` +
				        "in conflict."}</p>
			{change?.state === "conflict" && change.cause !== null &&
			    <p class="aside">{label(change.cause, 1000)}</p>}
			{told.next !== null && <p class="aside">
				{`The first ${told.conflicts.length} of them:`}</p>}
		</>
	);
}

function Verbs({ open, busy, go }: {
	open: Open; busy: boolean; go(verb: Verb): void;
}) {
	const [sure, setSure] = useState<Verb | null>(null);

	return (
		<div class="buttons">
			<button type="button" disabled={busy} onClick={() =>
			    go("continue")} class={`button ${
			    open.told.total === 0 ? "primary" : ""}`}>
				Continue</button>
			<button type="button" class="button" disabled={busy}
			    onClick={() => setSure("skip")}>Skip</button>
			<button type="button" class="button danger" disabled={busy}
			    onClick={() => setSure("abort")}>Abort</button>
			{sure === "skip" && <Confirm title="Skip this commit?"
			    text={"It goes on without the commit it stopped at. " +
			        "What was changed in its files since goes."}
			    action="Skip it" run={() => go("skip")}
			    done={() => setSure(null)} />}
			{sure === "abort" && <Confirm title="Give it up?"
			    text={"All is as it was before. Files that were " +
			        "changed since it stopped are not spared."}
			    action="Give up" run={() => go("abort")}
			    done={() => setSure(null)} />}
		</div>
	);
}

interface FileProps {
	tree: string;
	file: Conflicted;
	operation: string | null;
	busy: boolean;
	/* Another one when something has changed. */
	turn: unknown;
	settle(as: Side): void;
}

function File(props: FileProps) {
	const { file } = props;
	const [open, setOpen] = useState(false);

	return (
		<li class="clash" data-path={file.path}>
			<button type="button" class="plain" aria-expanded={open}
			    onClick={() => setOpen(!open)}>
				{open ? "▾" : "▸"}</button>
			<Name text={file.path} coded={file.path_base64} />
			<span class="aside">{label(file.conflict)}</span>
			{open && <Versions {...props} />}
		</li>
	);
}

/* In a rebase the two sides are not whose one would think. */
const hints: Record<string, [string, string]> = {
	rebase: ["what the commits are put on", "the commit that is made anew"],
	merge: ["this branch", "what is merged into it"],
};

function Versions({ tree, file, operation, busy, turn, settle }: FileProps) {
	const [got, setGot] = useState<Conflict | null>(null);
	const [trouble, setTrouble] = useState<unknown>(null);
	const [ours, theirs] = hints[operation ?? ""] ?? ["", ""];

	useEffect(() => {
		const stop = new AbortController();

		askConflict(tree, file, stop.signal).then((c) => {
			setGot(c);
			setTrouble(null);
		}).catch((err) => stop.signal.aborted || setTrouble(err));
		return () => stop.abort();
	}, [tree, file.path, file.path_base64, turn]);
	const all: [Conflict["versions"][0]["version"], string, string][] = [
		["ours", ours, "Take ours"], ["theirs", theirs, "Take theirs"],
		["working", "as it lies there", "Take as it is"],
		["base", "before both", ""],
	];
	if (got === null)
		return trouble === null ? <p class="aside">Loading…</p>
		    : <Refusal err={trouble} />;
	return (
		<div class="versions">
			{trouble !== null && <Refusal err={trouble} />}
			{all.map(([name, hint, word]) => (
				<Version key={name} name={name} hint={hint} file={file}
				    it={got.versions.find((v) => v.version === name)}>
					{word !== "" && <button type="button"
					    class="button" disabled={busy}
					    onClick={() => settle(name as Side)}>
						{word}</button>}
				</Version>
			))}
		</div>
	);
}

function Version({ name, hint, it, file, children }: {
	name: string; hint: string; file: Conflicted;
	it: Conflict["versions"][0] | undefined;
	children: ComponentChildren;
}) {
	return (
		<section class="version" data-version={name} aria-label={name}>
			<header>
				<span><strong>{name}</strong>{" "}
					<span class="aside">{hint}</span></span>
				{children}
			</header>
			{it === undefined && <p class="aside">
				It is not there.</p>}
			{it !== undefined && it.text === null &&
			    <p class="aside">Not shown: it is binary.</p>}
			{it?.truncated === true && <p class="aside">
				Only its beginning is shown.</p>}
			{it !== undefined && it.text !== null &&
			    <div class="scroll"><Text text={it.text}
			        path={file} /></div>}
		</section>
	);
}
