/* SPDX-License-Identifier: MIT */
/*
 * Keys that a touch keyboard does not have. Shown on touch screens only
 * (the style sheet decides). Ctrl holds for one key.
 */

import { useState } from "preact/hooks";
import type { Screen } from "../term/screen.ts";
import { control } from "./control.ts";

interface Key {
	face: string;
	name: string;
	plain: string;
	/* What is sent while the program asked for application cursor keys. */
	app?: string;
}

const keys: Key[] = [
	{ face: "Esc", name: "Escape", plain: "\x1b" },
	{ face: "Tab", name: "Tab", plain: "\t" },
	{ face: "←", name: "Left", plain: "\x1b[D", app: "\x1bOD" },
	{ face: "↓", name: "Down", plain: "\x1b[B", app: "\x1bOB" },
	{ face: "↑", name: "Up", plain: "\x1b[A", app: "\x1bOA" },
	{ face: "→", name: "Right", plain: "\x1b[C", app: "\x1bOC" },
	{ face: "|", name: "Pipe", plain: "|" },
	{ face: "/", name: "Slash", plain: "/" },
	{ face: "-", name: "Dash", plain: "-" },
];

export function KeyRow({ screen }: { screen: Screen }) {
	const [held, setHeld] = useState(false);

	/* At once, not with the next drawing: the next key may come first. */
	const hold = (on: boolean) => {
		setHeld(on);
		screen.mapInput = on ? (data) => {
			hold(false);
			return control(data);
		} : null;
	};
	const press = (key: Key) => {
		const app = screen.term.modes.applicationCursorKeysMode;
		screen.term.input(app && key.app ? key.app : key.plain);
		screen.term.focus();
	};
	/* Without this the tap would take the focus, and the touch keyboard
	 * would fold away under the finger. */
	const keep = (ev: Event) => ev.preventDefault();

	return (
		<div class="keys" role="toolbar" aria-label="Extra keys"
		    onPointerDown={keep} onMouseDown={keep}>
			<button type="button" aria-pressed={held}
			    onClick={() => hold(!held)}>Ctrl</button>
			{keys.map((key) => (
				<button type="button" key={key.name}
				    aria-label={key.name}
				    onClick={() => press(key)}>
					{key.face}</button>
			))}
		</div>
	);
}
