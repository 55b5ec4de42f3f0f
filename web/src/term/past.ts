/* SPDX-License-Identifier: MIT */
/*
 * The output of a run that is over, as its terminal showed it: the end of its
 * log, drawn in the size it had last. Nobody is behind it, so nothing typed
 * goes anywhere and no question in it is answered.
 */

import { bytes } from "../net/http.ts";
import type { Run } from "../net/types.ts";
import {
	fitRows, followTheme, newTerminal, type Base, type LinkEvents,
} from "./base.ts";
import { fromLine } from "./cursor.ts";
import { touchScroll } from "./touch.ts";

/* As much of it as a live view shows when it is opened. */
const shown = 512 * 1024;

/* Leaves whatever the program left behind: colours, a hidden cursor. */
const settle = "\x1b[m\x1b[?25l";

export class Past {
	private readonly base: Base;
	private readonly cleanup: (() => void)[] = [];
	private readonly gone = new AbortController();

	constructor(
		private readonly host: HTMLElement, private readonly run: Run,
		on: LinkEvents, readScreen: boolean,
	) {
		this.base = newTerminal(readScreen, on, () => false);
		const { term } = this.base;

		term.options.disableStdin = true;
		term.options.cursorInactiveStyle = "none";
		term.open(host);
		this.cleanup.push(followTheme(term), touchScroll(host, term));
	}

	/* Bytes before the first that is drawn. */
	get skipped(): number {
		return Math.max(0, this.run.log_bytes - shown);
	}

	/* Resolves when all of it is drawn. */
	async show(): Promise<void> {
		const { run, skipped } = this;
		const { term } = this.base;
		const all = await bytes(
		    `/api/runs/${run.id}/log?since=${skipped}`, this.gone.signal);

		if (this.gone.signal.aborted)
			return;
		if (run.cols !== null && run.rows !== null)
			term.resize(run.cols, run.rows);
		term.write(skipped > 0 ? fromLine(all) : all);
		await new Promise<void>((done) => term.write(settle, done));
		if (!this.gone.signal.aborted)
			this.follow();
	}

	private follow(): void {
		const observer = new ResizeObserver(() => fitRows(this.base));

		observer.observe(this.host);
		this.cleanup.push(() => observer.disconnect());
	}

	dispose(): void {
		this.gone.abort();
		for (const fn of this.cleanup)
			fn();
		this.base.term.dispose();
	}
}
