/* SPDX-License-Identifier: MIT */
/*
 * The end of what a run has written, followed until the run is over. The server
 * counts its bytes, so after a break it goes on where it was; what lies before
 * the last part of it is dropped here, however much comes. It comes as events,
 * between which a silence is broken; among bare bytes nothing could stand.
 */

import { ApiError } from "../net/http.ts";
import { Line } from "../net/line.ts";
import { SseParser, type StreamEvent } from "../net/sse.ts";
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
	private line = new Line();
	private readonly backoff = new Backoff(500, 15_000);

	constructor(
		readonly id: string,
		private readonly changed: () => void,
	) {
		void this.follow();
	}

	stop(): void {
		this.stopped = true;
		this.line.close();
	}

	private async look(): Promise<void> {
		this.run = await this.line.get<Run>(`/api/runs/${this.id}`);
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

	/* Whether all has been said; false after a break. */
	private async read(): Promise<boolean> {
		let over = false;
		const parser = new SseParser((ev) => {
			over ||= ev.kind === "end";
			if (ev.kind === "output")
				this.heard(ev);
		});
		const text = new TextDecoder();

		await this.line.listen(`/api/runs/${this.id}/log?follow=true` +
		    `&since=${this.since}`, "text/event-stream", {
			piece: (bytes) => {
				parser.feed(text.decode(bytes, { stream: true }));
				this.changed();
			},
		});
		return over;
	}

	/* Its id is where the next one begins. */
	private heard(ev: StreamEvent): void {
		const bytes = Uint8Array.from(atob(ev.data), (c) =>
		    c.charCodeAt(0));

		this.since = Number(ev.id);
		this.take(this.decoder.decode(bytes, { stream: true }));
		this.backoff.reset();
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
			this.line = new Line();
			try {
				await this.look();
				const over = this.run!.ended_at !== null;
				/* What had ended by then has said all. */
				if (await this.read() && over)
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
