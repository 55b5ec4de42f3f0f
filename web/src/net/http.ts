/* SPDX-License-Identifier: MIT */
/*
 * Requests to the server this page came from, and to no other: every path
 * is absolute and the address is never put together from anything a link
 * could carry. All carry the page key, which no other page has; changes also
 * a content type that a foreign page cannot send without being asked about,
 * and an idempotency key, so that a repeated click or a retried request
 * happens once.
 */

import { pageKey } from "./key.ts";

export class ApiError extends Error {
	constructor(
		readonly status: number,
		readonly code: string,
		message: string,
		readonly details: unknown = undefined,
	) {
		super(message);
	}
}

/* Of a 401: another key counts by now than the one that was refused. */
export const oldKey = "OLD_KEY";

export const unreachable = "The server does not answer. Is rdv running?";

/* In ms: by then all of an answer is there, or none comes. Others wait behind
 * it, and a connection that died says nothing for minutes. */
const patience = 30_000;
/* What git looks for, or a screen's past: as long as the proxy waits. */
const longest = 300_000;
const slow = /^\/api\/(worktrees|repos\/[^/]+)\/|\/screen\?/;

/*
 * Throws UNREACHABLE when `ms` are over, and the reason of `signal` once it is
 * aborted. By hand: AbortSignal.any is not in every browser.
 */
export async function inTime<T>(
	ask: (end: AbortSignal) => Promise<T>,
	signal?: AbortSignal, ms = patience,
): Promise<T> {
	const end = new AbortController();
	const leave = () => end.abort(signal?.reason);
	const timer = setTimeout(() => end.abort(
	    new ApiError(0, "UNREACHABLE", unreachable)), ms);

	signal?.addEventListener("abort", leave);
	if (signal?.aborted)
		leave();
	try {
		return await ask(end.signal);
	} catch (err) {
		throw end.signal.aborted ? end.signal.reason : err;
	} finally {
		clearTimeout(timer);
		signal?.removeEventListener("abort", leave);
	}
}

/* crypto.randomUUID needs a secure context; this does not. */
function key(): string {
	const raw = crypto.getRandomValues(new Uint8Array(16));

	return Array.from(raw, (b) => b.toString(16).padStart(2, "0"))
	    .join("");
}

async function failure(res: Response): Promise<ApiError> {
	const text = await res.text().catch(() => "");
	let body: { error?: unknown; code?: unknown; details?: unknown } = {};

	try {
		body = JSON.parse(text) ?? {};
	} catch {
		/* A proxy's own error page: the status says enough. */
	}
	const message = typeof body.error === "string" ? body.error
	    : `The server answered ${res.status}.`;
	const code = typeof body.code === "string" ? body.code : "";
	return new ApiError(res.status, code, message, body.details);
}

interface Ask extends RequestInit {
	headers: Record<string, string>;
}

async function call(path: string, init: Ask): Promise<Response> {
	const page = pageKey();
	const headers = page === null ? init.headers
	    : { ...init.headers, "X-RDV-Page-Key": page };
	let res: Response;

	try {
		res = await fetch(path, {
			...init, headers, credentials: "same-origin",
			redirect: "error", cache: "no-store",
		});
	} catch (err) {
		if (init.signal?.aborted)
			throw err;
		throw new ApiError(0, "UNREACHABLE", unreachable);
	}
	if (res.ok)
		return res;
	const err = await failure(res);
	throw err.status === 401 && page !== pageKey()
	    ? new ApiError(401, oldKey, err.message) : err;
}

async function decode<T>(res: Response): Promise<T> {
	const text = await res.text();

	return (text === "" ? undefined : JSON.parse(text)) as T;
}

export function get<T>(path: string, signal?: AbortSignal): Promise<T> {
	return inTime(async (end) => decode<T>(await call(path, {
		headers: { Accept: "application/json" }, signal: end,
	})), signal, slow.test(path) ? longest : patience);
}

/* A download: nobody waits behind it, and it takes what the line takes. */
export async function bytes(
	path: string, signal: AbortSignal,
): Promise<Uint8Array> {
	const res = await call(path, {
		headers: { Accept: "application/octet-stream" }, signal,
	});

	return new Uint8Array(await res.arrayBuffer());
}

export function text(path: string): Promise<string> {
	return inTime(async (end) => (await call(path, {
		headers: { Accept: "text/plain" }, signal: end,
	})).text());
}

type Method = "POST" | "PATCH" | "PUT" | "DELETE";

async function send<T>(
	method: Method, path: string, body: object | undefined,
	more: Record<string, string>, signal?: AbortSignal,
): Promise<T> {
	return decode<T>(await call(path, {
		method,
		headers: { Accept: "application/json",
		    "Content-Type": "application/json", ...more },
		body: body === undefined ? null : JSON.stringify(body),
		signal: signal ?? null,
	}));
}

/* It takes what it takes: cut short, nobody knew whether it was done. */
export function change<T = void>(
	method: Method, path: string, body?: object, signal?: AbortSignal,
): Promise<T> {
	return send<T>(method, path, body, method === "POST"
	    ? { "Idempotency-Key": key() } : {}, signal);
}

/* What may as well happen twice; no answer to it is kept. */
export function say<T>(path: string, body: object): Promise<T> {
	return send<T>("POST", path, body, {});
}

export function stream(
	path: string, headers: Record<string, string>, signal: AbortSignal,
): Promise<Response> {
	return call(path, { headers, signal });
}
