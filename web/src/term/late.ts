/* SPDX-License-Identifier: MIT */
/*
 * A socket that is still to be made, because its address has to be asked for.
 * A link treats it like any other: it may let go of it before it is there.
 */

import type { Socket } from "./link.ts";

export class LateSocket implements Socket {
	onmessage: ((ev: { data: unknown }) => void) | null = null;
	onclose: ((ev: { code: number }) => void) | null = null;
	private inner: Socket | null = null;
	private gone = false;

	constructor(
		coming: Promise<Socket>, codeFor: (err: unknown) => number,
	) {
		coming.then((socket) => this.arrived(socket), (err) =>
		    this.onclose?.({ code: codeFor(err) }));
	}

	private arrived(socket: Socket): void {
		this.inner = socket;
		if (this.gone) {
			socket.close(1000);
			return;
		}
		socket.onmessage = (ev) => this.onmessage?.(ev);
		socket.onclose = (ev) => this.onclose?.(ev);
	}

	get bufferedAmount(): number {
		return this.inner?.bufferedAmount ?? 0;
	}

	send(data: string | Uint8Array): void {
		this.inner?.send(data);
	}

	close(code?: number): void {
		this.gone = true;
		this.inner?.close(code);
	}
}
