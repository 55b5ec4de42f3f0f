/* SPDX-License-Identifier: MIT */
/*
 * Programs ask the terminal questions, and the answers travel back as if
 * they had been typed. An answer given twice, or to a question out of the
 * replayed past, ends up as rubbish on somebody's command line. So a query
 * is answered only when it is being asked now and by one viewer: the one
 * that owns the size. Answers that carry text somebody else chose (titles,
 * DECRQSS) are never given; xterm.js has no title report switched on.
 */

import type { IParser, IDisposable } from "@xterm/xterm";

/* Device attributes, status reports, mode queries. */
const csi = [
	{ final: "c" },
	{ prefix: ">", final: "c" },
	{ final: "n" },
	{ prefix: "?", final: "n" },
	{ intermediates: "$", final: "p" },
	{ prefix: "?", intermediates: "$", final: "p" },
];

/* Colours: set with a value, asked for with '?'. */
const osc = [4, 10, 11, 12];

/* The handlers return true to say "done", which keeps xterm.js silent. */
export function guardReplies(
	parser: IParser, mayAnswer: () => boolean,
): IDisposable {
	const all = [
		...csi.map((id) =>
		    parser.registerCsiHandler(id, () => !mayAnswer())),
		...osc.map((id) => parser.registerOscHandler(id,
		    (data) => data.includes("?") && !mayAnswer())),
		parser.registerDcsHandler({ intermediates: "$", final: "q" },
		    () => true),
	];

	return { dispose: () => all.forEach((one) => one.dispose()) };
}

/* Focus reports answer a mode switch; replayed, they answer nobody. */
export function isFocusReport(data: string): boolean {
	return data === "\x1b[I" || data === "\x1b[O";
}
