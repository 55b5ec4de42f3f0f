/* SPDX-License-Identifier: MIT */
/* For how long an answer is waited for, and for which. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { ApiError, bytes, change, get, stream, text } from "../src/net/http.ts";

const settle = async () => {
	for (let i = 0; i < 50; i++)
		await new Promise((go) => setImmediate(go));
};

/* A server that takes what it is asked and says `begun` of the answer, and no
 * more, and a time that passes when it is told to. */
function silence(begun: string | null) {
	const timers = new Map<number, { ms: number; fn: () => void }>();
	let last = 0;

	Object.assign(globalThis, {
		localStorage: { getItem: () => null },
		setTimeout: (fn: () => void, ms: number) => {
			timers.set(++last, { ms, fn });
			return last;
		},
		clearTimeout: (id: number) => timers.delete(id),
		fetch: (_: string, { signal }: RequestInit) =>
			new Promise<Response>((done, failed) => {
				let end = failed;

				signal?.addEventListener("abort", () =>
				    end(signal.reason));
				if (signal?.aborted)
					end(signal.reason);
				if (begun === null)
					return;
				done(new Response(new ReadableStream({ start(to) {
					to.enqueue(new TextEncoder().encode(begun));
					end = (why) => to.error(why);
				} })));
			}),
	});
	return { timers, pass: async (ms: number) => {
		for (const [id, t] of [...timers])
			if (t.ms <= ms && timers.delete(id))
				t.fn();
		await settle();
	} };
}

/* What became of it by now. */
function watched(work: Promise<unknown>): { err: unknown } {
	const it = { err: null as unknown };

	work.catch((err) => it.err = err);
	return it;
}

const isAway = (err: unknown) =>
    err instanceof ApiError && err.status === 0;

for (const begun of [null, "{"]) {
	const when = begun === null ? "that does not begin" : "that does not end";

	test(`an answer ${when} is none in time`, async () => {
		const t = silence(begun);
		const all = [watched(get("/api/workspaces?limit=1")),
			watched(text("/api/sessions/s/clipboard"))];

		await t.pass(29_999);
		assert.deepEqual(all.map((it) => it.err), [null, null]);
		await t.pass(30_000);
		assert.deepEqual(all.map((it) => isAway(it.err)), [true, true]);
		assert.equal(t.timers.size, 0);
	});

	test(`git has its time for an answer ${when}`, async () => {
		const t = silence(begun);
		const all = ["/api/worktrees/diff?x=1", "/api/repos/r/git",
			"/api/sessions/s/screen?format=output"].map((path) =>
			    watched(get(path)));
		const row = watched(get("/api/repos/r"));

		await t.pass(299_999);
		assert.deepEqual(all.map((it) => it.err), [null, null, null]);
		assert.ok(isAway(row.err));
		await t.pass(300_000);
		assert.deepEqual(all.map((it) => isAway(it.err)),
		    [true, true, true]);
	});

	test(`who leaves waits for no answer ${when}`, async () => {
		const t = silence(begun);
		const gone = new AbortController();
		const it = watched(get("/api/folders", gone.signal));

		await settle();
		assert.equal(it.err, null);
		gone.abort(new Error("gone"));
		await settle();
		assert.match(String(it.err), /gone/);
		const late = watched(get("/api/folders", gone.signal));
		await settle();
		assert.match(String(late.err), /gone/);
		assert.equal(t.timers.size, 0);
	});

	test(`no change is cut short, nor what is long: ${when}`, async () => {
		const t = silence(begun);
		const { signal } = new AbortController();
		const all = [
			watched(change("POST", "/api/workspaces", {})),
			watched(change("DELETE", "/api/workspaces/w")),
			watched(bytes("/api/runs/r/log", signal)),
			watched(stream("/api/events", {}, signal)),
		];

		await t.pass(Infinity);
		assert.deepEqual(all.map((it) => it.err), all.map(() => null));
	});
}
