/* SPDX-License-Identifier: MIT */
/*
 * One turn: what was wanted, what the agent said and did, and how it ended. What
 * has not changed is not drawn again: a turn by its `rev`, in it a block of
 * entries by its object, and in that an entry by its own.
 */

import type { ComponentChildren } from "preact";
import { memo } from "preact/compat";
import { useState } from "preact/hooks";
import { rowsOf, type Block } from "../../talk/entries.ts";
import type { Section } from "../../talk/talk.ts";
import { answersOf } from "../../talk/tool.ts";
import type { Entry, Link, Slot, Turn } from "../../talk/types.ts";
import { messageOf } from "../../store.ts";
import { formatRoute } from "../../util/route.ts";
import { label } from "../../util/text.ts";
import { Plain, Prose } from "./text.tsx";
import { Tool } from "./tool.tsx";

/* What stands behind a turn that a person has to do something for. */
export interface Need {
	conversation: string;
	/* The command that the server names, or null. */
	needs: string | null;
	terminal(): void;
	/* Goes back to before it; null: the conversation is closed. */
	back: ((turn: Turn) => void) | null;
	/* Of several repositories their names, by id. */
	repos: Record<string, string>;
}

function Folded({ word, children }: {
	word: string; children: () => ComponentChildren;
}) {
	const [open, setOpen] = useState(false);

	return (
		<details class="tool" open={open}
		    onToggle={(ev) => setOpen(ev.currentTarget.open)}>
			<summary><span class="name">{word}</span></summary>
			{open && <div class="inner">{children()}</div>}
		</details>
	);
}

function Answers({ entry }: { entry: Entry }) {
	return (
		<div class="said">{answersOf(entry.entry_type.answers).map(
		    (a, i) => (
			<p key={i}><span class="aside"><Plain
			    text={a.question} /></span>{" "}
				<Plain text={a.answer.join(", ")} /></p>
		))}</div>
	);
}

/* As causes have it: Run: claude /login. */
const toRun = /\b(?:Run: |run ")([^"\n]+)/;

function NeedsYou({ cause, need }: { cause: string; need: Need }) {
	const command = toRun.exec(cause)?.[1];

	return (
		<section class="needs" aria-label="It needs you">
			<h3>It needs you</h3>
			<p class="kept-lines"><Plain text={cause} /></p>
			{command !== undefined && <pre class="command" tabIndex={0}>
				<Plain text={command} /></pre>}
			{need.needs !== null && <p class="aside">
				<Plain text={need.needs} /></p>}
			<button type="button" class="button primary"
			    onClick={need.terminal}>Open a terminal for it</button>
		</section>
	);
}

const texts: Record<string, (e: Entry) => ComponentChildren> = {
	tool_use: (entry) => <Tool entry={entry} />,
	assistant_message: ({ content }) => <Prose text={content} />,
	user_message: ({ content }) => <div class="said">
		<Plain text={content} /></div>,
	thinking: ({ content }) => <Folded word="Thinking">
		{() => <Prose text={content} />}</Folded>,
	system_message: ({ content }) => <p class="aside kept-lines">
		<Plain text={content} /></p>,
	error_message: ({ content }) => <p class="trouble kept-lines">
		<Plain text={content} /></p>,
	user_feedback: ({ content, entry_type }) => <div class="said">
		{content === "" ? "" : <Plain text={content} />}
		<p class="aside">{`${label(entry_type.denied_tool ?? "")} ` +
		    "was denied"}</p></div>,
	user_answered_questions: (entry) => <Answers entry={entry} />,
};

/* Of a kind that is not known here: shown, and never dropped. */
function unknown(entry: Entry): ComponentChildren {
	return (
		<>
			{entry.content !== "" && <p class="kept-lines">
				<Plain text={entry.content} /></p>}
			<Folded word={label(entry.entry_type.type)}>
				{() => <pre tabIndex={0}><Plain text={JSON.stringify(
				    entry.entry_type, null, 2)} /></pre>}</Folded>
		</>
	);
}

const Row = memo(({ index, entry }: { index: number; entry: Slot }) => (
	<li data-row={index} data-type={entry?.entry_type.type ?? "lost"}>
		{entry === null ? <p class="aside">This entry was lost; the
			output may have it.</p>
		    : (Object.hasOwn(texts, entry.entry_type.type)
		        ? texts[entry.entry_type.type]! : unknown)(entry)}
	</li>
));

const BlockView = memo(({ block }: { block: Block }) => (
	<>{rowsOf(block).map((r) => <Row key={r.index} {...r} />)}</>
));

const tones: Record<string, string> = {
	waiting: "rest", running: "live", completed: "rest", failed: "bad",
	killed: "bad", lost: "bad",
};

const words: Record<string, string> = {
	waiting: "waits", running: "at work", completed: "done",
	failed: "failed", killed: "stopped", lost: "lost", skipped: "nothing to do",
};

const kinds: Record<string, string> = {
	setup: "Setup", agent: "Agent", cleanup: "Cleanup", commit: "Commit",
};

/* Of two commits which is which. */
function linkName(l: Link, need: Need): string {
	const repo = l.repo_id === null ? undefined : need.repos[l.repo_id];

	return (kinds[l.kind] ?? label(l.kind)) + (repo === undefined ? ""
	    : ` of ${label(repo, 40)}`);
}

/* What was done for it, with the output of each. */
function Links({ turn, links, need, cause }: {
	turn: Turn; links: Link[]; need: Need;
	/* Told already. */
	cause: string | null;
}) {
	return (
		<ul class="steps" aria-label="What is done for it">
			{links.map((l, i) => (
				<li key={i} data-tone={tones[l.state] ?? "rest"}>
					<span class="dot" aria-hidden="true" />
					{linkName(l, need)}{" "}
					<span class="pill">{words[l.state] ??
					    label(l.state)}</span>
					{l.run_id !== null && <a href={formatRoute({
					    page: "output", id: need.conversation,
					    run: l.run_id })} aria-label={"Raw output of " +
					    linkName(l, need)}>output</a>}
					{l.cause !== null && l.cause !== cause &&
					    <span>{label(l.cause, 1000)}</span>}
				</li>
			))}
			{need.back !== null && !turn.dropped && <li>
				<button type="button" class="plain" onClick={() =>
				    need.back!(turn)}>Go back to before this</button>
			</li>}
		</ul>
	);
}

function Cause({ turn, cause, setup, need }: {
	turn: Turn; cause: string | null; setup: boolean; need: Need;
}) {
	if (turn.ended_at === null)
		return null;
	if (setup && turn.state !== "completed")
		return <NeedsYou cause={cause ?? ""} need={need} />;
	if (cause === null)
		return null;
	return <p class="trouble kept-lines"><Plain text={cause} /></p>;
}

/* What was wanted stands above what was said first, when that is shown. */
export const TurnView = memo(({ section, need }: {
	section: Section; rev: number; need: Need;
}) => {
	const { turn, whole, feed } = section;
	const links = whole?.chain.links ?? [];
	const cause = turn.cause ?? whole?.chain.cause ?? null;

	return (
		<section class="turn" data-turn={turn.id} data-state={turn.state}
		    data-dropped={turn.dropped}
		    aria-label={label(turn.prompt, 80)}>
			{(feed?.entries.first ?? 0) === 0
			    ? <div class="said" data-row="prompt">
				<Plain text={turn.prompt} /></div>
			    : <p class="aside">More of this turn is above.</p>}
			{turn.dropped && <p class="aside">Dropped: somebody went
				back to before this.</p>}
			<ol class="entries">
				{feed?.entries.list().map((b) => <BlockView
				    key={b.from} block={b} />)}
			</ol>
			{feed !== null && feed.trouble !== null && <p class="trouble">
				{label(messageOf(feed.trouble), 1000)}</p>}
			<Cause turn={turn} cause={cause} need={need}
			    setup={feed?.entries.setup === true} />
			<Links turn={turn} links={links} cause={cause}
			    need={need} />
		</section>
	);
}, (a, b) => a.rev === b.rev && a.need === b.need &&
    a.section === b.section);
