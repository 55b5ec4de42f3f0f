/* SPDX-License-Identifier: MIT */
/*
 * A question of an agent's: its options, and a box for what is none of them.
 */

import { useState } from "preact/hooks";
import { questionsOf } from "../../talk/tool.ts";
import type { Answer, Approval, Question } from "../../talk/types.ts";
import { Plain } from "./text.tsx";

export function askedOf(a: Approval): Question[] {
	return questionsOf((a.asked as { questions?: unknown } | null)
	    ?.questions);
}

type Given = { picked: string[]; other: string };

export interface Answering {
	given: Given[];
	set(i: number, part: Partial<Given>): void;
	/* null: not all are answered, or there is nothing to answer. */
	answers: Answer[] | null;
}

export function useAnswers(questions: Question[]): Answering {
	const [given, setGiven] = useState<Given[]>(() =>
	    questions.map(() => ({ picked: [], other: "" })));
	const answers = questions.map((q, i) => ({ question: q.question,
	    answer: [...given[i]!.picked, ...given[i]!.other.trim() === "" ? []
	        : [given[i]!.other.trim()]] }));

	return { given,
		set: (i, part) => setGiven((old) => old.map((g, n) =>
		    n === i ? { ...g, ...part } : g)),
		answers: answers.length > 0 && answers.every((a) =>
		    a.answer.length > 0) ? answers : null };
}

function flip(g: Given, name: string, q: Question): Partial<Given> {
	if (q.multiSelect !== true)
		return { picked: [name], other: "" };
	return { picked: g.picked.includes(name)
	    ? g.picked.filter((p) => p !== name) : [...g.picked, name] };
}

export function QuestionFields({ id, questions, state }: {
	id: string; questions: Question[]; state: Answering;
}) {
	return (
		<>{questions.map((q, i) => {
			const g = state.given[i]!;
			const name = `answer-${id}-${i}`;
			return (
				<fieldset key={i} class="question">
					<legend class="kept-lines"><Plain
					    text={q.question} /></legend>
					{q.options?.map((o, n) => (
						<label key={n} class="choice">
							<input name={name} type={q.multiSelect
							    ? "checkbox" : "radio"}
							    checked={g.picked.includes(o.label)}
							    onChange={() => state.set(i,
							        flip(g, o.label, q))} />
							<span><Plain text={o.label} />
								{o.description && <span
								    class="hint"> <Plain
								    text={o.description} /></span>}
							</span>
						</label>
					))}
					<input type="text" value={g.other}
					    aria-label="Another answer"
					    placeholder={(q.options ?? []).length > 0
					        ? "something else" : "the answer"}
					    onInput={(ev) => state.set(i, {
					        other: ev.currentTarget.value,
					        ...q.multiSelect !== true &&
					            { picked: [] } })} />
				</fieldset>
			);
		})}</>
	);
}
