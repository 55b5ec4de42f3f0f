/* SPDX-License-Identifier: MIT */
/*
 * The end of what a run has written, followed until the run is over. The server
 * counts its bytes, so after a break it goes on where it was; what lies before
 * the last part of it is dropped here, however much comes.
 */

import { ApiError, get, stream } from "../net/http.ts";
import type { Run } from "../net/types.ts";
import { Backoff } from "../util/backoff.ts";

/* Of its end this much is shown. */
export const shown = 256 * 1024;

export class Tail {
	run: Run | null = null;
	text = "";
	/* There is more before it. */
	cut = false;
	trouble: unknown = null;
	private since = 0;
	private decoder = new TextDecoder();
	private stopped = false;
	private readonly abort = new AbortController();
	private readonly backoff = new Backoff(500, 15_000);

	constructor(
		readonly id: string,
		private readonly changed: () => void,
	) {
		void this.follow();
	}

	stop(): void {
		this.stopped = true;
		this.abort.abort();
	}

	private async look(): Promise<void> {
		this.run = await get<Run>(`/api/runs/${this.id}`,
		    this.abort.signal);
		const from = this.run.log_bytes - shown;
		if (from > this.since) {
			this.text = "";
			this.since = from;
			this.cut = true;
			this.decoder = new TextDecoder();
		}
		this.trouble = null;
		this.changed();
	}

	/* Ends when the run does, or the connection. */
	private async read(): Promise<void> {
		const res = await stream(`/api/runs/${this.id}/log?follow=true` +
		    `&since=${this.since}`, { Accept: "application/octet-stream" },
		    this.abort.signal);
		const reader = res.body!.getReader();

		for (;;) {
			const { done, value } = await reader.read();
			if (done)
				return;
			this.since += value.length;
			this.take(this.decoder.decode(value, { stream: true }));
			this.backoff.reset();
			this.changed();
		}
	}

	private take(text: string): void {
		this.text += text;
		if (this.text.length <= 2 * shown)
			return;
		/* From the beginning of a line, when there is one. */
		const from = this.text.length - shown;
		const line = this.text.indexOf("\n", from) + 1;
		this.text = this.text.slice(line > 0 ? line : from);
		this.cut = true;
	}

	private async follow(): Promise<void> {
		while (!this.stopped) {
			try {
				await this.look();
				const over = this.run!.ended_at !== null;
				await this.read();
				/* What had ended by then has said all. */
				if (over)
					return;
			} catch (err) {
				if (this.stopped)
					return;
				this.trouble = err;
				this.changed();
				if (err instanceof ApiError &&
				    [401, 403, 404, 422].includes(err.status))
					return;
			}
			await new Promise((resolve) =>
			    setTimeout(resolve, this.backoff.next()));
		}
	}
}
