/* SPDX-License-Identifier: MIT */
/*
 * Whether the other end of a connection is still there. A laptop that slept and
 * a router that forgot end a connection without telling either end: it looks as
 * if nothing were said. So whoever listens wants to hear something in time, and
 * what is not heard has been lost.
 */

/* In ms. */
interface Pace {
	/* Of silence, then the other end is asked, where it can be. */
	every: number;
	/* And after that, then it is lost. */
	grace: number;
	/* The same when there is a reason to doubt it. */
	wake: number;
}

/* What answers when it is asked. */
export const answers: Pace = { every: 20_000, grace: 10_000, wake: 4_000 };
/* What can only be heard: the server breaks a silence after 15 s. */
export const beats: Pace = { every: 20_000, grace: 25_000, wake: 20_000 };

export interface Timers {
	timer(fn: () => void, ms: number): number;
	clear(id: number): void;
}

const real: Timers = {
	timer: (fn, ms) => setTimeout(fn, ms) as unknown as number,
	clear: (id) => clearTimeout(id),
};

export class Pulse {
	private due = 0;

	constructor(
		private readonly pace: Pace,
		private readonly lost: () => void,
		private readonly ask: () => void = () => undefined,
		private readonly timers: Timers = real,
	) {}

	/* Something was, or listening begins. */
	heard(): void {
		this.timers.clear(this.due);
		this.due = this.timers.timer(() => this.doubt(this.pace.grace),
		    this.pace.every);
	}

	/* The network is back, or somebody looks again. */
	wake(): void {
		if (this.due !== 0)
			this.doubt(this.pace.wake);
	}

	stop(): void {
		this.timers.clear(this.due);
		this.due = 0;
	}

	private doubt(grace: number): void {
		this.ask();
		this.timers.clear(this.due);
		this.due = this.timers.timer(() => this.lost(), grace);
	}
}
