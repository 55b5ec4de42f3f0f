/* SPDX-License-Identifier: MIT */
/*
 * Takes a conversation and its repositories back to before one of its turns.
 * What stands against it is told, and only who has read that is offered to go
 * back all the same: nothing is forced by the first click.
 */

import { useState } from "preact/hooks";
import { ApiError } from "../../net/http.ts";
import type { Talk } from "../../talk/talk.ts";
import type { Turn } from "../../talk/types.ts";
import { label } from "../../util/text.ts";
import { Dialog } from "../dialog.tsx";
import { Refusal } from "../space/text.tsx";

/* The reset that was refused, and what stands against it in which repository. */
interface Refused {
	reset?: { repos: { why: string | null; yields: boolean }[] };
}

/* Something stands against it, and by force nothing of that would. */
function yields(err: unknown): boolean {
	if (!(err instanceof ApiError))
		return false;
	const { reset } = (err.details ?? {}) as Refused;
	const against = reset?.repos.filter((r) => r.why !== null) ?? [];

	return against.length > 0 && against.every((r) => r.yields);
}

export function ResetDialog({ talk, turn, done }: {
	talk: Talk; turn: Turn; done(): void;
}) {
	const [refused, setRefused] = useState<unknown>(null);
	const [busy, setBusy] = useState(false);
	const force = yields(refused);
	const go = () => {
		setBusy(true);
		talk.back(turn.id, force).then(done, (err) => {
			setRefused(err);
			setBusy(false);
		});
	};

	return (
		<Dialog title="Go back to before this?" stays={true} done={done}
		    submit={() => busy || go()}>
			<p class="mono">{label(turn.prompt, 200)}</p>
			<p>What is at work is stopped, this turn and all after it are
				dropped, and each repository goes back to where it stood.
				What its branch leaves is kept under refs/rdv/rescue.</p>
			{refused !== null && <Refusal err={refused} />}
			{force && <p>Forced, what is not committed is discarded; it
				can be restored from there.</p>}
			<div class="buttons">
				<button type="button" class="button" onClick={done}>
					Cancel</button>
				<button class="button danger" disabled={busy}>
					{busy ? "…" : force ? "Go back all the same"
					    : "Go back"}</button>
			</div>
		</Dialog>
	);
}
