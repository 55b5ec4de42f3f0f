/* SPDX-License-Identifier: MIT */
/* What output may do beside drawing: the clipboard and notifications. */

import assert from "node:assert/strict";
import { test } from "node:test";
import {
	clipOf, guardOutput, Notes, strict, wordsOf, type Safe,
} from "../src/term/safe.ts";

const base64 = (text: string) => Buffer.from(text).toString("base64");

test("abuse_J01 a clipboard is written with text, and never read", () => {
	assert.deepEqual(clipOf(`c;${base64("héllo")}`, 6),
	    { text: "héllo", bytes: 6 });
	assert.deepEqual(clipOf(`;${base64("\ufeffx")}`, 9),
	    { text: "\ufeffx", bytes: 4 });
	for (const bad of ["c;?", ";?", "c;", "c", "", "c;!!!!",
	    `c;${base64("a\0b")}`, "c;/w==", `c;${base64("1234567")}`,
	    `c;${"QUJD".repeat(1_000_000)}`])
		assert.equal(clipOf(bad, 6), null, bad.slice(0, 40));
});

test("abuse_J04 a notification is its words alone", () => {
	assert.equal(wordsOf(9, "done"), "done");
	assert.equal(wordsOf(9, "4;1;50"), null);
	assert.equal(wordsOf(9, "7;cmd"), null);
	assert.equal(wordsOf(777, "notify;Title;Body"), "Title: Body");
	assert.equal(wordsOf(777, "precmd;x"), null);
	assert.equal(wordsOf(99, "i=1:a=report;hi"), "hi");
	assert.equal(wordsOf(99, "p=body;hi"), "hi");
	for (const bad of ["p=?;", "e=1;aGk=", "p=icon;x", "p=buttons;x", "x"])
		assert.equal(wordsOf(99, bad), null, bad);
});

test("abuse_J04 so many notifications come in a minute", () => {
	let now = 1000;
	const notes = new Notes(() => now);
	const taken = (n: number) =>
	    Array.from({ length: n }, () => notes.take(2)).filter(Boolean).length;

	assert.equal(taken(5), 2);
	now += 59_999;
	assert.equal(taken(5), 0);
	now += 1;
	assert.equal(taken(5), 2);
});

/* The parser of xterm.js as far as it is used. */
function rig(caps: Partial<Safe>, live = true) {
	const handlers = new Map<number, (data: string) => boolean>();
	const did: string[] = [];
	const parser = { registerOscHandler: (n: number,
	    fn: (data: string) => boolean) => {
		handlers.set(n, fn);
		return { dispose: () => handlers.delete(n) };
	} };
	const guard = guardOutput(parser as never, {
		safe: () => ({ ...strict, ...caps }),
		live: () => live,
		clipboard: (text, n) => did.push(`clip ${n} ${text}`),
		note: (text) => did.push(`note ${text}`),
	});

	return { did, guard, handlers,
	    osc: (n: number, data: string) => handlers.get(n)!(data) };
}

test("abuse_J01 without leave, or in the past, nothing is put anywhere", () => {
	const write = `c;${base64("evil")}`;
	const closed = rig({}), past = rig({ clipboard: 99 }, false);
	const open = rig({ clipboard: 99 });

	for (const one of [closed, past, open])
		assert.ok(one.osc(52, write) && one.osc(52, "c;?"));
	assert.deepEqual([closed.did, past.did, open.did],
	    [[], [], ["clip 4 evil"]]);
	open.guard.dispose();
	assert.equal(open.handlers.size, 0);
});

test("abuse_J04 a notification is a label, and none is of the past", () => {
	const one = rig({ title: 8, notes: 2 }), past = rig({}, false);

	for (const say of ["<b>\u202ex\x07</b> and more", "two", "three"])
		assert.ok(one.osc(9, say));
	assert.ok(past.osc(9, "old") && past.osc(777, "notify;old;x"));
	assert.deepEqual(one.did, ["note <b> x <…", "note two"]);
	assert.deepEqual(past.did, []);
});

test("abuse_J03 a link of a megabyte is no link", () => {
	const one = rig({ link: 100 });

	assert.equal(one.osc(8, `;https://ok.example/${"a".repeat(50)}`), false);
	assert.equal(one.osc(8, `;https://ok.example/${"a".repeat(1_000_000)}`),
	    true);
});
