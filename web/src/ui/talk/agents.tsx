/* SPDX-License-Identifier: MIT */
/*
 * The agents there are, what each needs, and its variants, which a conversation
 * is begun with.
 */

import { useEffect, useState } from "preact/hooks";
import type { Store } from "../../store.ts";
import type { Agent } from "../../talk/types.ts";
import {
	askKnown, brief, formOf, namesOf, readinessOf, valuesOf, type Known,
	type Values,
} from "../../talk/variants.ts";
import { formatRoute } from "../../util/route.ts";
import { label } from "../../util/text.ts";
import { useTitle } from "../hooks.ts";
import { Refusal } from "../space/text.tsx";
import { VariantForm } from "./variant.tsx";

export function useKnown() {
	const [known, setKnown] = useState<Known | null>(null);
	const [trouble, setTrouble] = useState<unknown>(null);
	const [turn, setTurn] = useState(0);

	useEffect(() => {
		const stop = new AbortController();

		askKnown(stop.signal).then((k) => {
			setKnown(k);
			setTrouble(null);
		}).catch((err) => stop.signal.aborted || setTrouble(err));
		return () => stop.abort();
	}, [turn]);
	return { known, trouble, again: () => setTurn((n) => n + 1) };
}

const states: Record<Agent["state"], [tone: string, word: string]> = {
	ready: ["live", "ready"], installed: ["live", "installed"],
	sign_in: ["busy", "needs you"], refused: ["bad", "refused"],
	missing: ["rest", "not installed"],
};

export function AgentsPage({ store, agent }: {
	store: Store; agent: string | null;
}) {
	const { known, trouble, again } = useKnown();
	const list = (known?.agents ?? []).filter((a) => agent === null ||
	    a.name === agent);

	useTitle("Agents");
	useEffect(() => store.lost(trouble), [trouble]);
	return (
		<article class="session talk">
			<header class="head" data-open="true">
				<div class="what">
					<a class="back" href={agent === null ? "#/w"
					    : "#/agents"} aria-label={agent === null
					    ? "All workspaces" : "All agents"}>‹</a>
					<h1>Agents</h1>
				</div>
			</header>
			<div class="content scroll all-asks">
				<p class="aside">A variant is how an agent is run: with
					which model, and what it may do unasked. A
					conversation keeps what it was begun with.</p>
				{trouble !== null && <Refusal err={trouble} />}
				{known === null && trouble === null && <p class="aside"
				    role="status">Loading…</p>}
				{known !== null && list.length === 0 && <p
				    class="aside">There is no such agent.</p>}
				{list.map((a) => <One key={a.name} agent={a}
				    known={known!} again={again} />)}
				{agent !== null && <p><a href="#/agents">All
					agents</a></p>}
			</div>
		</article>
	);
}

interface Draft {
	/* Which one it is a copy of. */
	values: Values;
	turn: number;
}

function One({ agent, known, again }: {
	agent: Agent; known: Known; again(): void;
}) {
	const inside = readinessOf(agent, "agent");
	const [tone, word] = states[inside.state] ??
	    ["rest", label(inside.state)];
	const [draft, setDraft] = useState<Draft | null>(null);
	const begin = (values: Values) => setDraft((old) =>
	    ({ values, turn: (old?.turn ?? 0) + 1 }));
	const form = formOf(known, agent.name);

	return (
		<section class="agent" data-agent={agent.name}
		    aria-label={label(agent.help)}>
			<h2><a href={formatRoute({ page: "agents",
			    agent: agent.name })}>{label(agent.help)}</a>{" "}
				<span class="pill" data-tone={tone}>{word}</span></h2>
			{inside.needs !== null && <p class="aside">
				{`${inside.needs === agent.needs ? ""
				    : "In a sandbox: "}${label(inside.needs, 1000)}`}</p>}
			{agent.needs !== null && inside.needs !== agent.needs &&
			    <p class="aside">{`As you: ${label(agent.needs,
			        1000)}`}</p>}
			{namesOf(known, agent.name).map((name) => <Variant
			    key={name} form={form} name={name} again={again}
			    copy={begin} values={valuesOf(known.executors,
			        agent.name, name) ?? {}} />)}
			{draft !== null && <div class="tool" data-variant="">
				<div class="inner">
					<VariantForm key={draft.turn} form={form} was={null}
					    values={draft.values} done={() => {
					        setDraft(null);
					        again();
					    }} cancel={() => setDraft(null)} />
				</div>
			</div>}
			{draft === null && <button type="button" class="button"
			    onClick={() => begin({})}>New variant</button>}
		</section>
	);
}

function Variant({ form, name, values, copy, again }: {
	form: ReturnType<typeof formOf>; name: string; values: Values;
	copy(values: Values): void; again(): void;
}) {
	const [open, setOpen] = useState(false);

	return (
		<details class="tool" open={open} data-variant={name}
		    onToggle={(ev) => setOpen(ev.currentTarget.open)}>
			<summary>
				<span class="name">{label(name)}</span>
				<span class="mono brief">{label(brief(values) ||
				    "as the agent does by itself", 300)}</span>
			</summary>
			{open && <div class="inner">
				<VariantForm form={form} was={name} values={values}
				    done={again} copy={() => copy(values)} />
			</div>}
		</details>
	);
}
