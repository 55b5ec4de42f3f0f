/* SPDX-License-Identifier: MIT */
/*
 * That tools of one conversation are not asked about. It stands where everybody
 * who looks sees it, and takes a second click.
 */

import { useEffect, useState } from "preact/hooks";
import { change, get } from "../../net/http.ts";
import type { Store } from "../../store.ts";
import { oneAtATime } from "../../util/one.ts";
import { Confirm } from "../dialog.tsx";

export interface Bypass {
	on: boolean;
	turn(on: boolean): void;
}

export function useBypass(store: Store, id: string): Bypass {
	const [on, setOn] = useState(false);
	const at = `/api/sessions/${id}/bypass`;

	useEffect(() => {
		let here = true;
		const ask = oneAtATime(() => get<{ on: boolean }>(at).then((b) =>
		    here && setOn(b.on), (err) => store.lost(err)));
		const deaf = store.hear({ refresh: ask, event: (kind) => {
			if (kind === "approval.bypass")
				void ask();
		} });

		void ask();
		return () => {
			here = false;
			deaf();
		};
	}, [store, id]);
	return { on, turn: (to) => void change<{ on: boolean }>(
	    to ? "PUT" : "DELETE", at).then((b) => setOn(b.on),
	    (err) => store.report(err)) };
}

export function BypassButton({ bypass }: { bypass: Bypass }) {
	const [asked, setAsked] = useState(false);

	if (bypass.on)
		return null;
	return (
		<>
			<button type="button" class="button"
			    title="Tools are used without asking you"
			    onClick={() => setAsked(true)}>Do not ask</button>
			{asked && <Confirm title="Use tools without asking?"
			    text={"Its agent runs commands and changes files, and " +
			        "nobody is asked, until you end that. Rules that " +
			        "deny or ask still do. It is on record that you " +
			        "wanted it."}
			    action="Do not ask" run={() => bypass.turn(true)}
			    done={() => setAsked(false)} />}
		</>
	);
}

/* `unasked`: the agent that is at work was begun so, and asks nobody still. */
export function BypassBar({ bypass, unasked }: {
	bypass: Bypass; unasked: boolean;
}) {
	if (!bypass.on && !unasked)
		return null;
	return (
		<div class="bypassed" role="status">
			<span>{unasked ? "The agent that is at work asks nobody." :
			    "Tools are used here without asking you."}</span>
			{bypass.on && <button type="button" class="button"
			    onClick={() => bypass.turn(false)}>Ask again</button>}
		</div>
	);
}
