/* SPDX-License-Identifier: MIT */
/*
 * A conversation with an agent: what was said, with what is asked, what waits
 * and the box for what comes next below it.
 */

import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { get } from "../../net/http.ts";
import { messageOf, type Store } from "../../store.ts";
import type { Asked } from "../../talk/asks.ts";
import { Talk } from "../../talk/talk.ts";
import type { Agent, Conversation, Turn } from "../../talk/types.ts";
import { formatRoute } from "../../util/route.ts";
import { agentState } from "../../util/status.ts";
import { label } from "../../util/text.ts";
import { Confirm } from "../dialog.tsx";
import { useTitle } from "../hooks.ts";
import { Refusal } from "../space/text.tsx";
import { AskList } from "./ask.tsx";
import { BypassBar, BypassButton, useBypass, type Bypass } from
    "./bypass.tsx";
import { Compose } from "./compose.tsx";
import { isTyping } from "./focus.ts";
import { Queue } from "./queue.tsx";
import { ResetDialog } from "./reset.tsx";
import { useScroll } from "./scroll.ts";
import { TurnView, type Need } from "./turn.tsx";

/* Drawn once a frame, however much was told in it. */
function useTalk(store: Store, id: string): Talk | null {
	const talk = useRef<Talk | null>(null);
	const [, draw] = useState(0);

	useEffect(() => {
		let frame = 0;
		const made = talk.current = new Talk(id, () => {
			if (frame === 0)
				frame = requestAnimationFrame(() => {
					frame = 0;
					draw((n) => n + 1);
				});
		}, (err) => store.lost(err));
		const deaf = store.hear({ event: (kind, data) =>
		    made.event(kind, data), refresh: () => made.again() });

		const seen = () => made.seen(
		    document.visibilityState === "visible");

		seen();
		document.addEventListener("visibilitychange", seen);
		return () => {
			document.removeEventListener("visibilitychange", seen);
			deaf();
			made.stop();
			cancelAnimationFrame(frame);
		};
	}, [store, id]);
	return talk.current;
}

/* What has to be done before its agent can be used, where that is known. */
function useNeeds(agent: string | undefined, turns: string): string | null {
	const [needs, setNeeds] = useState<string | null>(null);

	useEffect(() => {
		if (agent === undefined || !/failed|killed|lost/.test(turns))
			return;
		get<{ items: Agent[] }>("/api/agents").then(({ items }) =>
		    setNeeds(items.find((a) => a.name === agent)?.needs ?? null),
		    () => undefined);
	}, [agent, turns]);
	return needs;
}

function terminal(store: Store, c: Conversation): void {
	const go = async () => {
		await store.work.load(c.workspace_id);
		const ws = store.work.get(c.workspace_id);
		await store.create({ name: label(c.name, 90), ...ws !== undefined &&
		    { project_path: ws.repos[0]?.path ?? ws.directory } });
	};

	void go().catch((err) => store.report(err));
}

export function TalkPage({ store, id }: { store: Store; id: string }) {
	const talk = useTalk(store, id);

	if (talk === null || (talk.conversation === null &&
	    talk.trouble === null))
		return <p class="starting" role="status">Loading…</p>;
	if (talk.conversation === null)
		return (
			<section class="home">
				<h1>It cannot be shown</h1>
				<p>{label(messageOf(talk.trouble), 1000)}</p>
				<p><a class="button" href="#/w">All workspaces</a></p>
			</section>
		);
	return <Whole store={store} talk={talk} c={talk.conversation} />;
}

interface Props {
	store: Store;
	talk: Talk;
	c: Conversation;
}

function Whole({ store, talk, c }: Props) {
	const last = talk.sections.at(-1);
	const working = c.at_work?.conversation_id === c.id;
	const unasked = talk.sections.some(({ turn }) =>
	    turn.id === c.at_work?.turn_id && turn.unasked !== null);
	const asked = store.asks.of(c.id);
	const open = asked.filter((a) => !a.late).length;
	const bypass = useBypass(store, c.id);
	const needs = useNeeds(c.agent, `${last?.turn.id} ${last?.turn.state}`);
	const [back, setBack] = useState<Turn | null>(null);
	const closed = c.status === "closed";
	const ws = store.work.get(c.workspace_id);
	const need = useMemo((): Need => ({ conversation: c.id, needs,
	    terminal: () => terminal(store, c), back: closed ? null : setBack,
	    repos: ws === undefined || ws.repos.length < 2 ? {}
	        : Object.fromEntries(ws.repos.map((p) =>
	            [p.repo_id, p.name])) }), [c.id, needs, closed, ws]);

	useTitle(open > 0 ? `(${open}) It asks you` : "", c.name);
	return (
		<article class="session talk" data-conversation={c.id}
		    data-working={working}>
			<Head store={store} talk={talk} c={c} asks={open > 0}
			    bypass={bypass} />
			<Transcript talk={talk} need={need} />
			{back !== null && <ResetDialog talk={talk} turn={back}
			    done={() => setBack(null)} />}
			<Announce asked={asked} working={working} />
			<div class="below">
				{talk.trouble !== null && <Refusal err={talk.trouble} />}
				<BypassBar bypass={bypass} unasked={unasked} />
				<AskList asks={store.asks} list={asked}
				    workspace={c.workspace_id} />
				<Elsewhere c={c} />
				<Queue talk={talk} idle={c.at_work === undefined} />
				{closed
				    ? <p class="aside">This conversation is closed.</p>
				    : <Compose talk={talk} working={working}
				        stopping={c.at_work?.stopping != null} />}
			</div>
		</article>
	);
}

/* Another conversation's agent works in the same workspace. */
function Elsewhere({ c }: { c: Conversation }) {
	const other = c.at_work?.conversation_id ?? c.id;

	if (other === c.id)
		return null;
	return (
		<p class="aside">
			<a href={formatRoute({ page: "conversation", id: other })}>
				Another conversation</a>{" "}
			works in this workspace; what you send waits for it.
		</p>
	);
}

/* To who does not see it: what has begun, ended, or is asked. */
function Announce({ asked, working }: {
	asked: Asked[]; working: boolean;
}) {
	const first = asked.find((a) => !a.late)?.approval;

	return (
		<>
			<p class="unseen" role="status">
				{working ? "The agent is at work" : "The agent rests"}</p>
			<p class="unseen" role="alert">{first === undefined ? ""
			    : `${first.tool} asks: ${label(first.command ??
			        first.input ?? "", 300)}.` + (isTyping()
			        ? " Escape leads there from the box." : "")}</p>
		</>
	);
}

function Transcript({ talk, need }: { talk: Talk; need: Need }) {
	const { ref, atEnd, look, toEnd } = useScroll(() => {
		if (talk.olderTrouble === null)
			void talk.older();
	});

	return (
		<div class="transcript">
			<div class="content scroll" ref={ref} tabIndex={0}
			    role="region" aria-label="What was said" onScroll={look}>
				<Top talk={talk} />
				{talk.sections.map((s) => <TurnView key={s.turn.id}
				    section={s} rev={s.rev} need={need} />)}
				{talk.sections.length === 0 && <p class="aside">Nothing
					was said yet.</p>}
			</div>
			{!atEnd && <button type="button" class="button to-end"
			    onClick={toEnd}>To the end</button>}
		</div>
	);
}

function Top({ talk }: { talk: Talk }) {
	if (talk.olderTrouble !== null)
		return (
			<div class="top">
				<Refusal err={talk.olderTrouble} />
				<button type="button" class="button" onClick={() =>
				    void talk.older()}>What was before</button>
			</div>
		);
	return <p class="aside top">{talk.hasOlder ? "Loading…"
	    : "The beginning"}</p>;
}

function Head({ store, talk, c, asks, bypass }: Props & {
	asks: boolean; bypass: Bypass;
}) {
	const [open, setOpen] = useState(false);
	const [asked, setAsked] = useState(false);
	const ws = store.work.get(c.workspace_id);
	const home = formatRoute({ page: "workspace", id: c.workspace_id,
	    repo: null, view: "changes", at: null });

	useEffect(() => {
		store.work.begin();
		if (ws === undefined)
			void store.work.load(c.workspace_id);
	}, [c.workspace_id]);
	return (
		<header class="head" data-open={open}>
			<div class="what">
				<a class="back" href={home}
				    aria-label="Its workspace">‹</a>
				<h1>{label(c.name)}</h1>
				<State c={c} asks={asks} />
				<button type="button" class="more plain"
				    aria-expanded={open}
				    onClick={() => setOpen(!open)}>
					{open ? "Less" : "More"}</button>
			</div>
			<p class="meta">
				<span>{label(c.agent)}</span>
				<span>in <a href={home}>{label(ws?.name ??
				    "its workspace")}</a></span>
				<Tokens talk={talk} />
			</p>
			<div class="actions">
				{c.status !== "closed" &&
				    <BypassButton bypass={bypass} />}
				{c.status !== "closed" && <button type="button"
				    class="button danger"
				    onClick={() => setAsked(true)}>Close</button>}
				{asked && <Confirm title={`Close “${label(c.name)}”?`}
				    text={"Its turn is stopped and what waits is " +
				        "cancelled. What was said is kept."}
				    action="Close conversation"
				    run={() => void talk.close().catch((err) =>
				        store.report(err))}
				    done={() => setAsked(false)} />}
			</div>
		</header>
	);
}

function State({ c, asks }: { c: Conversation; asks: boolean }) {
	const working = c.at_work?.conversation_id === c.id;
	const said = agentState(c.at_work?.agent_status);
	const [tone, word] = c.status === "closed" ? ["rest", "closed"]
	    : asks ? ["busy", "asks you"]
	    : working && c.at_work?.stopping != null ? ["busy", "stopping"]
	    : working ? [said?.tone ?? "live", said?.word ?? "at work"]
	    : ["rest", ""];

	return <span class="pill" data-tone={tone}>{word}</span>;
}

/* Of the last turn that told it. */
function Tokens({ talk }: { talk: Talk }) {
	const usage = talk.sections.map((s) => s.feed?.entries.usage ?? null)
	    .filter((u) => u !== null).at(-1);

	if (usage === undefined)
		return null;
	return (
		<span class="tokens">
			{usage.tokens.toLocaleString("en")}
			{usage.of > 0 && ` of ${usage.of.toLocaleString("en")}`}
			{" tokens"}
		</span>
	);
}
