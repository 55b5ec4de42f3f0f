/* SPDX-License-Identifier: MIT */
/*
 * What an agent writes, as text nodes: no markup is made of it, and what cannot
 * be seen in it is told. Of what is very long the beginning is shown.
 */

import type { ComponentChildren } from "preact";
import { linePieces } from "../../space/name.ts";
import { markdown, type Block, type Inline } from "../../talk/markdown.ts";
import { Pieces } from "../space/text.tsx";

const longest = 100_000;

function Lines({ text }: { text: string }) {
	return (
		<>
			{text.split("\n").map((line, i) => (
				<>
					{i > 0 && "\n"}
					<Pieces list={linePieces(line)} />
				</>
			))}
		</>
	);
}

function Rest({ of }: { of: string }) {
	if (of.length <= longest)
		return null;
	return <span class="odd">{`and ${of.length - longest} more ` +
	    "characters, which the output of its run has"}</span>;
}

/* Within what keeps its line feeds. */
export function Plain({ text }: { text: string }) {
	return (
		<>
			<Lines text={text.slice(0, longest)} />
			<Rest of={text} />
		</>
	);
}

function Word({ part }: { part: Inline }) {
	const inside: ComponentChildren = <Lines text={part.text} />;

	switch (part.kind) {
	case "code": return <code>{inside}</code>;
	case "strong": return <strong>{inside}</strong>;
	case "em": return <em>{inside}</em>;
	case "text": return <>{inside}</>;
	case "link": return (
		<a href={part.href} title={part.href} target="_blank"
		    rel="noopener noreferrer">
			{inside}{part.host !== null && <span class="aside">
				{` (${part.host})`}</span>}
		</a>
	);
	}
}

function Words({ parts }: { parts: Inline[] }) {
	return <>{parts.map((part, i) => <Word key={i} part={part} />)}</>;
}

function One({ block }: { block: Block }) {
	switch (block.kind) {
	case "code":
	case "table":
		return <pre tabIndex={0}><Plain text={block.text} /></pre>;
	case "heading":
		return <p class="heading"><Words parts={block.inline} /></p>;
	case "quote":
		return <blockquote><Words parts={block.inline} /></blockquote>;
	case "p":
		return <p><Words parts={block.inline} /></p>;
	case "list":
		return (
			<ul class="points">{block.items.map((item, i) => (
				<li key={i} data-depth={item.depth}>
					<span class="point">{item.mark}</span>
					<span><Words parts={item.inline} /></span>
				</li>
			))}</ul>
		);
	}
}

export function Prose({ text }: { text: string }) {
	return (
		<div class="prose">
			{markdown(text.slice(0, longest)).map((block, i) =>
				<One key={i} block={block} />)}
			<Rest of={text} />
		</div>
	);
}
