/* SPDX-License-Identifier: MIT */
/*
 * The form for a new conversation in a workspace: which agent, how it is held,
 * and what it is to do. What an agent needs first is told beside its name.
 */

import { useEffect, useState } from "preact/hooks";
import { change, get } from "../../net/http.ts";
import type { Store } from "../../store.ts";
import { messageOf } from "../../store.ts";
import type { Agent, Conversation } from "../../talk/types.ts";
import { formatRoute } from "../../util/route.ts";
import { label } from "../../util/text.ts";
import { useTitle } from "../hooks.ts";
import { Refusal } from "../space/text.tsx";

interface Fields {
	agent: string;
	prompt: string;
	profile: "agent" | "login";
	/* Before it uses a tool that changes something. */
	asks: boolean;
}

const usable = (a: Agent) => a.state === "ready" || a.state === "installed";

/* Agents that can be told so; the others have ways of their own. */
const asking = new Set(["CLAUDE_CODE"]);

function wishOf(f: Fields, workspace: string): object {
	return { workspace_id: workspace, agent: f.agent, profile: f.profile,
	    ...asking.has(f.agent) && f.asks &&
	        { config: { approvals: true } } };
}

/* The conversation is there even when its first prompt was refused: then that
 * is in its box, and why is told. */
async function begin(
	store: Store, f: Fields, workspace: string,
): Promise<void> {
	const { id } = await change<Conversation>("POST", "/api/conversations",
	    wishOf(f, workspace));

	try {
		await change("POST", `/api/conversations/${id}/turns`,
		    { prompt: f.prompt, queue: true });
	} catch (err) {
		sessionStorage.setItem(`rdv.draft.${id}`, f.prompt);
		store.tell(label(messageOf(err), 1000));
	}
	store.go({ page: "conversation", id });
}

function useForm(store: Store, workspace: string) {
	const [agents, setAgents] = useState<Agent[] | null>(null);
	const [fields, setFields] = useState<Fields>({ agent: "", prompt: "",
	    profile: "agent", asks: true });
	const [refused, setRefused] = useState<unknown>(null);
	const [busy, setBusy] = useState(false);
	const set = (part: Partial<Fields>) =>
	    setFields((old) => ({ ...old, ...part }));

	useEffect(() => {
		get<{ items: Agent[] }>("/api/agents").then(({ items }) => {
			setAgents(items);
			set({ agent: (items.find(usable) ?? items[0])?.name ?? "" });
		}).catch(setRefused);
	}, []);
	return { agents, fields, set, refused, busy, submit: (ev: Event) => {
		ev.preventDefault();
		setBusy(true);
		setRefused(null);
		void begin(store, fields, workspace).catch(setRefused)
		    .finally(() => setBusy(false));
	} };
}

export function NewTalkForm({ store, workspace }: {
	store: Store; workspace: string;
}) {
	const { agents, fields, set, refused, busy, submit } =
	    useForm(store, workspace);
	const agent = agents?.find((a) => a.name === fields.agent);
	const ws = store.work.get(workspace);

	useTitle("Ask an agent");
	useEffect(() => {
		store.work.begin();
		void store.work.load(workspace);
	}, [workspace]);
	return (
		<form class="new-session" onSubmit={submit}>
			<h1>Ask an agent</h1>
			<p class="aside">{`It works in ${ws === undefined
			    ? "the workspace" : label(ws.name)}, and what it ` +
			    "changes is committed on its branch."}</p>
			<div class="field">
				<label for="talk-first">What is to be done</label>
				<textarea id="talk-first" rows={6} required autofocus
				    maxLength={524_288} value={fields.prompt}
				    onInput={(ev) => set({
				        prompt: ev.currentTarget.value })} />
			</div>
			<AgentChoice agents={agents} agent={agent} set={set} />
			<Held fields={fields} set={set} />
			{refused !== null && <Refusal err={refused} />}
			<div class="buttons">
				<button class="button primary" disabled={busy ||
				    fields.agent === "" ||
				    fields.prompt.trim() === ""}>
					{busy ? "Working…" : "Begin"}</button>
				<a class="button" href={formatRoute({
				    page: "workspace", id: workspace, repo: null,
				    view: "changes", at: null })}>Cancel</a>
			</div>
		</form>
	);
}

function AgentChoice({ agents, agent, set }: {
	agents: Agent[] | null; agent: Agent | undefined;
	set(part: Partial<Fields>): void;
}) {
	return (
		<div class="field">
			<label for="talk-agent">Agent</label>
			<select id="talk-agent" value={agent?.name ?? ""}
			    onChange={(ev) => set({
			        agent: ev.currentTarget.value })}>
				{agents?.map((a) => <option key={a.name} value={a.name}>
					{label(a.help) + (usable(a) ? ""
					    : ": it needs you first")}</option>)}
			</select>
			{agent?.needs != null && <p class="trouble" role="status">
				{label(agent.needs, 1000)}</p>}
		</div>
	);
}

function Held({ fields, set }: {
	fields: Fields; set(part: Partial<Fields>): void;
}) {
	const how = (value: Fields["profile"], text: string) => (
		<label class="choice">
			<input type="radio" name="profile" value={value}
			    checked={fields.profile === value}
			    onChange={() => set({ profile: value })} />
			{text}
		</label>
	);

	return (
		<>
			<fieldset>
				<legend>How it is held</legend>
				{how("agent", "In a sandbox")}
				{how("login", "As you: it may do what you may")}
			</fieldset>
			{asking.has(fields.agent) && <label class="choice">
				<input type="checkbox" name="asks"
				    checked={fields.asks} onChange={(ev) =>
				        set({ asks: ev.currentTarget.checked })} />
				It asks before it runs or changes something
			</label>}
		</>
	);
}
