/* SPDX-License-Identifier: MIT */
/*
 * The key that this page was given when it signed in. The cookie alone shows
 * nothing, since the browser gives it to every server on this host whatever
 * its port; what is stored here is for this origin alone. It is read anew for
 * each request, because another tab may have signed in meanwhile.
 */

const name = "rdv.page";

export function pageKey(): string | null {
	return localStorage.getItem(name);
}

export function keepPageKey(key: string): void {
	localStorage.setItem(name, key);
}

export function dropPageKey(): void {
	localStorage.removeItem(name);
}

/* Calls `fn` when another tab has signed in. */
export function onPageKey(fn: () => void): void {
	window.addEventListener("storage", (ev) => {
		if (ev.key === name && ev.newValue !== null)
			fn();
	});
}
