/* SPDX-License-Identifier: MIT */
/*
 * What one run's agent says: the last of its entries at once, those before when
 * somebody wants them, and while it runs each change. A break goes on behind
 * the last message that was understood. A page that nobody sees holds no stream
 * open: a browser has six connections for all pages of a server.
 */

import { ApiError, get } from "../net/http.ts";
import { Line } from "../net/line.ts";
import { SseParser } from "../net/sse.ts";
import type { Operation } from "../space/patch.ts";
import { Backoff } from "../util/backoff.ts";
import { Entries } from "./entries.ts";
import type { Page } from "./types.ts";

interface Message {
	id?: number;
	JsonPatch?: Operation[];
	finished?: boolean;
}

/* A page of text and an entry of the longest kind. */
const largest = 32 * 1024 * 1024;

/* The server has spoken: asking again brings the same. */
function isFinal(err: unknown): boolean {
	return err instanceof ApiError &&
	    [400, 401, 403, 404, 422].includes(err.status);
}

export class Feed {
	readonly entries = new Entries();
	trouble: unknown = null;
	private id: number | null = null;
	private over = false;
	private stopped = false;
	private away = false;
	private line = new Line();
	private wakeUp: (() => void) | null = null;
	private readonly backoff = new Backoff(500, 15_000);

	constructor(
		readonly run: string,
		live: boolean,
		private readonly changed: () => void,
	) {
		void (live ? this.follow() : this.last());
	}

	stop(): void {
		this.stopped = true;
		this.wake();
	}

	/* What was a connection may be none any more: begin one that is. */
	wake(): void {
		this.line.close();
		this.wakeUp?.();
	}

	/* Whether anybody sees the page. */
	seen(on: boolean): void {
		this.away = !on;
		this.wake();
	}

	/* What has ended is asked for once. */
	private async last(): Promise<void> {
		try {
			await this.page("");
		} catch (err) {
			this.trouble = err;
		}
		this.changed();
	}

	private async page(query: string): Promise<void> {
		const { before, items } = await get<Page>(
		    `/api/runs/${this.run}/entries${query}`);

		this.trouble = null;
		this.entries.older(before ?? 0, items.map(({ index, entry }) =>
		    [index, entry] as const));
	}

	get hasOlder(): boolean {
		return this.entries.first === null ? this.trouble !== null
		    : this.entries.first > 0;
	}

	/* Throws; it may be tried again. */
	async older(): Promise<void> {
		const { first } = this.entries;

		await this.page(first === null ? "" : `?before=${first}`);
		this.changed();
	}

	private take(text: string): void {
		const m = JSON.parse(text) as Message;

		if (m.JsonPatch !== undefined)
			this.entries.patch(m.JsonPatch);
		this.id = m.id ?? this.id;
		this.over ||= m.finished === true;
		this.backoff.reset();
	}

	private async read(): Promise<void> {
		const since = this.id === null ? "" : `?since=${this.id}`;
		const parser = new SseParser((ev) => this.take(ev.data),
		    largest);
		const text = new TextDecoder();

		await this.line.listen(
		    `/api/runs/${this.run}/entries/stream${since}`,
		    "text/event-stream", {
			opened: () => {
				this.trouble = null;
			},
			piece: (bytes) => {
				if (!this.stopped)
					this.feed(parser,
					    text.decode(bytes, { stream: true }));
			},
		});
	}

	private feed(parser: SseParser, text: string): void {
		try {
			parser.feed(text);
		} catch (err) {
			/* Not understood: once more, and whole. */
			this.id = null;
			this.line.close();
			throw err;
		}
		this.changed();
	}

	private async follow(): Promise<void> {
		while (!this.over && !this.stopped) {
			this.line = new Line();
			try {
				if (!this.away)
					await this.read();
			} catch (err) {
				if (isFinal(err)) {
					this.trouble = err;
					this.changed();
					return;
				}
			}
			if (!this.over && !this.stopped)
				await this.pause(this.away ? null
				    : this.backoff.next());
		}
	}

	/* null: until it is woken. */
	private pause(ms: number | null): Promise<void> {
		return new Promise((resolve) => {
			const timer = ms === null ? undefined
			    : setTimeout(resolve, ms);
			this.wakeUp = () => {
				clearTimeout(timer);
				resolve();
			};
		});
	}
}
