/* SPDX-License-Identifier: MIT */
/*
 * One workspace: what it is and what can be done with it above, and below, of
 * one repository at a time, what differs, its files or its commits. Which of
 * those stands in the address, so that going back goes back.
 */

import type { ComponentChild } from "preact";
import { useEffect, useMemo, useState } from "preact/hooks";
import { messageOf, type State, type Store } from "../../store.ts";
import type { Session } from "../../net/types.ts";
import {
	formatRoute, views, type View, type WorkspaceRoute,
} from "../../util/route.ts";
import { label, pathTail } from "../../util/text.ts";
import type { Compared } from "../../space/ask.ts";
import type { Part, Workspace } from "../../space/types.ts";
import { useTitle } from "../hooks.ts";
import { Conversations } from "../talk/list.tsx";
import { Actions } from "./actions.tsx";
import { Changes } from "./changes.tsx";
import { Midway } from "./conflict.tsx";
import { DevServers } from "./dev.tsx";
import { CommitPage, Log } from "./log.tsx";
import { Remote } from "./remote.tsx";
import { Counts } from "./text.tsx";
import { Files } from "./tree.tsx";

interface Props {
	store: Store;
	state: State;
	route: WorkspaceRoute;
}

export function WorkspacePage({ store, state, route }: Props) {
	const { work } = store;
	const ws = work.get(route.id);
	const trouble = work.trouble(route.id);

	useTitle(ws?.name ?? "");
	useEffect(() => {
		work.begin();
		if (ws === undefined)
			void work.load(route.id);
	}, [work, route.id, state.phase]);
	if (ws !== undefined)
		return <Whole store={store} state={state} route={route}
		    ws={ws} />;
	if (trouble === undefined)
		return <p class="starting" role="status">Loading…</p>;
	return (
		<section class="home">
			<h1>It cannot be shown</h1>
			<p>{label(messageOf(trouble), 1000)}</p>
			<p><a class="button" href="#/w">All workspaces</a></p>
		</section>
	);
}

type WholeProps = Props & { ws: Workspace };

function Whole({ store, state, route, ws }: WholeProps) {
	const part = ws.repos.find((p) => p.repo_id === route.repo) ??
	    ws.repos[0];

	return (
		<article class="session work" data-workspace={ws.id}>
			<Head store={store} ws={ws} route={route} />
			<Conversations store={store} workspace={ws.id} />
			<Sessions state={state} ws={ws} />
			{ws.state === "ready" && !ws.archived &&
			    <DevServers store={store} ws={ws} />}
			{ws.repos.length > 1 && <Trees store={store} ws={ws}
			    route={route} part={part!} />}
			{ws.archived || ws.state !== "ready" || part === undefined
			    ? <Away ws={ws} />
			    : <Tree key={part.path} store={store} ws={ws}
			        part={part} route={route} />}
		</article>
	);
}

function Head({ store, ws, route }: {
	store: Store; ws: Workspace; route: WorkspaceRoute;
}) {
	const [open, setOpen] = useState(false);
	const back = route.at === null ? "#/w"
	    : formatRoute({ ...route, at: null });

	return (
		<header class="head" data-open={open}>
			<div class="what">
				<a class="back" href={back} aria-label={
				    route.at === null ? "All workspaces" : "Back"}>
					‹</a>
				<h1>{label(ws.name)}</h1>
				<span class="pill" data-tone={ws.state === "failed"
				    ? "bad" : "rest"} role="status">
					{ws.archived ? "archived" : ws.state === "ready"
					    ? "" : label(ws.state)}</span>
				<button type="button" class="more plain"
				    aria-expanded={open}
				    onClick={() => setOpen(!open)}>
					{open ? "Less" : "More"}</button>
			</div>
			<p class="meta">
				<span class="branch mono">{label(ws.branch)}</span>
				<span class="mono" title={label(ws.directory, 4096)}>
					{pathTail(ws.directory, 60)}</span>
			</p>
			<Actions of="workspace" store={store} ws={ws} part={null} />
		</header>
	);
}

/* Which work in one of its directories. */
function inside(session: Session, ws: Workspace): boolean {
	const where = session.project_path ?? session.run?.cwd ?? "";

	return session.status !== "closed" && (where === ws.directory ||
	    where.startsWith(`${ws.directory}/`));
}

function Sessions({ state, ws }: { state: State; ws: Workspace }) {
	const list = state.sessions.filter((s) => inside(s, ws));

	if (list.length === 0)
		return null;
	return (
		<p class="inside">
			<span class="aside">Sessions in it:</span>
			{list.map((s) => (
				<a key={s.id} href={formatRoute({ page: "session",
				    id: s.id })}>{label(s.name)}</a>
			))}
		</p>
	);
}

function Trees({ store, ws, route, part }: {
	store: Store; ws: Workspace; route: WorkspaceRoute; part: Part;
}) {
	return (
		<nav class="trees" aria-label="Repositories">
			{ws.repos.map((p) => (
				<a key={p.repo_id} href={formatRoute({ ...route,
				    repo: p.repo_id, at: null })}
				    title={label(p.repo_path, 4096)}
				    aria-current={p === part ? "page" : undefined}>
					{label(p.name)}
					<Live store={store} ws={ws} part={p} />
				</a>
			))}
		</nav>
	);
}

function Live({ store, ws, part }: {
	store: Store; ws: Workspace; part: Part;
}) {
	const { watches } = store.work;
	const on = ws.state === "ready" && !ws.archived;
	const stat = watches.stat(part.path, part.base);

	useEffect(() => on ? watches.watch(part.path, part.base) : undefined,
	    [on, part.path, part.base]);
	if (!on || stat === null || stat.files === 0)
		return null;
	return <Counts added={stat.added} removed={stat.removed} />;
}

function Away({ ws }: { ws: Workspace }) {
	return (
		<section class="rest">
			<h2>{ws.archived ? "It is archived"
			    : `It is ${label(ws.state)}`}</h2>
			{ws.archived && <p>Restored, its worktrees can be looked at
				again.</p>}
			{ws.cause !== null && <p class="trouble">
				{label(ws.cause, 2000)}</p>}
		</section>
	);
}

const words: Record<View, string> = {
	changes: "Changes", files: "Files", log: "Commits",
};

const wide = "(min-width: 900px)";
const kept = "rdv.beside";

/* On a narrow window there is no room for two columns. */
function useBeside() {
	const [room, setRoom] = useState(() => matchMedia(wide).matches);
	const [wish, setWish] = useState(() =>
	    localStorage.getItem(kept) === "true");

	useEffect(() => {
		const media = matchMedia(wide);
		const look = () => setRoom(media.matches);

		media.addEventListener("change", look);
		return () => media.removeEventListener("change", look);
	}, []);
	return { room, beside: room && wish, set: (on: boolean) => {
		localStorage.setItem(kept, String(on));
		setWish(on);
	} };
}

function Tree({ store, ws, part, route }: {
	store: Store; ws: Workspace; part: Part; route: WorkspaceRoute;
}) {
	const { base } = part;
	const [all, setAll] = useState(true);
	const { room, beside, set } = useBeside();
	const what = useMemo((): Compared => all && base !== null ? { base }
	    : {}, [all, base]);

	return (
		<>
			<div class="views">
				<nav aria-label="Views">
					{views.map((v) => (
						<a key={v} href={formatRoute({ ...route,
						    repo: part.repo_id, view: v, at: null })}
						    aria-current={route.view === v ? "page"
						        : undefined}>{words[v]}</a>
					))}
				</nav>
				{base !== null && route.view !== "files" &&
				    route.at === null && <select
				    aria-label="Compared with"
				    value={String(all)} onChange={(ev) =>
				        setAll(ev.currentTarget.value === "true")}>
					<option value="true">
						{`since ${label(base, 40)}`}</option>
					<option value="false">{route.view === "log"
					    ? "all" : "since the last commit"}</option>
				</select>}
				{room && route.view !== "files" && <label class="check">
					<input type="checkbox" checked={beside}
					    onChange={(ev) =>
					        set(ev.currentTarget.checked)} />
					Side by side
				</label>}
				<Actions of="tree" store={store} ws={ws} part={part} />
			</div>
			<Remote store={store} part={part} />
			<Midway key={part.path} store={store} part={part} />
			<div class={`content${route.view === "files" ? ""
			    : " scroll"}`}>
				{viewOf({ store, part, route, what, beside })}
			</div>
		</>
	);
}

function viewOf({ store, part, route, what, beside }: {
	store: Store; part: Part; route: WorkspaceRoute; what: Compared;
	beside: boolean;
}): ComponentChild {
	if (route.view === "files")
		return <Files store={store} part={part} route={route} />;
	if (route.view === "changes")
		return <Changes tree={part.path} what={what}
		    sideBySide={beside} stirs={store.work.stirs} />;
	if (route.at !== null)
		return <CommitPage key={route.at} part={part} id={route.at}
		    sideBySide={beside} />;
	return <Log store={store} part={part} route={route} base={what.base} />;
}
