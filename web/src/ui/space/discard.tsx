/* SPDX-License-Identifier: MIT */
/*
 * Throws changes of files away. None is chosen at first, and what was thrown
 * away is kept: it is offered where it was done, and whenever this is opened.
 */

import { useEffect, useState } from "preact/hooks";
import { askDiscards, discard, restore } from "../../space/act.ts";
import { ago, label } from "../../util/text.ts";
import type { Discarded, Part } from "../../space/types.ts";
import { Dialog } from "../dialog.tsx";
import { moved } from "./commit.tsx";
import { Picks, usePicking } from "./pick.tsx";
import { Refusal } from "./text.tsx";

function useKept(tree: string, failed: (err: unknown) => void) {
	const [kept, setKept] = useState<Discarded[]>([]);
	const look = () => askDiscards(tree).then(setKept).catch(failed);

	useEffect(() => void look(), [tree]);
	return { kept, look };
}

const counted = (n: number) => `${n} ${n === 1 ? "file" : "files"}`;

export function DiscardDialog({ part, done }: {
	part: Part; done(): void;
}) {
	const picking = usePicking(part.path);
	const [refused, setRefused] = useState<unknown>(null);
	const [busy, setBusy] = useState(false);
	const { kept, look } = useKept(part.path, setRefused);
	const { files, stat } = picking;

	const act = async (fn: () => Promise<unknown>) => {
		if (busy)
			return;
		setBusy(true);
		setRefused(null);
		try {
			await fn();
			await look();
			picking.again();
		} catch (err) {
			setRefused(err);
		}
		setBusy(false);
	};
	const go = () => void (files.length > 0 && act(() =>
	    discard(part.path, stat!.from, files)));
	return (
		<Dialog title={`Discard changes in ${label(part.name)}`}
		    stays={true} done={done} submit={go}>
			<p>The checked files become as the last commit has them.
				What is lost by that is kept and can be restored.</p>
			<Picks picking={picking} />
			{kept.length > 0 && <Kept kept={kept} busy={busy}
			    back={(id) => void act(() => restore(id))} />}
			{refused !== null && <Refusal err={refused} />}
			<div class="buttons">
				<button type="button" class="button" onClick={done}>
					Close</button>
				{moved(refused) && <button type="button"
				    class="button" onClick={() => {
				        setRefused(null);
				        picking.again();
				    }}>Look again</button>}
				<button class="button danger"
				    disabled={busy || files.length === 0}>
					{busy ? "…" : files.length === 0 ? "Discard"
					    : `Discard ${counted(files.length)}`}</button>
			</div>
		</Dialog>
	);
}

function Kept({ kept, busy, back }: {
	kept: Discarded[]; busy: boolean; back(id: string): void;
}) {
	return (
		<section aria-label="Discarded before">
			<h3>Discarded before</h3>
			<ul class="kept">
				{kept.map((d) => (
					<li key={d.id}>
						<span>{counted(d.files)}{" "}
							<span class="aside">
								{ago(d.discarded_at, Date.now())}
							</span></span>
						<button type="button" class="button"
						    disabled={busy}
						    onClick={() => back(d.id)}>
							Restore</button>
					</li>
				))}
			</ul>
		</section>
	);
}
