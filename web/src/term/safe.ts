/* SPDX-License-Identifier: MIT */
/*
 * What output may do beside drawing, within the caps the server names: put text
 * on the clipboard where the owner lets it, and say something. xterm.js knows
 * neither, so nothing happens that is not done here. Whatever the caps are, the
 * clipboard is never read, and of the past nothing is done.
 */

import type { IDisposable, IParser } from "@xterm/xterm";
import { label } from "../util/text.ts";

export interface Safe {
	/* Bytes of a text for the clipboard; 0: none may be put there. */
	clipboard: number;
	/* Characters of a title or notification. */
	title: number;
	/* Characters of the address of a link. */
	link: number;
	/* Notifications a minute. */
	notes: number;
}

export const strict: Safe = { clipboard: 0, title: 120, link: 2048, notes: 6 };

export interface OutputEvents {
	safe(): Safe;
	/* What is drawn now was written now, and not before. */
	live(): boolean;
	clipboard(text: string, bytes: number): void;
	note(text: string): void;
}

/* For what is over, or only looked at again. */
export const nothing: OutputEvents = {
	safe: () => strict,
	live: () => false,
	clipboard: () => undefined,
	note: () => undefined,
};

export interface Clip {
	text: string;
	bytes: number;
}

/* The text in "targets;base64", or null: a question, too much, or no text. */
export function clipOf(data: string, max: number): Clip | null {
	const at = data.indexOf(";");
	const base64 = data.slice(at + 1);

	/* Four characters for three bytes; looked at before it is decoded. */
	if (at < 0 || base64 === "" || base64.length > (max + 2) / 3 * 4)
		return null;
	try {
		const raw = Uint8Array.from(atob(base64),
		    (c) => c.charCodeAt(0));
		const text = new TextDecoder("utf-8",
		    { fatal: true, ignoreBOM: true }).decode(raw);
		return raw.length === 0 || raw.length > max ||
		    text.includes("\0") ? null : { text, bytes: raw.length };
	} catch {
		return null;
	}
}

/* The words of kitty's form; buttons, images and questions have none. */
function kittyWords(data: string): string | null {
	const at = data.indexOf(";");
	const keys = data.slice(0, Math.max(at, 0)).split(":");
	const part = keys.find((k) => k.startsWith("p="));

	if (at < 0 || keys.includes("e=1") ||
	    (part !== undefined && part !== "p=title" && part !== "p=body"))
		return null;
	return data.slice(at + 1);
}

/* What OSC 9, 99 or 777 says, or null: it is something else. */
export function wordsOf(osc: number, data: string): string | null {
	if (osc === 99)
		return kittyWords(data);
	if (osc === 777)
		return data.startsWith("notify;")
		    ? data.slice(7).replace(";", ": ") : null;
	/* A number in front is one of ConEmu's commands. */
	return /^\d+(;|$)/.test(data) ? null : data;
}

const minute = 60_000;

/* So many in a minute that begins with the first of them. */
export class Notes {
	private since = -Infinity;
	private count = 0;

	constructor(private readonly now = () => performance.now()) {}

	take(max: number): boolean {
		if (this.now() - this.since >= minute) {
			this.since = this.now();
			this.count = 0;
		}
		return this.count++ < max;
	}
}

export function guardOutput(
	parser: IParser, on: OutputEvents, notes = new Notes(),
): IDisposable {
	const clipboard = (data: string) => {
		const max = on.live() ? on.safe().clipboard : 0;
		const clip = max > 0 ? clipOf(data, max) : null;

		if (clip !== null)
			on.clipboard(clip.text, clip.bytes);
		return true;
	};
	const say = (osc: number) => (data: string) => {
		const { title, notes: max } = on.safe();
		const words = on.live() ? wordsOf(osc, data) : null;
		const text = words === null ? "" : label(words, title);

		if (text !== "" && notes.take(max))
			on.note(text);
		return true;
	};
	const all = [
		parser.registerOscHandler(52, clipboard),
		...[9, 99, 777].map((n) =>
		    parser.registerOscHandler(n, say(n))),
		/* A longer one is no link, and not kept. */
		parser.registerOscHandler(8,
		    (data) => data.length > on.safe().link),
	];

	return { dispose: () => all.forEach((one) => one.dispose()) };
}
