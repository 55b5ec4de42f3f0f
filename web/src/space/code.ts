/* SPDX-License-Identifier: MIT */
/*
 * Colours for code. The grammars are Lezer's, which give tokens rather than
 * markup; each is fetched when a file wants it. Who wrote the text may have
 * meant to stop whoever looks at it: what no grammar gets through in its time,
 * or is nested too deep or too long for one, stays plain.
 */

import type { Parser, Tree } from "@lezer/common";

export interface Token {
	text: string;
	/* Words of the style sheet, or "". */
	style: string;
}

export type Painter = (text: string) => Token[][];

const most = 400_000;
/* In ms, and for so many characters one more. A first text has its grammar
 * compiled in that time, and on a busy machine others have their turns. */
const least = 300;
const each = 500;

type Load = () => Promise<Parser>;

const script = (dialect: string): Load => async () =>
    (await import("@lezer/javascript")).parser.configure({ dialect });

const grammars: Record<string, Load> = {
	js: script("jsx"),
	ts: script("ts"),
	tsx: script("ts jsx"),
	py: async () => (await import("@lezer/python")).parser,
	rs: async () => (await import("@lezer/rust")).parser,
	c: async () => (await import("@lezer/cpp")).parser,
	go: async () => (await import("@lezer/go")).parser,
	java: async () => (await import("@lezer/java")).parser,
	json: async () => (await import("@lezer/json")).parser,
	css: async () => (await import("@lezer/css")).parser,
	html: async () => (await import("@lezer/html")).parser,
	xml: async () => (await import("@lezer/xml")).parser,
	/* Without what it looks for behind every beginning of one: a paragraph is
	 * one step, which nothing stops. */
	md: async () => (await import("@lezer/markdown")).parser.configure({
		remove: ["Link", "Image", "LinkEnd", "LinkReference",
		    "Emphasis", "HTMLTag", "Autolink", "InlineCode"] }),
	yaml: async () => (await import("@lezer/yaml")).parser,
	php: async () => (await import("@lezer/php")).parser,
};

const same: Record<string, string> = {
	mjs: "js", cjs: "js", jsx: "js", mts: "ts", cts: "ts", pyi: "py",
	h: "c", cc: "c", cpp: "c", cxx: "c", hh: "c", hpp: "c", hxx: "c",
	htm: "html", svg: "xml", xsd: "xml", plist: "xml", markdown: "md",
	yml: "yaml", scss: "css", kt: "java", webmanifest: "json",
};

/* The grammar for a file of that name; null without one. */
export function grammarOf(path: string): string | null {
	const end = /\.([a-z]+)$/i.exec(path)?.[1]?.toLowerCase() ?? "";
	const name = Object.hasOwn(same, end) ? same[end]! : end;

	return Object.hasOwn(grammars, name) ? name : null;
}

/* null: it takes too long. */
export function parsed(
	parser: Parser, text: string, clock: () => number,
): Tree | null {
	const until = clock() + least + text.length / each;
	const parse = parser.startParse(text);

	for (;;) {
		const tree = parse.advance();
		if (tree !== null || clock() > until)
			return tree;
	}
}

function plain(text: string): Token[][] {
	return text.split("\n").map((t) => [{ text: t, style: "" }]);
}

async function load(grammar: string): Promise<Painter> {
	const [parser, { classHighlighter, highlightCode }] =
	    await Promise.all([grammars[grammar]!(),
	        import("@lezer/highlight")]);

	const paint: Painter = (text) => {
		const lines: Token[][] = [[]];
		const tree = parsed(parser, text, () => performance.now());

		if (tree === null)
			return plain(text);
		highlightCode(text, tree, classHighlighter,
		    (part, style) => lines.at(-1)!.push({ text: part, style }),
		    () => lines.push([]));
		return lines;
	};

	return (text) => {
		try {
			return text.length > most ? plain(text) : paint(text);
		} catch {
			/* Its parts lie deeper than a stack does. */
			return plain(text);
		}
	};
}

const loaded = new Map<string, Promise<Painter>>();

/* null: it stays plain. */
export async function painterOf(path: string): Promise<Painter | null> {
	const grammar = grammarOf(path);

	if (grammar === null)
		return null;
	const wait = loaded.get(grammar) ?? load(grammar);
	loaded.set(grammar, wait);
	try {
		return await wait;
	} catch {
		/* Not fetched; another time. */
		loaded.delete(grammar);
		return null;
	}
}
