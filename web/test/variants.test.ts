/* SPDX-License-Identifier: MIT */
/* Variants of agents: values as texts and back, and the field that a refusal
 * is about. */

import assert from "node:assert/strict";
import { test } from "node:test";
import {
	brief, filled, put, readinessOf, textOf, valueOf, wrongOf, type Field, type Form,
} from "../src/talk/variants.ts";

const field = (name: string, kind: Field["kind"]): Field =>
    ({ name, kind, words: [], choice: null });

const form: Form = { agent: "CODEX", policies: [], fields: [
	field("model", "text"), field("plan", "flag"), field("args", "texts"),
	field("env", "pairs"), field("effort", "word"),
] };

test("what a variant has is typed and read back as it was", () => {
	const values = { model: "m", plan: false, args: ["--a b", "c"],
		env: { A: "x=y ", __PROTO: "" }, effort: "low", odd: { n: 1 } };
	const texts = Object.fromEntries(form.fields.map((f) =>
	    [f.name, textOf(f, values[f.name as keyof typeof values])]));

	assert.deepEqual(JSON.parse(JSON.stringify(
	    filled(form, values, texts))), values);
	assert.deepEqual(filled(form, values, {}), { odd: { n: 1 } });
	assert.deepEqual(texts.args, "--a b\nc");
	for (const f of form.fields)
		assert.equal(textOf(f, null), "");
	assert.equal(valueOf(field("x", "text"), " "), undefined);
	assert.throws(() => valueOf(field("env", "pairs"), "A=1\n=2"),
	    /^Error: env: has to be NAME=value/);
	assert.equal(JSON.stringify(valueOf(field("env", "pairs"),
	    "__proto__=1")), '{"__proto__":"1"}');
	assert.equal(brief(values),
	    "model m, plan false, args (2), env (2), effort low, odd (1)");
});

test("what nobody touched stays, also what no form can show", () => {
	const values = { model: " m ", args: ["", "two\nlines"],
		env: { A: "x\nB=y" } };
	const texts = Object.fromEntries(form.fields.map((f) =>
	    [f.name, textOf(f, values[f.name as keyof typeof values])]));

	texts.effort = "high";
	assert.deepEqual(filled(form, values, texts),
	    { ...values, effort: "high" });
	texts.model = "other";
	assert.equal(filled(form, values, texts).model, "other");
});

test("a refusal names its field, or the variant, or neither", () => {
	for (const [text, field, why] of [
		["executors.CODEX.A.CODEX.model: has to be a text", "model",
		    "has to be a text"],
		["executors.CODEX.A.b.CODEX.env.X: is bad: so", "env",
		    "is bad: so"],
		["executors.CODEX.Fast one: is there twice", "",
		    "is there twice"],
		["model_id: is no choice", "model_id", "is no choice"],
	])
		assert.deepEqual(wrongOf(new Error(text)), { field, why });
	for (const text of ["executors.CODEX: is there twice",
	    "It was changed elsewhere.", ""])
		assert.equal(wrongOf(new Error(text)), null, text);
});

/* The server: it takes what is put over the version that it has. */
function server(between: (executors: any, turn: number) => boolean) {
	let version = 1, turn = 0;
	let executors: any = { CODEX: { A: { CODEX: { model: "a" } },
		B: { CODEX: { model: "b" } } } };

	Object.assign(globalThis, { localStorage: { getItem: () => null } });
	globalThis.fetch = (async (_: string, init: RequestInit) => {
		if (init.method !== "PUT") {
			const told = Response.json({ executors, version });
			/* Another tab, behind what was read. */
			version += Number(between(executors, ++turn));
			return told;
		}
		const put = JSON.parse(String(init.body));
		if (put.version !== version)
			return Response.json({ error: "version: changed meanwhile" },
			    { status: 409 });
		executors = put.executors;
		version++;
		return new Response(null, { status: 204 });
	}) as typeof fetch;
	return () => executors.CODEX;
}

test("two tabs that save at once lose nothing of each other", async () => {
	const { fetch } = globalThis;
	const to = { agent: "CODEX", name: "A", values: { model: "mine" },
		was: { name: "A", values: { model: "a" } } };

	try {
		const other = server((e, turn) => turn === 1 &&
		    Boolean(e.CODEX.B.CODEX.model = "other"));
		await put(to);
		assert.deepEqual(other(), { A: { CODEX: { model: "mine" } },
			B: { CODEX: { model: "other" } } });
		/* The same one: its values are told, and nothing is put. */
		const same = server((e, turn) => turn === 1 &&
		    Boolean(e.CODEX.A.CODEX.model = "other"));
		await assert.rejects(put(to), (err: any) =>
		    /model other/.test(err.message) && err.now.model === "other");
		assert.equal(same().A.CODEX.model, "other");
		/* Where somebody never stops, that is said in the end. */
		server(() => true);
		await assert.rejects(put(to), /changed meanwhile/);
	} finally {
		globalThis.fetch = fetch;
	}
});

test("what an agent needs is told of where it is to run", () => {
	const a = { name: "CODEX", help: "Codex", state: "ready" as const,
		needs: null, confined: { state: "sign_in" as const,
			needs: "run rdv agents login CODEX" } };
	const gone = { ...a, state: "missing" as const, needs: "install it",
		confined: { state: "missing" as const, needs: null } };

	assert.equal(readinessOf(a, "login").needs, null);
	assert.deepEqual(readinessOf(a, "agent"), a.confined);
	assert.equal(readinessOf({ ...a, needs: "run codex login", confined:
	    { state: "ready", needs: null } }, "agent").needs, null);
	assert.deepEqual(readinessOf(gone, "agent"),
	    { state: "missing", needs: "install it" });
	/* One that is made known by its configuration alone. */
	assert.equal(readinessOf({ name: "ACP", help: "x", state: "installed",
		needs: null }, "agent").state, "installed");
});
