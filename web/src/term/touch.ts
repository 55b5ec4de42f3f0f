/* SPDX-License-Identifier: MIT */
/*
 * A finger drawn over the terminal scrolls it, whole lines at a time. In a
 * full-screen program there is nothing to scroll back to; there the drag
 * becomes wheel steps, which xterm.js turns into what the program asked for:
 * mouse reports, or arrow keys in a pager. A tap stays a tap.
 */

import type { Terminal } from "@xterm/xterm";

function wheel(target: EventTarget, at: Touch, lines: number): void {
	const { clientX, clientY } = at;

	for (let i = 0; i < Math.abs(lines); i++)
		target.dispatchEvent(new WheelEvent("wheel", {
			deltaMode: WheelEvent.DOM_DELTA_LINE,
			deltaY: Math.sign(lines), clientX, clientY,
			bubbles: true, cancelable: true,
		}));
}

export function touchScroll(host: HTMLElement, term: Terminal): () => void {
	let last = 0;
	let rest = 0;

	const scroll = (target: EventTarget, at: Touch, lines: number) => {
		if (term.buffer.active.type === "normal" &&
		    term.modes.mouseTrackingMode === "none")
			term.scrollLines(lines);
		else
			wheel(target, at, lines);
	};
	const start = (ev: TouchEvent) => {
		last = ev.touches[0]!.clientY;
		rest = 0;
	};
	const move = (ev: TouchEvent) => {
		if (ev.touches.length !== 1)
			return;
		const at = ev.touches[0]!;
		const line = host.clientHeight / term.rows;
		rest += last - at.clientY;
		last = at.clientY;
		const lines = Math.trunc(rest / line);
		if (lines === 0)
			return;
		rest -= lines * line;
		ev.preventDefault();
		scroll(ev.target!, at, lines);
	};

	host.addEventListener("touchstart", start, { passive: true });
	host.addEventListener("touchmove", move, { passive: false });
	return () => {
		host.removeEventListener("touchstart", start);
		host.removeEventListener("touchmove", move);
	};
}
