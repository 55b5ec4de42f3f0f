/* SPDX-License-Identifier: MIT */
/*
 * The terminal's sixteen colours for dark and light surroundings. The light
 * set is darker than the usual one, since programs choose colours for a
 * black screen; what is still too faint, xterm.js lifts to the contrast
 * asked for here.
 */

import type { ITheme } from "@xterm/xterm";

const dark: ITheme = {
	background: "#141512", foreground: "#dedbd2",
	cursor: "#e8b45a", cursorAccent: "#141512",
	selectionBackground: "#4a4c3f",
	black: "#2a2c27", red: "#e8695b", green: "#8fb573",
	yellow: "#e0b05c", blue: "#7aa6cf", magenta: "#c490c4",
	cyan: "#74b8a8", white: "#cfccc2",
	brightBlack: "#7d7e74", brightRed: "#f58a7c", brightGreen: "#a9cf8c",
	brightYellow: "#f0c879", brightBlue: "#98bfe4",
	brightMagenta: "#dab0da", brightCyan: "#93d1c2",
	brightWhite: "#f4f1e8",
};

const light: ITheme = {
	background: "#fffdf7", foreground: "#24251f",
	cursor: "#a45c00", cursorAccent: "#fffdf7",
	selectionBackground: "#e2dcc4",
	black: "#24251f", red: "#b3261e", green: "#3d6b1f",
	yellow: "#855700", blue: "#1f5793", magenta: "#843f86",
	cyan: "#14685a", white: "#77776c",
	brightBlack: "#5c5d54", brightRed: "#c93a30", brightGreen: "#487d25",
	brightYellow: "#96650a", brightBlue: "#2b69ab",
	brightMagenta: "#984f9a", brightCyan: "#1c7868",
	brightWhite: "#3a3b34",
};

export function isDark(): MediaQueryList {
	return matchMedia("(prefers-color-scheme: dark)");
}

export function themeFor(isDarkNow: boolean): {
	theme: ITheme; minimumContrastRatio: number;
} {
	return isDarkNow ? { theme: dark, minimumContrastRatio: 1 }
	    : { theme: light, minimumContrastRatio: 3 };
}
