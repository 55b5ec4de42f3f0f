/* SPDX-License-Identifier: MIT */
/* Who is signed in: of a server that is away, slow, or answers out of order. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { ApiError } from "../src/net/http.ts";
import { Store } from "../src/store.ts";

interface Asked {
	path: string;
	body: Record<string, unknown>;
	answer(status: number, body: object): Promise<void>;
	/* As when nobody listens. */
	fail(): Promise<void>;
}

const code = "A".repeat(43);
const user = { user: { id: "u", name: "ann" } };

/* A browser in which `address` was opened. Requests wait to be answered; those
 * that a page makes once it is signed in are none of these. */
function browser(address: string) {
	const asked: Asked[] = [];
	const kept = new Map<string, string>();
	const timers = new Map<number, () => void>();
	const quiet = { addEventListener() {}, removeEventListener() {} };
	const url = new URL(address);
	let last = 0;
	const settle = async () => {
		for (let i = 0; i < 50; i++)
			await new Promise((go) => setImmediate(go));
	};

	Object.assign(globalThis, {
		window: Object.assign(globalThis, quiet),
		document: { ...quiet, visibilityState: "visible" },
		location: { hash: url.hash, pathname: url.pathname },
		history: { replaceState: (_: null, __: string, to: string) => {
			Object.assign(location, { hash: new URL(to, url).hash });
		} },
		localStorage: { getItem: (k: string) => kept.get(k) ?? null,
			setItem: (k: string, v: string) => kept.set(k, v) },
		sessionStorage: undefined,
		setTimeout: (fn: () => void) => {
			timers.set(++last, fn);
			return last;
		},
		clearTimeout: (id: number) => timers.delete(id),
		fetch: (path: string, init: RequestInit) =>
			new Promise<Response>((done, failed) => {
				if (!path.startsWith("/api/auth/"))
					return;
				init.signal?.addEventListener("abort", () =>
				    failed(init.signal!.reason));
				asked.push({ path,
					body: JSON.parse(String(init.body ?? "{}")),
					answer: (status, body) => {
						done(Response.json(body, { status }));
						return settle();
					}, fail: () => {
						failed(new TypeError("refused"));
						return settle();
					} });
			}),
	});
	return { asked, kept, settle, tick: async () => {
		for (const [id, fn] of [...timers])
			if (timers.delete(id))
				fn();
		await settle();
	} };
}

test("a sign-in link is kept while nobody answers, and sent once more",
    async () => {
	const b = browser(`http://x/#code=${code}`);
	const store = new Store();

	void store.start();
	await b.settle();
	assert.equal(location.hash, "");
	assert.deepEqual(b.asked.map((a) => [a.path, a.body]),
	    [["/api/auth/login", { code }]]);
	/* Who is impatient sends it no second time. */
	store.again();
	await b.settle();
	assert.equal(b.asked.length, 1);
	await b.asked[0]!.fail();
	assert.deepEqual([store.state.phase, store.state.arriving],
	    ["away", true]);
	await b.tick();
	await b.asked[1]!.answer(502, {});
	assert.deepEqual([store.state.phase, store.state.arriving],
	    ["away", true]);
	/* Nowhere but in the page. */
	assert.deepEqual([...b.kept], []);
	store.again();
	await b.settle();
	assert.deepEqual(b.asked.slice(1).map((a) => a.body),
	    [{ code }, { code }]);
	await b.asked[2]!.answer(200, { page_key: "k" });
	assert.equal(b.asked[3]!.path, "/api/auth/me");
	/* It was taken: whatever comes now, it is not sent again. */
	await b.asked[3]!.fail();
	assert.deepEqual([store.state.phase, store.state.arriving],
	    ["away", false]);
	await b.tick();
	store.again();
	await b.settle();
	await b.asked.at(-1)!.answer(200, user);
	assert.equal(store.state.phase, "ready");
	assert.deepEqual(b.asked.slice(3).map((a) => a.path),
	    b.asked.slice(3).map(() => "/api/auth/me"));
	assert.deepEqual([...b.kept], [["rdv.page", "k"]]);
});

test("a sign-in link that hangs is sent once more", async () => {
	const b = browser(`http://x/#code=${code}`);
	const store = new Store();

	void store.start();
	await b.settle();
	await b.tick();
	assert.deepEqual([store.state.phase, store.state.arriving],
	    ["away", true]);
	await b.tick();
	assert.deepEqual(b.asked.map((a) => a.body), [{ code }, { code }]);
	await b.asked[1]!.answer(200, { page_key: "k" });
	/* Nor does it wait for ever for who it is. */
	await b.tick();
	assert.deepEqual([store.state.phase, store.state.arriving],
	    ["away", false]);
	await b.tick();
	await b.asked[3]!.answer(200, user);
	assert.equal(store.state.phase, "ready");
});

test("a sign-in link outlives who was signed in before", async () => {
	const b = browser(`http://x/#code=${code}`);
	const store = new Store();

	void store.start();
	await b.settle();
	await b.asked[0]!.fail();
	assert.equal(store.state.phase, "away");
	/* An answer to what was asked before it. */
	store.lost(new ApiError(401, "UNAUTHORIZED", "no"));
	assert.deepEqual([store.state.phase, store.state.arriving],
	    ["away", true]);
	await b.tick();
	assert.deepEqual(b.asked.map((a) => a.body), [{ code }, { code }]);
	await b.asked[1]!.answer(200, { page_key: "k" });
	await b.asked[2]!.answer(200, user);
	assert.equal(store.state.phase, "ready");
	/* Without one it is for who is there to sign in. */
	store.lost(new ApiError(401, "UNAUTHORIZED", "no"));
	assert.equal(store.state.phase, "signed-out");
});

test("a sign-in link that is refused is not sent again", async () => {
	const b = browser(`http://x/#code=${code}`);
	const store = new Store();

	void store.start();
	await b.settle();
	await b.asked[0]!.answer(401, { error: "no" });
	await b.asked[1]!.answer(401, { error: "no" });
	assert.equal(store.state.phase, "signed-out");
	assert.match(store.state.notice!, /used before/);
	store.again();
	await b.settle();
	assert.deepEqual(b.asked.slice(1).map((a) => a.path),
	    ["/api/auth/me", "/api/auth/me"]);
});

test("of two links that are opened the later one is waited for", async () => {
	const b = browser(`http://x/#code=${code}`);
	const store = new Store();
	const second = "B".repeat(43);

	void store.start();
	await b.settle();
	void store.signIn(second);
	await b.settle();
	assert.equal(b.asked.length, 1);
	await b.asked[0]!.fail();
	await b.tick();
	assert.deepEqual(b.asked[1]!.body, { code: second });
	await b.asked[1]!.answer(200, { page_key: "k" });
	await b.asked[2]!.answer(200, user);
	assert.equal(store.state.phase, "ready");
});

test("an answer that was overtaken says nothing", async () => {
	const b = browser("http://x/");
	const store = new Store();

	void store.start();
	await b.settle();
	store.again();
	await b.settle();
	assert.equal(b.asked.length, 2);
	await b.asked[1]!.answer(200, user);
	assert.equal(store.state.phase, "ready");
	await b.asked[0]!.fail();
	assert.equal(store.state.phase, "ready");
	/* Nor does one that was asked before somebody signed out. */
	const out = new Store();
	void out.start();
	await b.settle();
	void out.signOut();
	await b.settle();
	await b.asked.at(-2)!.answer(200, user);
	assert.notEqual(out.state.phase, "ready");
});
