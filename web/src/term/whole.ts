/* SPDX-License-Identifier: MIT */
/*
 * Output in whole characters. xterm.js 6 takes one in two parts, but loses it
 * when the second of its bytes is 0x80 and the cut is behind that: most dashes,
 * quotation marks and joiners (src/common/input/TextDecoder.ts, which takes
 * that byte for none).
 */

/* How many bytes a character has that begins so; 1 where none does. */
function lengthOf(first: number): number {
	return first < 0xc2 || first > 0xf4 ? 1
		: first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
}

/* How many of the bytes are no beginning of a character at their end. */
function wholeOf(bytes: Uint8Array): number {
	const end = bytes.length;

	for (let at = end - 1; at >= 0 && at >= end - 3; at--)
		if ((bytes[at]! & 0xc0) !== 0x80)
			return at + lengthOf(bytes[at]!) > end ? at : end;
	return end;
}

export class Whole {
	private begun = new Uint8Array(0);

	/* What was begun before and these bytes, without what they begin. */
	take(bytes: Uint8Array): Uint8Array {
		const all = this.begun.length === 0 ? bytes
			: Uint8Array.from([...this.begun, ...bytes]);
		const end = wholeOf(all);

		this.begun = all.slice(end);
		return all.subarray(0, end);
	}

	/* What comes next continues nothing. */
	forget(): void {
		this.begun = new Uint8Array(0);
	}
}
