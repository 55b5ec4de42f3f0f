/* SPDX-License-Identifier: MIT */
/*
 * The Markdown that agents write, as a tree of text: paragraphs, headings,
 * lists, quotes, tables, code, emphasis and links. Nothing in it becomes an
 * element by itself: HTML is text, an image is its words, and what is not
 * understood stays as it stands. No text costs more than its length.
 */

import { safeLink } from "../util/url.ts";

export type Inline =
	| { kind: "text" | "code" | "strong" | "em"; text: string }
	/* `host`: where it leads, when its words do not say so. */
	| { kind: "link"; text: string; href: string; host: string | null };

export type Block =
	| { kind: "p" | "quote" | "heading"; inline: Inline[] }
	/* A table is shown as it was written. */
	| { kind: "code" | "table"; text: string }
	| { kind: "list"; items: Item[] };

export interface Item {
	/* "•", "1." and the like. */
	mark: string;
	depth: number;
	inline: Inline[];
}

/* Beyond this a line is text: nothing here may cost its square. */
const longLine = 10_000;

const token = new RegExp([
	"`([^`]{1,2000})`",
	"\\*\\*([^*]{1,2000})\\*\\*",
	"(?<!\\w)\\*([^*\\s][^*]{0,1999})\\*",
	"\\[([^\\[\\]]{1,500})\\]\\((https?://[^\\s()]{1,2000})\\)",
	"(https?://[^\\s<>()\\[\\]\"'`]{1,2000}[^\\s<>()\\[\\]\"'`.,;:!?])",
].join("|"), "g");

function link(text: string, address: string): Inline {
	const href = safeLink(address);

	if (href === null)
		return { kind: "text", text: `${text} (${address})` };
	return { kind: "link", text, href,
	    host: text === address ? null : new URL(href).host };
}

function piece(m: RegExpMatchArray): Inline {
	const [, code, strong, em, words, address, bare] = m;

	if (code !== undefined)
		return { kind: "code", text: code };
	if (strong !== undefined)
		return { kind: "strong", text: strong };
	if (em !== undefined)
		return { kind: "em", text: em };
	return bare !== undefined ? link(bare, bare) : link(words!, address!);
}

export function inline(text: string): Inline[] {
	const out: Inline[] = [];
	let at = 0;

	if (text.length > longLine)
		return [{ kind: "text", text }];
	for (const m of text.matchAll(token)) {
		if (m.index! > at)
			out.push({ kind: "text", text: text.slice(at, m.index) });
		out.push(piece(m));
		at = m.index! + m[0].length;
	}
	if (at < text.length)
		out.push({ kind: "text", text: text.slice(at) });
	return out;
}

const fence = /^ {0,12}(`{3,}|~{3,})/;
/* [^] since . is no line separator, and those are told and not lines here. */
const heading = /^#{1,6} +([^]*)$/;
const item = /^( *)(?:[-*+]|(\d{1,9}[.)])) +([^]*)$/;
const quote = /^> ?([^]*)$/;

/* Where the code ends that begins at `from`: its fence, or the end of all. */
function fenced(lines: string[], from: number, mark: string): number {
	let to = from;

	while (to < lines.length && !lines[to]!.trim().startsWith(mark))
		to++;
	return to;
}

function listItem([, indent, number, words]: RegExpExecArray): Item {
	return { mark: number ?? "•", inline: inline(words!),
	    depth: Math.min(5, Math.floor(indent!.length / 2)) };
}

/* Behind a line of the same kind it goes on with it. */
function prose(
	out: Block[], kind: "p" | "quote", text: string, fresh: boolean,
): void {
	const last = out.at(-1);

	if (!fresh && last?.kind === kind)
		last.inline.push({ kind: "text", text: "\n" }, ...inline(text));
	else if (!fresh && kind === "p" && last?.kind === "list")
		last.items.at(-1)!.inline.push({ kind: "text", text: "\n" },
		    ...inline(text.trimStart()));
	else
		out.push({ kind, inline: inline(text) });
}

function line(out: Block[], text: string, fresh: boolean): void {
	const last = out.at(-1);
	const short = text.length <= longLine;
	const head = short ? heading.exec(text) : null;
	const entry = short ? item.exec(text) : null;
	const said = quote.exec(text);

	if (head !== null)
		out.push({ kind: "heading", inline: inline(head[1]!) });
	else if (entry !== null && last?.kind === "list")
		last.items.push(listItem(entry));
	else if (entry !== null)
		out.push({ kind: "list", items: [listItem(entry)] });
	else if (text.startsWith("|") && last?.kind === "table" && !fresh)
		last.text += `\n${text}`;
	else if (text.startsWith("|"))
		out.push({ kind: "table", text });
	else
		prose(out, said === null ? "p" : "quote",
		    said === null ? text : said[1]!, fresh);
}

export function markdown(text: string): Block[] {
	const lines = text.split("\n"), out: Block[] = [];
	let fresh = true;

	for (let i = 0; i < lines.length; i++) {
		const open = fence.exec(lines[i]!);
		if (open !== null) {
			const to = fenced(lines, i + 1, open[1]!);
			out.push({ kind: "code",
			    text: lines.slice(i + 1, to).join("\n") });
			i = to;
			fresh = true;
		} else if (lines[i]!.trim() === "") {
			fresh = true;
		} else {
			line(out, lines[i]!, fresh);
			fresh = false;
		}
	}
	return out;
}
