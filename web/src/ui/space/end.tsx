/* SPDX-License-Identifier: MIT */
/*
 * Archives or deletes a workspace. What stands in the way is told for each
 * repository, and only who has read that is offered to have it all go to the
 * trash: nothing is forced by the first click.
 */

import { useState } from "preact/hooks";
import { label } from "../../util/text.ts";
import type { Workspace } from "../../space/types.ts";
import { Dialog } from "../dialog.tsx";
import { obstacles, Refusal } from "./text.tsx";

interface Words {
	title: string;
	text: string;
	/* What may be wished beyond it. */
	option: string;
	action: string;
}

const words: Record<"archive" | "delete", Words> = {
	archive: {
		title: "Archive",
		text: "It is put away and can be restored.",
		option: "Remove its worktrees, too",
		action: "Archive",
	},
	delete: {
		title: "Delete",
		text: "Its worktrees are removed, if they hold nothing unsaved.",
		option: "Delete its branches, too, where no commit goes with them",
		action: "Delete",
	},
};

export function EndDialog({ how, ws, end, done }: {
	how: keyof typeof words; ws: Workspace; done(): void;
	end(option: boolean, force: boolean): Promise<void>;
}) {
	const [option, setOption] = useState(false);
	const [refused, setRefused] = useState<unknown>(null);
	const [busy, setBusy] = useState(false);
	const say = words[how];

	const go = async (force: boolean) => {
		if (busy)
			return;
		setBusy(true);
		try {
			await end(option, force);
			done();
		} catch (err) {
			setRefused(err);
			setBusy(false);
		}
	};
	return (
		<Dialog title={`${say.title} “${label(ws.name)}”?`} stays={true}
		    done={done} submit={() => void go(false)}>
			<p>{say.text}</p>
			<label class="check">
				<input type="checkbox" checked={option}
				    onChange={(ev) => {
				        setOption(ev.currentTarget.checked);
				        setRefused(null);
				    }} />
				{say.option}
			</label>
			{refused !== null && <Refusal err={refused} />}
			<EndButtons busy={busy} action={say.action} done={done}
			    forced={obstacles(refused).length > 0
			        ? () => void go(true) : null} />
		</Dialog>
	);
}

function EndButtons({ busy, action, done, forced }: {
	busy: boolean; action: string; done(): void;
	forced: (() => void) | null;
}) {
	return (
		<div class="buttons">
			<button type="button" class="button" onClick={done}>
				Cancel</button>
			{forced !== null && <button type="button"
			    class="button danger" disabled={busy}
			    title="They can be brought back from the trash"
			    onClick={forced}>To the trash with all of it</button>}
			{forced === null && <button class="button danger"
			    disabled={busy}>{busy ? "…" : action}</button>}
		</div>
	);
}
