/* SPDX-License-Identifier: MIT */
/*
 * How long to wait before the next attempt to reconnect. The delay doubles
 * up to a ceiling and is spread over its upper half, so that the tabs that
 * lost one daemon together do not all come back in the same millisecond.
 */

export class Backoff {
	private tries = 0;

	constructor(
		private readonly first: number,
		private readonly ceiling: number,
		private readonly random: () => number = Math.random,
	) {}

	next(): number {
		const full = Math.min(this.ceiling,
		    this.first * 2 ** this.tries);
		/* The exponent stops growing once the ceiling is reached. */
		if (full < this.ceiling)
			this.tries++;
		return Math.round(full * (0.5 + this.random() / 2));
	}

	reset(): void {
		this.tries = 0;
	}
}
