/* SPDX-License-Identifier: MIT */
/*
 * Whether this browser is told when something waits. The browser's own
 * subscription is what counts: the server hears of it, and of its end from the
 * push service if not from here.
 */

import { change, get } from "../net/http.ts";
import { base64url, deviceName } from "./notice.ts";

const place = "rdv-push-device";

export function isPossible(): boolean {
	return isSecureContext && "serviceWorker" in navigator &&
	    "PushManager" in window && "Notification" in window;
}

async function current(): Promise<PushSubscription | null> {
	const reg = await navigator.serviceWorker.getRegistration("/");

	return await reg?.pushManager.getSubscription() ?? null;
}

export async function isOn(): Promise<boolean> {
	return isPossible() && localStorage.getItem(place) !== null &&
	    await current() !== null;
}

/* With the key of this host: what another one's is for cannot be told by us. */
async function subscribe(key: string): Promise<PushSubscription> {
	const reg = await navigator.serviceWorker.register("/sw.js");
	const old = await reg.pushManager.getSubscription();
	const made = old?.options.applicationServerKey ?? null;

	if (old !== null && made !== null && base64url(made) === key)
		return old;
	await old?.unsubscribe();
	await navigator.serviceWorker.ready;
	return reg.pushManager.subscribe({
		userVisibleOnly: true, applicationServerKey: key,
	});
}

export async function turnOn(): Promise<void> {
	if (await Notification.requestPermission() !== "granted")
		throw new Error("The browser does not allow notifications here.");
	const { key } = await get<{ key: string }>("/api/push/key");
	const { endpoint, keys } = (await subscribe(key)).toJSON();
	const made = await change<{ id: string }>("POST", "/api/push/devices", {
		name: deviceName(navigator.userAgent), endpoint,
		p256dh: keys?.p256dh, auth: keys?.auth,
	});

	localStorage.setItem(place, made.id);
}

/* In this order: what ends half is a device that is told to nobody. */
export async function turnOff(): Promise<void> {
	const id = localStorage.getItem(place);

	await (await current())?.unsubscribe();
	localStorage.removeItem(place);
	if (id !== null)
		await change("DELETE",
		    `/api/push/devices/${encodeURIComponent(id)}`);
}
