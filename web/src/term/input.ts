/* SPDX-License-Identifier: MIT */
/*
 * What was typed or pasted and is not yet on its way. Nothing is sent
 * faster than the server takes it: frames stay under its limit, at most a
 * window of bytes waits inside the browser, and a paused server holds all
 * of it here. The queue is bounded; what does not fit is refused whole, so
 * half a paste never arrives as if it were all of it.
 */

import { maxInput } from "./wire.ts";

export const queueLimit = 64 * 1024 * 1024;
const sendWindow = 256 * 1024;

export interface Sink {
	readonly bufferedAmount: number;
	send(data: Uint8Array): void;
}

export class InputQueue {
	private parts: Uint8Array[] = [];
	private head = 0;
	/* Bytes waiting, and how many were accepted since it was last empty. */
	pending = 0;
	batch = 0;
	paused = false;

	push(bytes: Uint8Array): boolean {
		if (bytes.length > queueLimit - this.pending)
			return false;
		if (this.pending === 0)
			this.batch = 0;
		if (bytes.length > 0)
			this.parts.push(bytes);
		this.pending += bytes.length;
		this.batch += bytes.length;
		return true;
	}

	/* Sends what may be sent now; true when the caller must call again. */
	pump(sink: Sink): boolean {
		while (this.pending > 0 && !this.paused) {
			if (sink.bufferedAmount >= sendWindow)
				return true;
			sink.send(this.take());
		}
		return false;
	}

	/* Returns how many bytes were given up. */
	clear(): number {
		const lost = this.pending;

		this.parts = [];
		this.head = 0;
		this.pending = 0;
		return lost;
	}

	private take(): Uint8Array {
		const part = this.parts[0]!;
		const end = Math.min(part.length, this.head + maxInput);
		const piece = part.subarray(this.head, end);

		this.pending -= piece.length;
		this.head = end;
		if (end === part.length) {
			this.parts.shift();
			this.head = 0;
		}
		return piece;
	}
}
