/* SPDX-License-Identifier: MIT */
/*
 * The list of sessions as a tree of folders, with what each is doing now; or
 * the list of workspaces in its place.
 */

import { useState } from "preact/hooks";
import type { Session } from "../net/types.ts";
import type { State, Store } from "../store.ts";
import { formatRoute } from "../util/route.ts";
import { statusOf } from "../util/status.ts";
import { ago, label, pathTail } from "../util/text.ts";
import { buildTree, type Branch } from "../util/tree.ts";
import { Account } from "./account.tsx";
import { AskName, Confirm } from "./dialog.tsx";
import { useInView, useNow } from "./hooks.ts";
import { WorkspaceList } from "./space/list.tsx";
import { Asking } from "./talk/asks.tsx";

interface ListProps {
	store: Store;
	state: State;
	now: number;
}

export function Sidebar({ store, state }: { store: Store; state: State }) {
	const work = workPages.has(state.route.page);

	return (
		<nav class="sidebar" aria-label={work ? "Workspaces" : "Sessions"}>
			<header>
				<a class="brand" href="#/">rdv</a>
				<Live up={state.live} />
				{work ? <a class="button primary" href="#/w/new">
					New workspace</a>
				    : <a class="button primary" href="#/new">
					New session</a>}
			</header>
			<Asking store={store} />
			<Tabs work={work} />
			{work ? <WorkspaceList store={store} state={state} />
			    : <SessionList store={store} state={state} />}
		</nav>
	);
}

const workPages = new Set(["workspaces", "new-workspace", "workspace",
    "new-conversation", "conversation", "output", "agents",
    "run"]);

function Tabs({ work }: { work: boolean }) {
	return (
		<div class="tabs">
			<a href="#/" aria-current={work ? undefined : "true"}>
				Sessions</a>
			<a href="#/w" aria-current={work ? "true" : undefined}>
				Workspaces</a>
		</div>
	);
}

function SessionList({ store, state }: { store: Store; state: State }) {
	const now = useNow();
	const tree = buildTree(state.folders, state.sessions);

	return (
		<>
			<div class="list">
				<Sessions sessions={tree.sessions} store={store}
				    state={state} now={now} />
				{tree.folders.map((b) => (
					<FolderView key={b.folder.id} branch={b}
					    store={store} state={state}
					    now={now} />
				))}
				<Empty state={state} />
			</div>
			<Footer store={store} state={state} />
		</>
	);
}

function Live({ up }: { up: boolean }) {
	return (
		<span class="live" data-up={up} role="status">
			{up ? "live" : "reconnecting"}
		</span>
	);
}

function Empty({ state }: { state: State }) {
	if (!state.loaded)
		return <p class="aside" role="status">Loading…</p>;
	if (state.sessions.length > 0)
		return null;
	return <p class="aside">Nothing is running.</p>;
}

function Sessions({ sessions, store, state, now }: ListProps & {
	sessions: Session[];
}) {
	return (
		<ul class="sessions">
			{sessions.map((s) => (
				<Row key={s.id} session={s} store={store}
				    state={state} now={now} />
			))}
		</ul>
	);
}

function Row({ session, state, now }: ListProps & { session: Session }) {
	const { route } = state;
	const status = statusOf(session);
	const current = route.page === "session" && route.id === session.id;
	const link = useInView(current);
	const where = session.worktree_branch !== null
	    ? label(session.worktree_branch)
	    : pathTail(session.project_path ?? session.run?.cwd ?? "");

	return (
		<li>
			<a ref={link} href={formatRoute({
				page: "session", id: session.id,
			})}
			    data-session={session.id} data-tone={status.tone}
			    title={label(session.name)}
			    aria-current={current ? "page" : undefined}>
				<span class="dot" aria-hidden="true" />
				<span class="name">{label(session.name)}</span>
				<span class="word">{status.word}</span>
				<span class="where">{where}</span>
				<span class="when">
					{ago(session.last_activity_at ??
					    session.created_at, now)}
				</span>
			</a>
		</li>
	);
}

function FolderView({ branch, store, state, now }: ListProps & {
	branch: Branch;
}) {
	const { folder } = branch;
	const [dialog, setDialog] = useState<"rename" | "remove" | null>(null);
	const done = () => setDialog(null);
	const toggled = (ev: Event) => {
		const { open } = ev.currentTarget as HTMLDetailsElement;
		if (open === folder.collapsed)
			store.collapse(folder.id, !open);
	};

	return (
		<details class="folder" open={!folder.collapsed}
		    onToggle={toggled}>
			<summary>
				<span class="name">{label(folder.name)}</span>
				<FolderTools name={label(folder.name)}
				    ask={setDialog} />
			</summary>
			<Sessions sessions={branch.sessions} store={store}
			    state={state} now={now} />
			{branch.folders.map((b) => (
				<FolderView key={b.folder.id} branch={b}
				    store={store} state={state} now={now} />
			))}
			{dialog === "rename" && <AskName title="Rename folder"
			    value={folder.name} done={done}
			    save={(n) => store.renameFolder(folder.id, n)} />}
			{dialog === "remove" && <Confirm done={done}
			    title={`Remove folder “${label(folder.name)}”?`}
			    action="Remove folder"
			    text="Its sessions and folders move one level up."
			    run={() => store.removeFolder(folder.id)} />}
		</details>
	);
}

function FolderTools({ name, ask }: {
	name: string; ask(what: "rename" | "remove"): void;
}) {
	const act = (what: "rename" | "remove") => (ev: Event) => {
		/* Inside a summary a click would also fold it. */
		ev.preventDefault();
		ask(what);
	};

	return (
		<span class="tools">
			<button type="button" class="plain"
			    aria-label={`Rename folder ${name}`}
			    onClick={act("rename")}>Rename</button>
			<button type="button" class="plain"
			    aria-label={`Remove folder ${name}`}
			    onClick={act("remove")}>Remove</button>
		</span>
	);
}

function Footer({ store, state }: { store: Store; state: State }) {
	const [asking, setAsking] = useState(false);

	return (
		<footer>
			<button type="button" class="plain"
			    onClick={() => setAsking(true)}>New folder</button>
			<label class="check">
				<input type="checkbox" checked={state.showClosed}
				    onChange={(ev) => store.setShowClosed(
				        ev.currentTarget.checked)} />
				Show closed
			</label>
			<Account store={store} state={state} />
			{asking && <AskName title="New folder" value=""
			    done={() => setAsking(false)}
			    save={(name) => store.addFolder(name)} />}
		</footer>
	);
}
