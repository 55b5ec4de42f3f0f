/* SPDX-License-Identifier: MIT */
/*
 * Whether keys are shown before the server has answered: a matter of the line
 * one sits on, so each browser keeps its own choice.
 */

import { useState } from "preact/hooks";
import type { Choice } from "../term/predict.ts";
import type { Screen } from "../term/screen.ts";

const key = "rdv.echo";

const words: Record<Choice, string> = {
	auto: "On slow lines", always: "Always", never: "Never",
};

export function echoChoice(): Choice {
	const kept = localStorage.getItem(key) ?? "";

	return Object.hasOwn(words, kept) ? kept as Choice : "auto";
}

export function echoTime(screen: Screen): string {
	const ms = screen.guesses.roundTrip;

	return ms === null ? "not known" : `${Math.round(ms)} ms`;
}

export function EchoSelect({ screen }: { screen: Screen }) {
	const [choice, setChoice] = useState(echoChoice());
	const choose = (to: Choice) => {
		localStorage.setItem(key, to);
		screen.guesses.choose(to);
		setChoice(to);
	};

	return (
		<label class="check echo">
			Show what you type before it is echoed, underlined
			<select value={choice} onChange={(ev) =>
			    choose(ev.currentTarget.value as Choice)}>
				{Object.entries(words).map(([value, word]) => (
					<option key={value} value={value}>
						{word}</option>
				))}
			</select>
		</label>
	);
}
