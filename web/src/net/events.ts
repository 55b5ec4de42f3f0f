/* SPDX-License-Identifier: MIT */
/*
 * Follows /api/events for as long as the page lives. After a break it asks
 * for what came after the last event it has seen. On every connection, and
 * when the server can no longer tell ("reset"), the listener is told to fetch
 * everything anew: it never misses a change, it may only hear of one twice.
 */

import { Backoff } from "../util/backoff.ts";
import { ApiError } from "./http.ts";
import { Line } from "./line.ts";
import { SseParser, type StreamEvent } from "./sse.ts";

export interface EventListener {
	/* Fetch everything: what was known may be out of date. */
	refresh(): void;
	event(kind: string, data: string): void;
	live(up: boolean): void;
	signedOut(): void;
}

export class EventFollower {
	private last: string | null = null;
	private stopped = false;
	private line = new Line();
	private wakeUp: (() => void) | null = null;
	private readonly backoff = new Backoff(500, 15_000);

	constructor(private readonly on: EventListener) {}

	async run(): Promise<void> {
		while (!this.stopped) {
			try {
				await this.follow();
			} catch (err) {
				if (this.stopped || this.fatal(err))
					return;
			}
			this.on.live(false);
			if (!this.stopped)
				await this.pause(this.backoff.next());
		}
	}

	stop(): void {
		this.stopped = true;
		this.line.close();
		this.wakeUp?.();
	}

	/* The network is back or the page is looked at again. */
	wake(): void {
		this.wakeUp?.();
		this.line.wake();
	}

	private fatal(err: unknown): boolean {
		if (!(err instanceof ApiError))
			return false;
		/* A restored database may know less than this page. */
		if (err.status === 400)
			this.last = null;
		if (err.status === 401)
			this.on.signedOut();
		return err.status === 401;
	}

	private pause(ms: number): Promise<void> {
		return new Promise((resolve) => {
			const timer = setTimeout(resolve, ms);
			this.wakeUp = () => {
				clearTimeout(timer);
				resolve();
			};
		});
	}

	private async follow(): Promise<void> {
		const parser = new SseParser((ev) => this.take(ev));
		const text = new TextDecoder();

		this.line = new Line();
		await this.line.listen("/api/events", "text/event-stream", {
			opened: () => {
				this.on.live(true);
				/* Listening first and fetching second leaves no gap
				 * between. */
				this.on.refresh();
			},
			piece: (bytes) => {
				this.backoff.reset();
				parser.feed(text.decode(bytes, { stream: true }));
			},
		}, this.last === null ? {} : { "Last-Event-ID": this.last });
	}

	private take(ev: StreamEvent): void {
		if (ev.id !== null && ev.id !== "")
			this.last = ev.id;
		if (ev.kind === "reset")
			this.on.refresh();
		else
			this.on.event(ev.kind, ev.data);
	}
}
