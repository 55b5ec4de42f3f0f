/* SPDX-License-Identifier: MIT */
/* Worktrees in sight: for how long each is watched, and what follows a refusal. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { Follow } from "../src/space/follow.ts";
import { Workspaces } from "../src/space/store.ts";
import { Watches } from "../src/space/watch.ts";

type Answer = { status: number; body: object };

/* A browser of which nothing is there but time, requests and sockets. */
function browser(answer: (path: string) => Answer | Promise<Answer>) {
	const timers = new Map<number, { at: number; fn: () => void }>();
	let now = 1, last = 0;
	const asked: { path: string; body: Record<string, unknown> }[] = [];
	const sockets: FakeSocket[] = [];
	const quiet = { addEventListener() {}, removeEventListener() {} };

	class FakeSocket {
		onmessage = (_: { data: string }) => {};
		onclose = () => {};
		constructor() {
			sockets.push(this);
		}
		close() {}
	}
	Object.assign(Date, { now: () => now });
	Object.assign(globalThis, {
		window: Object.assign(globalThis, quiet),
		setTimeout: (fn: () => void, ms: number) => {
			timers.set(++last, { at: now + ms, fn });
			return last;
		},
		clearTimeout: (id: number) => timers.delete(id),
		document: { ...quiet, visibilityState: "visible" },
		location: { origin: "http://x" },
		localStorage: { getItem: () => null },
		WebSocket: FakeSocket,
		fetch: async (url: string, init: { body?: string | null }) => {
			const [path = ""] = url.split("?");
			asked.push({ path, body: JSON.parse(init.body ?? "{}") });
			const { status, body } = await answer(path);
			return new Response(JSON.stringify(body), { status });
		},
	});
	const settle = async () => {
		for (let i = 0; i < 20; i++)
			await Promise.resolve();
	};
	return { asked, sockets, settle, pass: async (ms: number) => {
		now += ms;
		for (const [id, { at, fn }] of [...timers])
			if (at <= now && timers.delete(id))
				fn();
		await settle();
	} };
}

const stat = { from: null, files: 1, added: 1, removed: 0,
	truncated: false, operation: null };

test("who looks at more than are kept is watched for shorter", async () => {
	const b = browser(() => ({ status: 200, body: stat }));
	const all = new Watches(() => undefined);
	const seconds = () => b.asked.map((q) => q.body.seconds);

	const end = all.watch("/0", null);
	assert.deepEqual(seconds(), [120]);
	for (let i = 1; i < 64; i++)
		all.watch(`/${i}`, null)();
	assert.equal(seconds().at(39), 120);
	assert.equal(seconds().at(-1), 120);
	await b.settle();
	/* Those that were left are watched all the same, and count. */
	const last = all.watch("/64", null);
	assert.equal(seconds().at(-1), 15);
	await b.settle();
	assert.equal(all.stat("/64", null)?.files, 1);
	b.asked.splice(0);
	await b.pass(12_000);
	assert.deepEqual(b.asked.map((q) => q.body.worktree_path), ["/64"]);
	last();
	end();
	b.asked.splice(0);
	await b.pass(600_000);
	assert.equal(b.asked.length, 0);
});

test("what is refused is asked for again, ever more seldom", async () => {
	let status = 409;
	const b = browser(() => ({ status, body: status === 200 ? stat
	    : { error: "too many", code: "BUSY" } }));
	const all = new Watches(() => undefined);
	const end = all.watch("/w", null);

	await b.settle();
	await b.pass(2_000);
	assert.equal(b.asked.length, 2);
	await b.pass(4_000);
	assert.equal(b.asked.length, 3);
	for (let i = 0; i < 10; i++)
		await b.pass(60_000);
	b.asked.splice(0);
	await b.pass(29_000);
	assert.equal(b.asked.length, 0);
	status = 200;
	all.again();
	await b.settle();
	assert.equal(all.stat("/w", null)?.files, 1);
	/* What is known is not asked for by a stir. */
	b.asked.splice(0);
	all.again();
	assert.equal(b.asked.length, 0);
	end();
});

test("an answer that comes late undoes no event", async () => {
	const held: ((a: Answer) => void)[] = [];
	const b = browser((path) => path === "/api/transfers"
	    ? { status: 200, body: { items: [] } }
	    : new Promise<Answer>((done) => held.push(done)));
	const answer = async (body: object) => {
		held.shift()!({ status: 200, body });
		await b.settle();
	};
	const all = new Watches(() => undefined);
	const end = all.watch("/w", null);

	all.event({ ...stat, files: 2, path: "/w", base: null });
	await answer(stat);
	assert.equal(all.stat("/w", null)?.files, 2);
	all.refresh();
	await answer({ ...stat, files: 3 });
	assert.equal(all.stat("/w", null)?.files, 3);
	end();

	const work = new Workspaces(() => undefined, (err) =>
	    assert.fail(String(err)));
	const row = (id: string, name = id) => ({ id, name });
	const event = (kind: string, id: string, name?: string) => work.event(
	    `workspace.${kind}`, JSON.stringify({ subject: id,
		body: row(id, name) }));
	const names = () => work.rows.map((w) => w.name).join();

	work.begin();
	event("updated", "b", "renamed");
	event("deleted", "c");
	event("created", "d");
	await answer({ items: ["a", "b", "c"].map((id) => row(id)),
		next_cursor: null });
	assert.equal(names(), "d,a,renamed");
	/* It is the list's again when it is asked for anew. */
	void work.refresh();
	await answer({ items: [row("a"), row("b")], next_cursor: null });
	assert.equal(names(), "a,b");
	work.reset();
});

test("a refused worktree is followed again", async () => {
	const b = browser(() => ({ status: 404,
		body: { error: "it is not there", code: "NOT_FOUND" } }));
	const told: string[] = [];
	const follow = new Follow("/w", undefined, {
		told: () => told.push("told"), live: () => undefined,
		refused: () => told.push("refused"),
	});
	const refuse = async () => {
		b.sockets.at(-1)!.onclose();
		await b.settle();
	};

	await refuse();
	assert.deepEqual(told, ["refused"]);
	assert.equal(b.sockets.length, 1);
	await b.pass(2_000);
	assert.equal(b.sockets.length, 2);
	for (let i = 0; i < 10; i++) {
		await refuse();
		await b.pass(120_000);
	}
	await refuse();
	const n = b.sockets.length;
	await b.pass(59_000);
	assert.equal(b.sockets.length, n, "it waits longer by now");
	follow.again();
	assert.equal(b.sockets.length, n + 1, "something has happened");
	follow.again();
	assert.equal(b.sockets.length, n + 1, "once");
	b.sockets.at(-1)!.onmessage({ data: '{"Ready":true}' });
	assert.equal(told.at(-1), "told");
	follow.again();
	assert.equal(b.sockets.length, n + 1, "it is followed");
	follow.stop();
});
