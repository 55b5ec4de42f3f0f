/* SPDX-License-Identifier: MIT */
/* A connection that died without a word: it is let go of in time, and what is
 * heard goes on where it was, with nothing missing and nothing twice. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { EventFollower } from "../src/net/events.ts";
import { Follow } from "../src/space/follow.ts";
import { Feed } from "../src/talk/feed.ts";
import { Tail } from "../src/talk/tail.ts";

interface Asked {
	url: string;
	headers: Record<string, string>;
	/* Resolves when it has been read and more is wanted. */
	say(text: string): Promise<void>;
	ended: boolean;
}

/* A browser whose time passes when it is told to. */
function browser() {
	const timers = new Map<number, { at: number; fn: () => void }>();
	const streams: Asked[] = [];
	const sockets: FakeSocket[] = [];
	const sent: string[] = [];
	const settling = setImmediate;
	const heard: Record<string, () => void> = {};
	const page = { addEventListener: (kind: string, fn: () => void) => {
		heard[kind] = fn;
	}, removeEventListener() {} };
	let now = 1, last = 0;

	class FakeSocket {
		onmessage = (_: { data: string }) => {};
		onclose = () => {};
		constructor() {
			sockets.push(this);
		}
		send(text: string) {
			sent.push(text);
		}
		close() {}
	}
	const until = async (done: () => boolean) => {
		const begin = performance.now();
		while (!done() && performance.now() - begin < 20_000)
			await new Promise((go) => settling(go));
		assert.ok(done());
	};
	const open = (url: string, init: RequestInit) => {
		let wanted = 0, said = 0;
		return new Response(new ReadableStream({ start(to) {
			const it: Asked = { url, ended: false,
				headers: init.headers as Record<string, string>,
				say: async (text) => {
					await until(() => wanted > said);
					to.enqueue(new TextEncoder().encode(text));
					said++;
					await until(() => wanted > said);
				} };
			streams.push(it);
			init.signal!.addEventListener("abort", () => {
				it.ended = true;
				to.error(init.signal!.reason);
			});
		}, pull() {
			wanted++;
		} }, { highWaterMark: 0 }));
	};
	Object.assign(globalThis, {
		window: Object.assign(globalThis, page),
		setTimeout: (fn: () => void, ms: number) => {
			timers.set(++last, { at: now + ms, fn });
			return last;
		},
		clearTimeout: (id: number) => timers.delete(id),
		document: { ...page, visibilityState: "visible" },
		location: { origin: "http://x" },
		localStorage: { getItem: () => null },
		WebSocket: FakeSocket,
		fetch: async (url: string, init: RequestInit) =>
			/\/api\/runs\/r$/.test(url) ? Response.json({ id: "r",
			    log_bytes: 0, ended_at: null })
			    : open(url.replace(/^.*api/, ""), init),
	});
	const settle = async () => {
		for (let i = 0; i < 50; i++)
			await new Promise((go) => settling(go));
	};
	return { streams, sockets, sent, until, heard,
		pass: async (ms: number) => {
		for (const until = now + ms; now < until;) {
			now = Math.min(until, ...[...timers.values()]
			    .map((t) => Math.max(t.at, now + 1)));
			for (const [id, { at, fn }] of [...timers])
				if (at <= now && timers.delete(id))
					fn();
			await settle();
		}
	} };
}

type Browser = ReturnType<typeof browser>;

/* Beats keep the first one; in silence there is a second. */
async function dies(b: Browser, ...said: string[]): Promise<void> {
	await b.until(() => b.streams.length === 1);
	const [first] = b.streams;
	for (let i = 0; i < 8; i++) {
		await first!.say(": \n\n");
		await b.pass(15_000);
	}
	assert.deepEqual([b.streams.length, first!.ended], [1, false]);
	for (const text of said)
		await first!.say(text);
	for (let s = 0; s < 60 && b.streams.length === 1; s++)
		await b.pass(1_000);
	assert.deepEqual([b.streams.length, first!.ended], [2, true]);
}

test("what a run writes goes on behind a dead connection", async () => {
	const b = browser();
	const tail = new Tail("r", () => undefined);
	const output = (at: number, text: string) =>
	    `id: ${at + text.length}\nevent: output\ndata: ${btoa(text)}\n\n`;

	/* The rest of the third never came. */
	await dies(b, output(0, "one ") + output(4, "two "),
	    "id: 14\nevent: output\ndata: dGhy");
	assert.equal(tail.text, "one two ");
	assert.deepEqual(b.streams.map((s) => s.url.split("?")[1]),
	    ["follow=true&since=0", "follow=true&since=8"]);
	await b.streams[1]!.say(output(8, "three "));
	assert.equal(tail.text, "one two three ");
	assert.equal(tail.trouble, null);
	tail.stop();
});

test("what ends without its last word has not ended", async () => {
	const b = browser();
	const told: boolean[] = [];
	const { fetch } = globalThis;
	const words = ["id: 1\nevent: output\ndata: YQ==\n\n",
		"id: 2\nevent: output\ndata: Yg==\n\nevent: end\ndata: {}\n\n"];

	globalThis.fetch = (async (url: string) =>
		/\/api\/runs\/r$/.test(url) ? Response.json({ id: "r",
		    log_bytes: 2, ended_at: 5 })
		    : new Response((told.push(true), words.shift() ?? null))) as
	    typeof fetch;
	const tail = new Tail("r", () => undefined);
	for (let s = 0; s < 60; s++)
		await b.pass(1_000);
	assert.deepEqual([tail.text, told.length], ["ab", 2]);
	globalThis.fetch = fetch;
});

test("what an agent says goes on behind a dead connection", async () => {
	const b = browser();
	const feed = new Feed("r", true, () => undefined);
	const message = (id: number) => `id: ${id}\ndata: ${JSON.stringify({
		id, JsonPatch: [{ op: "add", path: "/first", value: 0 },
		    { op: "add", path: `/entries/${id}`, value: { content: "x",
			entry_type: { type: "assistant_message" } } }] })}\n\n`;

	await dies(b, message(5));
	assert.deepEqual(b.streams.map((s) => s.url.replace(/^.*entries/, "")),
	    ["/stream", "/stream?since=5"]);
	await b.streams[1]!.say(message(6));
	assert.equal(feed.entries.count, 2);
	feed.stop();
});

test("events go on behind a dead connection, sooner for who looks", async () => {
	const b = browser();
	const told: string[] = [];
	const follower = new EventFollower({
		refresh: () => told.push("refresh"),
		event: (kind) => told.push(kind),
		live: (up) => told.push(String(up)),
		signedOut: () => undefined,
	});

	void follower.run();
	await dies(b, "id: 3-7\nevent: a\ndata: {}\n\n");
	assert.deepEqual(told, ["true", "refresh", "a", "false", "true",
		"refresh"]);
	assert.deepEqual(b.streams.map((s) => s.headers["Last-Event-ID"]),
	    [undefined, "3-7"]);
	/* Who looks again does not wait as long. */
	await b.streams[1]!.say(": \n\n");
	follower.wake();
	await b.pass(15_000);
	assert.equal(b.streams[1]!.ended, false);
	await b.pass(5_000);
	assert.equal(b.streams[1]!.ended, true);
	follower.stop();
});

test("a socket that does not answer is let go of", async () => {
	const b = browser();
	const follow = new Follow("/w", undefined, { told: () => undefined,
		live: () => undefined, refused: () => undefined });
	const say = (m: object) => b.sockets.at(-1)!.onmessage(
	    { data: JSON.stringify(m) });

	say({ JsonPatch: [{ op: "add", path: "/entries", value: {} }] });
	say({ Ready: true });
	for (let i = 0; i < 8; i++) {
		await b.pass(20_000);
		assert.deepEqual(b.sent.splice(0), ['{"type":"ping"}']);
		say({ type: "pong" });
	}
	assert.equal(b.sockets.length, 1);
	for (let s = 0; s < 40 && b.sockets.length === 1; s++)
		await b.pass(1_000);
	assert.equal(b.sockets.length, 2);
	say({ JsonPatch: [{ op: "add", path: "/entries", value: {} }] });
	say({ Ready: true });
	b.heard["visibilitychange"]!();
	for (let s = 0; s < 10 && b.sockets.length === 2; s++)
		await b.pass(1_000);
	assert.equal(b.sockets.length, 3);
	follow.stop();
});
