/* SPDX-License-Identifier: MIT */
/*
 * The words of the terminal WebSocket (subprotocol rdv.v1): JSON texts in
 * both directions, and binary output frames whose first eight bytes are the
 * offset of what follows in the run's log. Everything the server says is
 * checked here once; the rest of the page can rely on the types.
 */

import { strict, type Safe } from "./safe.ts";

export const protocol = "rdv.v1";
export const maxInput = 32 * 1024;
export const header = 8;

/* Somebody who looks at the same terminal. */
export interface Viewer {
	id: number;
	name: string;
	guest: boolean;
	mode: "read" | "write";
	cols: number | null;
	rows: number | null;
	size_owner: boolean;
	typing: boolean;
}

export interface Ready {
	type: "ready";
	run_id: string;
	offset: number;
	/* Log size at the time of the answer: what lies before is history. */
	end: number | null;
	cols: number;
	rows: number;
	size_owner: boolean;
	read_only: boolean;
	/* Which of those who look is this one. */
	viewer: number | null;
	safe: Safe;
}

export interface Exit {
	type: "exit";
	code: number | null;
	signal: number | null;
	state: string;
	cause: string | null;
	offset: number | null;
}

/* A piece of what brings a terminal of that size to the screen at an offset. */
export interface Restored {
	type: "screen";
	data: string;
	offset: number;
	cols: number;
	rows: number;
	more: boolean;
}

export type ServerMessage =
	| Ready
	| Exit
	| { type: "resync"; run_id: string; offset: number; reason: string }
	| Restored
	| { type: "size"; cols: number; rows: number; owner: boolean }
	| { type: "flow"; input: "paused" | "open" }
	| { type: "presence"; total: number; viewers: Viewer[] }
	| { type: "safe"; safe: Safe }
	| { type: "clipboard_update"; bytes: number }
	| { type: "pong" }
	| { type: "error"; code: string; message: string };

export type ClientMessage =
	| { type: "resize"; cols: number; rows: number }
	| { type: "clipboard_subscribe"; enabled: boolean }
	| { type: "ping" };

type Fields = Record<string, unknown>;

function str(f: Fields, key: string): string {
	const v = f[key];

	return typeof v === "string" ? v : "";
}

function int(f: Fields, key: string): number | null {
	const v = f[key];

	return typeof v === "number" && Number.isSafeInteger(v) ? v : null;
}

function cap(f: Fields, key: string, without: number): number {
	const v = int(f, key);

	return v === null || v < 0 ? without : v;
}

/* A server that names none has those of before. */
function safe(v: unknown): Safe {
	const f = (typeof v === "object" && v !== null ? v : {}) as Fields;

	return {
		clipboard: cap(f, "clipboard_bytes", strict.clipboard),
		title: cap(f, "title_chars", strict.title),
		link: cap(f, "link_bytes", strict.link),
		notes: cap(f, "notifications_per_minute", strict.notes),
	};
}

function ready(f: Fields): ServerMessage | null {
	const offset = int(f, "offset");

	if (offset === null || str(f, "run_id") === "")
		return null;
	return {
		type: "ready", run_id: str(f, "run_id"), offset,
		end: int(f, "end"),
		cols: int(f, "cols") ?? 80, rows: int(f, "rows") ?? 24,
		size_owner: f.size_owner === true,
		read_only: f.read_only === true,
		viewer: int(f, "viewer"),
		safe: safe(f.safe),
	};
}

function exit(f: Fields): ServerMessage {
	return {
		type: "exit", code: int(f, "code"), signal: int(f, "signal"),
		state: str(f, "state"), cause: str(f, "cause") || null,
		offset: int(f, "offset"),
	};
}

function resync(f: Fields): ServerMessage | null {
	const offset = int(f, "offset");

	if (offset === null)
		return null;
	return { type: "resync", offset, run_id: str(f, "run_id"),
	    reason: str(f, "reason") };
}

function screen(f: Fields): ServerMessage | null {
	const offset = int(f, "offset");
	const cols = int(f, "cols"), rows = int(f, "rows");

	if (offset === null || cols === null || rows === null)
		return null;
	return { type: "screen", offset, cols, rows, data: str(f, "data"),
	    more: f.more === true };
}

function size(f: Fields): ServerMessage | null {
	const cols = int(f, "cols"), rows = int(f, "rows");

	if (cols === null || rows === null)
		return null;
	return { type: "size", cols, rows, owner: f.owner === true };
}

function viewer(v: unknown): Viewer | null {
	const f = typeof v === "object" && v !== null ? v as Fields : {};
	const id = int(f, "id");

	if (id === null)
		return null;
	return {
		id, name: str(f, "name"), guest: f.guest === true,
		mode: f.mode === "write" ? "write" : "read",
		cols: int(f, "cols"), rows: int(f, "rows"),
		size_owner: f.size_owner === true, typing: f.typing === true,
	};
}

function presence(f: Fields): ServerMessage {
	const list = Array.isArray(f.viewers) ? f.viewers : [];
	const viewers = list.map(viewer).filter((v) => v !== null);

	return { type: "presence", viewers,
	    total: Math.max(int(f, "total") ?? 0, viewers.length) };
}

const decoders: Record<string, (f: Fields) => ServerMessage | null> = {
	ready, exit, resync, screen, size, presence,
	flow: (f) => ({ type: "flow",
	    input: f.input === "paused" ? "paused" : "open" }),
	safe: (f) => ({ type: "safe", safe: safe(f.safe) }),
	clipboard_update: (f) => ({ type: "clipboard_update",
	    bytes: cap(f, "bytes", 0) }),
	pong: () => ({ type: "pong" }),
	error: (f) => ({ type: "error", code: str(f, "code"),
	    message: str(f, "message") }),
};

/* A message this page does not know is skipped: servers may learn words. */
export function decodeText(text: string): ServerMessage | null {
	let parsed: unknown;
	try {
		parsed = JSON.parse(text);
	} catch {
		return null;
	}
	if (typeof parsed !== "object" || parsed === null)
		return null;
	const fields = parsed as Fields;
	const type = str(fields, "type");
	return Object.hasOwn(decoders, type) ? decoders[type]!(fields) : null;
}

export interface Frame {
	offset: number;
	bytes: Uint8Array;
}

export function decodeFrame(data: ArrayBuffer): Frame | null {
	if (data.byteLength < header)
		return null;
	const offset = new DataView(data).getBigUint64(0);
	if (offset > BigInt(Number.MAX_SAFE_INTEGER))
		return null;
	return { offset: Number(offset), bytes: new Uint8Array(data, header) };
}
