/* SPDX-License-Identifier: MIT */
/*
 * One session: what it is and what can be done with it above, its terminal
 * below. Everything that speaks for rdv stands outside the terminal's frame,
 * because a program can draw anything inside it.
 */

import { useState } from "preact/hooks";
import type { Session } from "../net/types.ts";
import type { State, Store } from "../store.ts";
import { ending, statusOf, type Tone } from "../util/status.ts";
import { formatRoute } from "../util/route.ts";
import { label, pathTail } from "../util/text.ts";
import { buildTree, flatten } from "../util/tree.ts";
import { browserEnv } from "../term/env.ts";
import { clipboardOf } from "./clipboard.tsx";
import { AskName, Confirm } from "./dialog.tsx";
import { useTitle } from "./hooks.ts";
import { PastView } from "./past.tsx";
import { ShareDialog } from "./share.tsx";
import { TerminalView } from "./terminal.tsx";

interface Props {
	store: Store;
	state: State;
	session: Session;
}

export function SessionPage({ store, state, session }: Props) {
	useTitle(session.name);
	return (
		<article class="session" data-session={session.id}>
			<Head store={store} state={state} session={session} />
			<Body store={store} session={session} />
		</article>
	);
}

function Head({ store, state, session }: Props) {
	const status = statusOf(session);
	const where = session.project_path ?? session.run?.cwd ?? "";
	/* On a phone the second line and the buttons unfold on request. */
	const [open, setOpen] = useState(false);

	return (
		<header class="head" data-open={open}>
			<div class="what">
				<a class="back" href="#/" aria-label="All sessions">
					‹</a>
				<h1>{label(session.name)}</h1>
				<span class="pill" data-tone={status.tone}
				    role="status">{status.word}</span>
				<button type="button" class="more plain"
				    aria-expanded={open}
				    onClick={() => setOpen(!open)}>
					{open ? "Less" : "More"}</button>
			</div>
			<p class="meta">
				<span class="mono" title={label(where, 4096)}>
					{pathTail(where, 60)}</span>
				{session.worktree_branch !== null &&
				    <span class="branch mono">
					{label(session.worktree_branch)}</span>}
				{session.terminal_type !== "shell" &&
				    <span class="kind"
				    title={keptBy(session)}>tmux</span>}
			</p>
			<Actions store={store} state={state}
			    session={session} />
		</header>
	);
}

/* What ends with it and what does not. */
function keptBy(session: Session): string {
	return session.terminal_type === "tmux"
	    ? "In rdv's own tmux server; closing ends it"
	    : "A client of your own tmux server; closing detaches";
}

type Question = "rename" | "share" | "close" | null;

function Actions({ store, state, session }: Props) {
	const [ask, setAsk] = useState<Question>(null);
	const { id } = session;
	const { over } = statusOf(session);

	return (
		<div class="actions">
			<FolderSelect store={store} state={state}
			    session={session} />
			<button type="button" class="button"
			    onClick={() => setAsk("rename")}>Rename</button>
			{session.status === "active" && session.run !== null &&
			    <button type="button" class="button"
			    title="Show it to others by a link"
			    onClick={() => setAsk("share")}>Share</button>}
			{replayable(session) && <a class="button"
			    title="What it has shown, from the beginning"
			    href={formatRoute({ page: "replay",
			        id: session.run!.id })}>Replay</a>}
			{session.status === "active" && !over && <button type="button"
			    class="button" title="Detach; it keeps running"
			    onClick={() => void store.suspend(id)}>
				Suspend</button>}
			{session.status === "active" && session.run?.stopped &&
			    <button type="button" class="button primary"
			    title="A signal has stopped its program"
			    onClick={() => void store.resume(id)}>
				Continue</button>}
			{session.status === "suspended" && <button type="button"
			    class="button primary"
			    onClick={() => void store.resume(id)}>
				Resume</button>}
			{session.status !== "closed" && <button type="button"
			    class="button danger"
			    onClick={() => setAsk("close")}>Close</button>}
			<Asked ask={ask} store={store} session={session}
			    done={() => setAsk(null)} />
		</div>
	);
}

/* A terminal whose output stands. Of one that goes on it may be newer. */
function replayable(session: Session): boolean {
	const { run } = session;

	return run !== null && run.cols !== null &&
	    (run.ended_at === null || run.log_bytes > 0);
}

function Asked({ ask, store, session, done }: {
	ask: Question;
	store: Store; session: Session; done(): void;
}) {
	const { id, name } = session;

	if (ask === "rename")
		return <AskName title="Rename session" value={name} done={done}
		    save={(to) => store.rename(id, to)} />;
	if (ask === "share")
		return <ShareDialog session={session} done={done} />;
	if (ask === "close")
		return <Confirm title={`Close “${label(name)}”?`} done={done}
		    text={"What runs in it is ended. Its worktree and its " +
		        "output are kept."}
		    action="Close session" run={() => store.close(id)} />;
	return null;
}

function FolderSelect({ store, state, session }: Props) {
	const choices = flatten(buildTree(state.folders, []));

	if (choices.length === 0)
		return null;
	return (
		<select aria-label="Folder" value={session.folder_id ?? ""}
		    onChange={(ev) => void store.move(session.id,
		        ev.currentTarget.value || null)}>
			<option value="">No folder</option>
			{choices.map(({ folder, depth }) => (
				<option key={folder.id} value={folder.id}>
					{"\u2003".repeat(depth) +
					    label(folder.name)}
				</option>
			))}
		</select>
	);
}

function Body({ store, session }: { store: Store; session: Session }) {
	if (session.status === "suspended" && !statusOf(session).over)
		return <Rest title="Suspended"
		    text={"What runs in it goes on. Nobody is attached from " +
		        "this page."}
		    action="Resume" run={() => store.resume(session.id)} />;
	if (session.status === "closed")
		return <Closed store={store} session={session} />;
	if (session.run === null)
		return <Rest title="Not running" text="Nothing was started yet."
		    action="Run" run={() => store.resume(session.id)} />;
	return (
		<>
			{session.status === "suspended"
			    ? <PastView run={session.run} />
			    : <TerminalView session={session.id} run={session.run}
			        clipboard={clipboardOf(store, session)}
			        env={() => browserEnv(session.id)}
			        refused={(why) => why === "signin" &&
			            store.signedOut("You were signed out.")} />}
			<Ended store={store} session={session} />
		</>
	);
}

function Rest({ title, text, action, run }: {
	title: string; text: string; action: string; run(): unknown;
}) {
	return (
		<section class="rest">
			<h2>{title}</h2>
			<p>{text}</p>
			<button type="button" class="button primary"
			    onClick={() => void run()}>{action}</button>
		</section>
	);
}

/* A closed session stays closed; the same work can start as a new one. */
function Closed({ store, session }: { store: Store; session: Session }) {
	const again = () => store.act(() => store.create({
		name: session.name,
		...(session.folder_id && { folder_id: session.folder_id }),
		...(session.project_path &&
		    { project_path: session.project_path }),
		...(session.command && { command: session.command }),
	}));

	if (session.run === null)
		return <Rest title="Closed" text="It never ran."
		    action="Run again" run={again} />;
	if (session.run.log_bytes === 0)
		return <Rest title="Closed"
		    text={`${ending(session.run)}. It wrote nothing.`}
		    action="Run again" run={again} />;
	return (
		<>
			<PastView run={session.run} />
			<EndBar tone="rest" run={again}
			    text={`Closed. ${ending(session.run)}.`} />
		</>
	);
}

function Ended({ store, session }: { store: Store; session: Session }) {
	const { run } = session;

	if (run === null || !statusOf(session).over)
		return null;
	return <EndBar tone={statusOf(session).tone} text={`${ending(run)}.`}
	    run={() => store.resume(session.id)} />;
}

function EndBar({ tone, text, run }: {
	tone: Tone; text: string; run(): unknown;
}) {
	return (
		<div class="bar ended" role="status" data-tone={tone}>
			<span>{text}</span>
			<button type="button" class="button primary"
			    onClick={() => void run()}>Run again</button>
		</div>
	);
}
