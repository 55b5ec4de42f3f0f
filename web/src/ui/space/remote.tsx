/* SPDX-License-Identifier: MIT */
/*
 * What a worktree's branch has to do with its remote: how far both have gone,
 * push, fetch and pull, how far one is, and why one was refused. Nothing at a
 * remote is replaced by one click: the commit that goes is named first, and the
 * server replaces that one or none.
 */

import { useEffect, useState } from "preact/hooks";
import { ApiError } from "../../net/http.ts";
import {
	advise, aheadText, askAhead, askRemotes, transferText, type Offer,
} from "../../space/remote.ts";
import {
	hasEnded, type Kind, type Transfers, type Wish,
} from "../../space/transfers.ts";
import type { Ahead, Part, Transfer } from "../../space/types.ts";
import { messageOf, type Store } from "../../store.ts";
import { ago, label } from "../../util/text.ts";
import { useNow } from "../hooks.ts";
import { useHead } from "./head.ts";
import { RebaseDialog } from "./merge.tsx";
import { ReplaceDialog } from "./replace.tsx";

/* null: it is not known whether there is one. */
function useRemotes(repo: string): string[] | null {
	const [names, setNames] = useState<string[] | null>([]);

	useEffect(() => {
		const stop = new AbortController();

		askRemotes(repo, stop.signal).then(setNames)
		    .catch(() => stop.signal.aborted || setNames(null));
		return () => stop.abort();
	}, [repo]);
	return names;
}

/* Asked anew when there is another commit, or something was done. */
function useAhead(store: Store, tree: string): Ahead | null {
	const head = useHead(store, tree);
	const turn = store.work.turn(tree);
	const [ahead, setAhead] = useState<Ahead | null>(null);

	useEffect(() => {
		const stop = new AbortController();

		askAhead(tree, stop.signal).then(setAhead)
		    .catch(() => stop.signal.aborted || setAhead(null));
		return () => stop.abort();
	}, [tree, head, turn]);
	return ahead;
}

/* Refused before there was a transfer. */
interface Refused {
	kind: Kind;
	code: string;
	cause: string | null;
}

function useTransfer(transfers: Transfers, tree: string) {
	const [refused, setRefused] = useState<Refused | null>(null);
	const [asking, setAsking] = useState(false);
	const [hidden, setHidden] = useState<string | null>(null);
	const last = transfers.of(tree);

	const begin = (kind: Kind, wish?: Wish) => {
		setAsking(true);
		setRefused(null);
		transfers.begin(kind, tree, wish).catch((err) => setRefused({
			kind, cause: messageOf(err),
			code: err instanceof ApiError ? err.code : "",
		})).finally(() => setAsking(false));
	};
	return { last, refused, begin,
		at: last !== null && !hasEnded(last) ? last : null,
		busy: asking || last !== null && !hasEnded(last),
		over: last !== null && last.id !== hidden &&
		    hasEnded(last) ? last : null,
		hide: () => {
			setRefused(null);
			setHidden(last?.id ?? null);
		} };
}

type Using = ReturnType<typeof useTransfer>;

export function Remote({ store, part }: { store: Store; part: Part }) {
	const remotes = useRemotes(part.repo_id);

	if (remotes !== null && remotes.length === 0)
		return null;
	return <Strip store={store} part={part} />;
}

function Strip({ store, part }: { store: Store; part: Part }) {
	const { transfers } = store.work;
	const ahead = useAhead(store, part.path);
	const use = useTransfer(transfers, part.path);
	const fetched = transfers.fetched(part.repo_path);
	const now = useNow();

	return (
		<section class="remote" aria-label="Remote">
			<div class="line-up">
				<p role="status">
					{ahead !== null && <span>
						{label(aheadText(ahead), 300)}</span>}
					{" "}
					<span class="aside">{fetched === null
					    ? "Not fetched by rdv yet."
					    : `Fetched ${ago(fetched, now)}.`}</span>
				</p>
				<Verbs use={use} ahead={ahead} />
			</div>
			{use.at !== null && <AtWork t={use.at}
			    transfers={transfers} />}
			<Outcome store={store} part={part} use={use}
			    ahead={ahead} />
		</section>
	);
}

/* A branch without an upstream gets one with its first push. */
const wishOf = (ahead: Ahead | null): Wish =>
    ahead !== null && ahead.upstream === null ? { upstream: true } : {};

function Verbs({ use, ahead }: { use: Using; ahead: Ahead | null }) {
	const off = ahead !== null && ahead.branch === null;

	return (
		<div class="buttons">
			<button type="button" class="button" disabled={use.busy}
			    title="See what the remote has; no file is changed"
			    onClick={() => use.begin("fetch")}>Fetch</button>
			<button type="button" class="button"
			    disabled={use.busy || off}
			    title="Fetch, and go forward if nothing is in the way"
			    onClick={() => use.begin("pull")}>Pull</button>
			<button type="button" disabled={use.busy || off}
			    class={`button ${(ahead?.ahead ?? 0) > 0
			        ? "primary" : ""}`}
			    title="Send the branch's commits to the remote"
			    onClick={() => use.begin("push", wishOf(ahead))}>
				Push</button>
		</div>
	);
}

function AtWork({ t, transfers }: { t: Transfer; transfers: Transfers }) {
	const [trouble, setTrouble] = useState<unknown>(null);
	const percent = t.progress?.percent ?? null;

	return (
		<div class="at-work" data-state={t.state}>
			<span role="status">{label(transferText(t))}</span>
			<progress aria-label="How far it is"
			    {...percent !== null && { value: percent, max: 100 }} />
			<button type="button" class="button"
			    disabled={t.cancelled} onClick={() => {
			        setTrouble(null);
			        transfers.cancel(t.id).catch(setTrouble);
			    }}>Cancel</button>
			{trouble !== null && <span class="trouble" role="alert">
				{label(messageOf(trouble), 500)}</span>}
		</div>
	);
}

interface OutcomeProps {
	store: Store;
	part: Part;
	use: Using;
	ahead: Ahead | null;
}

function Outcome(props: OutcomeProps) {
	const { refused, over, hide } = props.use;

	if (refused !== null)
		return <Failure {...props} why={refused} t={null} />;
	if (over?.state === "failed")
		return <Failure {...props} t={over} why={{ kind: over.kind,
		    code: over.code ?? "", cause: over.cause }} />;
	if (over === null || over.updated_at < opened)
		return null;
	return (
		<p class="over" role="status" data-state={over.state}>
			{label(transferText(over))}{" "}
			<button type="button" class="plain" onClick={hide}>
				Hide</button>
		</p>
	);
}

/* What ended well before this page was opened is no news. */
const opened = Date.now();

const words: Record<Offer, string> = {
	fetch: "Fetch", again: "Try again", rebase: "Rebase…",
	replace: "Replace…", dirty: "Push what is committed",
};

function Failure({ store, part, use, ahead, why, t }: OutcomeProps & {
	why: Refused; t: Transfer | null;
}) {
	const [asked, setAsked] = useState<Offer | null>(null);
	const { says, offers } = advise(why.code, why.kind);
	const branch = t?.branch ?? null;
	const theirs = t === null || branch === null ? null
	    : `${t.remote}/${branch}`;
	const does: Record<Offer, () => void> = {
		fetch: () => use.begin("fetch"),
		again: () => use.begin(why.kind, why.kind === "push"
		    ? wishOf(ahead) : {}),
		dirty: () => use.begin("push",
		    { ...wishOf(ahead), dirty: true }),
		rebase: () => setAsked("rebase"),
		replace: () => setAsked("replace"),
	};
	const done = () => setAsked(null);

	return (
		<div class="refusal" role="alert" data-code={why.code}>
			<p class="trouble">{says}</p>
			{why.cause !== null && <p class="aside">
				{label(why.cause, 1000)}</p>}
			<div class="buttons">
				{offers.filter((o) => theirs !== null ||
				    o !== "rebase" && o !== "replace").map((o) => (
					<button key={o} type="button" disabled={use.busy}
					    class={`button ${o === "replace"
					        ? "danger" : ""}`}
					    onClick={does[o]}>{words[o]}</button>
				))}
				<button type="button" class="plain"
				    onClick={use.hide}>Hide</button>
			</div>
			{asked === "rebase" && <RebaseDialog store={store}
			    part={part} done={done} start={
			        why.kind === "pull" && ahead?.upstream ||
			        theirs!} />}
			{asked === "replace" && <ReplaceDialog tree={part.path}
			    remote={t!.remote} branch={branch!} done={done}
			    push={(lease) => use.begin("push",
			        { ...wishOf(ahead), force: true, lease })} />}
		</div>
	);
}
