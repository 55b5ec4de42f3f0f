/* SPDX-License-Identifier: MIT */
/*
 * What a run has written, as it is: the log that entries are made of, or what a
 * dev server says; its end, while it goes on, and all of it as a file. Nothing
 * in it is acted on.
 */

import {
	useEffect, useLayoutEffect, useMemo, useRef, useState,
} from "preact/hooks";
import { bytes as fetchBytes } from "../../net/http.ts";
import type { Run } from "../../net/types.ts";
import { shown, Tail } from "../../talk/tail.ts";
import { formatRoute, type Route } from "../../util/route.ts";
import { bytes } from "../../util/text.ts";
import { ending } from "../../util/status.ts";
import { useTitle } from "../hooks.ts";
import { Code, type Line } from "../space/code.tsx";
import { Refusal } from "../space/text.tsx";

/* Beyond that none is kept as a file. */
const largest = 256 * 1024 * 1024;
/* In px: so near to the end that what comes is to be seen. */
const near = 40;

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

/* Drawn once a frame, however much was written in it. */
function useTail(id: string): Tail | null {
	const tail = useRef<Tail | null>(null);
	const [, draw] = useState(0);

	useEffect(() => {
		let frame = 0;
		const made = tail.current = new Tail(id, () => {
			if (frame === 0)
				frame = requestAnimationFrame(() => {
					frame = 0;
					draw((n) => n + 1);
				});
		});

		return () => {
			made.stop();
			cancelAnimationFrame(frame);
		};
	}, [id]);
	return tail.current;
}

/* While it goes on its end is in sight, unless somebody has scrolled away. */
function useEnd(live: boolean) {
	const ref = useRef<HTMLDivElement>(null);
	const stick = useRef(false);
	const left = useRef(0);
	const look = () => {
		const el = ref.current!;

		stick.current = live && el.scrollHeight - el.scrollTop -
		    el.clientHeight < near;
		left.current = el.scrollTop;
	};

	/* Above where it was left somebody has scrolled, and the event that
	 * says so is still to come. */
	if (ref.current !== null && ref.current.scrollTop < left.current - 1)
		look();
	useEffect(() => {
		stick.current = live;
	}, [live]);
	useLayoutEffect(() => {
		const el = ref.current!;

		if (stick.current)
			el.scrollTop = el.scrollHeight;
		left.current = el.scrollTop;
	});
	return { ref, look };
}

function useSave() {
	const [trouble, setTrouble] = useState<unknown>(null);
	const stop = useMemo(() => new AbortController(), []);

	useEffect(() => () => stop.abort(), []);
	return { trouble, save: (run: Run) => void save(run, stop.signal)
	    .catch((err) => stop.signal.aborted || setTrouble(err)) };
}

export function OutputPage({ id, home, word }: {
	id: string; home: Route;
	/* What it leads back to. */
	word: string;
}) {
	const tail = useTail(id);
	const { trouble, save } = useSave();
	const back = formatRoute(home);
	const text = tail?.text ?? "", run = tail?.run ?? null;
	const lines = useMemo(() => linesOf(text), [text]);
	const live = run !== null && run.ended_at === null;
	const { ref, look } = useEnd(live);
	const wrong = trouble ?? tail?.trouble ?? null;

	useTitle("Output");
	return (
		<article class="session output" data-run={id} data-live={live}>
			<header class="head" data-open="true">
				<div class="what">
					<a class="back" href={back}
					    aria-label={word}>‹</a>
					<h1>Output</h1>
				</div>
				<p class="meta"><span role="status">{run === null ? ""
				    : live ? "It goes on" : ending(run)}</span>
					<a href={back}>{word}</a></p>
				{run !== null && <div class="actions">
					{run.log_bytes <= largest && <button
					    type="button" class="button"
					    onClick={() => save(run)}>
						{live ? "Download"
						    : `Download, ${bytes(run.log_bytes)}`}
					</button>}
				</div>}
			</header>
			<div class="content scroll" ref={ref} onScroll={look}>
				{wrong !== null && <Refusal err={wrong} />}
				{tail?.cut && <p class="aside">
					{`The last ${bytes(shown)} of it.`}</p>}
				{run !== null && (lines.length === 0
				    ? <p class="aside">{live ? "It has written nothing yet."
				        : "It wrote nothing."}</p>
				    : <Code lines={lines} label="Output" />)}
			</div>
		</article>
	);
}
