/* SPDX-License-Identifier: MIT */
/*
 * Lines of code, of which only those near the window are elements: all are of
 * one height, so that what is not drawn has its place without being looked at.
 * A file of any length costs what a screen of it costs.
 */

import { memo } from "preact/compat";
import { useEffect, useRef, useState } from "preact/hooks";
import type { Token } from "../../space/code.ts";
import { linePieces } from "../../space/name.ts";
import { bounded } from "../../space/rows.ts";
import { Pieces } from "./text.tsx";

export interface Line {
	kind: "head" | "line" | "gap";
	nos: (number | null)[];
	mark: string;
	/* Nothing ends it. */
	open: boolean;
	tokens(): Token[];
}

const size = 100;
const longest = 5000;
/* In px; the style sheet says the same. */
export const height = 20;

export function Code({ lines, label }: { lines: Line[]; label: string }) {
	const host = useRef<HTMLDivElement>(null);
	const count = Math.ceil(lines.length / size);
	const near = useNear(host, count);

	return (
		<div class="code" ref={host} tabIndex={0} role="region"
		    aria-label={label}>
			{Array.from({ length: count }, (_, i) => (
				<div key={i} class="chunk" data-chunk={i}
				    style={{ height: `${height *
				        Math.min(size, lines.length - i * size)}px` }}>
					{near.has(i) && <Chunk lines={lines}
					    from={i * size} />}
				</div>
			))}
		</div>
	);
}

/* Which of its parts are in sight, or a screen away from it. */
function useNear(
	host: { current: HTMLDivElement | null }, count: number,
): Set<number> {
	const [near, setNear] = useState(() => new Set<number>());

	useEffect(() => {
		const eye = new IntersectionObserver((all) => setNear((old) => {
			const now = new Set(old);
			for (const { target, isIntersecting } of all) {
				const i = Number((target as HTMLElement)
				    .dataset.chunk);
				if (isIntersecting)
					now.add(i);
				else
					now.delete(i);
			}
			return now;
		}), { root: host.current!.closest(".scroll"),
		    rootMargin: "800px 100000px" });

		for (const el of host.current!.children)
			eye.observe(el);
		return () => eye.disconnect();
	}, [count]);
	return near;
}

const Chunk = memo(({ lines, from }: { lines: Line[]; from: number }) => (
	<>
		{lines.slice(from, from + size).map((line, i) => (
			<Row key={i} line={line} />
		))}
	</>
));

function Row({ line }: { line: Line }) {
	const { tokens, cut } = bounded(line.tokens(), longest);

	return (
		<div class="line" data-kind={line.kind} data-mark={line.mark}>
			{line.nos.map((no, i) => (
				<span key={i} class="no" data-no={no ?? ""} />
			))}
			{line.mark !== "" && <span class="mark">{line.mark}</span>}
			<span class="text">
				{tokens.map((t, i) => {
					const pieces = <Pieces
					    list={linePieces(t.text)} />;
					return t.style === "" ? pieces
					    : <span key={i} class={t.style}>
						{pieces}</span>;
				})}
				{cut && <span class="odd">shortened</span>}
				{line.open && <span class="odd"
				    title="Nothing ends this line">no end</span>}
			</span>
		</div>
	);
}
