/* SPDX-License-Identifier: MIT */
/*
 * One attempt to hear what the server says for as long as it says something. A
 * connection that died in silence fails like one that was cut: whoever listens
 * makes another line and goes on where it was.
 */

import { ApiError, get, stream, unreachable } from "./http.ts";
import { beats, Pulse } from "./pulse.ts";

export class Line {
	private readonly abort = new AbortController();
	private readonly pulse = new Pulse(beats, () => this.abort.abort(
	    new ApiError(0, "UNREACHABLE", unreachable)));

	close(): void {
		this.abort.abort();
	}

	/* Proves itself, or ends soon. */
	wake(): void {
		this.pulse.wake();
	}

	get<T>(path: string): Promise<T> {
		return this.while(get<T>(path, this.abort.signal));
	}

	/* Ends when the server ends it; throws when it breaks. */
	listen(
		path: string, accept: string, on: {
			opened?(): void;
			piece(bytes: Uint8Array): void;
		}, headers: Record<string, string> = {},
	): Promise<void> {
		const run = async () => {
			const res = await stream(path, { Accept: accept, ...headers },
			    this.abort.signal);
			on.opened?.();
			await this.read(res.body!.getReader(), on.piece);
		};

		return this.while(run());
	}

	private async while<T>(work: Promise<T>): Promise<T> {
		this.pulse.heard();
		try {
			return await work;
		} finally {
			this.pulse.stop();
		}
	}

	private async read(
		reader: ReadableStreamDefaultReader<Uint8Array>,
		piece: (bytes: Uint8Array) => void,
	): Promise<void> {
		for (;;) {
			const { done, value } = await reader.read();
			if (done)
				return;
			this.pulse.heard();
			piece(value);
		}
	}
}
