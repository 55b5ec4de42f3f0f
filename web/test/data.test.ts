/* SPDX-License-Identifier: MIT */
/* The event stream, the tree and the words for a state. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { SseParser, type StreamEvent } from "../src/net/sse.ts";
import type { Folder, Run, Session } from "../src/net/types.ts";
import { ending, statusOf } from "../src/util/status.ts";
import { buildTree, flatten } from "../src/util/tree.ts";

const text = ": hello\n\nid: 7\nevent: session.created\ndata: {\"a\":1}\n" +
    "data: x\n\nid: 8\r\ndata:y\r\n\r\nevent: nothing\n\n";

const expected: StreamEvent[] = [
	{ id: "7", kind: "session.created", data: '{"a":1}\nx' },
	{ id: "8", kind: "message", data: "y" },
];

test("events are the same however the network cuts them", () => {
	for (const size of [1, 2, 3, 7, text.length]) {
		const got: StreamEvent[] = [];
		const parser = new SseParser((ev) => got.push(ev));

		for (let i = 0; i < text.length; i += size)
			parser.feed(text.slice(i, i + size));
		assert.deepEqual(got, expected, `pieces of ${size}`);
	}
});

test("a line without end does not fill the memory", () => {
	const parser = new SseParser(() => undefined);
	const mega = "x".repeat(1 << 20);

	assert.throws(() => {
		for (let i = 0; i < 8; i++)
			parser.feed(mega);
	}, /too large/);
});

const folder = (id: string, parent_id: string | null): Folder =>
    ({ id, parent_id, name: id, collapsed: false, sort_order: 0 });

const session = (id: string, part: Partial<Session> = {}): Session => ({
	id, name: id, status: "active", project_path: null, folder_id: null,
	worktree_branch: null, repo_path: null, command: null,
	terminal_type: "shell", clipboard: false,
	last_activity_at: null, created_at: 0, closed_at: null, run: null,
	...part,
});

const run = (part: Partial<Run>): Run => ({
	id: "r", session_id: "s", state: "running", exit_code: null,
	signal: null, cause: null, cwd: null, cols: null, rows: null,
	log_bytes: 0, started_at: null, ended_at: null, stopped: false,
	stopped_at: null, ...part,
});

test("folders nest, and sessions lie in theirs", () => {
	const tree = buildTree([folder("a", null), folder("b", "a")],
	    [session("s", { folder_id: "b" }), session("t")]);

	assert.deepEqual(flatten(tree).map((f) => [f.folder.id, f.depth]),
	    [["a", 0], ["b", 1]]);
	assert.equal(tree.folders[0]!.folders[0]!.sessions[0]!.id, "s");
	assert.equal(tree.sessions[0]!.id, "t");
});

test("nothing is hidden by a missing parent or a loop", () => {
	const tree = buildTree(
	    [folder("a", "b"), folder("b", "a"), folder("c", "gone")],
	    [session("s", { folder_id: "gone" })]);

	assert.deepEqual(flatten(tree).map((f) => f.folder.id).sort(),
	    ["a", "b", "c"]);
	assert.equal(tree.sessions.length, 1);
});

test("a state is told as it is", () => {
	const word = (part: Partial<Session>) =>
	    statusOf(session("s", part)).word;

	assert.equal(word({ run: run({}) }), "running");
	assert.equal(word({ run: run({ state: "lost" }) }), "lost");
	assert.equal(word({ run: run({ state: "failed", exit_code: 2 }) }),
	    "exit 2");
	assert.equal(word({ status: "suspended", run: run({}) }), "suspended");
	/* Stopped by a signal is not running well, and no end either. */
	assert.equal(word({ run: run({ stopped: true }) }), "stopped");
	assert.equal(statusOf(session("s", { run: run({ stopped: true }) })).over,
	    false);
	assert.equal(word({ status: "suspended",
	    run: run({ state: "completed", exit_code: 0 }) }), "finished");
	assert.equal(word({ status: "closed", run: run({}) }), "closed");
	assert.equal(word({}), "not running");
	/* An agent knows better what it is at, while it runs. */
	assert.equal(word({ run: run({}), agent_status: "waiting" }),
	    "waits for you");
	assert.equal(word({ run: run({}), agent_status: "idle" }), "idle");
	assert.equal(word({ run: run({}), agent_status: "news" }), "running");
	assert.equal(word({ run: run({ stopped: true }),
		agent_status: "running" }), "stopped");
	assert.equal(word({ run: run({ state: "lost" }),
		agent_status: "ended" }), "lost");
});

test("an ending names its cause", () => {
	assert.equal(ending(run({ state: "completed", exit_code: 0 })),
	    "Finished with exit code 0");
	assert.equal(ending(run({ state: "killed", signal: 9 })),
	    "Ended by SIGKILL");
	assert.equal(ending(run({ state: "failed", exit_code: 2 })),
	    "Failed with exit code 2");
	assert.equal(ending(run({ state: "failed",
	    cause: "C12 chdir: No such file" })),
	    "It could not be started: C12 chdir: No such file");
	assert.match(ending(run({ state: "lost", cause: "reboot: the host" })),
	    /^It ended when the host was restarted\. The same command/);
	assert.equal(ending(run({ state: "lost", cause: "a\nb" })),
	    "How it ended is not known: a b");
});
