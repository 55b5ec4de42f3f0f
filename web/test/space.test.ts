/* SPDX-License-Identifier: MIT */
/* Workspaces: patches, names, rows of a diff, colours, addresses. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { formatRoute, parseRoute } from "../src/util/route.ts";
import { grammarOf, painterOf, parsed } from "../src/space/code.ts";
import {
	fitting, joinKeys, keyName, linePieces, namePieces, nameKey, nameText,
} from "../src/space/name.ts";
import { applyPatch, pointer } from "../src/space/patch.ts";
import {
	bounded, sideText, split, unified, type Row,
} from "../src/space/rows.ts";
import type { Hunk } from "../src/space/types.ts";

type Doc = { stat?: object; entries?: Record<string, unknown> };

test("a patch adds and removes, and what it does not touch stays", () => {
	const first = applyPatch<Doc>({}, [
		{ op: "add", path: "/stat", value: { files: 2 } },
		{ op: "add", path: "/entries", value: { "a/b": { n: 1 },
		    "c~d": { n: 2 } } },
	]);
	const second = applyPatch<Doc>(first, [
		{ op: "add", path: "/entries/a~1b", value: { n: 3 } },
		{ op: "remove", path: "/entries/c~0d" },
		{ op: "add", path: "/entries/e", value: { n: 4 } },
	]);

	assert.deepEqual({ ...first.entries },
	    { "a/b": { n: 1 }, "c~d": { n: 2 } });
	assert.deepEqual({ ...second.entries },
	    { "a/b": { n: 3 }, e: { n: 4 } });
	assert.equal(second.stat, first.stat);
	const third = applyPatch<Doc>(second, [
		{ op: "add", path: "/entries/x", value: {} }]);
	assert.equal(third.entries!["a/b"], second.entries!["a/b"]);
});

test("a name is a name, whatever JavaScript calls so", () => {
	const doc = applyPatch<Doc>(applyPatch<Doc>({}, [
		{ op: "add", path: "/entries", value: {} }]), [
		{ op: "add", path: "/entries/__proto__", value: { bad: true } },
		{ op: "add", path: "/entries/constructor", value: { n: 1 } },
	]);

	assert.deepEqual(Object.keys(doc.entries!).sort(),
	    ["__proto__", "constructor"]);
	assert.equal(({} as { bad?: boolean }).bad, undefined);
	const less = applyPatch<Doc>(doc, [
		{ op: "remove", path: "/entries/__proto__" }]);
	assert.deepEqual(Object.keys(less.entries!), ["constructor"]);
});

test("a patch that does not fit is an error", () => {
	for (const op of [
		{ op: "remove", path: "/none" },
		{ op: "remove", path: "/entries/toString" },
		{ op: "replace", path: "/entries", value: {} },
		{ op: "add", path: "/none/x", value: 1 },
		{ op: "add", path: "entries", value: 1 },
	])
		assert.throws(() => applyPatch({ entries: {} }, [op]), op.path);
	assert.deepEqual(pointer("/entries/~1~0~01"), ["entries", "/~~1"]);
});

test("J08 what cannot be seen is told", () => {
	const odd = (text: string) => linePieces(text).filter((p) => p.odd)
	    .map((p) => p.text);

	assert.deepEqual(linePieces("plain\ttext ü 字"),
	    [{ text: "plain\ttext ü 字", odd: false }]);
	assert.deepEqual(odd("a\u202eb\u2066c\u200dd\u00ade"),
	    ["U+202E", "U+2066", "U+200D", "U+00AD"]);
	assert.deepEqual(odd("\x1b[31m\r\u009b\u{e0041}"),
	    ["\\x1b", "\\r", "U+009B", "U+E0041"]);
	assert.deepEqual(odd("\ud800 \u{1f600}"), ["U+D800"]);
	assert.equal(nameText("a\nb\tc"), "a\\nb\\tc");
	/* What stands there as text is no such piece. */
	assert.deepEqual(namePieces("\\n U+202E"),
	    [{ text: "\\n U+202E", odd: false }]);
});

test("a name that is no UTF-8 is shown by its bytes, and asked for", () => {
	const raw = Buffer.from("d\xffü/\xe2\x82", "latin1");
	const utf = Buffer.concat([Buffer.from([0x64, 0xff]),
	    Buffer.from("ü"), Buffer.from([0xe2, 0x82])]);
	const coded = utf.toString("base64");

	assert.deepEqual(namePieces("d\ufffdü\ufffd", coded), [
		{ text: "d", odd: false }, { text: "\\xff", odd: true },
		{ text: "ü", odd: false }, { text: "\\xe2", odd: true },
		{ text: "\\x82", odd: true }]);
	for (const bytes of [raw, utf, Buffer.from("üb/er"),
		Buffer.from([0xf0]), Buffer.from("\ufeffx")]) {
		const key = nameKey("", bytes.toString("base64"));
		const name = keyName(key)!;
		const again = Buffer.from(name.path_base64 ??
		    Buffer.from(name.path).toString("base64"), "base64");
		assert.ok(again.equals(bytes), key);
		assert.equal(nameKey(name.path, name.path_base64), key);
	}
	assert.equal(keyName("A"), null);
	assert.deepEqual(keyName(joinKeys(nameKey("ä"),
	    joinKeys(nameKey("b"), nameKey("c")))), { path: "ä/b/c" });
	assert.equal(joinKeys("", "YQ"), "YQ");
});

test("a text is cut where a character ends", () => {
	assert.equal(fitting("abc", 100), "abc");
	assert.equal(fitting("üüü", 5), "üü");
	assert.equal(fitting("a\u{1f600}", 4), "a");
});

const hunk: Hunk = {
	old_start: 3, old_lines: 4, new_start: 3, new_lines: 5,
	section: "f()", cut: false,
	lines: [" a", "-b", "-c", "+B", "+C", "+D", " e",
	    "\\ No newline at end of file"],
};

test("lines have their numbers in both files", () => {
	const rows = unified([hunk]);
	const told = rows.slice(1).map((r) => r.kind === "one" &&
	    [r.old, r.side.mark, r.new, r.side.text, r.side.open]);

	assert.deepEqual(rows[0], { kind: "head", cut: false,
	    text: "@@ -3,4 +3,5 @@ f()" });
	assert.deepEqual(told, [[3, " ", 3, "a", false],
	    [4, "-", null, "b", false], [5, "-", null, "c", false],
	    [null, "+", 4, "B", false], [null, "+", 5, "C", false],
	    [null, "+", 6, "D", false], [6, " ", 7, "e", true]]);
});

test("side by side, what was removed stands beside what was added", () => {
	const told = split([hunk, { ...hunk, lines: ["-x", " y", "+z"] }])
	    .map((r: Row) => r.kind === "two"
	        ? [r.old?.text ?? null, r.new?.text ?? null] : r.kind);

	assert.deepEqual(told, ["head", ["a", "a"], ["b", "B"], ["c", "C"],
	    [null, "D"], ["e", "e"], "head", ["x", null], ["y", "y"],
	    [null, "z"]]);
});

test("a long line is cut, and that is told", () => {
	const tokens = [{ text: "abc", style: "x" }, { text: "def", style: "" }];

	assert.deepEqual(bounded(tokens, 6), { tokens, cut: false });
	assert.deepEqual(bounded(tokens, 4), { cut: true, tokens: [tokens[0],
	    { text: "d", style: "" }] });
});

test("a grammar reads one side, line for line", async () => {
	const ts: Hunk = { ...hunk, lines: [" /* a", "-b */", "+c", "+d */ let",
	    " const x = 'ü';"] };
	const paint = (await painterOf("dir/x.ts"))!;
	const lines = paint(sideText(ts, "new"));

	assert.equal(sideText(ts, "old"), "/* a\nb */\nconst x = 'ü';");
	assert.equal(lines.length, 4);
	assert.deepEqual(lines.map((l) => l.map((t) => t.text).join("")),
	    ["/* a", "c", "d */ let", "const x = 'ü';"]);
	assert.equal(lines[1]![0]!.style, "tok-comment");
	assert.ok(lines[3]!.some((t) => t.style === "tok-keyword" &&
	    t.text === "const"));
});

test("a text that is nested too deep for a grammar is shown", async () => {
	const paint = (await painterOf("x.md"))!;
	const text = ">".repeat(60_000);

	assert.equal(paint(text)[0]!.map((t) => t.text).join(""), text);
});

test("a grammar is given up when its time is over", async () => {
	const { parser } = await import("@lezer/javascript");
	let now = 0, steps = 0;
	const text = "<".repeat(100_000);

	assert.equal(parsed(parser, text, () => {
		steps++;
		now += 50;
		return now;
	}), null);
	assert.ok(steps < 20, `${steps} steps`);
	assert.equal(parsed(parser, "let a = 1;", () => 0)?.length, 10);
});

/* One step of its parser: what looks for ends in it took minutes. */
test("a paragraph of beginnings of links ends", async (t) => {
	const paint = (await painterOf("x.md"))!;
	const text = "[a](".repeat(90_000);

	/* However busy the machine is, its time is not over. */
	t.mock.method(performance, "now", () => 0);
	const lines = paint(`# b\n\n${text}`);

	assert.ok(lines[0]!.some((t) => t.style.includes("heading")));
	assert.equal(lines[2]!.map((t) => t.text).join(""), text);
});

test("each grammar can be had, and a name chooses one", async () => {
	for (const end of ["mjs", "tsx", "py", "rs", "h", "go", "java", "json",
		"css", "html", "svg", "md", "yml", "php"]) {
		const paint = (await painterOf(`a.${end}`))!;
		const text = "a { b: \"c\" }\n<d>\n# e\n\n";
		assert.equal(paint(text).map((l) => l.map((t) => t.text)
		    .join("")).join("\n"), text, end);
	}
	for (const name of ["x", "toString", "a.toString", "a.constructor",
		".ts/x", "a.__proto__", "yarn.lock"])
		assert.equal(grammarOf(name), null, name);
	assert.equal(grammarOf("A.CPP"), "c");
	const long = `${"x ".repeat(300_000)}\n/* y */`;
	assert.ok((await painterOf("a.c"))!(long).flat()
	    .every((t) => t.style === ""));
});

test("an address leads to a workspace and nowhere else", () => {
	const id = "01a21bd5-5ea0-7036-ae1f-35ab5c28af94";
	const whole = `#/w/${id}/${id}/files/YS9i`;

	for (const hash of ["#/w", "#/w/new", `#/w/${id}`,
		`#/w/${id}/${id}/log`, whole])
		assert.equal(formatRoute(parseRoute(hash)), hash);
	assert.deepEqual(parseRoute(whole), { page: "workspace", id, repo: id,
	    view: "files", at: "YS9i" });
	for (const hash of ["#/w/", "#/w/x", `#/w/${id}/`, `#/w/${id}/${id}`,
		`#/w/${id}/${id}/none`, `#/w/${id}/${id}/log/a.b`,
		`#/w/${id}/${id}/log/a/b`])
		assert.deepEqual(parseRoute(hash), { page: "home" }, hash);
});
