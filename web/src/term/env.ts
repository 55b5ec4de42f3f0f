/* SPDX-License-Identifier: MIT */
/*
 * What a link needs from the browser, so that the link itself can be tested
 * without one.
 */

import { ApiError, get } from "../net/http.ts";
import { pageKey } from "../net/key.ts";
import type { Session } from "../net/types.ts";
import type { Env, Refusal, Socket } from "./link.ts";
import { protocol } from "./wire.ts";

function open(path: string): Socket {
	const base = location.origin.replace(/^http/, "ws");
	const page = pageKey();
	/* The one header of a WebSocket that a page can write into. */
	const socket = new WebSocket(base + path, page === null ? [protocol]
	    : [protocol, `rdv.page.${page}`]);

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
