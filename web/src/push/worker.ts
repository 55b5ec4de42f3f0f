/* SPDX-License-Identifier: MIT */
/*
 * What runs when a push arrives and no page may be open. It knows what waits
 * and which one, nothing else, and asks nobody: it has no page key, and no
 * request of a page passes through it. Who taps comes to what is asked, or to
 * the page as it is where one is open; it wants a sign-in before it shows a word.
 */

import { notice } from "./notice.ts";

interface Client {
	focus(): Promise<unknown>;
}

interface Woken extends Event {
	waitUntil(done: Promise<unknown>): void;
	data?: { text(): string } | null;
	notification?: { close(): void };
}

interface Scope {
	addEventListener(kind: string, run: (ev: Woken) => void): void;
	skipWaiting(): Promise<void>;
	registration: {
		showNotification(title: string, options: object): Promise<void>;
	};
	clients: {
		matchAll(options: object): Promise<Client[]>;
		openWindow(path: string): Promise<unknown>;
	};
}

const scope = self as unknown as Scope;

async function show(text: string): Promise<void> {
	const { title, tag } = notice(text);

	/* One for each approval: a second push takes the first one's place. */
	await scope.registration.showNotification(title, {
		body: "rdv", tag, icon: "/icon.svg",
	});
}

async function come(): Promise<void> {
	const pages = await scope.clients.matchAll({
		type: "window", includeUncontrolled: true,
	});

	await (pages[0]?.focus() ?? scope.clients.openWindow("/#/asks"));
}

scope.addEventListener("install", (ev) => ev.waitUntil(scope.skipWaiting()));
scope.addEventListener("push", (ev) =>
	ev.waitUntil(show(ev.data?.text() ?? "")));
scope.addEventListener("notificationclick", (ev) => {
	ev.notification?.close();
	ev.waitUntil(come());
});
