/* SPDX-License-Identifier: MIT */
/*
 * A commit: of all that has changed, of the files that are checked or of what
 * was staged in a terminal. The message stays when it is refused.
 */

import { useState } from "preact/hooks";
import { ApiError } from "../../net/http.ts";
import { commit, type Chosen, type Committed } from "../../space/act.ts";
import type { Store } from "../../store.ts";
import { label } from "../../util/text.ts";
import type { Part } from "../../space/types.ts";
import { Dialog } from "../dialog.tsx";
import { Picks, usePicking } from "./pick.tsx";
import { Refusal, Total } from "./text.tsx";

type Kind = "all" | "some" | "staged";

/* What the repository wanted to be run, and was not, is told. */
function untold({ hooks_not_run, filters_not_run }: Committed): string {
	const hooks = hooks_not_run.map((h) => label(h)).join(", ");

	return [hooks && `Hooks of the repository were not run: ${hooks}.`,
	    filters_not_run && "Its filters were not run."]
	    .filter(Boolean).join(" ");
}

export function CommitDialog({ store, part, done }: {
	store: Store; part: Part; done(): void;
}) {
	const picking = usePicking(part.path);
	const [kind, setKind] = useState<Kind>("all");
	const [message, setMessage] = useState("");
	const [refused, setRefused] = useState<unknown>(null);
	const [busy, setBusy] = useState(false);
	const { stat } = picking;
	const what: Chosen = kind === "all" ? null
	    : kind === "staged" ? "staged" : picking.files;
	const nothing = kind === "some" && picking.files.length === 0;

	const go = async () => {
		if (busy || stat === null || nothing)
			return;
		setBusy(true);
		try {
			const made = await commit(part.path, stat.from, what,
			    message);
			const more = untold(made);
			if (more !== "")
				store.tell(`Committed. ${more}`);
			done();
		} catch (err) {
			setRefused(err);
			setBusy(false);
		}
	};
	return (
		<Dialog title={`Commit in ${label(part.name)}`} stays={true}
		    done={done} submit={() => void go()}>
			<div>
				<label for="commit-message">Message</label>
				<textarea id="commit-message" rows={4} required
				    value={message} onInput={(ev) =>
				        setMessage(ev.currentTarget.value)} />
			</div>
			<div>
				<label for="commit-what">What</label>
				<select id="commit-what" value={kind}
				    onChange={(ev) => setKind(
				        ev.currentTarget.value as Kind)}>
					<option value="all">All that has changed</option>
					<option value="some">The checked files</option>
					<option value="staged">What is staged</option>
				</select>
			</div>
			{kind === "all" && stat !== null && <p class="sum">
				<Total stat={stat} /></p>}
			{(kind === "some" || picking.trouble !== null) &&
			    <Picks picking={picking} />}
			{refused !== null && <Refusal err={refused} />}
			<div class="buttons">
				<button type="button" class="button" onClick={done}>
					Cancel</button>
				{moved(refused) && <button type="button"
				    class="button" onClick={() => {
				        setRefused(null);
				        picking.again();
				    }}>Look again</button>}
				<button class="button primary"
				    disabled={busy || stat === null || nothing}>
					{busy ? "…" : "Commit"}</button>
			</div>
		</Dialog>
	);
}

export function moved(err: unknown): boolean {
	return err instanceof ApiError && err.code === "HEAD_MOVED";
}
