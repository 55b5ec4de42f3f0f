/* SPDX-License-Identifier: MIT */
/*
 * One terminal on the page: xterm.js on one side, the link to the session on
 * the other. It decides what may be answered, pasted, opened and resized,
 * and keeps everything that is written in the order of the stream: even a
 * reset travels through the same queue as the output around it.
 */

import type { FitAddon } from "@xterm/addon-fit";
import type { Terminal } from "@xterm/xterm";
import { label } from "../util/text.ts";
import {
	fitRows, followTheme, newTerminal, type LinkEvents,
} from "./base.ts";
import { fromLine } from "./cursor.ts";
import { Guesses } from "./guesses.ts";
import { Link, type Env, type LinkState, type Size } from "./link.ts";
import { bracketEnd, neutralise } from "./paste.ts";
import type { Choice } from "./predict.ts";
import { isFocusReport } from "./replies.ts";
import { strict, type Safe } from "./safe.ts";
import { touchScroll } from "./touch.ts";
import { Whole } from "./whole.ts";
import type { Ready, Viewer } from "./wire.ts";

export interface ScreenState {
	link: LinkState;
	size: Size;
	owner: boolean;
	/* The size is the one that was asked for last. */
	settled: boolean;
	readOnly: boolean;
	title: string;
	/* Who else looks, as far as they are listed, and how many in all. */
	others: Viewer[];
	total: number;
	input: { pending: number; batch: number; paused: boolean };
}

export interface ScreenEvents extends LinkEvents {
	state(state: ScreenState): void;
	leave(): void;
	/* A program puts text on the clipboard, and may. */
	clipboard(text: string, bytes: number): void;
	/* The server has such a text. */
	copied(): void;
}

export interface Ways {
	/* Output is read aloud. */
	reader: boolean;
	/* Takes the terminal's size from nobody unless asked to: a small screen,
	 * or a guest's. */
	modest: boolean;
	/* Texts that the server has for the clipboard are told of. */
	clipboard: boolean;
	/* When keys are shown before their echo. */
	echo: Choice;
}

/* Below this nobody reads anything; then what does not fit is panned to. */
const smallest = 5;

/* CAN ends whatever sequence was half written, RIS starts afresh. */
const resetSequence = "\x18\x1bc";

/* A paste this long shows its progress and can be cancelled. */
export const longInput = 128 * 1024;

const encoder = new TextEncoder();

function clamp(n: number, low: number, high: number): number {
	return Math.max(low, Math.min(high, n));
}

export class Screen {
	readonly term: Terminal;
	readonly link: Link;
	/* Set while a modifier of the touch key row is held. */
	mapInput: ((data: string) => string) | null = null;
	readonly fitter: FitAddon;
	readonly guesses: Guesses;
	private readonly observer: ResizeObserver;
	private readonly cleanup: (() => void)[] = [];
	private state: ScreenState = {
		link: { name: "stopped" }, size: { cols: 80, rows: 24 },
		owner: false, settled: false, readOnly: false, title: "",
		others: [], total: 0,
		input: { pending: 0, batch: 0, paused: false },
	};
	/* Drawn up to here; answers are given to queries behind `live`. */
	private drawn = 0;
	private readonly whole = new Whole();
	private live = Infinity;
	private self: number | null = null;
	/* As the connection began, and asked for last; not each is given. */
	private stated: Size | null = null;
	private asked: Size | null = null;
	private bracketed = false;
	/* As large as letters are where the size is ours. */
	private readonly font: number;
	private safe: Safe = strict;

	constructor(
		private readonly host: HTMLElement,
		env: Env,
		private readonly on: ScreenEvents,
		id: string,
		private readonly ways: Ways,
	) {
		const { term, fitter } = newTerminal(ways.reader, on,
		    () => this.mayAnswer(), {
			safe: () => this.safe,
			live: () => this.drawn >= this.live,
			clipboard: (text, n) => on.clipboard(text, n),
			note: (text) => on.notice(`It says: ${text}`),
		    });

		this.term = term;
		this.font = term.options.fontSize!;
		this.fitter = fitter;
		this.link = new Link(id, env, {
			size: () => this.claim(),
			ready: (msg) => this.ready(msg),
			jumped: (first) => this.jumped(first),
			restored: (text, size, done) =>
			    this.restored(text, size, done),
			output: (bytes, at, done) => this.draw(bytes, at, done),
			sized: (size, owner) => this.resized(size, owner),
			present: (all, total) => this.set({ total,
			    others: all.filter((v) => v.id !== this.self) }),
			state: (link) => this.linked(link),
			input: (pending, batch, paused) =>
			    this.set({ input: { pending, batch, paused } }),
			dropped: (n) => this.on.notice("The connection was lost " +
			    `during a paste: ${n} bytes were not sent.`),
			safe: (safe) => this.safe = safe,
			copied: () => this.on.copied(),
			problem: (text) => this.on.notice(label(text, 300)),
		});
		this.open();
		this.guesses = new Guesses(term, ways.echo);
		this.observer = new ResizeObserver(() => this.fit());
		this.observer.observe(host);
	}

	private open(): void {
		const { term } = this;

		term.open(this.host);
		term.onData((data) => this.typed(data));
		term.onBinary((data) => this.send(
		    Uint8Array.from(data, (c) => c.charCodeAt(0))));
		term.onTitleChange((title) =>
		    this.set({ title: label(title, this.safe.title) }));
		term.attachCustomKeyEventHandler((ev) => this.key(ev));
		this.listen();
	}

	private listen(): void {
		const wake = () => {
			if (document.visibilityState === "visible")
				this.link.wake();
		};
		const pasted = (ev: Event) => this.pasted(ev as ClipboardEvent);
		const add = (on: EventTarget, what: string,
		    fn: (ev: Event) => void, capture = false) => {
			on.addEventListener(what, fn, capture);
			this.cleanup.push(() =>
			    on.removeEventListener(what, fn, capture));
		};

		add(window, "online", wake);
		add(document, "visibilitychange", wake);
		/* Before xterm.js sees it: it would not clean the text. */
		add(this.host, "paste", pasted, true);
		this.cleanup.push(followTheme(this.term),
		    touchScroll(this.host, this.term));
	}

	start(): void {
		this.link.start();
	}

	dispose(): void {
		this.link.stop();
		this.observer.disconnect();
		this.guesses.dispose();
		for (const fn of this.cleanup)
			fn();
		this.term.dispose();
	}

	private set(part: Partial<ScreenState>): void {
		this.state = { ...this.state, ...part };
		this.on.state(this.state);
	}

	/* Output */

	private draw(all: Uint8Array, from: number, done: () => void): void {
		const { start, whole } = this.link.cursor;
		const cut = from > 0 && from === start && !whole;
		const bytes = cut ? fromLine(all) : all;
		const at = from + all.length - bytes.length;
		const split = clamp(this.live - at, 0, bytes.length);

		/* A query just behind the edge must find the edge passed. */
		if (split > 0)
			this.write(bytes.subarray(0, split), at + split,
			    split === bytes.length ? done : null);
		if (split < bytes.length)
			this.write(bytes.subarray(split), at + bytes.length,
			    done);
	}

	private write(
		bytes: Uint8Array, end: number, done: (() => void) | null,
	): void {
		this.term.write(this.whole.take(bytes), () => {
			this.drawn = end;
			this.guesses.output();
			done?.();
		});
	}

	private jumped(first: boolean): void {
		const { next } = this.link.cursor;

		this.whole.forget();
		if (first)
			this.drawn = next;
		else
			this.term.write(resetSequence, () => {
				this.drawn = next;
			});
	}

	/* What it switches on is answered by nobody: it was on already. It has
	 * the size in which it was worked out, which may be another's by now. */
	private restored(text: string, size: Size, done: () => void): void {
		const { next } = this.link.cursor;

		this.whole.forget();
		this.term.write(resetSequence, () => {
			this.drawn = -1;
			this.resize(size);
		});
		this.term.write(text, () => {
			this.resize(this.state.size);
			this.drawn = next;
			this.guesses.output();
			done();
		});
	}

	private resize({ cols, rows }: Size): void {
		this.term.resize(clamp(cols, 2, 1000), clamp(rows, 1, 500));
	}

	private mayAnswer(): boolean {
		return this.state.owner && !this.state.readOnly &&
		    this.drawn >= this.live;
	}

	/* Size */

	private wish(): Size {
		const fit = this.fitter.proposeDimensions();

		if (fit === undefined || !Number.isFinite(fit.cols) ||
		    !Number.isFinite(fit.rows))
			return { cols: this.term.cols, rows: this.term.rows };
		/* Of letters that are not made smaller. */
		const shrunk = this.term.options.fontSize! / this.font;
		return {
			cols: clamp(Math.floor(fit.cols * shrunk), 10, 1000),
			rows: clamp(Math.floor(fit.rows * shrunk), 3, 500),
		};
	}

	/* A new view takes the size, as the newest one, unless it is a modest
	 * one. One that comes back takes it only if it had it: a lost network
	 * must not move it. */
	private claim(): Size & { keep: boolean } {
		const back = this.link.cursor.run !== null;

		this.stated = this.wish();
		return { ...this.stated,
		    keep: (back || this.ways.modest) && !this.state.owner };
	}

	private ready(msg: Ready): void {
		this.live = msg.end ?? msg.offset;
		this.asked = this.stated;
		this.self = msg.viewer;
		this.safe = msg.safe;
		if (this.ways.clipboard)
			this.link.send({ type: "clipboard_subscribe",
			    enabled: true });
		this.term.options.disableStdin = msg.read_only;
		this.guesses.allow(!msg.read_only);
		this.set({ readOnly: msg.read_only });
		this.sized(msg, msg.size_owner);
	}

	/* What has come already was for who had the size then to answer. */
	private resized(size: Size, owner: boolean): void {
		if (owner && !this.state.owner)
			this.live = Math.max(this.live, this.link.cursor.next);
		this.sized(size, owner);
	}

	private sized(size: Size, owner: boolean): void {
		/* A run that has ended may have no size: then ours is as good. */
		const { cols, rows } = size.cols > 0 && size.rows > 0
		    ? size : this.wish();

		this.set({ owner, size: { cols, rows },
		    settled: this.isAsked({ cols, rows }) });
		/* Behind what was written for another. */
		this.term.write("", () => this.resize({ cols, rows }));
		this.fit();
	}

	/* Behind all that is still to be drawn. */
	private linked(link: LinkState): void {
		this.set({ link });
		if (link.name === "ended")
			this.term.write("", () => this.fit());
	}

	private fit(): void {
		if (this.state.link.name === "ended") {
			fitRows(this);
			return;
		}
		if (!this.state.owner || this.state.readOnly) {
			this.shrink();
			return;
		}
		this.term.options.fontSize = this.font;
		const size = this.wish();
		if (!this.isAsked(size))
			this.ask(size);
	}

	private isAsked({ cols, rows }: Size): boolean {
		return cols === this.asked?.cols && rows === this.asked.rows;
	}

	/* What comes of it is told, and drawn then: the program goes by that. */
	private ask(size: Size): void {
		this.asked = size;
		this.set({ settled: false });
		this.link.send({ type: "resize", ...size });
	}

	/* Somebody else's size: letters small enough for all of it to be seen,
	 * rather than lines that are broken elsewhere than the program meant. */
	private shrink(): void {
		const fit = this.fitter.proposeDimensions();
		const { size } = this.state;
		const now = this.term.options.fontSize!;

		if (fit === undefined || !Number.isFinite(fit.cols))
			return;
		const by = Math.min(fit.cols / size.cols, fit.rows / size.rows);
		const wanted = clamp(Math.floor(now * by * 4) / 4, smallest,
		    this.font);
		/* What fits is left alone: measured anew it would be another
		 * quarter, and back. */
		if (by >= 1 ? wanted - now >= 0.5 : wanted < now)
			this.term.options.fontSize = wanted;
	}

	takeSize(): void {
		this.ask(this.wish());
	}

	/* Input */

	private typed(data: string): void {
		if (this.drawn < this.live && isFocusReport(data))
			return;
		const text = this.mapInput?.(data) ?? data;
		if (this.prompt())
			this.guesses.typed(text);
		else
			this.guesses.reset();
		this.send(encoder.encode(text));
	}

	/* What is typed is on its way at once, and the screen is up to date. */
	private prompt(): boolean {
		const { link, input } = this.state;

		return link.name === "open" && !input.paused &&
		    input.pending === 0 && this.drawn >= this.live;
	}

	send(bytes: Uint8Array): void {
		if (this.state.readOnly)
			return;
		if (!this.link.type(bytes))
			this.on.notice("That is more than this page can hold " +
			    "before it is sent. Nothing of it was sent.");
	}

	private pasted(ev: ClipboardEvent): void {
		ev.preventDefault();
		ev.stopImmediatePropagation();
		this.paste(ev.clipboardData?.getData("text/plain") ?? "");
	}

	paste(text: string): void {
		const { name } = this.state.link;

		if (name === "open" || name === "catching-up") {
			this.bracketed = this.term.modes.bracketedPasteMode;
			this.guesses.reset();
			this.term.paste(neutralise(text));
		} else {
			this.on.notice("Not connected: nothing was pasted.");
		}
		this.term.focus();
	}

	/* The program must not go on waiting for the end of the paste. */
	cancelPaste(): void {
		this.link.cancelInput();
		if (this.bracketed)
			this.send(encoder.encode(bracketEnd));
		this.term.focus();
	}

	private key(ev: KeyboardEvent): boolean {
		const chord = ev.ctrlKey && !ev.altKey && !ev.metaKey;

		if (ev.type !== "keydown" || !chord)
			return true;
		if (ev.key === "F6") {
			ev.preventDefault();
			this.on.leave();
			return false;
		}
		if (ev.shiftKey && ev.code === "KeyC") {
			ev.preventDefault();
			this.copy();
			return false;
		}
		/* The browser turns this one into a paste event. */
		return !(ev.shiftKey && ev.code === "KeyV");
	}

	private copy(): void {
		const text = this.term.getSelection();

		if (text !== "")
			navigator.clipboard?.writeText(text).catch(() =>
			    this.on.notice("The browser refused to copy."));
	}
}
