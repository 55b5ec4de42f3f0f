/* SPDX-License-Identifier: MIT */
/*
 * Variants of agents: which there are, what each may have, and a change of one.
 * The server has the rules and names what breaks one; here is only what makes a
 * text of a value and a value of a text. Fields that nobody knows stay as they
 * are.
 */

import { ApiError, change, get } from "../net/http.ts";
import { messageOf } from "../store.ts";
import type { Agent, Readiness } from "./types.ts";

export interface Field {
	name: string;
	kind: "text" | "flag" | "texts" | "pairs" | "word";
	words: string[];
	/* What a request calls it that chooses it, or null. */
	choice: string | null;
}

export interface Form {
	agent: string;
	fields: Field[];
	policies: string[];
}

export type Values = Record<string, unknown>;
type Executors = Record<string, Record<string, Record<string, Values>>>;

export interface Known {
	/* Also those that are found by their configuration alone. */
	agents: Agent[];
	forms: Form[];
	executors: Executors;
}

const ours = "DEFAULT";
/* What stands beside variants and is none. */
const used = "recently_used_models";

interface Config {
	executors: Executors;
	version: number;
}

const askConfig = () => get<Config>("/api/agents/config");

export async function askKnown(signal: AbortSignal): Promise<Known> {
	const [agents, forms, { executors }] = await Promise.all([
		get<{ items: Agent[] }>("/api/agents", signal),
		get<{ items: Form[] }>("/api/agents/fields", signal),
		askConfig(),
	]);
	const listed = new Set(agents.items.map((a) => a.name));

	return { forms: forms.items, executors, agents: [...agents.items,
	    ...forms.items.filter((f) => !listed.has(f.agent)).map((f): Agent =>
	        ({ name: f.agent, help: "Any other that speaks ACP",
	            state: "installed", needs: null }))] };
}

/* Who has signed in as himself has not signed in for its sandbox. How the
 * program is got is told once, of the account. */
export function readinessOf(a: Agent, profile: "agent" | "login"): Readiness {
	if (profile === "login" || a.confined === undefined)
		return a;
	return { state: a.confined.state, needs: a.confined.needs ??
	    (["missing", "refused"].includes(a.confined.state) ? a.needs
		: null) };
}

export function namesOf(k: Known, agent: string): string[] {
	const names = Object.keys(k.executors[agent] ?? {})
	    .filter((n) => n !== used && n !== ours);

	return [ours, ...names];
}

export function valuesOf(
	executors: Executors, agent: string, variant: string,
): Values | null {
	return executors[agent]?.[variant]?.[agent] ?? null;
}

export function formOf(k: Known, agent: string): Form {
	return k.forms.find((f) => f.agent === agent) ??
	    { agent, fields: [], policies: [] };
}

/* "" is as good as not there. */
export function textOf(field: Field, value: unknown): string {
	if (value === undefined || value === null)
		return "";
	if (field.kind === "texts")
		return (value as string[]).join("\n");
	if (field.kind === "pairs")
		return Object.entries(value as Record<string, string>)
		    .map(([name, text]) => `${name}=${text}`).join("\n");
	return String(value);
}

/* A mistake of who typed it, in the server's manner. */
export class Misfit extends Error {}

function pairsOf(field: Field, text: string): Record<string, string> {
	/* "__proto__" is a name like any other. */
	const out = Object.create(null) as Record<string, string>;

	for (const line of text.split("\n").filter((l) => l.trim() !== "")) {
		const at = line.indexOf("=");
		if (at < 1)
			throw new Misfit(`${field.name}: has to be NAME=value in ` +
			    "each line");
		out[line.slice(0, at).trim()] = line.slice(at + 1);
	}
	return out;
}

/* undefined: not there. */
export function valueOf(field: Field, text: string): unknown {
	if (text.trim() === "")
		return undefined;
	switch (field.kind) {
	case "flag": return text === "true";
	case "texts": return text.split("\n").filter((l) => l !== "");
	case "pairs": return pairsOf(field, text);
	default: return text.trim();
	}
}

/* Over what was there, of which fields that are not known here stay. */
export function filled(
	form: Form, before: Values, texts: Record<string, string>,
): Values {
	const known = new Set(form.fields.map((f) => f.name));
	const out: Values = Object.fromEntries(Object.entries(before)
	    .filter(([name]) => !known.has(name)));

	for (const field of form.fields) {
		const text = texts[field.name] ?? "", was = before[field.name];
		/* What nobody touched may be what no form can show. */
		const value = text === textOf(field, was) ? was
		    : valueOf(field, text);
		if (value !== undefined)
			out[field.name] = value;
	}
	return out;
}

/* The field that a refusal names, and the rest of its sentence. */
export interface Wrong {
	field: string;
	why: string;
}

/* Of "executors.CODEX.FAST.CODEX.model: has to be a text", and "model_id: is no
 * choice this agent has"; "" is the name of the variant. */
export function wrongOf(err: unknown): Wrong | null {
	const [, path, why] = /^([^:\n]+): (.+)$/s.exec(messageOf(err)) ?? [];
	const parts = path?.split(".") ?? [];
	/* A name may have dots in it. */
	const at = parts.lastIndexOf(parts[1] ?? "");

	if (parts.length === 0 || parts[0] !== "executors")
		return path === undefined ? null : { field: path, why: why! };
	if (at > 2 && at + 1 < parts.length)
		return { field: parts[at + 1]!, why: why! };
	return parts.length > 2 ? { field: "", why: why! } : null;
}

/* What one is to become; `values` null: it is to go. */
export interface Change {
	agent: string;
	/* null: there is none yet. */
	was: { name: string; values: Values } | null;
	name: string;
	values: Values | null;
}

export const same = (a: unknown, b: unknown) =>
    JSON.stringify(a) === JSON.stringify(b);

/* What is there now of what was to be changed; null: it is gone. */
export class Overtaken extends Error {
	constructor(readonly now: Values | null) {
		super(now === null
		    ? "It was deleted elsewhere meanwhile. What you typed is " +
			"still here: save again to make it anew."
		    : "It was changed elsewhere meanwhile, and is now: " +
			`${brief(now) || "as the agent does by itself"}. What ` +
			"you typed is still here: save again to put it in place " +
			"of that.");
	}
}

/* All variants are put at once, in place of what was read a moment ago and of
 * nothing newer; who was quicker with another variant has lost nothing. */
export async function put(c: Change): Promise<void> {
	for (let tries = 4; ; tries--)
		try {
			return await putOver(c, await askConfig());
		} catch (err) {
			if (!(err instanceof ApiError && err.status === 409) ||
			    tries === 0)
				throw err;
		}
}

async function putOver(
	c: Change, { executors, version }: Config,
): Promise<void> {
	const list = executors[c.agent] ??= {};

	if (c.was !== null) {
		const now = valuesOf(executors, c.agent, c.was.name);
		if (!same(now, c.was.values))
			throw new Overtaken(now);
		delete list[c.was.name];
	}
	if (Object.hasOwn(list, c.name))
		throw new Misfit(`executors.${c.agent}.${c.name}: is there ` +
		    "already");
	/* Also a name that means something to an object goes to the server. */
	if (c.values !== null)
		Object.defineProperty(list, c.name, { enumerable: true,
		    value: { [c.agent]: c.values } });
	await change("PUT", "/api/agents/config", { executors, version });
}

/* A few words about one. */
export function brief(values: Values): string {
	return Object.entries(values).filter(([, v]) => v !== null)
	    .map(([name, v]) => typeof v === "object"
	        ? `${name} (${Object.keys(v as object).length})`
	        : `${name} ${String(v)}`).join(", ");
}
