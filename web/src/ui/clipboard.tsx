/* SPDX-License-Identifier: MIT */
/*
 * The clipboard between this browser and a session. Its programs write it when
 * the owner lets them, and he is told; they never read it. What goes the other
 * way is sent by a click: programs fetch it with rdv clipboard paste.
 */

import type { ComponentChildren } from "preact";
import { change, text } from "../net/http.ts";
import type { Session } from "../net/types.ts";
import type { Store } from "../store.ts";
import { label } from "../util/text.ts";

export type Tell = (text: string) => void;

export interface Clipboard {
	/* A program puts it there. */
	put(text: string, bytes: number, tell: Tell): void;
	/* The server has one. */
	copied(tell: Tell): void;
	panel(tell: Tell): ComponentChildren;
}

/* As the server counts it. */
const limit = 1024 * 1024;

function putClip(
	session: Session, clip: string, bytes: number, tell: Tell,
): void {
	const name = label(session.name);
	const done = navigator.clipboard?.writeText(clip) ??
	    Promise.reject(new Error("not in this context"));

	done.then(() => tell(
	    `${bytes} bytes were put on the clipboard by ${name}.`),
	() => tell(`${name} may put text on the clipboard, but the browser ` +
	    "did not let it: is this window in front?"));
}

/* The server has one, of a program that copied it. */
async function fetchClip(session: Session, tell: Tell): Promise<void> {
	const clip = await text(`/api/sessions/${session.id}/clipboard`);

	if (clip !== "")
		putClip(session, clip,
		    new TextEncoder().encode(clip).length, tell);
}

async function sendClip(store: Store, session: Session, tell: Tell) {
	const data = await navigator.clipboard.readText();
	const bytes = new TextEncoder().encode(data).length;

	if (bytes === 0 || bytes > limit) {
		tell(bytes === 0 ? "There is no text on the clipboard."
		    : "The clipboard holds more than 1 MiB of text.");
		return;
	}
	await store.act(() => change("POST",
	    `/api/sessions/${session.id}/clipboard`, { data, tell: false }));
	tell(`${bytes} bytes are there for rdv clipboard paste, for 10 minutes.`);
}

function ClipboardSwitch({ store, session, tell }: {
	store: Store; session: Session; tell: Tell;
}) {
	const flip = (clipboard: boolean) => void store.act(() =>
	    change("PATCH", `/api/sessions/${session.id}`, { clipboard }));

	return (
		<>
			<label class="check">
				<input type="checkbox" checked={session.clipboard}
				    onChange={(ev) =>
				        flip(ev.currentTarget.checked)} />
				Let its programs write the clipboard
			</label>
			<button type="button" class="button"
			    onClick={() => sendClip(store, session, tell).catch(
			        () => tell("The browser did not let the " +
			            "clipboard be read."))}>
				Send the clipboard to it</button>
		</>
	);
}

export function clipboardOf(store: Store, session: Session): Clipboard {
	return {
		put: (clip, bytes, tell) => putClip(session, clip, bytes, tell),
		copied: (tell) => void fetchClip(session, tell)
		    .catch(() => undefined),
		panel: (tell) => <ClipboardSwitch store={store}
		    session={session} tell={tell} />,
	};
}
