/* SPDX-License-Identifier: MIT */
/*
 * What a link needs from the browser, so that the link itself can be tested
 * without one.
 */

import { ApiError, change, get } from "../net/http.ts";
import { pageKey } from "../net/key.ts";
import type { OpenedLink, Session } from "../net/types.ts";
import { LateSocket } from "./late.ts";
import type { Env, Refusal, Socket } from "./link.ts";
import { protocol } from "./wire.ts";

const origin = () => location.origin.replace(/^http/, "ws");

function open(path: string): Socket {
	const page = pageKey();
	/* The one header of a WebSocket that a page can write into. */
	return wrap(new WebSocket(origin() + path, page === null ? [protocol]
	    : [protocol, `rdv.page.${page}`]));
}

function wrap(socket: WebSocket): Socket {
	socket.binaryType = "arraybuffer";
	return {
		get bufferedAmount() {
			return socket.bufferedAmount;
		},
		set onmessage(fn: ((ev: { data: unknown }) => void) | null) {
			socket.onmessage = fn;
		},
		set onclose(fn: ((ev: { code: number }) => void) | null) {
			socket.onclose = fn;
		},
		send: (data) => socket.send(data as string),
		close: (code) => socket.close(code),
	};
}

async function probe(id: string): Promise<Refusal | null> {
	try {
		const { status } = await get<Session>(`/api/sessions/${id}`);
		return status === "closed" ? "closed" : null;
	} catch (err) {
		const status = err instanceof ApiError ? err.status : 0;
		if (status === 401)
			return "signin";
		return status === 404 ? "gone" : null;
	}
}

export function browserEnv(id: string): Env {
	return {
		open,
		timer: (fn, ms) => window.setTimeout(fn, ms),
		clear: (timer) => window.clearTimeout(timer),
		probe: () => probe(id),
	};
}

export function openLink(secret: string): Promise<OpenedLink> {
	return change<OpenedLink>("POST", "/api/links/open", { secret });
}

/* What the link would have been told by the socket that it does not get. */
function codeFor(err: unknown): number {
	return err instanceof ApiError && err.status === 404 ? 4001 : 1006;
}

/* By a link: each connection has a ticket of its own. The first is there. */
export function guestEnv(secret: string, first: OpenedLink): Env {
	let ticket: string | null = first.token;

	const address = async (path: string) => {
		const token = ticket ?? (await openLink(secret)).token;
		ticket = null;
		return `${origin()}${path}&token=${encodeURIComponent(token)}`;
	};
	return {
		open: (path) => new LateSocket(address(path).then((url) =>
		    wrap(new WebSocket(url, [protocol]))), codeFor),
		timer: (fn, ms) => window.setTimeout(fn, ms),
		clear: (timer) => window.clearTimeout(timer),
		probe: async () => null,
	};
}
