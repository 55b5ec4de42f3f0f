/* SPDX-License-Identifier: MIT */
/*
 * What a session that is over has left: its output, to be read and copied. The
 * cause of its end stands outside the frame, as a program can draw anything
 * inside it.
 */

import { useEffect, useRef, useState } from "preact/hooks";
import type { Run } from "../net/types.ts";
import { messageOf } from "../store.ts";
import { Past } from "../term/past.ts";
import { bytes } from "../util/text.ts";
import { LinkBar, readerOn } from "./terminal.tsx";

type Phase =
	| { name: "loading" }
	| { name: "shown"; cut: boolean }
	| { name: "failed"; why: string };

function wordsFor(phase: Phase, run: Run): string {
	if (phase.name === "loading")
		return "fetching the output…";
	if (phase.name === "failed")
		return `The output could not be fetched. ${phase.why}`;
	if (phase.cut)
		return `the last of its output, ${bytes(run.log_bytes)} in all`;
	return "its output";
}

export function PastView({ run }: { run: Run }) {
	const host = useRef<HTMLDivElement>(null);
	const [phase, setPhase] = useState<Phase>({ name: "loading" });
	const [link, setLink] = useState<string | null>(null);
	const [notice, setNotice] = useState<string | null>(null);
	const clear = () => {
		setLink(null);
		setNotice(null);
	};

	useEffect(() => {
		const past = new Past(host.current!, run,
		    { link: setLink, notice: setNotice }, readerOn());
		let here = true;

		past.show().then(() => here && setPhase({ name: "shown",
		    cut: past.isCut }), (err) => here &&
		    setPhase({ name: "failed", why: messageOf(err) }));
		return () => {
			here = false;
			past.dispose();
		};
	}, [run.id, run.state]);
	return (
		<section class="terminal past" aria-label="Output"
		    data-phase={phase.name}>
			<div class="glass">
				<div class="frame">
					<div class="host" ref={host} />
				</div>
				<div class="over">
					<LinkBar link={link} notice={notice}
					    clear={clear} />
				</div>
			</div>
			<div class="status">
				<span role="status">{wordsFor(phase, run)}</span>
				<span class="title" />
				<span>read only</span>
				{run.cols !== null && <span class="dims">
					{`${run.cols} × ${run.rows}`}</span>}
			</div>
		</section>
	);
}
