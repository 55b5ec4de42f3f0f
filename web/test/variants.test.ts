/* SPDX-License-Identifier: MIT */
/* Variants of agents: values as texts and back, and the field that a refusal
 * is about. */

import assert from "node:assert/strict";
import { test } from "node:test";
import {
	brief, filled, textOf, valueOf, wrongOf, type Field, type Form,
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
