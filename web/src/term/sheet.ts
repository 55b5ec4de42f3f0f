/* SPDX-License-Identifier: MIT */
/*
 * <rdv-sheet>: stands in for the <style> elements xterm.js makes (build.mjs
 * rewrites them). The policy forbids inline styles, and rightly; a sheet that
 * a trusted script constructs is no markup, so it needs no exception.
 */

class Sheet extends HTMLElement {
	private readonly sheet = new CSSStyleSheet();

	/* xterm.js assigns its rules here, before and after insertion. */
	override set textContent(css: string | null) {
		this.sheet.replaceSync(css ?? "");
	}

	override get textContent(): string {
		return "";
	}

	connectedCallback(): void {
		document.adoptedStyleSheets =
		    [...document.adoptedStyleSheets, this.sheet];
	}

	disconnectedCallback(): void {
		document.adoptedStyleSheets = document.adoptedStyleSheets
		    .filter((one) => one !== this.sheet);
	}
}

customElements.define("rdv-sheet", Sheet);
