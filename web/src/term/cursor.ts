/* SPDX-License-Identifier: MIT */
/*
 * Where this viewer stands in a run's log. A byte is shown when and only
 * when its offset is the next one expected: what was already shown is cut
 * off, what lies beyond the next byte is refused and asked for again. So
 * the screen is a gapless prefix of the log, whatever the connection does.
 */

import { crc32 } from "../util/crc32.ts";

export type Verdict =
	| { kind: "show"; bytes: Uint8Array }
	| { kind: "seen" }
	| { kind: "gap"; missing: number };

/*
 * What to draw of a stream that begins in the middle of a log, where half a
 * character or half a colour may stand: it begins at its first line, unless
 * that is far away.
 */
export function fromLine(bytes: Uint8Array): Uint8Array {
	const at = bytes.subarray(0, 4096).indexOf(0x0a);

	return at < 0 ? bytes : bytes.subarray(at + 1);
}

export class Cursor {
	run: string | null = null;
	next = 0;
	/* Since the last jump: how much was shown, and its checksum. */
	start = 0;
	/* What was before is on the screen: none of it is cut. */
	whole = false;
	crc = 0;
	seen = 0;
	gaps = 0;

	jump(run: string, offset: number, whole = false): void {
		this.run = run;
		this.next = offset;
		this.start = offset;
		this.whole = whole;
		this.crc = 0;
	}

	/* True when a stream that starts there continues what is shown. */
	continues(run: string, offset: number): boolean {
		return this.run === run && offset <= this.next;
	}

	accept(offset: number, bytes: Uint8Array): Verdict {
		if (offset > this.next) {
			this.gaps++;
			return { kind: "gap", missing: offset - this.next };
		}
		const old = this.next - offset;
		if (old > 0)
			this.seen += Math.min(old, bytes.length);
		if (old >= bytes.length)
			return { kind: "seen" };
		const fresh = old > 0 ? bytes.subarray(old) : bytes;
		this.next += fresh.length;
		this.crc = crc32(this.crc, fresh);
		return { kind: "show", bytes: fresh };
	}
}
