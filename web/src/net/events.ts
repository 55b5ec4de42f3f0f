/* SPDX-License-Identifier: MIT */
/*
 * Follows /api/events for as long as the page lives. After a break it asks
 * for what came after the last event it has seen. On every connection, and
 * when the server can no longer tell ("reset"), the listener is told to fetch
 * everything anew: it never misses a change, it may only hear of one twice.
 */

import { Backoff } from "../util/backoff.ts";
import { ApiError, stream } from "./http.ts";
import { SseParser, type StreamEvent } from "./sse.ts";

export interface EventListener {
	/* Fetch everything: what was known may be out of date. */
	refresh(): void;
	event(kind: string, data: string): void;
	live(up: boolean): void;
	signedOut(): void;
}

/* The server sends a heartbeat comment well within this. */
const silence = 60_000;

export class EventFollower {
	private last: string | null = null;
	private stopped = false;
	private abort = new AbortController();
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
		this.abort.abort();
		this.wakeUp?.();
	}

	wake(): void {
		this.wakeUp?.();
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
		const headers: Record<string, string> = {
			Accept: "text/event-stream",
		};
		if (this.last !== null)
			headers["Last-Event-ID"] = this.last;
		this.abort = new AbortController();
		const res = await stream("/api/events", headers,
		    this.abort.signal);
		this.on.live(true);
		/* Listening first and fetching second leaves no gap between. */
		this.on.refresh();
		await this.read(res.body!.getReader());
	}

	private async read(
		reader: ReadableStreamDefaultReader<Uint8Array>,
	): Promise<void> {
		const parser = new SseParser((ev) => this.take(ev));
		const text = new TextDecoder();
		let watchdog = 0;

		try {
			for (;;) {
				watchdog = window.setTimeout(
				    () => this.abort.abort(), silence);
				const { done, value } = await reader.read();
				clearTimeout(watchdog);
				if (done)
					return;
				this.backoff.reset();
				parser.feed(text.decode(value,
				    { stream: true }));
			}
		} finally {
			clearTimeout(watchdog);
		}
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
