/* SPDX-License-Identifier: MIT */
/*
 * The form for a new conversation in a workspace: which agent, by which of its
 * variants and what else it has to choose, how it is held, and what it is to do.
 * What an agent needs first is told beside its name.
 */

import type { ComponentChild } from "preact";
import { useEffect, useState } from "preact/hooks";
import { change } from "../../net/http.ts";
import type { Store } from "../../store.ts";
import { messageOf } from "../../store.ts";
import type { Agent, Conversation } from "../../talk/types.ts";
import {
	formOf, namesOf, readinessOf, textOf, valuesOf, wrongOf, type Field, type Known,
	type Values, type Wrong,
} from "../../talk/variants.ts";
import { formatRoute } from "../../util/route.ts";
import { label } from "../../util/text.ts";
import { useTitle } from "../hooks.ts";
import { Refusal } from "../space/text.tsx";
import { useKnown } from "./agents.tsx";

interface Fields {
	agent: string;
	variant: string;
	/* What is chosen beside it, by what a request calls it. */
	choices: Record<string, string>;
	/* "": as the variant says. */
	policy: string;
	prompt: string;
	profile: "agent" | "login";
}

const usable = (a: Agent, profile: Fields["profile"]) =>
    ["ready", "installed"].includes(readinessOf(a, profile).state);

/* One that nobody has made known is none to choose. */
function offered(known: Known): Agent[] {
	return known.agents.filter((a) => a.name !== "ACP" ||
	    namesOf(known, a.name).some((n) => Object.keys(valuesOf(
	        known.executors, a.name, n) ?? {}).length > 0));
}

/* Of another agent nothing that was chosen for this one: what nobody chooses is
 * as its variant says, or as it does by itself. */
const fresh = (agent: string): Partial<Fields> =>
    ({ agent, variant: "DEFAULT", choices: {}, policy: "" });

function wishOf(f: Fields, workspace: string): object {
	const choices = Object.entries(f.choices).map(([key, text]) =>
	    [key, text.trim()] as const).filter(([, text]) => text !== "");

	return { workspace_id: workspace, agent: f.agent, profile: f.profile,
	    ...f.variant !== "DEFAULT" && { variant: f.variant },
	    ...Object.fromEntries(choices),
	    ...f.policy !== "" && { permission_policy: f.policy } };
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
	const { known, trouble } = useKnown();
	const [fields, setFields] = useState<Fields>({ agent: "",
	    variant: "DEFAULT", choices: {}, policy: "", prompt: "",
	    profile: "agent" });
	const [refused, setRefused] = useState<unknown>(null);
	const [busy, setBusy] = useState(false);
	const set = (part: Partial<Fields>) =>
	    setFields((old) => ({ ...old, ...part }));

	useEffect(() => {
		const all = known === null ? [] : offered(known);
		const first = all.find((a) => usable(a, "agent")) ?? all[0];

		if (first !== undefined)
			set(fresh(first.name));
	}, [known]);
	return { known, fields, set, refused: refused ?? trouble, busy,
	    submit: (ev: Event) => {
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
	const { known, fields, set, refused, busy, submit } =
	    useForm(store, workspace);
	const ws = store.work.get(workspace);
	const wrong = refused === null ? null : wrongOf(refused);
	const part = { fields, set, wrong };

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
			<AgentChoice {...part} known={known} />
			{known !== null && <>
				<VariantChoice {...part} known={known} />
				<Choices {...part} known={known} />
				<Policy {...part} policies={formOf(known,
				    fields.agent).policies} />
			</>}
			<Held fields={fields} set={set} />
			{refused !== null && !shown(wrong) &&
			    <Refusal err={refused} />}
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

interface PartProps {
	fields: Fields;
	set(part: Partial<Fields>): void;
	/* What the server has refused, and of which field. */
	wrong: Wrong | null;
}

/* Those that have a place of their own for it. */
const places = ["variant", "model_id", "agent_id", "reasoning_id",
    "permission_policy"];
const shown = (wrong: Wrong | null) =>
    wrong !== null && places.includes(wrong.field);

function Place({ id, text, wrong, field, children }: {
	id: string; text: string; wrong: Wrong | null; field: string;
	children: ComponentChild;
}) {
	return (
		<div class="field">
			<label for={id}>{text}</label>
			{children}
			{wrong?.field === field && <p class="trouble" role="alert"
			    id={`${id}-why`}>{`${text}: ` +
			        label(wrong.why, 500)}</p>}
		</div>
	);
}

const said = (wrong: Wrong | null, field: string, id: string) =>
    wrong?.field === field ? { "aria-invalid": true,
        "aria-describedby": `${id}-why` } : {};

function AgentChoice({ fields, set, known }: PartProps & {
	known: Known | null;
}) {
	const agents = known === null ? [] : offered(known);
	const agent = agents.find((a) => a.name === fields.agent);
	const needs = agent && readinessOf(agent, fields.profile).needs;

	return (
		<div class="field">
			<label for="talk-agent">Agent</label>
			<select id="talk-agent" value={fields.agent}
			    onChange={(ev) => set(fresh(
			        ev.currentTarget.value))}>
				{agents.map((a) => <option key={a.name} value={a.name}>
					{label(a.help) + (usable(a, fields.profile) ? ""
					    : ": needs you")}</option>)}
			</select>
			{needs != null && <p class="trouble" role="status">
				{label(needs, 1000)}</p>}
		</div>
	);
}

function VariantChoice({ fields, set, wrong, known }: PartProps & {
	known: Known;
}) {
	const names = namesOf(known, fields.agent);

	return (
		<Place id="talk-variant" text="Variant" field="variant"
		    wrong={wrong}>
			<select id="talk-variant" value={fields.variant}
			    {...said(wrong, "variant", "talk-variant")}
			    onChange={(ev) => set({
			        variant: ev.currentTarget.value })}>
				{names.map((n) => <option key={n} value={n}>
					{label(n)}</option>)}
			</select>
			<p class="hint"><a href={formatRoute({ page: "agents",
			    agent: fields.agent })}>See and change variants</a></p>
		</Place>
	);
}

const choiceWords: Record<string, string> = {
	model_id: "Model", agent_id: "Mode", reasoning_id: "Thinking",
};

function Choices({ known, ...props }: PartProps & { known: Known }) {
	const { agent, variant } = props.fields;
	const all = formOf(known, agent).fields;
	const fields = Object.keys(choiceWords).flatMap((choice) =>
	    all.filter((f) => f.choice === choice));
	const values = valuesOf(known.executors, agent, variant) ?? {};

	if (fields.length === 0)
		return null;
	return (
		<div class="choices">
			{fields.map((f) => <Choice key={f.name} field={f}
			    values={values} {...props} />)}
		</div>
	);
}

function Choice({ field, values, fields, set, wrong }: PartProps & {
	field: Field; values: Values;
}) {
	const key = field.choice!;
	const id = `talk-${key}`;
	const usual = label(textOf(field, values[field.name]), 40) ||
	    "its default";
	const props = { id, value: fields.choices[key] ?? "",
		...said(wrong, key, id) };
	const to = (text: string) => set({ choices:
	    { ...fields.choices, [key]: text } });

	return (
		<Place id={id} text={choiceWords[key] ?? key} field={key}
		    wrong={wrong}>
			{field.kind === "word"
			    ? <select {...props} onChange={(ev) =>
			        to(ev.currentTarget.value)}>
				<option value="">{usual}</option>
				{field.words.map((w) => <option key={w} value={w}>
					{w}</option>)}
			    </select>
			    : <input {...props} type="text" maxLength={128}
			        placeholder={usual} autoComplete="off"
			        autoCapitalize="off" spellcheck={false}
			        onInput={(ev) => to(ev.currentTarget.value)} />}
		</Place>
	);
}

const policyWords: Record<string, string> = {
	AUTO: "It asks nobody, once you allow it",
	SUPERVISED: "It asks before it acts",
	PLAN: "It plans first, and asks",
};

/* That nobody is asked takes a click of its own beside, that is on record. */
function Policy({ fields, set, wrong, policies }: PartProps & {
	policies: string[];
}) {
	const known = policies.filter((p) => Object.hasOwn(policyWords, p));

	if (known.length === 0)
		return null;
	return (
		<Place id="talk-policy" text="Who is asked" wrong={wrong}
		    field="permission_policy">
			<select id="talk-policy" value={fields.policy}
			    {...said(wrong, "permission_policy", "talk-policy")}
			    onChange={(ev) => set({
			        policy: ev.currentTarget.value })}>
				<option value="">As its variant says</option>
				{known.map((p) => <option key={p} value={p}>
					{policyWords[p]}</option>)}
			</select>
		</Place>
	);
}

function Held({ fields, set }: Omit<PartProps, "wrong">) {
	const how = (value: Fields["profile"], text: string) => (
		<label class="choice">
			<input type="radio" name="profile" value={value}
			    checked={fields.profile === value}
			    onChange={() => set({ profile: value })} />
			{text}
		</label>
	);

	return (
		<fieldset>
			<legend>How it is held</legend>
			{how("agent", "In a sandbox")}
			{how("login", "As you: it may do what you may")}
		</fieldset>
	);
}
