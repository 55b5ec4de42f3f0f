/* SPDX-License-Identifier: MIT */
/*
 * Where the keyboard is. What appears by itself takes the focus when nobody
 * types, and never out of a box or a dialog; there it is announced instead.
 */

const boxes = "input:not([type='checkbox'], [type='radio'], [type='button'])," +
    "textarea, select, [contenteditable]";

export function isTyping(): boolean {
	return document.activeElement?.matches(boxes) === true ||
	    document.querySelector("dialog[open]") !== null;
}

/* To the first thing that is asked; false when nothing is. */
export function focusAsked(): boolean {
	const deny = document.querySelector<HTMLElement>(".ask .deny");

	deny?.focus();
	return deny !== null;
}

export function focusBox(): void {
	document.querySelector<HTMLElement>("#talk-prompt")?.focus();
}
