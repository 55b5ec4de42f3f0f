/* SPDX-License-Identifier: MIT */
/*
 * A worktree's branch merged into another one, or its commits made anew on
 * one. How far both have gone is told first; what came after that was told is refused.
 */

import { useEffect, useState } from "preact/hooks";
import { compare, merge, rebase } from "../../space/act.ts";
import type { Store } from "../../store.ts";
import { label } from "../../util/text.ts";
import type { Comparison, Part } from "../../space/types.ts";
import { Dialog } from "../dialog.tsx";
import { moved } from "./commit.tsx";
import { Refusal } from "./text.tsx";

interface Props {
	store: Store;
	part: Part;
	done(): void;
}

/* null: not known, or there is no such branch, which the act will tell. */
function useComparison(tree: string, base: string) {
	const [at, setAt] = useState<Comparison | null>(null);
	const [turn, setTurn] = useState(0);

	useEffect(() => {
		const stop = new AbortController();

		setAt(null);
		if (base !== "")
			compare(tree, base, stop.signal).then(setAt)
			    .catch(() => undefined);
		return () => stop.abort();
	}, [tree, base, turn]);
	return { at, again: () => setTurn((n) => n + 1) };
}

const commits = (n: number) => `${n} ${n === 1 ? "commit" : "commits"}`;

function useAct(done: () => void) {
	const [refused, setRefused] = useState<unknown>(null);
	const [busy, setBusy] = useState(false);

	return { refused, busy, clear: () => setRefused(null),
	    go: async (fn: () => Promise<unknown>) => {
		if (busy)
			return;
		setBusy(true);
		try {
			await fn();
			done();
		} catch (err) {
			setRefused(err);
			setBusy(false);
		}
	} };
}

function useBranch(base: string | null, part: Part, done: () => void) {
	const [name, setName] = useState(base ?? "");
	/* Asked about when it has been written, not at each letter. */
	const [asked, setAsked] = useState(name);
	const { at, again } = useComparison(part.path, asked);

	useEffect(() => {
		const timer = setTimeout(() => setAsked(name.trim()), 250);

		return () => clearTimeout(timer);
	}, [name]);
	return { name, setName, at: asked === name.trim() ? at : null, again,
	    ...useAct(done) };
}

type Branch = ReturnType<typeof useBranch>;

function Which({ b, word }: { b: Branch; word: string }) {
	return (
		<div>
			<label for="merge-with">{word}</label>
			<input id="merge-with" type="text" value={b.name} required
			    maxLength={200} autoComplete="off" spellcheck={false}
			    onInput={(ev) => b.setName(ev.currentTarget.value)} />
			<p class="hint steady" role="status">
				{b.at !== null && `It has ${commits(b.at.ahead)} that ` +
				    `${label(b.name, 60)} has not, which has ` +
				    `${commits(b.at.behind)} of its own.`}</p>
		</div>
	);
}

function End({ b, word, done }: {
	b: Branch; word: string; done(): void;
}) {
	return (
		<>
			{b.refused !== null && <Refusal err={b.refused} />}
			<div class="buttons">
				<button type="button" class="button" onClick={done}>
					Cancel</button>
				{moved(b.refused) && <button type="button"
				    class="button" onClick={() => {
				        b.clear();
				        b.again();
				    }}>Look again</button>}
				<button class="button primary" disabled={b.busy}>
					{b.busy ? "…" : word}</button>
			</div>
		</>
	);
}

export function MergeDialog({ store, part, done }: Props) {
	const b = useBranch(part.base, part, done);
	const [squash, setSquash] = useState(false);
	const [message, setMessage] = useState("");
	const into = b.name.trim();

	const go = () => void b.go(async () => {
		const { changed } = await merge(part.path, into,
		    { squash, message }, b.at);

		store.tell(changed ? `Merged into ${label(into)}.`
		    : "There is nothing to merge.");
	});
	return (
		<Dialog title={`Merge ${label(part.branch ?? part.name, 60)}`}
		    stays={true} done={done} submit={go}>
			<Which b={b} word="Into" />
			<label class="check">
				<input type="checkbox" checked={squash}
				    onChange={(ev) =>
				        setSquash(ev.currentTarget.checked)} />
				All of it as one commit
			</label>
			<div>
				<label for="merge-message">Message</label>
				<textarea id="merge-message" rows={3}
				    placeholder="One that names the branches"
				    value={message} onInput={(ev) =>
				        setMessage(ev.currentTarget.value)} />
			</div>
			<End b={b} word="Merge" done={done} />
		</Dialog>
	);
}

/* Stopped at a conflict it is no failure: the page shows what is open. */
export function RebaseDialog({ store, part, start, done }: Props & {
	/* Onto what, if not where the branch began. */
	start?: string;
}) {
	const b = useBranch(start ?? part.base, part, done);
	const onto = b.name.trim();

	const go = () => void b.go(async () => {
		const { change } = await rebase(part.path, onto, b.at);

		store.work.touch(part.path);
		if (change?.state === "done")
			store.tell(`Now on ${label(onto)}.`);
	});
	return (
		<Dialog title={`Rebase ${label(part.branch ?? part.name, 60)}`}
		    stays={true} done={done} submit={go}>
			<Which b={b} word="Onto" />
			<End b={b} word="Rebase" done={done} />
		</Dialog>
	);
}
