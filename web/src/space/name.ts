/* SPDX-License-Identifier: MIT */
/*
 * Names and lines as they are: what would not be seen - control characters,
 * marks that turn the direction of text, bytes that are no UTF-8 - becomes a
 * piece that says what it is, and everything else stays.
 */

export interface Piece {
	text: string;
	/* Stands for something that cannot be shown. */
	odd: boolean;
}

/* The tab of a line is a tab; in a name it is told. */
const inLines = new RegExp("[\\u0000-\\u0008\\u000a-\\u001f\\u007f-\\u009f" +
    "\\u00ad\\u061c\\u115f\\u1160\\u180e\\u200b-\\u200f\\u2028-\\u202e" +
    "\\u2060-\\u206f\\u3164\\ufeff\\uffa0\\ufff9-\\ufffb\\ud800-\\udfff" +
    "\\u{e0000}-\\u{e007f}]", "gu");
const inNames = new RegExp(`\t|${inLines.source}`, "gu");

const short: Record<string, string> = {
	"\t": "\\t", "\n": "\\n", "\r": "\\r", "\0": "\\0",
};

function told(ch: string): string {
	const code = ch.codePointAt(0)!;

	return short[ch] ?? (code < 0x80
	    ? `\\x${code.toString(16).padStart(2, "0")}`
	    : `U+${code.toString(16).toUpperCase().padStart(4, "0")}`);
}

function split(text: string, odd: RegExp): Piece[] {
	const out: Piece[] = [];
	let from = 0;

	for (const match of text.matchAll(odd)) {
		if (match.index > from)
			out.push({ text: text.slice(from, match.index),
			    odd: false });
		out.push({ text: told(match[0]), odd: true });
		from = match.index + match[0].length;
	}
	if (from < text.length)
		out.push({ text: text.slice(from), odd: false });
	return out;
}

export function linePieces(text: string): Piece[] {
	return split(text, inLines);
}

function bytesOf(coded: string): Uint8Array {
	return Uint8Array.from(atob(coded), (ch) => ch.charCodeAt(0));
}

/* How many bytes the character at `i` has; 0 when it is none. */
function width(raw: Uint8Array, i: number): number {
	const strict = new TextDecoder("utf-8",
	    { fatal: true, ignoreBOM: true });
	const first = raw[i]!;
	const n = first < 0x80 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;

	try {
		strict.decode(raw.subarray(i, i + n));
		return i + n <= raw.length ? n : 0;
	} catch {
		return 0;
	}
}

function bytePieces(raw: Uint8Array): Piece[] {
	const out: Piece[] = [];
	const text = new TextDecoder("utf-8", { ignoreBOM: true });
	let from = 0;
	const flush = (to: number) => {
		out.push(...split(text.decode(raw.subarray(from, to)),
		    inNames));
	};

	for (let i = 0; i < raw.length;) {
		const n = width(raw, i);
		if (n === 0) {
			flush(i);
			out.push({ odd: true, text:
			    `\\x${raw[i]!.toString(16).padStart(2, "0")}` });
			from = i + 1;
		}
		i += n || 1;
	}
	flush(raw.length);
	return out;
}

/* Of a name in both spellings. */
export function namePieces(text: string, coded?: string): Piece[] {
	return coded === undefined ? split(text, inNames)
	    : bytePieces(bytesOf(coded));
}

/* The same where only text may stand. */
export function nameText(text: string, coded?: string): string {
	return namePieces(text, coded).map((p) => p.text).join("");
}

/* A name in the address of the page and as a key: its bytes in base64url. */
export function nameKey(text: string, coded?: string): string {
	const raw = coded ?? btoa(String.fromCharCode(
	    ...new TextEncoder().encode(text)));

	return raw.replaceAll("+", "-").replaceAll("/", "_")
	    .replace(/=+$/, "");
}

export interface Path {
	path: string;
	path_base64?: string;
}

/* And back; null when it is none. Only what has no text keeps its bytes. */
export function keyName(key: string): Path | null {
	const raw = key.replaceAll("-", "+").replaceAll("_", "/");
	let data: Uint8Array;

	try {
		data = bytesOf(raw);
	} catch {
		return null;
	}
	try {
		return { path: new TextDecoder("utf-8",
		    { fatal: true, ignoreBOM: true }).decode(data) };
	} catch {
		return { path: new TextDecoder().decode(data),
		    path_base64: btoa(String.fromCharCode(...data)) };
	}
}

/* A path from that of a directory ("" is the top) and a name in it. */
export function joinKeys(dir: string, name: string): string {
	if (dir === "")
		return name;
	const raw = (key: string) => atob(key.replaceAll("-", "+")
	    .replaceAll("_", "/"));
	return nameKey("", btoa(`${raw(dir)}/${raw(name)}`));
}

/* As much of a text as fits so many bytes. */
export function fitting(text: string, most: number): string {
	const bytes = new Uint8Array(most);
	const { read } = new TextEncoder().encodeInto(text, bytes);

	return text.slice(0, read);
}
