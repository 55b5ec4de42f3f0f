/* SPDX-License-Identifier: MIT */
/*
 * The use of a tool: a line that says what it does and how that went, and
 * folded behind it what it was told and has said, which is drawn when somebody
 * unfolds it.
 */

import { useState } from "preact/hooks";
import {
	counts, isOpen, partsOf, statusOf, type Part,
} from "../../talk/tool.ts";
import type { Entry, Question, Todo } from "../../talk/types.ts";
import { label } from "../../util/text.ts";
import { linePieces } from "../../space/name.ts";
import { Counts, Pieces } from "../space/text.tsx";
import { Plain, Prose } from "./text.tsx";

const manyLines = 2000;

function Patch({ text }: { text: string }) {
	const lines = text.replace(/\n$/, "").split("\n");

	return (
		<pre class="patch" tabIndex={0}>
			{lines.slice(0, manyLines).map((line, i) => (
				<span key={i} data-mark={/^(@@|--- |\+\+\+ )/.test(line)
				    ? "@" : line[0] ?? ""}><Plain text={`${line}\n`} /></span>
			))}
			{lines.length > manyLines && <span class="odd">
				{`and ${lines.length - manyLines} more lines`}</span>}
		</pre>
	);
}

const boxes: Record<string, string> = {
	completed: "☑", in_progress: "▶", cancelled: "☒",
};

const done: Record<string, string> = {
	completed: "done", in_progress: "at work", cancelled: "cancelled",
};

function Todos({ todos }: { todos: Todo[] }) {
	return (
		<ul class="todos">{todos.map((t, i) => (
			<li key={i} data-status={t.status}>
				<span role="img" aria-label={done[t.status] ??
				    "to do"}>{boxes[t.status] ?? "☐"}</span>
				<span><Plain text={t.content} /></span>
			</li>
		))}</ul>
	);
}

function Questions({ questions }: { questions: Question[] }) {
	return (
		<>{questions.map((q, i) => (
			<div key={i} class="prose">
				<p><Plain text={q.question} /></p>
				<ul class="points">{q.options?.map((o, n) => (
					<li key={n}><span class="point">•</span>
						<Plain text={o.label} /></li>
				))}</ul>
			</div>
		))}</>
	);
}

function PartView({ part }: { part: Part }) {
	switch (part.kind) {
	case "command":
		return <pre class="command" tabIndex={0}>
			<Plain text={part.text} /></pre>;
	case "output":
		return <pre tabIndex={0}><Plain text={part.text} /></pre>;
	case "patch":
		return <Patch text={part.text} />;
	case "markdown":
		return <Prose text={part.text} />;
	case "note":
		return <p class="aside"><Plain text={part.text} /></p>;
	case "todos":
		return <Todos todos={part.todos} />;
	case "questions":
		return <Questions questions={part.questions} />;
	}
}

export function Tool({ entry }: { entry: Entry }) {
	const { tool_name, status } = entry.entry_type;
	const [open, setOpen] = useState(isOpen(entry));
	const { word, tone } = statusOf(entry);
	const { added, removed } = counts(entry);

	return (
		<details class="tool" open={open} data-status={status?.status}
		    onToggle={(ev) => setOpen(ev.currentTarget.open)}>
			<summary>
				<span class="dot" data-tone={tone}
				    aria-hidden="true" />
				<span class="name">{label(tool_name ?? "")}</span>
				<span class="mono brief"><Pieces
				    list={linePieces(entry.content.slice(0, 300))} />
				</span>
				{added + removed > 0 && <Counts added={added}
				    removed={removed} />}
				<span class="pill" data-tone={tone}>{word}</span>
			</summary>
			{open && <div class="inner">
				{partsOf(entry).map((part, i) =>
					<PartView key={i} part={part} />)}
				{status?.reason && <p class="aside">Denied:
					{" "}<Plain text={status.reason} /></p>}
			</div>}
		</details>
	);
}
