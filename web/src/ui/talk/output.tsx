/* SPDX-License-Identifier: MIT */
/*
 * What a run has written, as it is: the log that entries are made of, from its
 * end, and all of it as a file. Nothing in it is acted on.
 */

import { useEffect, useMemo, useState } from "preact/hooks";
import { bytes as fetchBytes, get } from "../../net/http.ts";
import type { Run } from "../../net/types.ts";
import { formatRoute } from "../../util/route.ts";
import { bytes } from "../../util/text.ts";
import { ending } from "../../util/status.ts";
import { useTitle } from "../hooks.ts";
import { Code, type Line } from "../space/code.tsx";
import { Refusal } from "../space/text.tsx";

/* Of its end this much is shown; beyond the second none is kept as a file. */
const shown = 256 * 1024;
const largest = 256 * 1024 * 1024;

interface Output {
	run: Run;
	text: string;
	cut: boolean;
}

async function fetchOutput(id: string, signal: AbortSignal): Promise<Output> {
	const run = await get<Run>(`/api/runs/${id}`, signal);
	const since = Math.max(0, run.log_bytes - shown);
	const data = await fetchBytes(`/api/runs/${id}/log?since=${since}`,
	    signal);

	return { run, text: new TextDecoder().decode(data), cut: since > 0 };
}

function linesOf(text: string): Line[] {
	const all = text.split("\n");

	if (all.at(-1) === "")
		all.pop();
	return all.map((line) => ({ kind: "line", nos: [], mark: "", open: false,
	    tokens: () => [{ text: line.replace(/\r$/, ""), style: "" }] }));
}

/* The browser keeps it: a link alone could not say who asks. */
async function save(run: Run, signal: AbortSignal): Promise<void> {
	const data = await fetchBytes(`/api/runs/${run.id}/log`, signal);
	const url = URL.createObjectURL(new Blob([data as BlobPart],
	    { type: "application/octet-stream" }));
	const a = document.createElement("a");

	a.href = url;
	a.download = `${run.id}.log`;
	a.click();
	URL.revokeObjectURL(url);
}

function useOutput(id: string) {
	const [output, setOutput] = useState<Output | null>(null);
	const [trouble, setTrouble] = useState<unknown>(null);
	const [turn, setTurn] = useState(0);
	const stop = useMemo(() => new AbortController(), []);

	useEffect(() => () => stop.abort(), []);
	useEffect(() => {
		fetchOutput(id, stop.signal).then((o) => {
			setOutput(o);
			setTrouble(null);
		}).catch((err) => stop.signal.aborted || setTrouble(err));
	}, [id, turn]);
	return { output, trouble, again: () => setTurn(turn + 1),
		save: () => void save(output!.run, stop.signal).catch((err) =>
		    stop.signal.aborted || setTrouble(err)) };
}

export function OutputPage({ id, conversation }: {
	id: string; conversation: string;
}) {
	const { output, trouble, again, save } = useOutput(id);
	const back = formatRoute({ page: "conversation", id: conversation });
	const lines = useMemo(() => linesOf(output?.text ?? ""),
	    [output?.text]);
	const over = output !== null && output.run.ended_at !== null;

	useTitle("Output");
	return (
		<article class="session output" data-run={id}>
			<header class="head" data-open="true">
				<div class="what">
					<a class="back" href={back}
					    aria-label="The conversation">‹</a>
					<h1>Output</h1>
				</div>
				<p class="meta"><span>{output === null ? ""
				    : over ? ending(output.run) : "It goes on"}</span>
					<a href={back}>the conversation</a></p>
				{output !== null && <div class="actions">
					{!over && <button type="button" class="button"
					    onClick={again}>Look again</button>}
					{output.run.log_bytes <= largest && <button
					    type="button" class="button" onClick={save}>
						{`Download, ${bytes(output.run.log_bytes)}`}
					</button>}
				</div>}
			</header>
			<div class="content scroll">
				{trouble !== null && <Refusal err={trouble} />}
				{output?.cut && <p class="aside">
					{`The last ${bytes(shown)} of it.`}</p>}
				{output !== null && (lines.length === 0
				    ? <p class="aside">It wrote nothing.</p>
				    : <Code lines={lines} label="Output" />)}
			</div>
		</article>
	);
}
