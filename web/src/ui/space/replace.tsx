/* SPDX-License-Identifier: MIT */
/*
 * A push over what a remote has: told is which commit stands there, as it was
 * fetched last, and how many go with it. That very commit is the lease, so
 * what somebody has pushed since stays. The keyboard is at Cancel.
 */

import { useEffect, useState } from "preact/hooks";
import { linePieces } from "../../space/name.ts";
import { askReplaced, type Replaced } from "../../space/remote.ts";
import { label } from "../../util/text.ts";
import { Dialog } from "../dialog.tsx";
import { Pieces, Refusal } from "./text.tsx";

interface Props {
	tree: string;
	remote: string;
	branch: string;
	push(lease: string): void;
	done(): void;
}

/* undefined: not known yet; null: nothing of it was fetched. */
function useReplaced({ tree, remote, branch }: Props) {
	const [it, setIt] = useState<Replaced | null | undefined>(undefined);
	const [trouble, setTrouble] = useState<unknown>(null);

	useEffect(() => {
		const stop = new AbortController();

		askReplaced(tree, remote, branch, stop.signal).then(setIt)
		    .catch((err) => stop.signal.aborted || setTrouble(err));
		return () => stop.abort();
	}, [tree, remote, branch]);
	return { it, trouble };
}

export function ReplaceDialog(props: Props) {
	const { remote, branch, push, done } = props;
	const { it, trouble } = useReplaced(props);
	const name = label(`${remote}/${branch}`, 100);

	return (
		<Dialog title={`Replace ${name}?`} done={done}
		    submit={() => it && push(it.tip.commit)}>
			{trouble !== null && <>
				<Refusal err={trouble} />
				<p>{`What ${name} has is not known here. Fetch it first.`}
				</p>
			</>}
			{it === undefined && trouble === null &&
			    <p class="aside" role="status">Loading…</p>}
			{it && <Told it={it} name={name} />}
			<div class="buttons">
				<button type="button" class="button" autofocus
				    onClick={done}>Cancel</button>
				<button class="button danger" disabled={!it}>
					{it ? `Replace ${it.tip.commit.slice(0, 9)}`
					    : "Replace"}</button>
			</div>
		</Dialog>
	);
}

function Told({ it: { tip, commits }, name }: { it: Replaced; name: string }) {
	return (
		<>
			<p>{`${name} is at `}<code>{tip.commit.slice(0, 9)}</code>
				{" "}<bdi><Pieces list={linePieces(tip.subject)} /></bdi>
				{` by ${label(tip.author)}.`}</p>
			<p>{commits === 0
			    ? "All that it has is in this branch as well."
			    : commits === 1 ? "One commit that this branch has not " +
			        "goes from it."
			    : `${commits} commits that this branch has not go from it.`}
			</p>
			<p class="hint">It is replaced only if it is still there;
				what was pushed since stays.</p>
		</>
	);
}
