/* SPDX-License-Identifier: MIT */
/*
 * Plays a recording in a terminal of the same make as the live one, so what
 * a program could not do to the page while it ran, its recording cannot do
 * either. Nobody is behind it: nothing is typed and no question is answered.
 * Where to be is one number; drawing follows it, from the beginning again when
 * it has moved back.
 */

import { Timeline, parseSize, type Cast } from "../util/cast.ts";
import { label } from "../util/text.ts";
import { followTheme, newTerminal, type Base, type LinkEvents } from "./base.ts";
import { touchScroll } from "./touch.ts";

export interface PlayState {
	/* ms */
	at: number;
	duration: number;
	playing: boolean;
	/* Drawing has not caught up with where to be. */
	behind: boolean;
	cols: number;
	rows: number;
	title: string;
}

export interface PlayEvents extends LinkEvents {
	state(state: PlayState): void;
}

/* A pause is shortened to this many ms, where pauses are skipped. */
const shortPause = 1000;
/* Characters given to the terminal at once: a new place is looked at between. */
const portion = 256 * 1024;
/* How often the position is told while it plays, ms. */
const tellEvery = 100;

export class Player {
	private readonly base: Base;
	private readonly cleanup: (() => void)[] = [];
	private timeline: Timeline;
	/* Index of the moment that is drawn next. */
	private next = 0;
	private at = 0;
	private speed = 1;
	private playing = false;
	private drawing = false;
	private gone = false;
	private title = "";
	private frame = 0;
	private last = 0;
	private told = 0;

	constructor(
		host: HTMLElement, private readonly cast: Cast,
		private readonly on: PlayEvents, readScreen: boolean,
	) {
		this.base = newTerminal(readScreen, on, () => false);
		const { term } = this.base;

		this.timeline = new Timeline(cast.moments, shortPause);
		term.options.disableStdin = true;
		term.options.cursorInactiveStyle = "outline";
		term.open(host);
		term.resize(cast.cols, cast.rows);
		term.onTitleChange((title) => {
			this.title = label(title);
			this.tell();
		});
		this.cleanup.push(followTheme(term), touchScroll(host, term));
		this.tell();
	}

	dispose(): void {
		this.gone = true;
		cancelAnimationFrame(this.frame);
		for (const fn of this.cleanup)
			fn();
		this.base.term.dispose();
	}

	play(): void {
		if (this.at >= this.timeline.duration)
			this.at = 0;
		this.playing = true;
		this.last = performance.now();
		cancelAnimationFrame(this.frame);
		this.frame = requestAnimationFrame((now) => this.tick(now));
		this.tell();
		void this.draw();
	}

	pause(): void {
		this.playing = false;
		cancelAnimationFrame(this.frame);
		this.tell();
	}

	seek(to: number): void {
		this.at = Math.max(0, Math.min(to, this.timeline.duration));
		void this.draw();
		/* With what is not drawn yet. */
		this.tell();
	}

	setSpeed(speed: number): void {
		this.speed = speed;
	}

	/* The same moment has another time then. */
	skipPauses(on: boolean): void {
		const index = this.timeline.count(this.at) - 1;

		this.timeline = new Timeline(this.cast.moments,
		    on ? shortPause : Infinity);
		this.at = index < 0 ? 0 : this.timeline.timeOf(index);
		this.tell();
	}

	/* Time stands still while the terminal does not keep up. */
	private tick(now: number): void {
		if (!this.drawing) {
			this.at = Math.min(this.timeline.duration,
			    this.at + (now - this.last) * this.speed);
			void this.draw();
		}
		this.last = now;
		if (this.at >= this.timeline.duration) {
			this.pause();
			return;
		}
		if (now - this.told >= tellEvery)
			this.tell();
		this.frame = requestAnimationFrame((then) => this.tick(then));
	}

	private async draw(): Promise<void> {
		if (this.drawing)
			return;
		this.drawing = true;
		while (!this.gone) {
			const to = this.timeline.count(this.at);

			if (to === this.next)
				break;
			if (to < this.next)
				this.restart();
			else
				await this.give(to);
		}
		this.drawing = false;
		if (!this.gone && !this.playing)
			this.tell();
	}

	private restart(): void {
		const { term } = this.base;

		term.reset();
		term.resize(this.cast.cols, this.cast.rows);
		this.title = "";
		this.next = 0;
	}

	/* Output up to the next size, or that size. */
	private async give(to: number): Promise<void> {
		const { term } = this.base;
		const { moments } = this.cast;
		let text = "";

		if (moments[this.next]!.code === "r") {
			const size = parseSize(moments[this.next++]!.data);
			if (size !== null)
				term.resize(size.cols, size.rows);
			return;
		}
		while (this.next < to && text.length < portion &&
		    moments[this.next]!.code === "o")
			text += moments[this.next++]!.data;
		await new Promise<void>((done) => term.write(text, done));
	}

	private tell(): void {
		const { term } = this.base;

		this.told = performance.now();
		this.on.state({
			at: this.at, duration: this.timeline.duration,
			playing: this.playing, behind: this.drawing,
			cols: term.cols, rows: term.rows, title: this.title,
		});
	}
}
