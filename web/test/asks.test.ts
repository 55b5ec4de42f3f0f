/* SPDX-License-Identifier: MIT */
/* What is asked, and a conversation while it is looked at: a decision that was
 * too late, answers that overtake events, turns that come and go. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { Asks } from "../src/talk/asks.ts";
import { Talk } from "../src/talk/talk.ts";
import type { Approval } from "../src/talk/types.ts";

Object.assign(globalThis, { localStorage: { getItem: () => null },
	window: globalThis });

type Body = Record<string, unknown>;
type Answer = (url: URL, body: Body) => object | Promise<object>;

/* A server of these answers, by method and path; a Response as it is. */
function served(answers: Record<string, Answer>): string[] {
	const asked: string[] = [];

	globalThis.fetch = (async (target: string, init: RequestInit) => {
		const url = new URL(target, "http://x");
		const key = `${init.method ?? "GET"} ${url.pathname}`;
		asked.push(key + url.search);
		const answer = answers[key];
		if (answer === undefined)
			return Response.json({ error: `no ${key}` }, { status: 404 });
		const got = await answer(url,
		    JSON.parse(String(init.body ?? "{}")) as Body);
		return got instanceof Response ? got : Response.json(got);
	}) as typeof fetch;
	return asked;
}

const ask = (more: Partial<Approval> = {}) => ({ id: "a", session_id: "s",
	kind: "tool", state: "pending", tool: "Bash", digest: "d1", flags: [],
	decided_via: null, ...more }) as Approval;
const list = (...items: Approval[]) => ({ items, next_cursor: null });
const quiet = () => undefined;
const fail = (err: unknown) => assert.fail(String(err));
const decision = "POST /api/approvals/a/decision";

async function asking(): Promise<Asks> {
	const asks = new Asks(quiet, fail);

	await asks.refresh();
	assert.deepEqual(asks.open.map((a) => a.approval.id), ["a"]);
	return asks;
}

test("what was decided here is gone, whatever a list still says", async () => {
	const bodies: Body[] = [];
	let pending = [ask()];
	const answers: Record<string, Answer> = {
		"GET /api/approvals": () => list(...pending),
		"GET /api/approvals/a": () => ask({ state: pending.length > 0
		    ? "pending" : "denied" }),
	};

	served(answers);
	const asks = await asking();
	answers[decision] = async (_, body) => {
		bodies.push(body);
		/* The event overtakes the answer: it is not somebody else's. */
		pending = [];
		await asks.refresh();
		assert.deepEqual(asks.list.map((a) => a.late), [false]);
		pending = [ask()];
		return { approval: ask({ state: "denied" }) };
	};
	await asks.decide(asks.open[0]!.approval, { verdict: "deny",
		reason: "no" });
	assert.deepEqual(bodies, [{ verdict: "deny", reason: "no",
		digest: "d1" }]);
	assert.deepEqual(asks.list, []);
	await asks.refresh();
	assert.deepEqual(asks.list, []);
});

test("who is too late is told what stands, also after the event", async () => {
	let pending = [ask()];
	const stands = ask({ state: "approved", decided_via: "token" });
	const answers: Record<string, Answer> = {
		"GET /api/approvals": () => list(...pending),
		"GET /api/approvals/a": () => pending.length > 0 ? ask() : stands,
	};

	/* The event overtakes the answer. */
	served(answers);
	const asks = await asking();
	answers[decision] = async () => {
		pending = [];
		await asks.refresh();
		return Response.json({ error: "late", code: "ALREADY_DECIDED",
			details: { decided: false, approval: stands } },
		    { status: 409 });
	};
	await asks.decide(asks.open[0]!.approval, { verdict: "approve" });
	assert.deepEqual(asks.list, [{ approval: stands, late: true }]);
	await asks.refresh();
	assert.deepEqual(asks.list, [{ approval: stands, late: true }]);
	asks.dismiss("a");
	await asks.refresh();
	assert.deepEqual(asks.list, []);
});

test("what ends while it is looked at is told", async () => {
	let pending = [ask()];

	served({ "GET /api/approvals": () => list(...pending),
		"GET /api/approvals/a": () => pending.length > 0 ? ask()
		    : ask({ state: "withdrawn" }) });
	const asks = await asking();
	pending = [];
	await asks.refresh();
	assert.deepEqual(asks.list.map((a) => [a.approval.state, a.late]),
	    [["withdrawn", true]]);
	assert.deepEqual(asks.open, []);
	/* Nothing of one account is shown to the next. */
	asks.reset();
	assert.deepEqual(asks.list, []);
});

test("what is another one than was seen is shown anew, undecided",
    async () => {
	let digest = "d1";

	served({ "GET /api/approvals": () => list(ask()),
		"GET /api/approvals/a": () => ask({ digest }),
		[decision]: () => Response.json({ error: "another",
			code: "DIGEST_MISMATCH" }, { status: 409 }) });
	const asks = await asking();
	digest = "d2";
	await assert.rejects(asks.decide(asks.open[0]!.approval,
	    { verdict: "approve" }), /another/);
	assert.deepEqual(asks.open.map((a) => a.approval.digest), ["d2"]);
});

const turn = (n: number, more: Body = {}) => ({ id: `t${n}`, prompt: `p${n}`,
	state: "completed", cause: null, run_id: `r${n}`, dropped: false,
	created_at: n, ended_at: n, ...more });

/* Turns as the API has them: newest first, a page by its cursor. */
function pages(turns: Body[], most: number): Answer {
	return (url) => {
		const after = url.searchParams.get("cursor");
		const from = after === null ? 0
		    : turns.findIndex((t) => t.id === after) + 1;
		const items = turns.slice(from, from + most);
		return { items, next_cursor: items.length === most
		    ? items.at(-1)!.id : null };
	};
}

async function settled(): Promise<void> {
	for (let i = 0; i < 30; i++)
		await new Promise((done) => setImmediate(done));
}

test("a conversation shows its last turn first, and others when wanted",
    async () => {
	const turns = [4, 3, 2, 1, 0].map((n) => turn(n));
	const at = "/api/conversations/c";
	const answers: Record<string, Answer> = {
		[`GET ${at}`]: () => ({ id: "c", workspace_id: "w" }),
		[`GET ${at}/queue`]: () => ({ items: [], next_cursor: null }),
		[`GET ${at}/turns`]: pages(turns, 2),
	};

	for (let n = 0; n < 8; n++) {
		answers[`GET /api/turns/t${n}`] = () => ({ ...turns.find((t) =>
		    t.id === `t${n}`), chain: { state: "completed", cause: null,
			links: [] } });
		answers[`GET /api/runs/r${n}/entries`] = (url) =>
		    url.searchParams.has("before")
		        ? { total: 2, before: null, items: [{ index: 0, entry:
		            { entry_type: { type: "x" }, content: "0" } }] }
		        : { total: 2, before: n === 3 ? 1 : null, items: [
		            { index: 1, entry: { entry_type: { type: "x" },
		                content: "1" } }] };
	}
	const asked = served(answers);
	const talk = new Talk("c", quiet, fail);
	const shown = () => talk.sections.map((s) => s.turn.id);
	await settled();
	assert.deepEqual(shown(), ["t4"]);
	assert.deepEqual(asked.filter((a) => a.includes("entries")),
	    ["GET /api/runs/r4/entries"]);
	const older = async () => {
		await talk.older();
		await settled();
	};
	await older();
	assert.deepEqual(shown(), ["t3", "t4"]);
	/* Of that one there is a page before what is shown. */
	await older();
	assert.deepEqual(shown(), ["t3", "t4"]);
	assert.ok(asked.includes("GET /api/runs/r3/entries?before=1"));
	/* Three have come meanwhile, and one was dropped. */
	turns.unshift(turn(7), turn(6), turn(5));
	Object.assign(turns[3]!, { dropped: true });
	talk.again();
	await settled();
	assert.deepEqual(shown(), ["t3", "t4", "t5", "t6", "t7"]);
	assert.equal(talk.sections[1]!.turn.dropped, true);
	for (let i = 0; i < 4; i++)
		await older();
	assert.deepEqual(shown(), ["t0", "t1", "t2", "t3", "t4", "t5", "t6",
		"t7"]);
	assert.equal(talk.hasOlder, false);
	talk.stop();
});

test("an answer about a turn that comes late is not the last", async () => {
	const at = "/api/conversations/c";
	const held: ((state: string) => void)[] = [];
	const asked = served({
		[`GET ${at}`]: () => ({ id: "c", workspace_id: "w" }),
		[`GET ${at}/queue`]: () => ({ items: [], next_cursor: null }),
		[`GET ${at}/turns`]: pages([turn(1)], 20),
		"GET /api/runs/r1/entries": () => ({ total: 0, before: null,
			items: [] }),
		"GET /api/turns/t1": () => new Promise((done) => {
			held.push((state) => done({ ...turn(1), chain: { state,
				cause: null, links: [] } }));
		}),
	});
	const talk = new Talk("c", quiet, fail);
	const event = (kind: string) => talk.event(kind,
	    JSON.stringify({ subject: "t1", body: { conversation_id: "c" } }));
	const answer = async (no: number, state: string) => {
		held[no]?.(state);
		await settled();
	};

	await settled();
	assert.equal(held.length, 1);
	event("turn.updated");
	event("turn.ended");
	await settled();
	/* Were there more of them, the first would be answered last. */
	for (let i = held.length - 1; i > 0; i--)
		await answer(i, "completed");
	await answer(0, "running");
	await answer(1, "completed");
	assert.equal(talk.sections[0]!.whole?.chain.state, "completed");
	assert.equal(asked.filter((a) => a.endsWith("/turns/t1")).length, 2);
	talk.stop();
});

test("after a break it is asked what was done for a turn", async () => {
	const at = "/api/conversations/c";
	let chain = { state: "running", ended_at: null as number | null };
	const asked = served({
		[`GET ${at}`]: () => ({ id: "c", workspace_id: "w" }),
		[`GET ${at}/queue`]: () => ({ items: [], next_cursor: null }),
		[`GET ${at}/turns`]: pages([turn(1)], 20),
		"GET /api/runs/r1/entries": () => ({ total: 0, before: null,
			items: [] }),
		"GET /api/turns/t1": () => ({ ...turn(1), chain: { ...chain,
			cause: null, links: [] } }),
	});
	const talk = new Talk("c", quiet, fail);
	const again = async () => {
		talk.again();
		await settled();
		return talk.sections[0]!.whole?.chain.state;
	};

	await settled();
	assert.notEqual(talk.sections[0]!.turn.ended_at, null);
	chain = { state: "completed", ended_at: 9 };
	assert.equal(await again(), "completed");
	/* What is over is not asked for again. */
	asked.length = 0;
	assert.equal(await again(), "completed");
	assert.ok(!asked.includes("GET /api/turns/t1"));
	talk.stop();
});

test("after a reset an event asks for no more than a page", async () => {
	const turns = Array.from({ length: 70 }, (_, i) => turn(90 - i));
	const at = "/api/conversations/c";
	const answers: Record<string, Answer> = {
		[`GET ${at}`]: () => ({ id: "c", workspace_id: "w" }),
		[`GET ${at}/queue`]: () => ({ items: [{ id: "q", prompt: "q",
			created_at: 1 }], next_cursor: "q" }),
		[`GET ${at}/turns`]: (url, body) => pages(turns.filter((t) =>
		    !t.dropped), 20)(url, body),
	};

	for (let n = 20; n < 100; n++) {
		answers[`GET /api/turns/t${n}`] = () => ({ ...turns.find((t) =>
		    t.id === `t${n}`), chain: { state: "completed", cause: null,
			links: [] } });
		answers[`GET /api/runs/r${n}/entries`] = () => ({ total: 0,
			before: null, items: [] });
	}
	const asked = served(answers);
	const talk = new Talk("c", quiet, fail);
	const shown = () => talk.sections.map((s) => s.turn.id);
	const event = async (kind: string) => {
		asked.length = 0;
		talk.event(kind, JSON.stringify({ subject: "c", body: {} }));
		for (let i = 0; i < 400 && !asked.some((a) =>
		    a.includes("/queue")); i++)
			await new Promise((done) => setTimeout(done, 5));
		await settled();
		return ["turns", "queue"].map((what) => asked.filter((a) =>
		    a.includes(`${at}/${what}`)).length);
	};

	await settled();
	await talk.older();
	await settled();
	assert.deepEqual(shown(), ["t89", "t90"]);
	assert.deepEqual(await event("turn.updated"), [1, 1]);
	/* To before one of those that are shown, and to before all of them. */
	for (const n of [1, 40]) {
		for (const t of turns.slice(0, n))
			Object.assign(t, { dropped: true });
		assert.deepEqual(await event("conversation.reset"), [1, 1]);
		assert.deepEqual(talk.sections.map((s) => [s.turn.id,
			s.turn.dropped]), [["t89", n > 1], ["t90", true]]);
		assert.deepEqual(await event("turn.updated"), [1, 1]);
		assert.deepEqual(shown(), ["t89", "t90"]);
	}
	/* What comes then is the newest, and behind all. */
	turns.unshift(turn(91));
	assert.deepEqual(await event("turn.created"), [1, 1]);
	assert.deepEqual(shown(), ["t89", "t90", "t91"]);
	assert.deepEqual([talk.queue.length, talk.queueMore], [1, true]);
	talk.stop();
});
