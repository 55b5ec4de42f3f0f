/* SPDX-License-Identifier: MIT */
/*
 * What every terminal on the page has in common, whether a program is behind
 * it or only what one wrote: how it looks, how wide characters are, which
 * questions it answers and what becomes of a link in it.
 */

import { FitAddon } from "@xterm/addon-fit";
import { Unicode11Addon } from "@xterm/addon-unicode11";
import { WebLinksAddon } from "@xterm/addon-web-links";
import { Terminal } from "@xterm/xterm";
import { safeLink } from "../util/url.ts";
import { guardReplies } from "./replies.ts";
import { guardOutput, nothing, type OutputEvents } from "./safe.ts";
import "./sheet.ts";
import { isDark, themeFor } from "./theme.ts";

export interface LinkEvents {
	link(url: string): void;
	notice(text: string): void;
}

export interface Base {
	term: Terminal;
	fitter: FitAddon;
}

const font = 'ui-monospace, "SF Mono", "Cascadia Mono", "JetBrains Mono", ' +
    '"DejaVu Sans Mono", Menlo, Consolas, monospace';

function options(narrow: boolean) {
	return {
		allowProposedApi: true,
		/* What a program prints is no business of the console. */
		logLevel: "off" as const,
		fontFamily: font,
		fontSize: narrow ? 12 : 14,
		lineHeight: 1.15,
		scrollback: narrow ? 5000 : 20_000,
		macOptionIsMeta: true,
		rescaleOverlappingGlyphs: true,
		...themeFor(isDark().matches),
	};
}

function offer(text: string, on: LinkEvents): void {
	const url = safeLink(text);

	if (url === null)
		on.notice("This link is not a plain web address, " +
		    "so it was not opened.");
	else
		on.link(url);
}

export function newTerminal(
	readScreen: boolean, on: LinkEvents, mayAnswer: () => boolean,
	output: OutputEvents = nothing,
): Base {
	const narrow = matchMedia("(max-width: 700px)").matches;
	const fitter = new FitAddon();
	const term = new Terminal({
		...options(narrow),
		screenReaderMode: readScreen,
		linkHandler: { activate: (_ev, text) => offer(text, on) },
	});

	term.loadAddon(fitter);
	term.loadAddon(new Unicode11Addon());
	term.loadAddon(new WebLinksAddon((_ev, uri) => offer(uri, on)));
	term.unicode.activeVersion = "11";
	guardReplies(term.parser, mayAnswer);
	guardOutput(term.parser, output);
	return { term, fitter };
}

/*
 * For output that nobody adds to: columns are part of what was drawn, but rows
 * are only how much is seen at a time, so they are the window's. A program that
 * has the whole screen drew for so many.
 */
export function fitRows({ term, fitter }: Base): void {
	const rows = fitter.proposeDimensions()?.rows ?? 0;

	/* No number, while the frame has not been laid out. */
	if (!Number.isInteger(rows) || rows < 3 ||
	    term.buffer.active.type !== "normal")
		return;
	term.resize(term.cols, rows);
	/* What takes the keys stays where the cursor was, and the frame could
	 * be scrolled to it. */
	term.textarea!.style.top = "0";
}

/* The colours follow the system's; returns how to stop that. */
export function followTheme(term: Terminal): () => void {
	const scheme = isDark();
	const themed = () =>
	    Object.assign(term.options, themeFor(scheme.matches));

	scheme.addEventListener("change", themed);
	return () => scheme.removeEventListener("change", themed);
}
