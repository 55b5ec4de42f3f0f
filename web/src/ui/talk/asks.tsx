/* SPDX-License-Identifier: MIT */
/*
 * All that is asked, of conversations and of terminals, and the rules that
 * answer without a person.
 */

import { useEffect, useMemo, useState } from "preact/hooks";
import { change, get } from "../../net/http.ts";
import type { State, Store } from "../../store.ts";
import { oneAtATime } from "../../util/one.ts";
import { formatRoute } from "../../util/route.ts";
import { label } from "../../util/text.ts";
import { useTitle } from "../hooks.ts";
import { Refusal } from "../space/text.tsx";
import { AskList } from "./ask.tsx";
import { Plain } from "./text.tsx";

/* In the list beside every page. */
export function Asking({ store }: { store: Store }) {
	const { open, more } = store.asks;

	return (
		<p class="asking" role="status">{open.length > 0 && <a
		    href="#/asks">{`${open.length}${more ? "+" : ""} ` +
		        (open.length === 1 ? "asks you" : "ask you")}</a>}</p>
	);
}

export function AsksPage({ store, state }: { store: Store; state: State }) {
	const { asks } = store;
	const sessions = [...new Set(asks.list.map((a) =>
	    a.approval.session_id))];

	useTitle("What is asked");
	return (
		<article class="session talk">
			<header class="head" data-open="true">
				<div class="what">
					<a class="back" href="#/"
					    aria-label="All sessions">‹</a>
					<h1>What is asked</h1>
				</div>
			</header>
			<div class="content scroll all-asks">
				{sessions.map((id) => (
					<div key={id}>
						<Whose state={state} id={id} />
						<AskList asks={asks} list={asks.of(id)}
						    workspace={null} />
					</div>
				))}
				{sessions.length === 0 && <p class="aside">
					Nothing is asked now.</p>}
				{asks.more && <p class="aside">There are more than
					these; they come when some are decided.</p>}
				<Rules store={store} />
			</div>
		</article>
	);
}

/* Of a terminal, or else a conversation. */
function Whose({ state, id }: { state: State; id: string }) {
	const session = state.sessions.find((s) => s.id === id);

	return (
		<p class="whose">
			<a href={formatRoute(session !== undefined
			    ? { page: "session", id }
			    : { page: "conversation", id })}>
				{session !== undefined ? label(session.name)
				    : "The conversation"}</a>
		</p>
	);
}

interface Rule {
	id: string;
	verdict: string;
	tool: string;
	pattern: string[] | null;
	scope: string;
}

const scopes: Record<string, string> = {
	session: "in one session", workspace: "in one workspace",
	all: "everywhere",
};

function Rules({ store }: { store: Store }) {
	const [rules, setRules] = useState<Rule[]>([]);
	const [refused, setRefused] = useState<unknown>(null);
	const ask = useMemo(() => oneAtATime(() => get<{ items: Rule[] }>(
	    "/api/approvals/rules").then(({ items }) => setRules(items),
	    setRefused)), []);
	const drop = (id: string) => void change("DELETE",
	    `/api/approvals/rules/${id}`).then(ask, setRefused);

	useEffect(() => {
		void ask();
		return store.hear({ refresh: ask, event: (kind) => {
			if (kind === "approval.rule")
				void ask();
		} });
	}, [store]);
	return (
		<section class="rules" aria-label="Rules">
			<h2>Rules</h2>
			<p class="aside">What is decided without anybody. That a rule
				denies is a convenience, and no protection.</p>
			{refused !== null && <Refusal err={refused} />}
			<ul>{rules.map((r) => (
				<li key={r.id} data-verdict={r.verdict}>
					<strong>{r.verdict}</strong>{" "}
					<span class="mono"><Plain text={[r.tool,
					    ...r.pattern ?? []].join(" ")} /></span>
					<span class="aside">{scopes[r.scope] ??
					    label(r.scope)}</span>
					<button type="button" class="plain"
					    aria-label={`Remove: ${r.verdict} ` +
					        label(r.tool)}
					    onClick={() => drop(r.id)}>Remove</button>
				</li>
			))}</ul>
			{rules.length === 0 && <p class="aside">There is none.</p>}
		</section>
	);
}
