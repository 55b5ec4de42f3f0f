/* SPDX-License-Identifier: MIT */
/*
 * What an agent asks leave for, and asks: all that is decided about, letter by
 * letter, and Deny under the keyboard. Approve wakes a moment after anything has
 * moved, so that no click that was meant for something else lands on it.
 */

import { useLayoutEffect, useRef, useState } from "preact/hooks";
import {
	outcomeOf, remember, warningsOf, type Rule, type Verdict,
} from "../../talk/ask.ts";
import type { Asked, Asks } from "../../talk/asks.ts";
import type { Approval } from "../../talk/types.ts";
import { Refusal } from "../space/text.tsx";
import { focusBox, isTyping } from "./focus.ts";
import {
	askedOf, QuestionFields, useAnswers, type Answering,
} from "./question.tsx";
import { choicesOf, RuleForm } from "./rule.tsx";
import { Plain, Prose } from "./text.tsx";

/* In ms, for which a card stands still before it can be approved. */
const moment = 600;

export function AskList({ asks, list, workspace }: {
	asks: Asks; list: Asked[];
	/* null: of a terminal, or not known. */
	workspace: string | null;
}) {
	if (list.length === 0)
		return null;
	/* Of those that are shown here. */
	const first = list.find((a) => !a.late)?.approval.id;

	return (
		<section class="asks" aria-label="It asks you">
			{list.map((a) => a.late
			    ? <Told key={a.approval.id} asked={a} asks={asks} />
			    : <Card key={`${a.approval.id} ${a.approval.digest}`}
			        approval={a.approval} asks={asks}
			        first={first === a.approval.id}
			        workspace={workspace} />)}
		</section>
	);
}

/* Decided elsewhere, or over: it is told, and nothing can be done. */
function Told({ asked: { approval }, asks }: { asked: Asked; asks: Asks }) {
	return (
		<div class="ask told" role="status" data-approval={approval.id}>
			<p><strong>{outcomeOf(approval)}</strong>{" "}
				<span class="mono">{approval.command ??
				    approval.tool}</span></p>
			<button type="button" class="button" onClick={() =>
			    asks.dismiss(approval.id)}>Dismiss</button>
		</div>
	);
}

const heads: Record<Approval["kind"], string> = {
	tool: "asks leave", question: "asks you", plan: "has a plan",
};

/* The first one takes the keyboard once, when nobody types. */
function useAttention(first: boolean, order: string) {
	const deny = useRef<HTMLButtonElement>(null);
	/* The order that it has stood in for a moment: none at first. */
	const [settled, setSettled] = useState<string | null>(null);

	useLayoutEffect(() => {
		if (first && !isTyping())
			deny.current?.focus();
	}, [first]);
	useLayoutEffect(() => {
		const timer = setTimeout(() => setSettled(order), moment);

		/* What comes and goes at once has moved it twice. */
		setSettled(null);
		return () => clearTimeout(timer);
	}, [order]);
	/* In the very drawing in which it moves it sleeps. */
	return { deny, awake: settled === order };
}

function useDecision(
	asks: Asks, approval: Approval, workspace: string | null,
) {
	const [busy, setBusy] = useState(false);
	const [refused, setRefused] = useState<unknown>(null);
	const decide = (verdict: Verdict, rule?: Rule) => {
		const go = async () => {
			/* Not remembered, it is not decided either. */
			if (rule !== undefined)
				await remember(approval, workspace ?? "", rule);
			await asks.decide(approval, verdict);
		};

		setBusy(true);
		setRefused(null);
		void go().catch(setRefused).finally(() => setBusy(false));
	};

	return { busy, refused, decide };
}

function Card({ approval, asks, first, workspace }: {
	approval: Approval; asks: Asks; first: boolean;
	workspace: string | null;
}) {
	const { deny, awake } = useAttention(first, asks.order);
	const { busy, refused, decide } =
	    useDecision(asks, approval, workspace);
	const questions = askedOf(approval);
	const answering = useAnswers(questions);
	const id = `ask-${approval.id}`;
	const [reason, setReason] = useState("");

	return (
		<div class="ask" role="group" aria-labelledby={`${id}-head`}
		    data-approval={approval.id} data-kind={approval.kind}
		    onKeyDown={(ev) => ev.key === "Escape" && focusBox()}>
			<h2 id={`${id}-head`}>
				<span class="mono"><Plain text={approval.tool} /></span>
				{` ${heads[approval.kind] ?? "asks"}`}
				{approval.repeats > 0 && <span class="aside">
					{` and ${approval.repeats} more, which were ` +
					    "denied: it asks too much"}</span>}
			</h2>
			{warningsOf(approval).map((w) => <p key={w}
			    class="trouble">{w}</p>)}
			<What approval={approval} id={id} asks={questions.length > 0}
			    answering={answering} />
			<div class="buttons">
				<button type="button" class="button deny" ref={deny}
				    disabled={busy} aria-describedby={`${id}-what`}
				    onClick={() => decide({ verdict: "deny",
				        ...reason.trim() !== "" &&
				            { reason: reason.trim() } })}>Deny</button>
				{approval.kind === "question"
				    ? <button type="button" class="button primary"
				        disabled={busy || !awake ||
				            answering.answers === null}
				        onClick={() => decide({ verdict: "answer",
				            answers: answering.answers! })}>Answer</button>
				    : <button type="button" class="button approve"
				        disabled={busy || !awake} onClick={() =>
				            decide({ verdict: "approve" })}>
					Approve once</button>}
				<input type="text" value={reason} maxLength={1000}
				    aria-label="Why it is denied" placeholder={
				    "why not (told to the agent)"} onInput={(ev) =>
				        setReason(ev.currentTarget.value)} />
			</div>
			<Remember approval={approval} busy={busy || !awake}
			    wide={workspace !== null} decide={decide} />
			{refused !== null && <Refusal err={refused} />}
		</div>
	);
}

function Remember({ approval, busy, wide, decide }: {
	approval: Approval; busy: boolean; wide: boolean;
	decide(verdict: Verdict, rule: Rule): void;
}) {
	const [open, setOpen] = useState(false);
	const choices = choicesOf(approval);

	if (choices === null)
		return null;
	if (!open)
		return <button type="button" class="plain"
		    onClick={() => setOpen(true)}>Always…</button>;
	return <RuleForm approval={approval} choices={choices} busy={busy}
	    wide={wide} done={() => setOpen(false)} save={(rule) => decide({ verdict:
	        rule.verdict === "allow" ? "approve" : "deny" }, rule)} />;
}

function planOf(a: Approval): string | null {
	const { plan } = (a.asked ?? {}) as { plan?: unknown };

	return a.kind === "plan" && typeof plan === "string" ? plan : null;
}

/* All that the digest is of. */
function What({ approval: a, id, asks, answering }: {
	approval: Approval; id: string; asks: boolean; answering: Answering;
}) {
	const plan = planOf(a);

	return (
		<div class="what-asked" id={`${id}-what`}>
			{a.command !== null && <pre class="exact" tabIndex={0}>
				{a.command}</pre>}
			{plan !== null && <Prose text={plan} />}
			{asks && <QuestionFields id={a.id} questions={askedOf(a)}
			    state={answering} />}
			{a.command === null && plan === null && !asks &&
			    a.input !== null && <pre class="exact" tabIndex={0}>
				{a.input}</pre>}
			<dl>
				<div><dt>in</dt><dd class="mono">{a.cwd}</dd></div>
				{a.environment.length > 0 && <div><dt>with</dt>
					<dd class="mono">{a.environment.join(" ")}</dd>
				</div>}
				<div><dt>held as</dt><dd>{a.profile}</dd></div>
			</dl>
			{a.input !== null && (a.command !== null || plan !== null ||
			    asks) && <details><summary>All that it was asked with
				</summary><pre class="exact" tabIndex={0}>{a.input}
				</pre></details>}
		</div>
	);
}
