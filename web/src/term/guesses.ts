/* SPDX-License-Identifier: MIT */
/*
 * Draws guesses over the terminal, underlined, in cells of its own: the
 * terminal's buffer knows nothing of them, so they cannot be selected, copied
 * or searched. Their text stands in an attribute that the style sheet shows,
 * which keeps it from the browser's search and from screen readers as well.
 */

import { Unicode11Addon } from "@xterm/addon-unicode11";
import type { IUnicodeVersionProvider, Terminal } from "@xterm/xterm";
import { Predictor, type Choice, type Shown, type View } from "./predict.ts";

/* How wide the terminal takes characters to be: it does not tell, but what
 * it is told by does. */
function widths(): (codepoint: number) => number {
	let found: IUnicodeVersionProvider | null = null;
	const register = (one: IUnicodeVersionProvider) => {
		found = one;
	};

	new Unicode11Addon().activate(
	    { unicode: { register } } as unknown as Terminal);
	return (codepoint) => found!.wcwidth(codepoint);
}

function viewOf(term: Terminal): View {
	const line = () => {
		const { active } = term.buffer;
		return active.getLine(active.baseY + active.cursorY);
	};

	return {
		get cols() {
			return term.cols;
		},
		get x() {
			return term.buffer.active.cursorX;
		},
		get y() {
			const { active } = term.buffer;
			return active.baseY + active.cursorY;
		},
		get modes() {
			return [term.buffer.active.type, term.rows,
			    ...Object.values(term.modes)].join();
		},
		cell(x) {
			const cell = line()?.getCell(x);
			if (cell?.getWidth() === 0)
				return "";
			return cell?.getChars() || " ";
		},
		row: () => line()?.translateToString() ?? "",
		width: widths(),
	};
}

export class Guesses {
	private readonly predictor: Predictor;
	private readonly layer = document.createElement("div");
	private readonly screen: HTMLElement;
	private timer = 0;
	private drawn = false;

	constructor(private readonly term: Terminal, choice: Choice) {
		const again = () => this.reset();

		this.predictor = new Predictor(viewOf(term), choice);
		this.screen = term.element!.querySelector(".xterm-screen")!;
		this.layer.className = "guesses";
		this.layer.ariaHidden = "true";
		this.screen.append(this.layer);
		term.onBinary(again);
		term.onResize(again);
		term.buffer.onBufferChange(again);
		term.textarea!.addEventListener("compositionstart", again);
		/* Scrolled, or drawn in another size. */
		term.onRender(() => this.drawn && this.paint());
	}

	get roundTrip(): number | null {
		return this.predictor.roundTrip;
	}

	choose(choice: Choice): void {
		this.predictor.choose(choice);
		this.paint();
	}

	allow(on: boolean): void {
		this.predictor.allow(on);
		this.paint();
	}

	reset(): void {
		this.predictor.reset();
		this.paint();
	}

	typed(data: string): void {
		this.predictor.typed(data, performance.now());
		this.paint();
	}

	/* What has been written to the terminal stands in its buffer. */
	output(): void {
		this.predictor.output(performance.now());
		this.paint();
	}

	dispose(): void {
		clearTimeout(this.timer);
	}

	private wait(): void {
		const { deadline } = this.predictor;

		clearTimeout(this.timer);
		if (deadline === null)
			return;
		this.timer = window.setTimeout(() => {
			this.predictor.tick(performance.now());
			this.paint();
		}, Math.max(1, deadline - performance.now() + 1));
	}

	private paint(): void {
		const shown = this.predictor.shown();

		if (shown !== null || this.drawn)
			this.layer.replaceChildren(...this.cells(shown));
		this.drawn = shown !== null;
		this.wait();
	}

	private cells(shown: Shown | null): HTMLElement[] {
		const { term } = this;

		if (shown === null)
			return [];
		const row = shown.y - term.buffer.active.viewportY;
		if (row < 0 || row >= term.rows)
			return [];
		this.layer.style.font = `${term.options.fontSize}px ` +
		    term.options.fontFamily;
		const all = shown.cells.map(({ x, text, width, guess }) =>
		    this.cell(guess ? "guess" : "cover", x, row, width, text));
		if (shown.cursor !== null)
			all.push(this.cell("cursor", shown.cursor, row, 1, ""));
		return all;
	}

	private cell(
		name: string, x: number, row: number, width: number, text: string,
	): HTMLElement {
		const one = document.createElement("span");
		const across = parseFloat(this.screen.style.width) /
		    this.term.cols;
		const down = parseFloat(this.screen.style.height) /
		    this.term.rows;

		one.className = name;
		one.dataset.text = text;
		Object.assign(one.style, {
			left: `${x * across}px`, top: `${row * down}px`,
			width: `${width * across}px`, height: `${down}px`,
			lineHeight: `${down}px`,
		});
		return one;
	}
}
