/* SPDX-License-Identifier: MIT */
/* Conversations: Markdown that is never markup, entries and the stream of them,
 * and what is said of what an agent asks. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { outcomeOf, patternsOf, warningsOf, wordsOf } from
    "../src/talk/ask.ts";
import { Entries, rowsOf, size } from "../src/talk/entries.ts";
import { Feed } from "../src/talk/feed.ts";
import { inline, markdown } from "../src/talk/markdown.ts";
import { counts, isOpen, partsOf, questionsOf, statusOf } from
    "../src/talk/tool.ts";
import type { Approval, Entry } from "../src/talk/types.ts";

const said = (content: string, type = "assistant_message"): Entry => ({
	entry_type: { type }, content });
const text = (t: string) => ({ kind: "text", text: t });

test("Markdown becomes blocks", () => {
	assert.deepEqual(markdown("# A `b`\n\none\ntwo\n\n- x\n  - y\n1. z\n> q\n" +
	    "```js\n# no\n```\n| a |\n|--|\nend"), [
		{ kind: "heading", inline: [text("A "),
			{ kind: "code", text: "b" }] },
		{ kind: "p", inline: [text("one"), text("\n"), text("two")] },
		{ kind: "list", items: [
			{ mark: "•", depth: 0, inline: [text("x")] },
			{ mark: "•", depth: 1, inline: [text("y")] },
			{ mark: "1.", depth: 0, inline: [text("z")] }] },
		{ kind: "quote", inline: [text("q")] },
		{ kind: "code", text: "# no" },
		{ kind: "table", text: "| a |\n|--|" },
		{ kind: "p", inline: [text("end")] },
	]);
	/* A fence that has not come yet, as of an entry that still grows. */
	assert.deepEqual(markdown("```\nhalf"), [{ kind: "code", text: "half" }]);
	assert.deepEqual(inline("**b** *i* 2*3*4 [w](https://x.example/a)"), [
		{ kind: "strong", text: "b" }, text(" "),
		{ kind: "em", text: "i" }, text(" 2*3*4 "),
		{ kind: "link", text: "w", href: "https://x.example/a",
			host: "x.example" }]);
	assert.deepEqual(inline("https://x.example/a."), [{ kind: "link",
		text: "https://x.example/a", href: "https://x.example/a",
		host: null }, text(".")]);
});

test("what an agent writes is text, whatever it looks like", () => {
	for (const bad of ["<img src=x onerror=alert(1)>", "<script>x</script>",
	    "[a](javascript:alert(1))", "[a](data:text/html,x)",
	    "[a](//evil.example)", "[a](JaVaScRiPt:x)",
	    "[a](https://good.example@evil.example/)"])
		assert.equal(inline(bad).some((p) => p.kind === "link"), false, bad);
	assert.deepEqual(inline("<b>x</b>"), [text("<b>x</b>")]);
	/* Where it leads is told, whatever its words are. */
	assert.deepEqual(inline("[https://good.example](https://evil.example/)"),
	    [{ kind: "link", text: "https://good.example",
		href: "https://evil.example/", host: "evil.example" }]);
});

test("a hostile text takes no time", () => {
	const many = (part: string) => Array.from({ length: 30 }, () =>
	    part.repeat(9000 / part.length)).join("\n");

	for (const bad of ["*".repeat(1e5), "[".repeat(1e5), "`".repeat(1e5),
	    "> ".repeat(5e4), "```\n".repeat(5e4), ...["*a", "**a", "[a](", "`a",
	        "- ", "[a](https://", "*a **", "https://"].map(many)]) {
		const begin = performance.now();
		markdown(bad);
		assert.ok(performance.now() - begin < 5000, bad.slice(0, 9));
	}
});

const op = (path: string, value: unknown) => ({ op: "add", path, value });

test("an entry that changes draws its block, and no other", () => {
	const all = new Entries();

	all.patch([op("/total", 70), op("/first", 20), op("/entries",
	    Object.fromEntries(Array.from({ length: 50 }, (_, i) =>
	        [20 + i, said(String(20 + i))])))]);
	const before = all.list();
	assert.deepEqual(before.map((b) => b.from), [0, size, 2 * size]);
	assert.deepEqual([all.first, all.end, all.count], [20, 70, 50]);
	const kept = rowsOf(before[2]!)[0]!.entry;
	all.patch([op("/entries/69", said("new")), op("/total", 71)]);
	const after = all.list();
	assert.deepEqual(after.map((b, i) => b === before[i]),
	    [true, true, false]);
	assert.equal(rowsOf(after[2]!)[0]!.entry, kept);
	assert.equal(rowsOf(before[2]!).at(-1)!.entry!.content, "69");
	assert.equal(rowsOf(after[2]!).at(-1)!.entry!.content, "new");
	/* Usage is no row; what was lost is one. */
	all.patch([op("/entries/70", { content: "", entry_type: {
		type: "token_usage_info", total_tokens: 7,
		model_context_window: 9 } }), op("/entries/71", null)]);
	assert.deepEqual(all.usage, { tokens: 7, of: 9 });
	assert.deepEqual(rowsOf(all.list()[2]!).slice(-1),
	    [{ index: 71, entry: null }]);
	for (const bad of [[{ op: "remove", path: "/entries/1" }],
	    [op("/entries/x", 1)], [op("/__proto__", 1)]])
		assert.throws(() => all.patch(bad));
});

test("behind a gap nothing stands as if there were none", () => {
	const all = new Entries();

	all.patch([op("/first", 0), op("/entries", { 0: said("a") })]);
	all.patch([op("/first", 90), op("/entries", { 90: said("b") })]);
	assert.deepEqual([all.first, all.list().map((b) => b.from)],
	    [90, [2 * size]]);
	/* What touches what is known goes on with it. */
	all.patch([op("/first", 91), op("/entries", { 91: said("c") })]);
	assert.equal(all.first, 90);
});

const message = (id: number, ...ops: object[]) =>
	`id: ${id}\ndata: ${JSON.stringify({ id, JsonPatch: ops })}\n\n`;

test("a stream that breaks goes on behind its last message", async () => {
	const asked: string[] = [];
	const answers = [
		message(5, op("/total", 60), op("/first", 50),
		    op("/entries", { 50: said("fifty") })) +
		    "data: {\"Ready\":true}\n\nid: 6\ndata: {\"id\":6,\"Js",
		/* What is not understood is asked for once more, and whole. */
		message(9, { op: "move", path: "/entries/1" }),
		message(12, op("/total", 61), op("/first", 50),
		    op("/entries", { 50: said("5"), 60: said("sixty") })) +
		    "data: {\"finished\":true}\n\n",
	];
	const { fetch } = globalThis;
	Object.assign(globalThis, { localStorage: { getItem: () => null } });
	globalThis.fetch = (async (url: string) => {
		asked.push(url.replace(/^.*entries/, ""));
		return url.includes("before=")
		    ? Response.json({ total: 61, before: 49, items: [
			{ index: 49, entry: said("older") }] })
		    : new Response(answers.shift() ?? null);
	}) as typeof fetch;
	try {
		const feed = await new Promise<Feed>((done) => {
			const made = new Feed("r", true, () => {
				if (made.entries.end === 61)
					done(made);
			});
		});
		assert.deepEqual([feed.hasOlder, feed.trouble], [true, null]);
		await feed.older();
		feed.stop();
		assert.deepEqual(feed.entries.list().flatMap(rowsOf).map((r) =>
		    [r.index, r.entry!.content]),
		    [[49, "older"], [50, "5"], [60, "sixty"]]);
		assert.deepEqual(asked, ["/stream", "/stream?since=5", "/stream",
			"?before=50"]);
	} finally {
		globalThis.fetch = fetch;
	}
});

test("a page that nobody sees holds no stream open", async () => {
	const asked: string[] = [];
	const { fetch } = globalThis;
	let tell: (text: string) => void = () => undefined;
	let ended = 0;

	globalThis.fetch = (async (url: string, init: RequestInit) => {
		asked.push(url.replace(/^.*entries/, ""));
		return new Response(new ReadableStream({ start(to) {
			tell = (text) => to.enqueue(new TextEncoder().encode(text));
			init.signal!.addEventListener("abort", () => {
				ended++;
				to.error(new Error("aborted"));
			});
		} }));
	}) as typeof fetch;
	const settle = async () => {
		for (let i = 0; i < 50; i++)
			await new Promise((go) => setImmediate(go));
	};
	const until = async (done: () => boolean) => {
		for (let i = 0; i < 2000 && !done(); i++)
			await new Promise((go) => setTimeout(go, 5));
		assert.ok(done());
	};
	try {
		const feed = new Feed("r", true, () => undefined);
		await until(() => asked.length === 1);
		tell(message(5, op("/first", 0), op("/entries", { 0: said("a") })));
		await until(() => feed.entries.end === 1);
		feed.seen(false);
		assert.equal(ended, 1);
		await settle();
		/* Not for being woken either, as by a break. */
		feed.wake();
		await settle();
		assert.deepEqual(asked, ["/stream"]);
		feed.seen(true);
		await until(() => asked.length === 2);
		assert.deepEqual(asked, ["/stream", "/stream?since=5"]);
		feed.stop();
		await until(() => ended === 2);
	} finally {
		globalThis.fetch = fetch;
	}
});

test("what is refused is told, and not asked again and again", async () => {
	const { fetch } = globalThis;
	let asked = 0;

	globalThis.fetch = (async () => {
		asked++;
		return Response.json({ error: "there is no such run" },
		    { status: 404 });
	}) as typeof fetch;
	try {
		for (const live of [true, false])
			await new Promise<void>((done) => {
				const feed = new Feed("r", live, () => {
					assert.match(String(feed.trouble), /no such/);
					done();
				});
			});
		assert.equal(asked, 2);
	} finally {
		globalThis.fetch = fetch;
	}
});

const tool = (action_type: object, status = "success"): Entry => ({
	content: "", entry_type: { type: "tool_use", tool_name: "t",
	    action_type: action_type as never, status: { status } } });

test("tools are told in parts, and what is not known as it is", () => {
	assert.deepEqual(partsOf(tool({ action: "command_run", command: "ls",
	    result: { output: "a", exit_status: { type: "exit_code",
	        code: 3 } } })), [{ kind: "command", text: "ls" },
	    { kind: "output", text: "a" }, { kind: "note",
		text: "exit code 3" }]);
	const edit = tool({ action: "file_edit", path: "a", changes: [
		{ action: "edit", unified_diff:
		    "--- a\n+++ b\n@@ -1 +1,2 @@\n-x\n+y\n+z\n" }] });
	assert.deepEqual(counts(edit), { added: 2, removed: 1 });
	assert.equal(isOpen(edit), false);
	const todos = tool({ action: "todo_management", todos: [
		{ content: "x", status: "completed" }, 3] });
	assert.deepEqual(partsOf(todos), [{ kind: "todos", todos: [
		{ content: "x", status: "completed" }] }]);
	assert.equal(isOpen(todos), true);
	for (const action of ["never_heard", "constructor", "__proto__"])
		assert.match(JSON.stringify(partsOf(tool(JSON.parse(
		    `{"action":"${action}","x":"kept"}`)))), /kept/);
	assert.deepEqual(partsOf(tool({ action: "command_run", command: 7,
	    result: "?" })), []);
	assert.equal(statusOf(tool({}, "pending_approval")).word,
	    "waits for you");
	assert.equal(statusOf(tool({}, "toString")).word, "toString");
	assert.deepEqual(questionsOf([{ question: "Q", options: [{ label: "a" },
	    null] }, { options: [] }, 1]), [{ question: "Q", header: "",
		multiSelect: false,
		options: [{ label: "a", description: "" }] }]);
});

test("a rule is offered for the words that are shown, or not at all", () => {
	const words = (command: string, flags: string[] = []) =>
	    wordsOf({ command, flags });

	assert.deepEqual(words("git log -3 'a b' ''"),
	    ["git", "log", "-3", "a b", ""]);
	for (const bad of ["a; b", "a && b", "a | b", "$x", "a > b", "`a`",
	    "a 'b", "a \"b\"", "a'b'", "'a'b", "X=1 a", "a *", "~/a", "a #b", "",
	    "a {b,c}", "a\nb", "a \\b", "!a"])
		assert.equal(words(bad), null, bad);
	/* What is shown is not what would be run. */
	assert.equal(words("make x", ["bidi"]), null);
	assert.deepEqual(patternsOf(["a", "b", "c"]),
	    [["a", "b", "c"], ["a", "b", "*"], ["a", "*"]]);
});

test("what became of it, and what is odd about it, are sentences", () => {
	const a = { state: "approved", decided_via: "token",
		flags: ["bidi", "toString"] } as unknown as Approval;

	assert.equal(outcomeOf(a), "It was approved with a token.");
	assert.equal(outcomeOf({ ...a, state: "lapsed", decided_via: null }),
	    "Nothing was granted: who asked is gone.");
	assert.deepEqual(warningsOf(a), ["It has characters that change the " +
	    "direction of text.", "Beware: toString."]);
});
