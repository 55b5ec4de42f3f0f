/* SPDX-License-Identifier: MIT */
/*
 * The connection of one terminal view to its session. It survives lost
 * networks, restarted daemons and sleeping laptops by coming back at the
 * exact offset its cursor has reached. Every problem of the stream - a gap,
 * a dead connection, a screen that cannot keep up - has the same cure: let
 * go of the socket and open another one at the cursor. There is therefore
 * one path that must be right, and it is the one every reload uses.
 */

import { answers, Pulse } from "../net/pulse.ts";
import { Backoff } from "../util/backoff.ts";
import { Cursor } from "./cursor.ts";
import { InputQueue } from "./input.ts";
import type { Safe } from "./safe.ts";
import {
	decodeFrame, decodeText,
	type ClientMessage, type Exit, type Ready, type Restored,
	type ServerMessage, type Viewer,
} from "./wire.ts";

export type Refusal = "signin" | "gone" | "closed";

export type LinkState =
	| { name: "connecting" }
	| { name: "open" }
	| { name: "catching-up" }
	| { name: "waiting"; delay: number }
	| { name: "ended"; exit: Exit }
	| { name: "refused"; why: Refusal }
	| { name: "stopped" };

export interface Size {
	cols: number;
	rows: number;
}

export interface Socket {
	readonly bufferedAmount: number;
	onmessage: ((ev: { data: unknown }) => void) | null;
	onclose: ((ev: { code: number }) => void) | null;
	send(data: string | Uint8Array): void;
	close(code?: number): void;
}

export interface Env {
	open(path: string): Socket;
	timer(fn: () => void, ms: number): number;
	clear(id: number): void;
	/* Asks over HTTP why a connection cannot be made; null: no idea. */
	probe(): Promise<Refusal | null>;
}

export interface Handlers {
	/* This window's size when it connects. With `keep` it is only stated,
	 * for the day the owner of the terminal's size leaves. */
	size(): Size & { keep: boolean };
	ready(msg: Ready): void;
	/* The stream goes on at the cursor, which is not where it was. */
	jumped(first: boolean): void;
	/* The whole screen, as it is at the cursor, of that size. */
	restored(text: string, size: Size, done: () => void): void;
	/* `done` is called once the bytes have been drawn. */
	output(bytes: Uint8Array, offset: number, done: () => void): void;
	sized(size: Size, owner: boolean): void;
	present(viewers: Viewer[], total: number): void;
	state(state: LinkState): void;
	input(pending: number, batch: number, paused: boolean): void;
	dropped(bytes: number): void;
	problem(message: string): void;
	/* What output may do is something else now. */
	safe(safe: Safe): void;
	/* The server has a text for the clipboard. */
	copied(): void;
}

/* The screen may lag this far behind before the socket is let go, and has to
 * come this close before the next one is opened. A browser cannot stop
 * reading a WebSocket, and the server can resume anywhere. */
const lagHigh = 8 * 1024 * 1024;
const lagLow = 512 * 1024;

/* Keys typed while the connection is away are kept; a paste is not, since
 * nobody can tell how much of it arrived. */
const keptInput = 4096;

const pumpEvery = 8;
const replay = 512 * 1024;

export class Link {
	readonly cursor = new Cursor();
	readonly queue = new InputQueue();
	reconnects = 0;
	state: LinkState = { name: "stopped" };

	private socket: Socket | null = null;
	private live = false;
	private readOnly = false;
	private lag = 0;
	private pieces: string[] = [];
	private exit: Exit | null = null;
	private retry = 0;
	private pumping = 0;
	private readonly backoff = new Backoff(250, 10_000);
	private readonly pulse: Pulse;

	constructor(
		private readonly id: string,
		private readonly env: Env,
		private readonly on: Handlers,
	) {
		this.pulse = new Pulse(answers, () => this.lost(),
		    () => this.send({ type: "ping" }), env);
	}

	start(): void {
		if (this.socket === null)
			this.connect();
	}

	stop(): void {
		this.release();
		this.set({ name: "stopped" });
	}

	/* The network is back or the page is looked at again. */
	wake(): void {
		if (this.state.name === "waiting")
			this.connect();
		else
			this.pulse.wake();
	}

	type(bytes: Uint8Array): boolean {
		const taken = this.queue.push(bytes);

		this.pump();
		return taken;
	}

	cancelInput(): number {
		const lost = this.queue.clear();

		this.tellInput();
		return lost;
	}

	send(msg: ClientMessage): void {
		if (this.live)
			this.socket?.send(JSON.stringify(msg));
	}

	private connect(): void {
		this.release();
		this.exit = null;
		this.set({ name: "connecting" });
		const socket = this.env.open(this.path());
		this.socket = socket;
		socket.onmessage = (ev) => this.receive(ev.data);
		socket.onclose = (ev) => this.closed(ev.code);
	}

	private path(): string {
		const query = new URLSearchParams();
		const size = this.on.size();

		query.set("cols", String(size.cols));
		query.set("rows", String(size.rows));
		query.set("presence", "true");
		if (size.keep)
			query.set("keep_size", "true");
		/* Where the cursor is of no use; a run with pipes has none. */
		query.set("screen", "true");
		if (this.cursor.run === null) {
			query.set("tail", String(replay));
		} else {
			query.set("run_id", this.cursor.run);
			query.set("offset", String(this.cursor.next));
		}
		return `/ws/terminal/${this.id}?${query}`;
	}

	private release(): void {
		const socket = this.socket;

		this.env.clear(this.retry);
		this.pulse.stop();
		this.env.clear(this.pumping);
		this.pumping = 0;
		this.socket = null;
		this.pieces = [];
		this.live = false;
		this.queue.paused = false;
		if (socket === null)
			return;
		socket.onmessage = null;
		socket.onclose = null;
		socket.close(1000);
	}

	private set(state: LinkState): void {
		this.state = state;
		this.on.state(state);
	}

	private receive(data: unknown): void {
		if (this.live)
			this.pulse.heard();
		if (data instanceof ArrayBuffer) {
			this.output(data);
			return;
		}
		const msg = typeof data === "string" ? decodeText(data) : null;
		if (msg !== null)
			this.message(msg);
	}

	private message(msg: ServerMessage): void {
		switch (msg.type) {
		case "ready": this.opened(msg); break;
		case "resync": this.jump(msg.run_id, msg.offset); break;
		case "screen": this.restore(msg); break;
		case "size": this.on.sized(msg, msg.owner); break;
		case "presence":
			this.on.present(msg.viewers, msg.total);
			break;
		case "flow": this.flow(msg.input === "paused"); break;
		case "exit": this.exit = msg; break;
		case "error": this.trouble(msg.message); break;
		case "safe": this.on.safe(msg.safe); break;
		case "clipboard_update": this.on.copied(); break;
		case "pong": break;
		}
	}

	/* Before "ready" it says why not yet, and the link tries again. */
	private trouble(message: string): void {
		if (this.live)
			this.on.problem(message);
	}

	private opened(msg: Ready): void {
		if (!this.cursor.continues(msg.run_id, msg.offset))
			this.jump(msg.run_id, msg.offset);
		this.live = true;
		this.readOnly = msg.read_only;
		this.backoff.reset();
		this.pulse.heard();
		this.set({ name: "open" });
		this.on.ready(msg);
		this.pump();
	}

	private jump(run: string, offset: number): void {
		const first = this.cursor.run === null;

		this.cursor.jump(run || this.cursor.run!, offset);
		this.on.jumped(first);
	}

	/* The next byte of output is the one at its offset. */
	private restore(msg: Restored): void {
		this.pieces.push(msg.data);
		if (msg.more)
			return;
		const text = this.pieces.join("");
		this.pieces = [];
		this.cursor.jump(this.cursor.run!, msg.offset, true);
		this.lag += text.length;
		this.on.restored(text, msg, () => this.drawn(text.length));
	}

	private output(data: ArrayBuffer): void {
		const frame = decodeFrame(data);
		if (frame === null)
			return;
		const at = Math.max(frame.offset, this.cursor.next);
		const verdict = this.cursor.accept(frame.offset, frame.bytes);
		if (verdict.kind === "gap")
			this.lost();
		if (verdict.kind !== "show")
			return;
		const size = verdict.bytes.length;
		this.lag += size;
		this.on.output(verdict.bytes, at, () => this.drawn(size));
		if (this.lag > lagHigh && this.live)
			this.hold();
	}

	private hold(): void {
		this.release();
		this.set({ name: "catching-up" });
	}

	private drawn(size: number): void {
		this.lag -= size;
		if (this.state.name === "catching-up" && this.lag <= lagLow)
			this.connect();
	}

	private flow(paused: boolean): void {
		this.queue.paused = paused;
		this.tellInput();
		this.pump();
	}

	/* The browser does not tell when its send buffer drains: look again. */
	private pump(): void {
		if (!this.live || this.readOnly || this.pumping !== 0)
			return;
		const again = this.queue.pump(this.socket!);
		this.tellInput();
		if (!again)
			return;
		this.pumping = this.env.timer(() => {
			this.pumping = 0;
			this.pump();
		}, pumpEvery);
	}

	private tellInput(): void {
		this.on.input(this.queue.pending, this.queue.batch,
		    this.queue.paused);
	}

	private closed(code: number): void {
		const opened = this.live;
		const exit = this.exit;

		this.release();
		if (exit !== null)
			this.set({ name: "ended", exit });
		else if (code === 4001)
			this.set({ name: "refused", why: "signin" });
		else if (code === 4003)
			this.set({ name: "refused", why: "gone" });
		else if (code === 4004)
			this.set({ name: "refused", why: "closed" });
		else if (opened)
			this.lost();
		else
			this.ask();
	}

	/* A browser does not reveal the status of a refused upgrade. */
	private ask(): void {
		this.lost();
		const { state } = this;
		void this.env.probe().then((why) => {
			if (why === null || this.state !== state)
				return;
			this.release();
			this.set({ name: "refused", why });
		});
	}

	private lost(): void {
		this.release();
		if (this.queue.pending > keptInput)
			this.on.dropped(this.cancelInput());
		this.reconnects++;
		const delay = this.backoff.next();
		this.set({ name: "waiting", delay });
		this.retry = this.env.timer(() => this.connect(), delay);
	}
}
