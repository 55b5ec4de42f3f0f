/* SPDX-License-Identifier: MIT */
/* Remotes: what is kept of transfers, and what is said of them. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { advise, aheadText, transferText } from "../src/space/remote.ts";
import { Transfers } from "../src/space/transfers.ts";
import type { Transfer } from "../src/space/types.ts";

const row = (more: Partial<Transfer>): Transfer => ({
	id: "1", kind: "push", path: "/w", repo_path: "/r", remote: "origin",
	branch: "b", state: "working", cancelled: false, code: null,
	cause: null, progress: null, created_at: 1, updated_at: 1, ...more,
});

/* The server's answers to requests, by method and path. */
function served(answers: Record<string, unknown>): string[] {
	const asked: string[] = [];

	globalThis.localStorage = { getItem: () => null } as unknown as Storage;
	globalThis.fetch = async (url, init) => {
		const [path] = String(url).split("?");
		const key = `${init?.method ?? "GET"} ${path}`;
		asked.push(`${key} ${init?.body ?? ""}`.trim());
		return new Response(JSON.stringify(answers[key]));
	};
	return asked;
}

test("what comes late takes back nothing that an event has told",
    async () => {
	const ended: string[] = [];
	const all = new Transfers(() => undefined, (t) => ended.push(t.id));
	const done = row({ state: "done", updated_at: 5 });

	const asked = served({ "POST /api/worktrees/push": row({}),
		"GET /api/transfers": { items: [row({ updated_at: 2 })] } });
	all.event(row({}));
	all.event(done);
	await all.begin("push", "/w", { force: true, lease: "abc" });
	assert.equal(all.of("/w"), done);
	await all.refresh();
	assert.equal(all.of("/w"), done);
	assert.deepEqual(ended, ["1"]);
	assert.match(asked[0]!, /"force":true,"lease":"abc"/);
	/* But a list tells of an end that no event has told. */
	all.clear();
	all.event(row({}));
	served({ "GET /api/transfers": { items: [done] } });
	await all.refresh();
	assert.equal(all.of("/w")?.state, "done");
	assert.deepEqual(ended, ["1", "1"]);
});

test("of a worktree the newest counts, of a repository what was fetched",
    () => {
	const all = new Transfers(() => undefined, () => undefined);

	assert.equal(all.of("/w"), null);
	assert.equal(all.fetched("/r"), null);
	all.event(row({ id: "2", created_at: 9, kind: "fetch",
		state: "failed", updated_at: 9 }));
	all.event(row({ id: "1", created_at: 2, kind: "pull",
		state: "failed", code: "DIVERGED", updated_at: 4 }));
	all.event(row({ id: "3", created_at: 1, kind: "fetch", path: "/x",
		state: "done", updated_at: 3 }));
	all.event(row({ id: "4", created_at: 8, kind: "push",
		state: "done", updated_at: 8 }));
	assert.equal(all.of("/w")?.id, "2");
	assert.equal(all.of("/x")?.id, "3");
	assert.equal(all.fetched("/r"), 4);
	assert.equal(all.fetched("/other"), null);
});

test("how far a branch is", () => {
	const at = (ahead: number | null, behind: number | null) =>
	    aheadText({ branch: "b", upstream: "o/b", ahead, behind });

	assert.equal(at(0, 0), "Even with o/b.");
	assert.equal(at(1, 0), "1 commit to push (o/b).");
	assert.equal(at(2, 3), "2 commits to push, 3 commits to pull (o/b).");
	assert.equal(at(null, null), "o/b is not known here; fetch it.");
	assert.match(aheadText({ branch: "b", upstream: null, ahead: null,
		behind: null }), /No upstream/);
	assert.match(aheadText({ branch: null, upstream: null, ahead: null,
		behind: null }), /no branch/);
});

test("a refusal has its words and its ways out", () => {
	assert.deepEqual(advise("FORCE_PUSH_REQUIRED", "push").offers,
	    ["fetch", "rebase", "replace"]);
	assert.deepEqual(advise("HAS_UNCOMMITTED_CHANGES", "push").offers,
	    ["dirty"]);
	assert.deepEqual(advise("HAS_UNCOMMITTED_CHANGES", "pull").offers, []);
	for (const code of ["", "NEW_ONE", "toString", "__proto__"])
		assert.deepEqual(advise(code, "push"),
		    { says: "It was refused.", offers: [] });
	/* No other refusal leads to a commit being replaced. */
	for (const code of ["LEASE_STALE", "REMOTE_REJECTED", "DIVERGED",
		"OUTCOME_UNKNOWN", "GIT_FAILED"])
		assert.ok(!advise(code, "push").offers.includes("replace"), code);
});

test("a transfer says what it does, and what came of it", () => {
	const progress = { phase: "receiving", percent: 3 };

	assert.equal(transferText(row({ kind: "pull", progress })),
	    "Pulling: receiving");
	assert.equal(transferText(row({ state: "making" })), "Pushing: making");
	assert.equal(transferText(row({ cancelled: true, progress })),
	    "Cancelling…");
	assert.equal(transferText(row({ state: "done" })), "Pushed to origin.");
	assert.match(transferText(row({ state: "cancelled" })), /^Cancelled/);
});
