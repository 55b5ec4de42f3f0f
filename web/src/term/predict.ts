/* SPDX-License-Identifier: MIT */
/*
 * Guesses what the server will show for a key before it can have answered, as
 * mosh does. Keys on their way stand in a list, each with what its line will
 * be once it has been dealt with. Whenever output has come, the terminal is
 * looked at: it shows the line of one of the keys, then that key and those
 * before it are done; or something nobody expected, then guessing starts anew.
 *
 * Nobody says when a program stops to echo. So a guess is only shown once two
 * different keys of its epoch were seen to be echoed, and an epoch ends with
 * anything that may have changed what the program does: a key that is no text,
 * output that was not foreseen, an answer that failed to come. Nothing is sent
 * from here and nothing of the terminal is touched.
 */

export type Choice = "auto" | "always" | "never";

/* The terminal as it is now. Columns count from 0. */
export interface View {
	readonly cols: number;
	/* Where the cursor is; its line counts from the oldest one kept. */
	readonly x: number;
	readonly y: number;
	/* Screen and modes in any form that differs when they do. */
	readonly modes: string;
	/* Of the cursor's line. A blank is " ", and "" is the second half of a
	 * wide character. */
	cell(x: number): string;
	row(): string;
	width(codepoint: number): number;
}

export interface Cell {
	x: number;
	text: string;
	width: number;
	/* What is not one stands there already and covers the cursor. */
	guess: boolean;
}

export interface Shown {
	y: number;
	cells: Cell[];
	/* Column; null: where the terminal has it. */
	cursor: number | null;
}

interface Glyph {
	text: string;
	width: number;
}

/* The part of the cursor's line that is known to have been typed. */
interface Line {
	from: number;
	glyphs: Glyph[];
	/* The cursor stands before this one. */
	at: number;
	/* The terminal shows typed text up to this column. */
	extent: number;
	/* Text of unknown kind is in the way: it could move or be covered. */
	blind: boolean;
}

type Kind = "text" | "mark" | "erase" | "left" | "right" | "other";

interface Key {
	kind: Kind;
	text: string;
	sent: number;
	epoch: number;
	/* Null: behind this key anything may be. */
	line: Line | null;
	/* Its cell was another before. */
	fresh: boolean;
}

interface Seen {
	x: number;
	y: number;
	cols: number;
	modes: string;
	row: string;
}

/* Of the smoothed round trip, ms; the same as mosh's. */
const slowAbove = 30;
const fastBelow = 20;
/* No key is waited for any longer, ms. */
const longest = 5000;
/* Nor is it unclear any longer what belongs to which. */
const unclear = 1000;
const mostKeys = 256;
/* Blank columns between what was typed and other text, at least. */
const gap = 2;

/* What programs print in the place of a secret proves no echo; of other text
 * two different ones do, as a mask is one. */
const masks = " *•●∗▪";

const named: Record<string, Kind> = {
	"\x7f": "erase",
	"\x1b[D": "left", "\x1bOD": "left",
	"\x1b[C": "right", "\x1bOC": "right",
};

function kindOf(data: string, view: View): Kind {
	const points = [...data];

	if (Object.hasOwn(named, data))
		return named[data]!;
	if (points.length === 0 || /\p{C}/u.test(data))
		return "other";
	const [first, ...rest] = points.map((one) =>
	    view.width(one.codePointAt(0)!));
	if (rest.some((width) => width !== 0))
		return "other";
	return first === 0 ? "mark" : "text";
}

function columnOf(line: Line, index: number): number {
	return line.glyphs.slice(0, index)
	    .reduce((sum, one) => sum + one.width, line.from);
}

function cursorOf(line: Line): number {
	return columnOf(line, line.at);
}

function endOf(line: Line): number {
	return columnOf(line, line.glyphs.length);
}

/* Other text stands so close behind that it will move or be covered. */
function followed(line: Line, width: number, view: View): boolean {
	const end = endOf(line);

	for (let x = Math.max(end, line.extent); x < end + width + gap; x++)
		if (x < view.cols && view.cell(x) !== " ")
			return true;
	return false;
}

type Step = (line: Line, text: string, view: View) => Line | null;

const steps: Record<Kind, Step> = {
	text(line, text, view) {
		const width = view.width(text.codePointAt(0)!);
		const end = endOf(line);
		const glyphs = line.glyphs.slice();

		/* Where a line is broken is the program's affair. */
		if (end + width >= view.cols)
			return null;
		glyphs.splice(line.at, 0, { text, width });
		return { ...line, glyphs, at: line.at + 1,
		    blind: line.blind || followed(line, width, view) };
	},
	mark(line, text) {
		const glyphs = line.glyphs.slice();
		const before = glyphs[line.at - 1];

		if (before === undefined)
			return null;
		glyphs[line.at - 1] = { ...before, text: before.text + text };
		return { ...line, glyphs };
	},
	erase(line, _text, view) {
		if (line.at === 0)
			return null;
		return { ...line, at: line.at - 1,
		    blind: line.blind || followed(line, 0, view), glyphs:
		        line.glyphs.filter((_, i) => i !== line.at - 1) };
	},
	left: (line) => line.at === 0 ? null : { ...line, at: line.at - 1 },
	right: (line) => line.at === line.glyphs.length ? null
	    : { ...line, at: line.at + 1 },
	other: () => null,
};

/* Whether the terminal shows this line, cursor and all. */
function fits(line: Line, view: View): boolean {
	let x = line.from;

	if (view.x !== cursorOf(line))
		return false;
	return line.glyphs.every(({ text, width }) => {
		const same = view.cell(x) === text;
		x += width;
		return same;
	});
}

function unchanged(seen: Seen, view: View): boolean {
	return seen.x === view.x && inPlace(seen, view) &&
	    seen.row === view.row();
}

function inPlace(seen: Seen, view: View): boolean {
	return seen.y === view.y && seen.cols === view.cols &&
	    seen.modes === view.modes;
}

export class Predictor {
	/* Smoothed time from a key to its echo, ms, and how much it varies. */
	roundTrip: number | null = null;
	private varies = 0;
	private slow = false;
	private allowed = true;
	private epoch = 1;
	private confirmed = 0;
	/* The first text that was echoed, and its epoch. */
	private echoed = { text: "", epoch: 0 };
	/* When it was last unclear to which key an answer belonged. Until those
	 * that were on their way then are answered, an echo proves nothing. */
	private doubt = -Infinity;
	private keys: Key[] = [];
	/* The typed part of the line at the last look, if it is known. */
	private line: Line | null = null;
	private seen: Seen | null = null;

	constructor(private readonly view: View, private choice: Choice) {}

	choose(choice: Choice): void {
		this.choice = choice;
		this.reset();
	}

	/* Who only looks on does not guess. */
	allow(on: boolean): void {
		this.allowed = on;
		this.reset();
	}

	get waiting(): number {
		return this.keys.length;
	}

	/* Nothing is known any more. */
	reset(): void {
		this.doubt = this.keys.at(-1)?.sent ?? this.doubt;
		this.keys = [];
		this.forget();
	}

	/* Before `data` is sent. `now` is in ms, of any clock that only rises. */
	typed(data: string, now: number): void {
		if (!this.allowed || this.choice === "never")
			return;
		if (this.keys.length >= mostKeys)
			this.reset();
		this.output(now);
		const kind = kindOf(data, this.view);
		const last = this.keys.at(-1);
		const before = last === undefined ? this.start() : last.line;
		const key: Key = { kind, text: data, sent: now, line: null,
		    epoch: this.epoch, fresh: false };
		if (before !== null)
			this.place(key, before);
		this.keys.push(key);
	}

	/* The terminal has taken in some output. */
	output(now: number): void {
		const { view, seen } = this;

		if (seen !== null && unchanged(seen, view))
			return;
		const at = seen !== null && inPlace(seen, view)
		    ? this.keys.findIndex(({ line }) =>
		        line !== null && fits(line, view)) : -1;
		if (at < 0)
			this.surprised(now);
		else
			this.done(at, now);
		this.look();
		this.replay();
	}

	/* When to call tick(), in ms of the same clock. */
	get deadline(): number | null {
		const first = this.keys[0];

		if (first === undefined)
			return null;
		const hidden = first.line !== null &&
		    first.epoch > this.confirmed;
		return first.sent + (hidden ? longest : this.patience());
	}

	tick(now: number): void {
		const first = this.keys[0];

		if (first === undefined || now < this.deadline!)
			return;
		const last = this.keys.at(-1)!.line;
		if (last !== null && fits(last, this.view)) {
			this.settle(last);
			this.keys = [];
		} else if (first.line !== null &&
		    first.epoch <= this.confirmed) {
			/* They may still be echoed: how late is worth knowing. */
			this.distrust();
		} else {
			this.keys.shift();
			this.forget();
			this.replay();
		}
	}

	shown(): Shown | null {
		const line = this.visible();

		return line === null ? null : this.drawing(line);
	}

	private start(): Line {
		const { x } = this.view;

		return this.line ??
		    { from: x, glyphs: [], at: 0, extent: x, blind: false };
	}

	private place(key: Key, before: Line): void {
		const { view } = this;

		key.line = steps[key.kind](before, key.text, view);
		key.fresh = key.kind === "text" && !masks.includes(key.text) &&
		    view.cell(cursorOf(before)) !== key.text;
	}

	private replay(): void {
		let line: Line | null = this.start();

		for (const key of this.keys) {
			key.line = null;
			if (line !== null)
				this.place(key, line);
			line = key.line;
		}
	}

	private look(): void {
		const { x, y, cols, modes } = this.view;

		this.seen = { x, y, cols, modes, row: this.view.row() };
	}

	private settle(line: Line): void {
		this.line = { ...line, extent: endOf(line), blind: false };
	}

	private done(at: number, now: number): void {
		const key = this.keys[at]!;

		this.settle(key.line!);
		this.keys.splice(0, at + 1);
		if (!key.fresh ||
		    now - this.doubt < Math.min(this.patience(), unclear))
			return;
		this.prove(key);
		if (key.epoch <= this.confirmed)
			this.measure(now - key.sent);
	}

	private prove({ text, epoch }: Key): void {
		if (this.echoed.epoch !== epoch)
			this.echoed = { text, epoch };
		else if (this.echoed.text !== text)
			this.confirmed = Math.max(this.confirmed, epoch);
	}

	/* Output that was not foreseen may be the answer to keys that are as old
	 * as a round trip; the younger ones follow from there, it is hoped. */
	private surprised(now: number): void {
		const young = this.roundTrip === null ? Infinity
		    : now - 0.75 * this.roundTrip;

		if (this.keys.some(({ kind }) => kind !== "other"))
			this.doubt = now;
		this.keys = this.keys.filter(({ sent }, i) =>
		    i > 0 && sent > young);
		this.forget();
	}

	private forget(): void {
		this.line = null;
		this.distrust();
	}

	/* What is guessed from here on must prove itself first. */
	private distrust(): void {
		this.epoch++;
		for (const key of this.keys)
			key.epoch = this.epoch;
	}

	/* As TCP does (RFC 6298). */
	private measure(ms: number): void {
		if (this.roundTrip === null) {
			this.roundTrip = ms;
			this.varies = ms / 2;
		} else {
			const off = Math.abs(ms - this.roundTrip);
			this.varies += (off - this.varies) / 4;
			this.roundTrip += (ms - this.roundTrip) / 8;
		}
		this.slow = this.roundTrip > slowAbove ||
		    (this.slow && this.roundTrip > fastBelow);
	}

	/* How long a guess that is shown may stay without an answer. */
	private patience(): number {
		if (this.roundTrip === null)
			return longest;
		return Math.min(longest, 100 + this.roundTrip +
		    Math.max(this.roundTrip, 4 * this.varies));
	}

	private visible(): Line | null {
		let line: Line | null = null;

		if (!this.slow && this.choice !== "always")
			return null;
		/* Between two looks the terminal may have moved on. */
		if (this.seen === null || !unchanged(this.seen, this.view))
			return null;
		for (const key of this.keys) {
			if (key.line === null || key.line.blind ||
			    key.epoch > this.confirmed)
				break;
			line = key.line;
		}
		return line;
	}

	private drawing(line: Line): Shown | null {
		const { view } = this;
		const cells: Cell[] = [];
		const cursor = cursorOf(line);
		let x = line.from;

		for (const { text, width } of line.glyphs) {
			if (view.cell(x) !== text)
				cells.push({ x, text, width, guess: true });
			x += width;
		}
		for (; x < line.extent; x++)
			if (view.cell(x) !== " ")
				cells.push({ x, text: " ", width: 1,
				    guess: false });
		if (cursor === view.x)
			return cells.length === 0 ? null
			    : { y: view.y, cells, cursor: null };
		if (!cells.some((one) => one.x <= view.x &&
		    view.x < one.x + one.width))
			cells.push({ x: view.x, text: view.cell(view.x),
			    width: 1, guess: false });
		return { y: view.y, cells, cursor };
	}
}
