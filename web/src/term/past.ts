/* SPDX-License-Identifier: MIT */
/*
 * The output of a run that is over, as its terminal showed it: its log, or the
 * end of it, drawn in the size it had last. Nobody is behind it, so nothing
 * typed goes anywhere and no question in it is answered.
 */

import { bytes, get } from "../net/http.ts";
import type { Run } from "../net/types.ts";
import {
	fitRows, followTheme, newTerminal, type Base, type LinkEvents,
} from "./base.ts";
import { fromLine } from "./cursor.ts";
import { touchScroll } from "./touch.ts";

/* A longer log is not fetched. */
const whole = 512 * 1024;

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

	/* Not all of it is drawn. */
	get isCut(): boolean {
		return this.run.log_bytes > whole;
	}

	/*
	 * What of it to draw. Where a log is cut an image or another string may
	 * be under way, so of a terminal's the server tells what it led to.
	 */
	private async output(): Promise<Uint8Array | string> {
		const { run } = this;
		const { signal } = this.gone;
		const since = Math.max(0, run.log_bytes - whole);

		if (this.isCut && run.cols !== null) {
			const last = await get<{ run_id: string; content: string }>(
			    `/api/sessions/${run.session_id}/screen?format=output`,
			    signal);
			if (last.run_id === run.id)
				return last.content;
		}
		const all = await bytes(
		    `/api/runs/${run.id}/log?since=${since}`, signal);
		return this.isCut ? fromLine(all) : all;
	}

	/* Resolves when all of it is drawn. */
	async show(): Promise<void> {
		const { run } = this;
		const { term } = this.base;
		const all = await this.output();

		if (this.gone.signal.aborted)
			return;
		if (run.cols !== null && run.rows !== null)
			term.resize(run.cols, run.rows);
		term.write(all);
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
