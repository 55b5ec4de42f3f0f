/* SPDX-License-Identifier: MIT */
/*
 * To remember a decision as a rule: for just these words or a beginning of
 * them, and for how much. Where a rule could not say what is shown there is
 * none to make.
 */

import { useState } from "preact/hooks";
import { patternsOf, wordsOf, type Rule } from "../../talk/ask.ts";
import type { Approval } from "../../talk/types.ts";

/* null: no rule is about this. */
export function choicesOf(a: Approval): (string[] | null)[] | null {
	if (a.kind !== "tool" || a.flags.length > 0)
		return null;
	if (a.command === null)
		return [null];
	const words = wordsOf(a);
	return words === null ? null : patternsOf(words);
}

function textOf(pattern: string[] | null, tool: string): string {
	return pattern === null ? `${tool}, whatever it is told`
	    : pattern.join(" ") + (pattern.at(-1) === "*"
	        ? "   (and whatever follows)" : "");
}

export function RuleForm({ approval, choices, busy, wide, save, done }: {
	approval: Approval; choices: (string[] | null)[]; busy: boolean;
	/* It is of a workspace. */
	wide: boolean;
	save(rule: Rule): void; done(): void;
}) {
	const [at, setAt] = useState(0);
	const [scope, setScope] = useState<Rule["scope"]>("session");
	const rule = (verdict: Rule["verdict"]) =>
	    save({ verdict, scope, pattern: choices[at] ?? null });

	return (
		<fieldset class="rule">
			<legend>Remember for</legend>
			<select aria-label="What is remembered" class="mono"
			    value={String(at)} onChange={(ev) =>
			        setAt(Number(ev.currentTarget.value))}>
				{choices.map((p, i) => <option key={i}
				    value={String(i)}>
					{textOf(p, approval.tool)}</option>)}
			</select>
			<select aria-label="Where" value={scope} onChange={(ev) =>
			    setScope(ev.currentTarget.value as Rule["scope"])}>
				<option value="session">{wide
				    ? "in this conversation"
				    : "in this session"}</option>
				{wide && <option value="workspace">
					in this workspace</option>}
				<option value="all">everywhere</option>
			</select>
			<div class="buttons">
				<button type="button" class="button" disabled={busy}
				    onClick={() => rule("deny")}>Always deny</button>
				<button type="button" class="button danger"
				    disabled={busy} onClick={() => rule("allow")}>
					Always allow</button>
				<button type="button" class="button"
				    onClick={done}>Not remembered</button>
			</div>
		</fieldset>
	);
}
