/* SPDX-License-Identifier: MIT */
/*
 * Who else looks at this terminal, as chips. Names of guests are what somebody
 * wrote on a link: they are shown as text, cut, and marked as a guest's.
 */

import type { Viewer } from "../term/wire.ts";
import { label } from "../util/text.ts";

const shown = 4;

function about(v: Viewer): string {
	const parts = [v.guest ? "by a link" : "an account",
	    v.mode === "write" ? "may type" : "looks"];

	if (v.cols !== null && v.rows !== null)
		parts.push(`${v.cols} × ${v.rows}`);
	if (v.size_owner)
		parts.push("sets the size");
	return parts.join(", ");
}

export function Others({ list, total }: { list: Viewer[]; total: number }) {
	const more = Math.max(total - 1, list.length) - shown;

	if (list.length === 0)
		return null;
	return (
		<ul class="others" aria-label="Also looking">
			{list.slice(0, shown).map((v) => (
				<li key={v.id} data-guest={v.guest}
				    data-typing={v.typing} title={about(v)}>
					{label(v.name, 24) || "guest"}
					{v.typing && " types"}
				</li>
			))}
			{more > 0 && <li>{`+${more}`}</li>}
		</ul>
	);
}
