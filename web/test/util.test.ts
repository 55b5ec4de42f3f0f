/* SPDX-License-Identifier: MIT */
/* Pure helpers: labels, links, addresses, checksums, waiting times. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { Backoff } from "../src/util/backoff.ts";
import { crc32 } from "../src/util/crc32.ts";
import { oneAtATime } from "../src/util/one.ts";
import {
	formatRoute, linkSecret, parseRoute, signInCode,
} from "../src/util/route.ts";
import { ago, bytes, label, pathTail } from "../src/util/text.ts";
import { safeLink } from "../src/util/url.ts";

const id = "0190f3a2-7b7c-7d4e-8f10-123456789abc";

test("crc32 has the standard check value, whole or in pieces", () => {
	const nine = new TextEncoder().encode("123456789");

	assert.equal(crc32(0, nine), 0xcbf43926);
	assert.equal(crc32(crc32(0, nine.subarray(0, 4)), nine.subarray(4)),
	    0xcbf43926);
	assert.notEqual(crc32(0, nine.subarray(1)), 0xcbf43926);
});

test("back-off doubles, stays under its ceiling and starts over", () => {
	const low = new Backoff(100, 1000, () => 0);
	const high = new Backoff(100, 1000, () => 1);

	assert.deepEqual([1, 2, 3, 4, 5, 6].map(() => low.next()),
	    [50, 100, 200, 400, 500, 500]);
	assert.deepEqual([1, 2, 3, 4, 5, 6].map(() => high.next()),
	    [100, 200, 400, 800, 1000, 1000]);
	low.reset();
	assert.equal(low.next(), 50);
});

test("of two questions the later one is answered last", async () => {
	const asked: { answer: () => void; fail: (why: Error) => void }[] = [];
	const ask = oneAtATime(() => new Promise<void>((answer, fail) => {
		asked.push({ answer, fail });
	}));
	const soon = () => new Promise((done) => setImmediate(done));
	let over = 0;

	for (let i = 0; i < 3; i++)
		void ask().then(() => over++);
	assert.equal(asked.length, 1);
	asked[0]!.answer();
	await soon();
	/* What came meanwhile is one question, which all of them wait for. */
	assert.deepEqual([asked.length, over], [2, 0]);
	asked[1]!.answer();
	await soon();
	assert.deepEqual([asked.length, over], [2, 3]);
	/* One that failed stands in no other's way. */
	const third = ask();
	asked[2]!.fail(new Error("no"));
	await assert.rejects(third, /no/);
	void ask();
	assert.equal(asked.length, 4);
	/* Nor is what came meanwhile lost with it, nor told of it. */
	const fourth = ask();
	asked[3]!.fail(new Error("old"));
	await soon();
	assert.equal(asked.length, 5);
	asked[4]!.answer();
	await fourth;
	/* Its own failure is told to all who wait. */
	const early = assert.rejects(ask(), /new/);
	const late = assert.rejects(ask(), /new/);
	asked[5]!.fail(new Error("old"));
	await soon();
	asked[6]!.fail(new Error("new"));
	await Promise.all([early, late]);
});

test("a label has no control, reordering or markup power", () => {
	assert.equal(label("a\x1b]0;x\x07b\nc"), "a ]0;x b c");
	assert.equal(label("pay\u202egnp.exe"), "pay gnp.exe");
	assert.equal(label("zero\u200bwidth\u2066x"), "zero width x");
	assert.equal(label("naïve – 漢字 🎉"), "naïve – 漢字 🎉");
});

test("a label is cut, and cheap for a megabyte", () => {
	const long = label("x".repeat(1_000_000));

	assert.equal(Array.from(long).length, 120);
	assert.ok(long.endsWith("…"));
	assert.equal(label("🎉🎉🎉", 2), "🎉…");
	assert.equal(label("x".repeat(120)), "x".repeat(120));
});

test("a path keeps its end", () => {
	assert.equal(pathTail("/home/a/src"), "/home/a/src");
	assert.equal(pathTail("/very/long/way/to/it", 8), "…y/to/it");
});

test("sizes and ages read like sentences", () => {
	assert.equal(bytes(999), "999 B");
	assert.equal(bytes(1500), "1.5 kB");
	assert.equal(bytes(10_485_760), "10.5 MB");
	assert.equal(ago(0, 59_000), "just now");
	assert.equal(ago(0, 3_600_000), "1 h ago");
});

test("addresses survive a round trip and nothing else is understood", () => {
	for (const hash of ["#/", "#/new", "#/asks", "#/agents",
	    "#/agents/CLAUDE_CODE", `#/w/${id}/run/${id}`, `#/s/${id}`,
	    `#/replay/${id}`, `#/c/${id}`, `#/c/new/${id}`, `#/c/${id}/${id}`])
		assert.equal(formatRoute(parseRoute(hash)), hash);
	for (const hash of ["", "#/s/../x", `#/s/${id}/x`, "#/s/", "#x",
	    "#/replay/x", "#/agents/x", "#/agents/", "#/c/x", `#/c/${id}/x`,
	    `#/c/new/${id}/${id}`,
	    `#/s/${id}?server=https://evil.example`])
		assert.deepEqual(parseRoute(hash), { page: "home" });
});

test("what makes a link good is found only in its own form", () => {
	const secret = "A".repeat(43);

	assert.equal(linkSecret(`#${secret}`), secret);
	for (const hash of ["", "#", "#short", `#code=${secret}`, `#/s/${secret}`,
	    `#${secret}&x`, `# ${secret}`, `#${"x".repeat(129)}`, secret])
		assert.equal(linkSecret(hash), null, hash);
});

test("a sign-in code is found only in its own form", () => {
	const code = "A".repeat(43);

	assert.equal(signInCode(`#code=${code}`), code);
	for (const hash of ["#code=", "#code=a b", `#x&code=${code}`,
	    `#code=${code}/../..`, `#code=${"A".repeat(200)}`])
		assert.equal(signInCode(hash), null);
});

test("abuse_J03 only plain web links leave the terminal", () => {
	assert.equal(safeLink("https://ok.example/a?b#c"),
	    "https://ok.example/a?b#c");
	assert.equal(safeLink("HTTP://OK.example"), "http://ok.example/");
	for (const bad of ["javascript:alert(1)", "file:///etc/passwd",
	    "data:text/html,x", " vbscript:x", "//no.scheme",
	    "https://bank.example@evil.example/",
	    "https://x.example/" + "a".repeat(3000)])
		assert.equal(safeLink(bad), null, bad);
});

test("abuse_J03 a look-alike host is shown encoded", () => {
	assert.equal(safeLink("https://аpple.example/"),
	    "https://xn--pple-43d.example/");
});
