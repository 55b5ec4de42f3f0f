/* SPDX-License-Identifier: MIT */
/*
 * Follows what differs in a worktree: a document told once and then by patches
 * of the size of each change. A break begins anew with a whole document; what
 * was shown stays until that is there, marked as not live. Why a socket was
 * refused a browser does not tell, so the same is asked once by HTTP. What was
 * refused is tried again, ever more seldom: a worktree that vanished may come
 * back. Whatever is said to the server it answers, which shows that it hears.
 */

import { ApiError } from "../net/http.ts";
import { pageKey } from "../net/key.ts";
import { answers, Pulse } from "../net/pulse.ts";
import { Backoff } from "../util/backoff.ts";
import { askStat, target } from "./ask.ts";
import { applyPatch, type Operation } from "./patch.ts";
import type { DiffFile, Stat } from "./types.ts";

export interface Differing {
	stat?: Stat;
	entries?: Record<string, DiffFile>;
}

export interface FollowView {
	told(doc: Differing): void;
	live(up: boolean): void;
	/* For now: it is tried again. */
	refused(why: unknown): void;
}

interface Message {
	JsonPatch?: Operation[];
	Ready?: boolean;
	finished?: boolean;
}

const protocol = "rdv.diff.v1";

export class Follow {
	private socket: WebSocket | null = null;
	private doc: Differing = {};
	private ready = false;
	private stopped = false;
	private timer = 0;
	/* After a refusal, until it has been followed again. */
	private refused = false;
	private readonly backoff = new Backoff(500, 15_000);
	private readonly patience = new Backoff(2_000, 120_000);
	private readonly pulse = new Pulse(answers, () => this.lost(),
	    () => this.socket?.send("{\"type\":\"ping\"}"));
	private readonly wake = () => {
		if (document.visibilityState !== "visible")
			return;
		if (this.timer !== 0)
			this.open();
		else
			this.pulse.wake();
	};

	constructor(
		private readonly tree: string,
		private readonly base: string | undefined,
		private readonly on: FollowView,
	) {
		window.addEventListener("online", this.wake);
		document.addEventListener("visibilitychange", this.wake);
		this.open();
	}

	stop(): void {
		this.stopped = true;
		clearTimeout(this.timer);
		this.pulse.stop();
		window.removeEventListener("online", this.wake);
		document.removeEventListener("visibilitychange", this.wake);
		this.socket?.close();
	}

	/* Something has happened there: what was refused may not be any more. */
	again(): void {
		if (!this.refused || this.timer === 0)
			return;
		this.patience.reset();
		this.open();
	}

	private open(): void {
		const page = pageKey();
		const url = location.origin.replace(/^http/, "ws") +
		    target("/ws/worktrees/diff", this.tree,
		        { base: this.base });

		clearTimeout(this.timer);
		this.timer = 0;
		this.ready = false;
		this.doc = {};
		const socket = new WebSocket(url,
		    page === null ? [protocol] : [protocol, `rdv.page.${page}`]);
		this.socket = socket;
		socket.onmessage = (ev) => this.take(socket, ev.data);
		socket.onclose = () => void this.closed();
	}

	private take(socket: WebSocket, data: unknown): void {
		if (this.stopped)
			return;
		this.pulse.heard();
		try {
			this.message(JSON.parse(String(data)) as Message);
		} catch {
			/* What was said cannot be followed: once more, whole. */
			socket.close();
		}
	}

	private message(m: Message): void {
		if (m.JsonPatch !== undefined)
			this.doc = applyPatch(this.doc, m.JsonPatch);
		if (m.Ready === true) {
			this.ready = true;
			this.refused = false;
			this.backoff.reset();
			this.patience.reset();
			this.on.live(true);
		}
		if (this.ready)
			this.on.told(this.doc);
	}

	/* Of a socket that is dead its browser would not tell for minutes. */
	private lost(): void {
		const { socket } = this;

		if (socket !== null)
			Object.assign(socket, { onmessage: null, onclose: null });
		socket?.close();
		void this.closed();
	}

	private async closed(): Promise<void> {
		const opened = this.ready;

		this.pulse.stop();
		this.ready = false;
		if (this.stopped)
			return;
		this.on.live(false);
		this.refused = !opened && await this.isRefused();
		if (!this.stopped)
			this.timer = window.setTimeout(() => this.open(),
			    (this.refused ? this.patience : this.backoff).next());
	}

	/* What the server says of the question, and not that it is away. */
	private async isRefused(): Promise<boolean> {
		try {
			await askStat(this.tree, this.base === undefined ? {}
			    : { base: this.base }, 0, 1);
			return false;
		} catch (err) {
			const final = err instanceof ApiError &&
			    [400, 401, 403, 404, 422].includes(err.status);
			if (final && !this.stopped)
				this.on.refused(err);
			return final;
		}
	}
}
