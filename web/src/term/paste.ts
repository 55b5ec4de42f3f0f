/* SPDX-License-Identifier: MIT */
/*
 * Pasted text is data. A program that asked for bracketed paste believes
 * everything before the end marker to be pasted and everything behind it to
 * be typed; a marker inside the clipboard would therefore let copied text
 * press keys. Its ESC becomes the visible symbol for ESC, which breaks the
 * marker and cannot form a new one; nothing else changes.
 */

/* The second spelling is the one-character C1 form of ESC [. */
const endMarker = /\x1b\[201~|\u009b201~/g;

export function neutralise(text: string): string {
	return text.replace(endMarker, "␛[201~");
}

export const bracketEnd = "\x1b[201~";
