/* SPDX-License-Identifier: MIT */
/*
 * One conversation while it is looked at: its turns from the last one back as
 * far as somebody scrolls, and what waits, as far as a page goes. An event makes
 * the page ask anew, and no more than it shows; the server is the authority, and
 * nothing is shown as done before it said so.
 */

import { change, get } from "../net/http.ts";
import { oneAtATime } from "../util/one.ts";
import { Feed } from "./feed.ts";
import type { Conversation, Queued, Turn, WholeTurn } from "./types.ts";

/* A turn that is shown. Each change gives it another `rev`. */
export interface Section {
	turn: Turn;
	whole: WholeTurn | null;
	feed: Feed | null;
	rev: number;
	look(): Promise<void>;
}

const settle = 60;
const page = 20;
const waits = 100;

interface Page<Item> {
	items: Item[];
	next_cursor: string | null;
}

export class Talk {
	conversation: Conversation | null = null;
	queue: Queued[] = [];
	/* More wait than those. */
	queueMore = false;
	/* Oldest first. */
	sections: Section[] = [];
	trouble: unknown = null;
	/* Why older ones could not be had. */
	olderTrouble: unknown = null;
	fetching = false;
	/* Known, older than those that are shown, newest first. */
	private past: Turn[] = [];
	private cursor: string | null = null;
	private begun = false;
	private timer = 0;
	private stopped = false;
	private away = false;
	readonly refresh = oneAtATime(() => this.load());

	constructor(
		readonly id: string,
		private readonly changed: () => void,
		private readonly failed: (err: unknown) => void,
	) {
		void this.refresh();
	}

	stop(): void {
		this.stopped = true;
		clearTimeout(this.timer);
		for (const s of this.sections)
			s.feed?.stop();
	}

	/* Events */

	event(kind: string, data: string): void {
		if (!/^((conversation|turn|queue)\.|session\.agent$)/.test(kind))
			return;
		const { subject, body } = JSON.parse(data) as { subject: string;
		    body: Record<string, unknown> };

		if (body.conversation_id === this.id || subject === this.id ||
		    (this.conversation !== null &&
		    body.workspace_id === this.conversation.workspace_id))
			this.soon();
		for (const s of this.sections)
			if (s.turn.id === subject || (subject === this.id &&
			    kind === "conversation.reset"))
				void s.look();
	}

	/* Whether anybody sees the page. */
	seen(on: boolean): void {
		this.away = !on;
		for (const s of this.sections)
			s.feed?.seen(on);
	}

	/* After a break: what was said meanwhile was not heard. What is done for
	 * a turn goes on behind its end. */
	again(): void {
		for (const s of this.sections) {
			s.feed?.wake();
			if (s.turn.ended_at === null || s.whole === null ||
			    s.whole.chain.ended_at === null)
				void s.look();
		}
		void this.refresh();
	}

	private soon(): void {
		clearTimeout(this.timer);
		this.timer = window.setTimeout(() => void this.refresh(), settle);
	}

	private async load(): Promise<void> {
		const at = `/api/conversations/${this.id}`;

		if (this.stopped)
			return;
		try {
			const [conversation, turns, queue] = await Promise.all([
			    get<Conversation>(at), this.newest(),
			    this.waiting()]);
			if (this.stopped)
				return;
			Object.assign(this, { conversation, queue: queue.items,
				queueMore: queue.next_cursor !== null, trouble: null });
			this.take(turns);
			this.begun = true;
		} catch (err) {
			this.trouble = err;
			this.failed(err);
		}
		this.changed();
	}

	/* Those that are next: each event asks for them. */
	private waiting(): Promise<Page<Queued>> {
		return get(`/api/conversations/${this.id}/queue?limit=${waits}`);
	}

	/* Turns */

	private turns(cursor: string | null): Promise<Page<Turn>> {
		return get(`/api/conversations/${this.id}/turns?limit=${page}` +
		    (cursor === null ? "" : `&cursor=${cursor}`));
	}

	/*
	 * Those since the last that is known; before anything is, a page. Ids are in
	 * the order of time, and what was dropped is not listed any more: one that is
	 * older ends the search as well.
	 */
	private async newest(): Promise<Turn[]> {
		const known = (this.sections.filter((s) => !s.turn.dropped).at(-1) ??
		    this.sections[0])?.turn.id;
		const out: Turn[] = [];
		let cursor: string | null = null;

		do {
			const part: Page<Turn> = await this.turns(cursor);
			out.push(...part.items);
			cursor = part.next_cursor;
			if (!this.begun)
				this.cursor = cursor;
		} while (known !== undefined && cursor !== null &&
		    !out.some((t) => t.id <= known));
		return out;
	}

	private take(turns: Turn[]): void {
		const shown = new Map(this.sections.map((s) => [s.turn.id, s]));
		const last = this.sections.at(-1)?.turn.id;
		const fresh: Turn[] = [];

		for (const turn of turns) {
			const section = shown.get(turn.id);
			if (section !== undefined)
				this.put(section, turn);
			/* Older ones come when somebody scrolls. */
			else if (last === undefined || turn.id > last)
				fresh.push(turn);
		}
		if (last === undefined) {
			this.past = fresh;
			this.show();
			return;
		}
		for (const turn of fresh.reverse())
			this.sections.push(this.section(turn));
	}

	private section(turn: Turn): Section {
		const s: Section = { turn, whole: null, feed: null, rev: 0,
			look: oneAtATime(() => this.look(s)) };

		this.feed(s);
		void s.look();
		return s;
	}

	private feed(s: Section): void {
		const { run_id, ended_at } = s.turn;

		if (run_id === null || s.feed !== null)
			return;
		s.feed = new Feed(run_id, ended_at === null, () => {
			s.rev++;
			this.changed();
		});
		if (this.away)
			s.feed.seen(false);
	}

	private put(s: Section, turn: Turn): void {
		s.turn = turn;
		s.rev++;
		this.feed(s);
	}

	private async look(s: Section): Promise<void> {
		if (this.stopped)
			return;
		try {
			s.whole = await get<WholeTurn>(`/api/turns/${s.turn.id}`);
			this.put(s, s.whole);
			this.changed();
		} catch (err) {
			this.failed(err);
		}
	}

	/* The next of the past. */
	private show(): void {
		const turn = this.past.shift();

		if (turn !== undefined)
			this.sections.unshift(this.section(turn));
	}

	get hasOlder(): boolean {
		return this.begun && (this.sections[0]?.feed?.hasOlder === true ||
		    this.past.length > 0 || this.cursor !== null);
	}

	/* It has not said yet how much of it there is. */
	private get loading(): boolean {
		const { feed } = this.sections[0] ?? { feed: null };

		return feed !== null && feed.entries.first === null &&
		    feed.trouble === null;
	}

	/* The page before what is shown. One at a time. */
	async older(): Promise<void> {
		if (this.fetching || this.loading || !this.hasOlder)
			return;
		this.fetching = true;
		this.olderTrouble = null;
		try {
			await this.before();
		} catch (err) {
			this.olderTrouble = err;
		}
		this.fetching = false;
		this.changed();
	}

	private async before(): Promise<void> {
		const { feed } = this.sections[0] ?? { feed: null };

		if (feed?.hasOlder === true)
			return feed.older();
		if (this.past.length === 0) {
			const part = await this.turns(this.cursor);
			this.past.push(...part.items);
			this.cursor = part.next_cursor;
		}
		this.show();
	}

	/* Changes. They throw: who asked shows the refusal, and where. */

	async say(prompt: string): Promise<void> {
		await change("POST", `/api/conversations/${this.id}/turns`,
		    { prompt, queue: true });
		await this.refresh();
	}

	async halt(): Promise<void> {
		await change("POST", `/api/conversations/${this.id}/stop`);
		await this.refresh();
	}

	async close(): Promise<void> {
		await change("DELETE", `/api/conversations/${this.id}`);
		await this.refresh();
	}

	/* To before that turn. */
	async back(turn_id: string, force: boolean): Promise<void> {
		await change("POST", `/api/conversations/${this.id}/reset`,
		    { turn_id, ...force && { force } });
		await this.refresh();
	}

	async start(): Promise<void> {
		await change("POST", `/api/conversations/${this.id}/queue/start`);
		await this.refresh();
	}

	/* What was too late for it is seen in the list that comes. */
	async edit(message: string, prompt: string): Promise<void> {
		try {
			await change("PATCH", `/api/messages/${message}`, { prompt });
		} finally {
			await this.refresh();
		}
	}

	async cancel(message: string): Promise<void> {
		try {
			await change("DELETE", `/api/messages/${message}`);
		} finally {
			await this.refresh();
		}
	}
}
