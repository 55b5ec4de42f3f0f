/* SPDX-License-Identifier: MIT */
/*
 * Starts the page. A sign-in code, or what makes a link good, is taken out of
 * the address bar before anything is drawn. Who comes by a link gets one
 * terminal and none of the rest, signed in here or not.
 */

import { render } from "preact";
import { Store } from "./store.ts";
import { App } from "./ui/app.tsx";
import { GuestPage, takeSecret } from "./ui/guest.tsx";

const place = document.getElementById("app")!;

function guest(): void {
	const secret = takeSecret();

	/* Another link in the same tab is another terminal. */
	window.addEventListener("hashchange", () => location.reload());
	render(<GuestPage secret={secret} />, place);
}

function owner(): void {
	const store = new Store();

	void store.start();
	render(<App store={store} />, place);
}

if (location.pathname === "/s/")
	guest();
else
	owner();
