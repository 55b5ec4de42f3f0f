/* SPDX-License-Identifier: MIT */
/* The cards of what is asked, drawn: which of their buttons can be used. The
 * document is no more than they are drawn into. */

import assert from "node:assert/strict";
import { test } from "node:test";

class Node {
	children: Node[] = [];
	parentNode: Node | null = null;
	data = "";
	style = {};
	[prop: string]: unknown;

	constructor(readonly localName: string) {}
	get childNodes(): Node[] { return this.children; }
	get firstChild(): Node | null { return this.children[0] ?? null; }
	get nextSibling(): Node | null {
		const all = this.parentNode?.children ?? [];

		return all[all.indexOf(this) + 1] ?? null;
	}
	insertBefore(node: Node, before: Node | null) {
		node.remove();
		this.children.splice(before === null ? this.children.length
		    : this.children.indexOf(before), 0, node);
		node.parentNode = this;
		return node;
	}
	appendChild(node: Node) { return this.insertBefore(node, null); }
	removeChild(node: Node) { node.remove(); }
	remove() {
		const all = this.parentNode?.children ?? [];

		if (all.includes(this))
			all.splice(all.indexOf(this), 1);
		this.parentNode = null;
	}
	setAttribute(name: string, value: string) { this[name] = value; }
	removeAttribute(name: string) { delete this[name]; }
	addEventListener() {}
	removeEventListener() {}
	focus() {}
	contains() { return true; }
	all(): Node[] { return [this, ...this.children.flatMap((c) => c.all())]; }
}

Object.assign(globalThis, { window: globalThis,
	localStorage: { getItem: () => null },
	document: { activeElement: null, querySelector: () => null,
		createElement: (name: string) => new Node(name),
		createElementNS: (_: string, name: string) => new Node(name),
		createTextNode: (data: string) =>
		    Object.assign(new Node("#text"), { data }) } });

/* After the document is there. */
const { h, render } = await import("preact");
const { AskList } = await import("../src/ui/talk/ask.tsx");
const { Asks } = await import("../src/talk/asks.ts");
type Approval = import("../src/talk/types.ts").Approval;

const moment = 600;
const later = (ms: number) => new Promise((done) => setTimeout(done, ms));

const ask = (id: string) => ({ id, session_id: "s", kind: "tool",
	state: "pending", tool: "Bash", command: id, input: null, cwd: "/",
	environment: [], profile: "login", digest: id, flags: [], repeats: 0,
	decided_via: null }) as unknown as Approval;

test("no click approves what slid under it", async () => {
	const fail = (err: unknown) => assert.fail(String(err));
	const root = new Node("main");
	const asks = new Asks(() => draw(), fail);
	/* As on the page of all that is asked: a list for each session. */
	const draw = () => render(h("div", null, ["s", "z"].map((s) => h(AskList,
	    { key: s, asks, list: asks.of(s), workspace: null }))),
	    root as unknown as Element);
	const asleep = () => root.all().filter((n) => n.class ===
	    "button approve" || n.className === "button approve")
	    .map((n) => n.disabled === true);
	const awake = async (n: number) => {
		for (let i = 0; i < 200 && !(asleep().length === n &&
		    asleep().every((a) => !a)); i++)
			await later(20);
		assert.deepEqual(asleep(), Array(n).fill(false));
	};

	asks.list = [ask("a"), ask("b"), { ...ask("c"), session_id: "z" }]
	    .map((approval) => ({ approval, late: false }));
	draw();
	assert.deepEqual(asleep(), [true, true, true]);
	await awake(3);
	/* The first is decided: all below it move, and in that drawing. */
	asks.dismiss("a");
	assert.deepEqual(asleep(), [true, true]);
	const from = performance.now();
	await awake(2);
	assert.ok(performance.now() - from > moment - 100);
	/* One is told to be over, which takes less room. */
	asks.list = asks.list.map((a) => ({ ...a,
		late: a.approval.id === "b" }));
	draw();
	assert.deepEqual(asleep(), [true]);
	await awake(1);
	/* Nothing has moved. */
	draw();
	assert.deepEqual(asleep(), [false]);
	/* What comes and goes at once has moved it, too. */
	const { list } = asks;
	for (const now of [[...list, { approval: ask("d"), late: true }], list]) {
		asks.list = now;
		draw();
		await later(1);
	}
	assert.deepEqual(asleep(), [true]);
	render(null, root as unknown as Element);
});
