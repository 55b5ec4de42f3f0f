/* SPDX-License-Identifier: MIT */
/*
 * The connection's behaviour, against sockets and a clock made here: what
 * it asks for when it comes back, what it shows, and when it gives up.
 */

import assert from "node:assert/strict";
import { test } from "node:test";
import {
	Link, type Env, type LinkState, type Refusal, type Socket,
} from "../src/term/link.ts";
import { LateSocket } from "../src/term/late.ts";

class FakeSocket implements Socket {
	bufferedAmount = 0;
	onmessage: ((ev: { data: unknown }) => void) | null = null;
	onclose: ((ev: { code: number }) => void) | null = null;
	sent: (string | Uint8Array)[] = [];
	closed = false;

	constructor(readonly path: string) {}

	send(data: string | Uint8Array): void {
		this.sent.push(data);
	}

	close(): void {
		this.closed = true;
	}

	say(msg: object): void {
		this.onmessage?.({ data: JSON.stringify(msg) });
	}

	out(offset: number, text: string): void {
		const bytes = new TextEncoder().encode(text);
		const data = new Uint8Array(8 + bytes.length);

		new DataView(data.buffer).setBigUint64(0, BigInt(offset));
		data.set(bytes, 8);
		this.onmessage?.({ data: data.buffer });
	}

	get query(): URLSearchParams {
		return new URLSearchParams(this.path.split("?")[1]);
	}
}

class Rig {
	sockets: FakeSocket[] = [];
	timers = new Map<number, { fn: () => void; ms: number }>();
	refusal: Refusal | null = null;
	shown = "";
	jumps: boolean[] = [];
	states: LinkState[] = [];
	dropped = 0;
	done: (() => void)[] = [];
	autoDraw = true;
	private ids = 0;

	keep = false;

	readonly env: Env = {
		open: (path) => {
			this.sockets.push(new FakeSocket(path));
			return this.last;
		},
		timer: (fn, ms) => {
			this.timers.set(++this.ids, { fn, ms });
			return this.ids;
		},
		clear: (id) => {
			this.timers.delete(id);
		},
		probe: async () => this.refusal,
	};

	readonly link = new Link("sid", this.env, {
		size: () => ({ cols: 100, rows: 30, keep: this.keep }),
		ready: () => undefined,
		present: () => undefined,
		jumped: (first) => {
			this.jumps.push(first);
		},
		restored: (text, { cols, rows }, done) => {
			this.shown = `${cols}x${rows} ${text}`;
			done();
		},
		output: (bytes, _at, done) => {
			this.shown += new TextDecoder().decode(bytes);
			if (this.autoDraw)
				done();
			else
				this.done.push(done);
		},
		sized: () => undefined,
		safe: () => undefined,
		copied: () => undefined,
		state: (state) => {
			this.states.push(state);
		},
		input: () => undefined,
		dropped: (n) => {
			this.dropped += n;
		},
		problem: () => undefined,
	});

	get last(): FakeSocket {
		return this.sockets.at(-1)!;
	}

	get state(): string {
		return this.link.state.name;
	}

	ready(offset: number, run = "r1"): void {
		this.last.say({ type: "ready", run_id: run, offset, cols: 100,
		    rows: 30, size_owner: true });
	}

	/* Runs the timers that are due within `ms`. */
	pass(ms: number): void {
		for (const [id, timer] of [...this.timers])
			if (timer.ms <= ms && this.timers.delete(id))
				timer.fn();
	}

	open(): void {
		this.link.start();
		this.ready(0);
	}
}

test("a screen comes in pieces, and output goes on where it stands", () => {
	const rig = new Rig();
	const piece = (data: string, more: boolean) => rig.last.say(
	    { type: "screen", data, offset: 90, cols: 100, rows: 30, more });

	rig.link.start();
	rig.ready(80);
	piece("lost with its ", true);
	rig.last.onclose?.({ code: 1006 });
	rig.pass(60_000);
	rig.ready(80);
	piece("the ", true);
	assert.equal(rig.shown, "", "not before the last piece");
	piece("screen", false);
	rig.last.out(90, " and more");
	assert.equal(rig.shown, "100x30 the screen and more");
	assert.equal(rig.link.cursor.next, 99);
	assert.equal(rig.link.cursor.gaps, 0);
	/* Nothing of a stream that goes on behind a screen is cut. */
	assert.equal(rig.link.cursor.whole, true);
	rig.last.say({ type: "resync", run_id: "r1", offset: 300, reason: "" });
	assert.equal(rig.link.cursor.whole, false);
});

test("the first connection asks for the screen, the next for its offset", () => {
	const rig = new Rig();

	rig.open();
	assert.equal(rig.last.path.split("?")[0], "/ws/terminal/sid");
	assert.equal(rig.last.query.get("screen"), "true");
	assert.equal(rig.last.query.get("offset"), null);
	assert.ok(rig.last.query.has("tail"), "of who has no screen");
	assert.equal(rig.last.query.get("cols"), "100");
	assert.equal(rig.last.query.get("keep_size"), null);
	rig.keep = true;
	rig.last.out(0, "hello");
	rig.last.onclose?.({ code: 1006 });
	assert.equal(rig.state, "waiting");
	rig.pass(300);
	assert.equal(rig.last.query.get("offset"), "5");
	assert.equal(rig.last.query.get("run_id"), "r1");
	assert.equal(rig.last.query.get("screen"), "true",
	    "where that offset is not to be had");
	assert.equal(rig.last.query.get("rows"), "30");
	assert.equal(rig.last.query.get("keep_size"), "true");
	rig.ready(5);
	rig.last.out(5, " world");
	assert.equal(rig.shown, "hello world");
	assert.deepEqual(rig.jumps, [true]);
});

test("replayed bytes are shown once", () => {
	const rig = new Rig();

	rig.open();
	rig.last.out(0, "abcdef");
	rig.last.onclose?.({ code: 1001 });
	rig.pass(300);
	rig.ready(2);
	rig.last.out(2, "cdef");
	rig.last.out(6, "g");
	assert.equal(rig.shown, "abcdefg");
	assert.equal(rig.link.cursor.seen, 4);
});

test("a gap is never shown: the link comes back for it", () => {
	const rig = new Rig();

	rig.open();
	rig.last.out(0, "abc");
	const first = rig.last;
	first.out(5, "fgh");
	assert.ok(first.closed);
	assert.equal(first.onmessage, null);
	assert.equal(rig.shown, "abc");
	rig.pass(300);
	assert.equal(rig.last.query.get("offset"), "3");
	rig.ready(3);
	rig.last.out(3, "defgh");
	assert.equal(rig.shown, "abcdefgh");
	assert.equal(rig.link.cursor.gaps, 1);
});

test("a resync and another run both start the screen afresh", () => {
	const rig = new Rig();

	rig.open();
	rig.last.out(0, "old");
	rig.last.say({ type: "resync", offset: 90, run_id: "r1" });
	rig.last.out(90, "new");
	assert.deepEqual(rig.jumps, [true, false]);
	assert.equal(rig.link.cursor.next, 93);
	rig.last.onclose?.({ code: 1006 });
	rig.pass(300);
	rig.ready(0, "r2");
	assert.deepEqual(rig.jumps, [true, false, false]);
	assert.equal(rig.link.cursor.run, "r2");
});

test("an end is final until somebody starts it again", () => {
	const rig = new Rig();

	rig.open();
	rig.last.say({ type: "exit", code: 3, signal: null, state: "failed",
	    cause: null, offset: 0 });
	rig.last.onclose?.({ code: 1000 });
	assert.equal(rig.state, "ended");
	rig.pass(60_000);
	assert.equal(rig.sockets.length, 1);
	rig.link.start();
	assert.equal(rig.sockets.length, 2);
});

test("close codes that mean no are not argued with", () => {
	for (const [code, why] of [[4001, "signin"], [4003, "gone"],
	    [4004, "closed"]] as const) {
		const rig = new Rig();

		rig.open();
		rig.last.onclose?.({ code });
		assert.deepEqual(rig.link.state, { name: "refused", why });
		rig.pass(60_000);
		assert.equal(rig.sockets.length, 1);
	}
});

test("a refused upgrade asks for the reason, or goes on trying", async () => {
	const rig = new Rig();

	rig.refusal = "signin";
	rig.link.start();
	rig.last.onclose?.({ code: 1006 });
	await Promise.resolve();
	await Promise.resolve();
	assert.deepEqual(rig.link.state, { name: "refused", why: "signin" });

	const other = new Rig();
	other.link.start();
	other.last.onclose?.({ code: 1006 });
	await Promise.resolve();
	await Promise.resolve();
	assert.equal(other.state, "waiting");
	other.pass(10_000);
	assert.equal(other.sockets.length, 2);
});

test("waking up reconnects at once, or proves that the wire lives", () => {
	const rig = new Rig();

	rig.open();
	rig.link.wake();
	assert.deepEqual(rig.last.sent, ['{"type":"ping"}']);
	rig.last.say({ type: "pong" });
	rig.pass(4000);
	assert.equal(rig.state, "open");
	rig.link.wake();
	rig.pass(4000);
	assert.equal(rig.state, "waiting");
	rig.link.wake();
	assert.equal(rig.sockets.length, 2);
	assert.equal(rig.state, "connecting");
});

test("a screen that lags lets go of the socket and comes back", () => {
	const rig = new Rig();
	const mega = "x".repeat(1 << 20);
	let at = 0;

	rig.autoDraw = false;
	rig.open();
	while (rig.state === "open" && at < 100 << 20) {
		rig.last.out(at, mega);
		at += 1 << 20;
	}
	assert.equal(rig.state, "catching-up");
	assert.ok(at <= 10 << 20);
	for (const done of rig.done.splice(0))
		done();
	assert.equal(rig.state, "connecting");
	assert.equal(rig.last.query.get("offset"), String(at));
});

test("typed keys wait for the connection, half a paste does not", () => {
	const rig = new Rig();

	rig.open();
	rig.last.onclose?.({ code: 1006 });
	rig.link.type(new TextEncoder().encode("ls\r"));
	rig.pass(300);
	rig.ready(0);
	assert.deepEqual(rig.last.sent.map(String),
	    [String(new TextEncoder().encode("ls\r"))]);
	rig.last.say({ type: "flow", input: "paused" });
	rig.link.type(new Uint8Array(1 << 20));
	rig.last.onclose?.({ code: 1006 });
	assert.equal(rig.dropped, 1 << 20);
	assert.equal(rig.link.queue.pending, 0);
});

test("a socket that is still to be made is one that can be let go", async () => {
	const kept = new FakeSocket("/kept"), left = new FakeSocket("/left");
	const heard: unknown[] = [];
	const late = new LateSocket(Promise.resolve(kept), () => 0);

	late.onmessage = (ev) => heard.push(ev.data);
	late.send("too early");
	await Promise.resolve();
	kept.say({ type: "pong" });
	late.send("now");
	late.onclose = (ev) => heard.push(ev.code);
	kept.onclose?.({ code: 4001 });
	assert.deepEqual(heard, ['{"type":"pong"}', 4001]);
	assert.deepEqual(kept.sent, ["now"]);

	const gone = new LateSocket(Promise.resolve(left), () => 0);
	gone.close(1000);
	await Promise.resolve();
	assert.equal(left.closed, true);
	assert.equal(left.onmessage, null);

	const never = new LateSocket(Promise.reject(new Error("404")),
	    () => 4001);
	const code = await new Promise((resolve) => {
		never.onclose = (ev) => resolve(ev.code);
	});
	assert.equal(code, 4001);
});
