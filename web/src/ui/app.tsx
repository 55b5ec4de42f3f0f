/* SPDX-License-Identifier: MIT */
/*
 * The frame: who is not signed in sees how to sign in; everybody else the
 * list of sessions, or of workspaces, beside one of them. On a narrow screen
 * one of the two.
 */

import type { ComponentChild } from "preact";
import { useRef } from "preact/hooks";
import type { State, Store } from "../store.ts";
import { useStore, useTitle } from "./hooks.ts";
import { NewSessionForm } from "./newsession.tsx";
import { ReplayPage } from "./replay.tsx";
import { SessionPage } from "./session.tsx";
import { Sidebar } from "./sidebar.tsx";
import { Away, SignIn } from "./signin.tsx";
import { NewWorkspaceForm } from "./space/create.tsx";
import { WorkspacePage } from "./space/page.tsx";
import { AgentsPage } from "./talk/agents.tsx";
import { AsksPage } from "./talk/asks.tsx";
import { NewTalkForm } from "./talk/create.tsx";
import { OutputPage } from "./talk/output.tsx";
import { TalkPage } from "./talk/page.tsx";

interface Props {
	store: Store;
	state: State;
}

export function App({ store }: { store: Store }) {
	const state = useStore(store);

	if (state.phase === "starting")
		return <p class="starting" role="status">Connecting…</p>;
	if (state.phase === "away")
		return <Away store={store} notice={state.notice}
		    arriving={state.arriving} />;
	if (state.phase === "signed-out")
		return <SignIn store={store} notice={state.notice} />;
	return <Desk store={store} state={state} />;
}

/* On a narrow screen the list alone. */
const lists = new Set(["home", "workspaces"]);

function Desk({ store, state }: Props) {
	const main = useRef<HTMLElement>(null);

	return (
		<div class="desk" data-page={state.route.page}
		    data-list={lists.has(state.route.page)}>
			{/* A link would be an address of its own. */}
			<button type="button" class="button skip"
			    onClick={() => main.current!.focus()}>
				Skip the list</button>
			<Sidebar store={store} state={state} />
			<main class="main" ref={main} tabIndex={-1}>
				{pageOf(store, state)}
				<Notice store={store} text={state.notice} />
			</main>
		</div>
	);
}

function pageOf(store: Store, state: State): ComponentChild {
	const { route } = state;

	if (route.page === "new")
		return <NewSessionForm store={store} state={state} />;
	if (route.page === "home")
		return <Home state={state} />;
	if (route.page === "workspaces")
		return <WorkHome />;
	if (route.page === "new-workspace")
		return <NewWorkspaceForm store={store} />;
	if (route.page === "workspace")
		return <WorkspacePage key={route.id} store={store}
		    state={state} route={route} />;
	if (route.page === "asks")
		return <AsksPage store={store} state={state} />;
	if (route.page === "agents")
		return <AgentsPage store={store} agent={route.agent} />;
	if (route.page === "new-conversation")
		return <NewTalkForm key={route.id} store={store}
		    workspace={route.id} />;
	if (route.page === "conversation")
		return <TalkPage key={route.id} store={store} id={route.id} />;
	if (route.page === "output")
		return <OutputPage key={route.run} id={route.run}
		    home={{ page: "conversation", id: route.id }}
		    word="The conversation" />;
	if (route.page === "run")
		return <OutputPage key={route.run} id={route.run}
		    home={{ page: "workspace", id: route.id, repo: null,
		        view: "changes", at: null }} word="The workspace" />;
	if (route.page === "replay")
		return <ReplayPage key={route.id} run={route.id} />;
	const session = state.sessions.find((s) => s.id === route.id);
	if (session === undefined)
		return <Missing loaded={state.loaded} />;
	return <SessionPage key={session.id} store={store} state={state}
	    session={session} />;
}

function Home({ state }: { state: State }) {
	const none = state.loaded && state.sessions.length === 0;

	useTitle();
	return (
		<section class="home">
			<h1>{none ? "No sessions yet" : "Pick a session"}</h1>
			<p>
				A session is a terminal that keeps running when
				you look away: close this page, lose the network,
				come back from another device.
			</p>
			<p><a class="button primary" href="#/new">
				New session</a></p>
			<p class="aside">
				The same sessions from a shell: <code>rdv session ls</code>
				{" "}lists them, <code>rdv attach NAME</code> joins one.
			</p>
		</section>
	);
}

function WorkHome() {
	useTitle("Workspaces");
	return (
		<section class="home">
			<h1>Pick a workspace</h1>
			<p>
				A workspace is a worktree of each repository that a
				piece of work touches, all on one branch of its own.
			</p>
			<p><a class="button primary" href="#/w/new">
				New workspace</a></p>
			<p class="aside">
				The same from a shell: <code>rdv workspace ls</code>
			</p>
		</section>
	);
}

function Missing({ loaded }: { loaded: boolean }) {
	useTitle();
	if (!loaded)
		return <p class="starting" role="status">Loading…</p>;
	return (
		<section class="home">
			<h1>There is no such session</h1>
			<p>It may have been made by somebody else, or on another
				server.</p>
			<p><a class="button" href="#/">All sessions</a></p>
		</section>
	);
}

function Notice({ store, text }: { store: Store; text: string | null }) {
	return (
		<div class="notice-place" role="alert">
			{text !== null && (
				<div class="notice">
					<span>{text}</span>
					<button type="button" class="plain"
					    onClick={() => store.dismiss()}>
						Dismiss</button>
				</div>
			)}
		</div>
	);
}
