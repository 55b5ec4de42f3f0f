/* SPDX-License-Identifier: MIT */
/*
 * Guesses against a terminal, a program and a slow line made here. The clock
 * is a number, so what is shown when is exact.
 */

import assert from "node:assert/strict";
import { test } from "node:test";
import { Predictor, type Choice, type View } from "../src/term/predict.ts";

function widthOf(point: number): number {
	if (point >= 0x300 && point < 0x370)
		return 0;
	return point >= 0x1100 ? 2 : 1;
}

/* As much of a terminal as the programs below need. */
class Tty implements View {
	cols = 40;
	x = 0;
	y = 0;
	modes = "";
	private rows: string[][] = [[]];

	width = widthOf;

	cell(x: number): string {
		return this.rows[this.y]![x] ?? " ";
	}

	row(): string {
		return Array.from({ length: this.cols }, (_, x) =>
		    this.cell(x)).join("|");
	}

	write(text: string): void {
		const parts = text.match(/\x1b\[[?\d;]*[A-Za-z]|[^]/gu) ?? [];

		for (const part of parts)
			this.take(part);
	}

	private take(part: string): void {
		if (part === "\b")
			this.x = Math.max(0, this.x - 1);
		else if (part === "\r")
			this.x = 0;
		else if (part === "\n")
			this.rows[++this.y] ??= [];
		else if (part === "\x1b[K")
			this.rows[this.y]!.length = Math.min(this.x,
			    this.rows[this.y]!.length);
		else if (part.startsWith("\x1b[?"))
			this.modes = part;
		else if (part !== "\x07")
			this.put(part);
	}

	private put(text: string): void {
		const row = this.rows[this.y]!;
		const width = widthOf(text.codePointAt(0)!);

		for (let i = row.length; i < this.x; i++)
			row[i] = " ";
		if (width === 0) {
			const at = row[this.x - 1] === "" ? 2 : 1;
			row[this.x - at] += text;
			return;
		}
		row[this.x] = text;
		if (width === 2)
			row[this.x + 1] = "";
		this.x += width;
	}
}

/* A shell with a line editor; "su" asks for a secret, which is not echoed. */
class Shell {
	silent = false;
	private line: string[] = [];
	private at = 0;

	answer(data: string): string {
		if (data === "\r")
			return this.enter();
		if (this.silent)
			return "";
		if (data === "\x7f")
			return this.erase();
		if (data === "\x1b[D")
			return this.at === 0 ? "\x07"
			    : back(this.line[--this.at]!);
		if (data === "\x1b[C")
			return this.at === this.line.length ? "\x07"
			    : this.line[this.at++]!;
		if (data < " ")
			return "\x07";
		this.line.splice(this.at++, 0, data);
		return data + this.rest("");
	}

	private enter(): string {
		const text = this.line.join("");

		this.line = [];
		this.at = 0;
		this.silent = !this.silent && text.includes("su");
		return this.silent ? "\r\nPassword: " : "\r\n$ ";
	}

	private erase(): string {
		if (this.at === 0)
			return "\x07";
		const [gone] = this.line.splice(--this.at, 1);
		return back(gone!) + "\x1b[K" + this.rest("");
	}

	private rest(more: string): string {
		const rest = this.line.slice(this.at).join("") + more;

		return rest + back(rest);
	}
}

function back(text: string): string {
	return "\b".repeat([...text].reduce((sum, one) =>
	    sum + widthOf(one.codePointAt(0)!), 0));
}

class Rig {
	now = 0;
	readonly tty = new Tty();
	readonly predictor: Predictor;

	constructor(choice: Choice = "auto", prompt = "$ ") {
		this.predictor = new Predictor(this.tty, choice);
		this.say(prompt);
	}

	say(text: string): void {
		this.tty.write(text);
		this.predictor.output(this.now);
	}

	type(...keys: string[]): void {
		for (const key of keys)
			this.predictor.typed(key, this.now);
	}

	/* Time passes, and what is due is done. */
	pass(ms: number): void {
		const end = this.now + ms;

		for (;;) {
			const due = this.predictor.deadline;
			if (due === null || due > end)
				break;
			this.now = due;
			this.predictor.tick(due);
		}
		this.now = end;
	}

	/* A key that is echoed 300 ms later, so that guesses are shown: the
	 * second such, as one proves nothing. */
	prove(key = "x", echo = key): void {
		for (const [first, answer] of [["w", "w"], ["\x7f", "\b\x1b[K"]]) {
			this.type(first!);
			this.pass(300);
			this.say(answer!);
		}
		this.type(key);
		this.pass(300);
		this.say(echo);
	}

	/* "underlined text@column", "" when nothing is drawn. */
	get guess(): string {
		const shown = this.predictor.shown();

		return shown?.cells.filter((one) => one.guess)
		    .map((one) => `${one.text}@${one.x}`).join(" ") ?? "";
	}

	/* What the eye sees of the cursor's line. */
	get line(): string {
		return seen(this.tty, this.predictor);
	}
}

function seen(tty: Tty, predictor: Predictor): string {
	const cells = tty.row().split("|");
	const shown = predictor.shown();

	for (const { x, text, width } of shown?.cells ?? []) {
		cells[x] = text;
		if (width === 2)
			cells[x + 1] = "";
	}
	cells.splice(shown?.cursor ?? tty.x, 0, "_");
	return cells.join("").trimEnd();
}

test("nothing is shown before two keys have been echoed", () => {
	const rig = new Rig();

	rig.type("a");
	assert.equal(rig.guess, "");
	rig.type("b");
	assert.equal(rig.guess, "");
	rig.pass(300);
	rig.say("a");
	assert.equal(rig.guess, "", "a may be a mask");
	rig.type("c");
	rig.pass(300);
	rig.say("b");
	assert.equal(rig.guess, "c@4", "proved by a and b");
	rig.type("d");
	assert.equal(rig.guess, "c@4 d@5");
	assert.equal(rig.line, "$ abcd_");
	rig.say("cd");
	assert.equal(rig.guess, "");
	assert.equal(rig.line, "$ abcd_");
	assert.equal(rig.predictor.waiting, 0);
});

/* What was typed and echoed, what is typed then, what is to be seen. */
const tables: [string, string[], string[], string][] = [
	["wide", [], ["漢", "y"], "$ x漢y_"],
	["combining", [], ["e", "\u0301", "y"], "$ xe\u0301y_"],
	["erase", [], ["\x7f"], "$ _"],
	["erase wide", ["漢"], ["\x7f", "y"], "$ xy_"],
	["erase what was guessed", [], ["a", "b", "\x7f"], "$ xa_"],
	["left", ["a"], ["\x1b[D"], "$ x_a"],
	["left, application keys", ["a"], ["\x1bOD"], "$ x_a"],
	["into the middle", ["a"], ["\x1b[D", "m", "n"], "$ xmn_a"],
	["erased in the middle", ["a", "b"], ["\x1b[D", "\x7f"], "$ x_b"],
	["right", ["a"], ["\x1b[D", "\x1b[D", "\x1b[C"], "$ x_a"],
];

for (const [name, before, keys, want] of tables)
	test(`a guess: ${name}`, () => {
		const rig = new Rig();
		const shell = new Shell();

		rig.prove("x", shell.answer("x"));
		for (const key of before)
			rig.prove(key, shell.answer(key));
		rig.type(...keys);
		assert.equal(rig.line, want);
		for (const key of keys) {
			rig.say(shell.answer(key.replace("O", "[")));
			assert.equal(rig.line, want);
		}
		assert.equal(rig.predictor.waiting, 0);
		assert.equal(rig.predictor.shown(), null);
	});

test("nothing is guessed where the effect is unknown", () => {
	for (const key of ["\r", "\t", "\x1b", "\x03", "\x1b[A", "\x1b[C",
	    "\x1b[<0;1;1M", "pasted", "\u200d", "\u0085"]) {
		const rig = new Rig();

		rig.prove();
		rig.type("a");
		assert.equal(rig.guess, "a@3", "control");
		rig.type(key, "b");
		assert.equal(rig.guess, "a@3", JSON.stringify(key));
		rig.say("a");
		assert.equal(rig.guess, "", JSON.stringify(key));
	}
});

test("beyond what was typed nothing is erased", () => {
	const rig = new Rig();

	rig.prove();
	rig.type("\x7f", "\x7f", "\x7f");
	assert.equal(rig.line, "$ _");
});

test("text of unknown kind is not covered", () => {
	const rig = new Rig("auto", "$ later\r\x1b[?1h$ ");

	rig.type("x");
	rig.pass(300);
	rig.say("xlater\b\b\b\b\b");
	rig.type("y");
	assert.equal(rig.guess, "");
});

test("no guess at the last column", () => {
	const rig = new Rig("auto", "$ " + "-".repeat(35));

	rig.prove();
	rig.type("a", "b");
	assert.equal(rig.guess, "a@38");
});

test("a secret is never shown", () => {
	for (const [choice, echo] of [["auto", ""], ["always", ""],
	    ["auto", "*"], ["always", "•"]] as const) {
		const rig = new Rig(choice);

		rig.prove();
		rig.type("\r");
		rig.pass(300);
		rig.say("\r\nPassword: ");
		for (const key of "*S3cret ") {
			rig.type(key);
			assert.equal(rig.guess, "", key);
			rig.pass(300);
			rig.say(echo);
			assert.equal(rig.guess, "", `${key} answered`);
		}
		rig.pass(10_000);
		assert.equal(rig.predictor.waiting, 0);
	}
});

test("a letter for a mask is not taken for an echo", () => {
	const rig = new Rig();

	rig.prove();
	rig.type("\r");
	rig.pass(300);
	rig.say("\r\nPassword: ");
	for (const key of "xxSxxx") {
		rig.type(key);
		assert.equal(rig.guess, "", key);
		rig.pass(300);
		rig.say("x");
	}
});

test("what stood there before proves nothing", () => {
	const rig = new Rig();

	rig.say("xa\b\b");
	for (const key of "xabc") {
		rig.type(key);
		assert.equal(rig.guess, "", key);
		rig.pass(300);
		rig.say(key);
	}
	rig.type("d");
	assert.equal(rig.guess, "d@6", "control");
});

test("a line drawn anew ends what was proved", () => {
	const rig = new Rig();

	rig.prove();
	rig.type("a");
	assert.equal(rig.guess, "a@3", "control");
	rig.say("\r: x");
	assert.equal(rig.guess, "");
	rig.type("S");
	assert.equal(rig.guess, "");
});

test("a prompt that comes by itself ends what was proved", () => {
	const rig = new Rig();

	rig.prove();
	rig.type("a");
	assert.equal(rig.guess, "a@3", "control");
	rig.say("a");
	rig.say("\r\nPassword: ");
	rig.type("S");
	assert.equal(rig.guess, "");
});

test("commands of an editor show nothing", () => {
	const rig = new Rig();

	rig.say("\rlorem ipsum\r");
	for (const [key, answer] of [["l", "\rlorem ipsum\rl"],
	    ["x", "\rlrem ipsum\x1b[K\rl"], ["p", "\rlroem ipsum\rlr"],
	    ["u", "\x07"]] as const) {
		rig.type(key);
		assert.equal(rig.guess, "");
		rig.pass(300);
		rig.say(answer);
		assert.equal(rig.guess, "", key);
	}
});

test("a wrong guess is gone with the next output, and so is trust", () => {
	const rig = new Rig();

	rig.prove();
	rig.type("a", "b", "c");
	assert.equal(rig.guess, "a@3 b@4 c@5");
	rig.say("A");
	assert.equal(rig.guess, "");
	rig.pass(1000);
	rig.type("d");
	assert.equal(rig.guess, "");
	rig.pass(300);
	rig.say("d");
	rig.type("e");
	assert.equal(rig.guess, "", "it may have been another's echo");
	rig.pass(300);
	rig.say("e");
	rig.type("f");
	assert.equal(rig.guess, "", "so may this one");
	rig.pass(300);
	rig.say("f");
	rig.prove("g");
	rig.prove("h");
	rig.type("i");
	assert.equal(rig.guess, "i@9", "trusted again");
});

test("an answer that fails to come ends what is shown", () => {
	const rig = new Rig();

	rig.prove();
	rig.type("a", "b", "c");
	rig.pass(900);
	assert.equal(rig.guess, "a@3 b@4 c@5");
	rig.pass(101);
	assert.equal(rig.guess, "", "2 * 300 + 100 + 300 ms");
	rig.pass(500);
	rig.say("a");
	assert.equal(rig.guess, "", "one may be a mask");
	rig.say("b");
	assert.equal(rig.guess, "c@5", "late, but echoed");
	rig.say("c");
	assert.equal(rig.guess, "");
});

test("output elsewhere disturbs nothing", () => {
	const rig = new Rig();

	rig.prove();
	rig.type("a");
	rig.say("");
	assert.equal(rig.guess, "a@3");
});

test("resets: by hand, by modes, by size", () => {
	const resets: [string, (rig: Rig) => void][] = [
		["paste, mouse, composition", (rig) => rig.predictor.reset()],
		["alternate screen", (rig) => rig.say("\x1b[?1049h")],
		["size", (rig) => {
			rig.tty.cols = 30;
			rig.say("");
		}],
	];

	for (const [name, reset] of resets) {
		const rig = new Rig();

		rig.prove();
		rig.type("a");
		assert.equal(rig.guess, "a@3", "control");
		reset(rig);
		assert.equal(rig.guess, "", name);
		rig.type("b");
		assert.equal(rig.guess, "", name);
	}
});

test("who only looks on, or wants none, is shown none", () => {
	const ways: [string, (rig: Rig) => void][] = [
		["read only", (rig) => rig.predictor.allow(false)],
		["never", (rig) => rig.predictor.choose("never")],
		["control", (rig) => rig.predictor.choose("always")],
	];

	for (const [name, way] of ways) {
		const rig = new Rig();

		rig.prove();
		way(rig);
		rig.prove("a");
		rig.type("b");
		assert.equal(rig.guess, name === "control" ? "b@4" : "", name);
		assert.equal(rig.predictor.waiting, name === "control" ? 1 : 0);
	}
});

test("off while the way is short, on above 30 ms, off again at 20", () => {
	const rig = new Rig();
	const { predictor } = rig;
	const trip = (ms: number) => {
		for (const key of "ba") {
			rig.type(key);
			rig.pass(ms);
			rig.say(key);
		}
		/* A blank is guessed, but its echo is not measured. */
		rig.type(" ");
		const on = predictor.shown() !== null;
		rig.say(" ");
		rig.type("\r");
		rig.say("\r\n$ ");
		return on;
	};

	for (const ms of [29, 29, 29])
		assert.equal(trip(ms), false, `${ms} ms`);
	while (predictor.roundTrip! <= 30)
		assert.equal(trip(40), predictor.roundTrip! > 30);
	while (predictor.roundTrip! > 20)
		assert.equal(trip(10), predictor.roundTrip! > 20);
	for (let i = 0; i < 40; i++)
		assert.equal(trip(25), false, "25 ms, from below");
	assert.ok(predictor.roundTrip! > 20);
});

test("always shows on a fast line too, never on none", () => {
	for (const [choice, want] of
	    [["always", "b@4"], ["auto", ""], ["never", ""]] as const) {
		const rig = new Rig(choice);

		for (const key of "ac") {
			rig.type(key);
			rig.pass(1);
			rig.say(key);
		}
		rig.type("b");
		assert.equal(rig.guess, want, choice);
	}
});

/* mulberry32 */
function random(seed: number): () => number {
	return () => {
		seed = (seed + 0x6d2b79f5) | 0;
		let t = Math.imul(seed ^ (seed >>> 15), 1 | seed);
		t ^= t + Math.imul(t ^ (t >>> 7), 61 | t);
		return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
	};
}

interface Event {
	at: number;
	run(): void;
}

/* Somebody types into a shell over a slow line, for a while. */
class Session {
	readonly rig = new Rig();
	readonly shell = new Shell();
	/* What the screen may come to show, key after key. */
	readonly truths = new Set<string>();
	shownOnce = 0;
	private readonly truth = new Tty();
	private readonly ahead = new Shell();
	private readonly events: Event[] = [];
	private arrival = 0;

	constructor(
		private readonly rand: () => number,
		private readonly noise: boolean,
	) {
		this.truth.write("$ ");
		this.note();
	}

	private note(): void {
		const cells = this.truth.row().split("|");

		cells.splice(this.truth.x, 0, "_");
		this.truths.add(cells.join("").trimEnd());
	}

	pick<T>(list: readonly T[]): T {
		return list[Math.floor(this.rand() * list.length)]!;
	}

	key(data: string): void {
		this.rig.type(data);
		this.truth.write(this.ahead.answer(data));
		this.note();
		this.later(150, () => this.reply(this.shell.answer(data)));
		this.check();
	}

	private later(ms: number, run: () => void): void {
		this.events.push({ at: this.rig.now + ms, run });
		this.events.sort((a, b) => a.at - b.at);
	}

	/* What is said arrives in order, and whole answers at a time. */
	reply(text: string): void {
		const jitter = this.rand() * 60;

		this.arrival = Math.max(this.arrival,
		    this.rig.now + 120 + jitter);
		this.later(this.arrival - this.rig.now, () => {
			this.rig.say(text);
			this.check();
		});
	}

	wait(ms: number): void {
		const end = this.rig.now + ms;

		while (this.events.length > 0 && this.events[0]!.at <= end) {
			const next = this.events.shift()!;
			this.rig.pass(Math.max(0, next.at - this.rig.now));
			next.run();
		}
		this.rig.pass(Math.max(0, end - this.rig.now));
		this.check();
	}

	check(): void {
		const { guess, line } = this.rig;

		assert.doesNotMatch(guess, /[A-Z]/, "a secret");
		this.shownOnce += guess === "" ? 0 : 1;
		if (!this.noise)
			assert.ok(this.truths.has(line),
			    `${line} is never true`);
	}

	over(): void {
		this.wait(20_000);
		assert.equal(this.rig.predictor.waiting, 0);
		assert.equal(this.rig.predictor.shown(), null);
	}
}

const text = [..."abcde", "漢", "e\u0301"];
const edits = ["\x7f", "\x1b[D", "\x1b[C", "\x7f"];

function typist(one: Session, rand: () => number, noise: boolean): void {
	let secret = false, last = "";

	for (let i = 0; i < 120; i++) {
		const dice = rand();
		if (noise && dice < 0.06)
			one.reply(one.pick(["\r\nnews\r\n$ ", "!", "\b", "\r",
			    "\x1b[?1h", "\x1b[K"]));
		const key = dice > 0.93 ? "\r" : secret
		    ? one.pick([..."SECRT"])
		    : dice > 0.7 ? one.pick(edits) : one.pick(text);
		if (key === "\r") {
			secret = !secret && noise;
			if (secret)
				one.key("s"), one.key("u");
		}
		one.key(key);
		last = key;
		one.wait(last === "\r" && rand() < 0.5 ? 900
		    : rand() * 250);
	}
	if (secret)
		one.key("\r");
}

test("at random: what is shown becomes true, and nothing stays", () => {
	let shown = 0;

	for (let seed = 1; seed <= 30; seed++) {
		const rand = random(seed);
		const one = new Session(rand, false);

		typist(one, rand, false);
		one.over();
		shown += one.shownOnce;
	}
	assert.ok(shown > 1000, `only ${shown} guesses`);
});

test("at random, disturbed: no secret is shown, and nothing stays", () => {
	let shown = 0;

	for (let seed = 1; seed <= 30; seed++) {
		const rand = random(seed);
		const one = new Session(rand, true);

		typist(one, rand, true);
		one.over();
		shown += one.shownOnce;
	}
	assert.ok(shown > 500, `only ${shown} guesses`);
});
