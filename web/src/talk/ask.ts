/* SPDX-License-Identifier: MIT */
/*
 * Deciding what an agent asks. A decision names the digest of what was looked
 * at, so that nothing is granted that nobody has seen.
 */

import { ApiError, change, get } from "../net/http.ts";
import type { Answer, Approval } from "./types.ts";

export type Verdict =
	| { verdict: "approve" }
	| { verdict: "deny"; reason?: string }
	| { verdict: "answer"; answers: Answer[] };

export interface Rule {
	verdict: "allow" | "deny";
	scope: "session" | "workspace" | "all";
	/* null: of a tool that runs nothing. */
	pattern: string[] | null;
}

export function askApproval(id: string): Promise<Approval> {
	return get<Approval>(`/api/approvals/${id}`);
}

/* With what stands; `late`: somebody else decided first. */
export interface Decided {
	approval: Approval;
	late: boolean;
}

export async function decide(
	seen: Approval, verdict: Verdict,
): Promise<Decided> {
	try {
		const { approval } = await change<{ approval: Approval }>("POST",
		    `/api/approvals/${seen.id}/decision`,
		    { ...verdict, digest: seen.digest });
		return { approval, late: false };
	} catch (err) {
		const { approval } = (err instanceof ApiError && err.details ||
		    {}) as { approval?: Approval };
		if (!(err instanceof ApiError) || approval === undefined ||
		    err.code !== "ALREADY_DECIDED")
			throw err;
		return { approval, late: true };
	}
}

export function remember(
	a: Approval, workspace: string, rule: Rule,
): Promise<unknown> {
	return change("POST", "/api/approvals/rules", {
		verdict: rule.verdict, tool: a.tool, scope: rule.scope,
		...rule.pattern !== null && { pattern: rule.pattern },
		...rule.scope === "session" && { session_id: a.session_id },
		...rule.scope === "workspace" && { workspace_id: workspace },
	});
}

/* What a shell would make more of than characters of a word. */
const special = /[;&|<>()$`\\"'{}[\]*?~#!=\n\t]/;
const quoted = /^'([^']*)'/;
const plain = /^[^\s'"]+/;

/*
 * The words of one simple command, for a rule about it; null where a rule could
 * not say the same, or where what is shown is not, letter by letter, what would
 * be run (flags say so).
 */
export function wordsOf(a: Pick<Approval, "command" | "flags">):
    string[] | null {
	const words: string[] = [];
	let rest = (a.command ?? "").replace(/^[ \t]+|[ \t]+$/g, "");

	if (a.flags.length > 0 || rest === "")
		return null;
	while (rest !== "") {
		const quote = quoted.exec(rest), word = plain.exec(rest);
		const found = quote ?? word;
		if (found === null || (quote === null && special.test(found[0])))
			return null;
		words.push(quote !== null ? quote[1]! : found[0]);
		rest = rest.slice(found[0].length);
		if (rest !== "" && !/^[ \t]/.test(rest))
			return null;
		rest = rest.replace(/^[ \t]+/, "");
	}
	return words.length > 64 ? null : words;
}

/* What can be remembered of it: the whole, and its beginnings. */
export function patternsOf(words: string[]): string[][] {
	const out = [words];

	for (let n = words.length - 1; n > 0; n--)
		out.push([...words.slice(0, n), "*"]);
	return out.slice(0, 6);
}

const warnings: Record<string, string> = {
	lines: "It has several lines.",
	control: "It has control characters, which a terminal would act on.",
	bidi: "It has characters that change the direction of text.",
	invisible: "It has characters that cannot be seen.",
	padding: "A character comes very often, as if to push something away.",
	mixed_scripts: "A word mixes letters of several alphabets.",
	lookalike: "It has letters that look like others.",
	invalid: "It has bytes that are no text.",
};

export function warningsOf(a: Approval): string[] {
	return a.flags.map((f) => Object.hasOwn(warnings, f) ? warnings[f]!
	    : `Beware: ${f}.`);
}

const ends: Record<string, string> = {
	approved: "It was approved", denied: "It was denied",
	answered: "It was answered", timed_out: "Nobody decided in time",
	withdrawn: "It is not asked any more",
	lapsed: "Nothing was granted: who asked is gone",
};

const vias: Record<string, string> = {
	cookie: " in a browser", token: " with a token", service:
	" by a service", rule: " by a rule", bypass: " by the bypass",
};

/* What became of it, as a sentence. */
export function outcomeOf(a: Approval): string {
	const what = Object.hasOwn(ends, a.state) ? ends[a.state]!
	    : `It is ${a.state}`;
	const via = a.decided_via !== null && Object.hasOwn(vias, a.decided_via)
	    ? vias[a.decided_via]! : "";

	return `${what}${via}.`;
}
