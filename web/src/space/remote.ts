/* SPDX-License-Identifier: MIT */
/*
 * A worktree's branch and what its remote has of it, in words: how far both
 * have gone, how far a transfer is, and of each refusal what can be done. What
 * is offered is chosen by the server's code alone, never by what git or a
 * remote wrote.
 */

import { get } from "../net/http.ts";
import { askLog, target } from "./ask.ts";
import { compare } from "./act.ts";
import type { Ahead, Commit, Transfer } from "./types.ts";

/* What a refusal lets one do next. */
export type Offer = "fetch" | "replace" | "rebase" | "dirty" | "again";

export interface Advice {
	says: string;
	offers: Offer[];
}

const nothing = "Nothing was changed.";

const advices: Record<string, Advice> = {
	FORCE_PUSH_REQUIRED: { offers: ["fetch", "rebase", "replace"],
	    says: "The remote's branch has commits that this one has not. " +
	        "Fetch them and put yours on top; or replace them, if they " +
	        "are to go." },
	LEASE_STALE: { offers: ["fetch"],
	    says: "The remote's branch is not at the commit that was to be " +
	        "replaced: somebody has pushed since. Fetch, and look at " +
	        `what is new. ${nothing}` },
	REMOTE_REJECTED: { offers: [],
	    says: "The server takes this push from nobody, or not from you. " +
	        "What it says is below; its rules for the branch decide." },
	AUTH_FAILED: { offers: ["again"],
	    says: "The remote did not let you in. rdv keeps no passwords: use " +
	        "an ssh address with a key that works in a terminal." },
	REMOTE_NOT_FOUND: { offers: ["again"],
	    says: "There is no such repository or branch there, or not for " +
	        "you. Look at the remote's address." },
	NETWORK_FAILED: { offers: ["again"],
	    says: "The remote cannot be reached from this host, or the " +
	        "connection broke off." },
	DIVERGED: { offers: ["rebase"],
	    says: "Both sides have commits that the other has not. They are " +
	        "fetched: rebase onto them, or merge them in a terminal." },
	HAS_UNCOMMITTED_CHANGES: { offers: [],
	    says: "Uncommitted changes are in the way. Commit, stash or " +
	        "discard them." },
	OPERATION_IN_PROGRESS: { offers: [],
	    says: "Something else is open in this worktree. End that first." },
	HEAD_MOVED: { offers: ["again"],
	    says: "Another branch was checked out meanwhile. What came is " +
	        "fetched, and no file was changed." },
	INTERRUPTED: { offers: ["again"],
	    says: `It was interrupted before anything arrived. ${nothing}` },
	OUTCOME_UNKNOWN: { offers: ["fetch"],
	    says: "It may have arrived or not, which could not be asked. " +
	        "Fetch, and see what is there." },
	BUSY: { offers: ["again"],
	    says: "Too much is under way at once. Wait for some of it." },
};

/* A push that was refused before anything was sent may go without them. */
const dirtyPush: Advice = { offers: ["dirty"],
	says: "There are uncommitted changes, which would not be pushed. " +
	    "Commit them, or push what is committed." };

export function advise(code: string, kind: Transfer["kind"]): Advice {
	if (code === "HAS_UNCOMMITTED_CHANGES" && kind === "push")
		return dirtyPush;
	return Object.hasOwn(advices, code) ? advices[code]!
	    : { says: "It was refused.", offers: [] };
}

const count = (n: number, word: string) =>
    `${n} ${n === 1 ? "commit" : "commits"} ${word}`;

export function aheadText(a: Ahead): string {
	if (a.branch === null)
		return "On no branch, so there is nothing to push or pull.";
	if (a.upstream === null)
		return "No upstream yet; a push makes it one.";
	if (a.ahead === null || a.behind === null)
		return `${a.upstream} is not known here; fetch it.`;
	const parts = [a.ahead > 0 && count(a.ahead, "to push"),
	    a.behind > 0 && count(a.behind, "to pull")].filter(Boolean);
	return parts.length === 0 ? `Even with ${a.upstream}.`
	    : `${parts.join(", ")} (${a.upstream}).`;
}

const doing = { push: "Pushing", fetch: "Fetching", pull: "Pulling" };
const did = { push: "Pushed to", fetch: "Fetched from",
	pull: "Pulled from" };

export function transferText(t: Transfer): string {
	if (t.state === "done")
		return `${did[t.kind]} ${t.remote}.`;
	if (t.state === "cancelled")
		return `Cancelled. ${nothing}`;
	if (t.cancelled)
		return "Cancelling…";
	const phase = t.progress?.phase ?? t.state;
	return `${doing[t.kind]}: ${phase}`;
}

export async function askAhead(
	tree: string, signal: AbortSignal,
): Promise<Ahead> {
	return get(target("/api/worktrees/changes", tree,
	    { limit: 1, first: "true" }), signal);
}

export async function askRemotes(
	repo: string, signal: AbortSignal,
): Promise<string[]> {
	const { remotes } = await get<{ remotes: { name: string }[] }>(
	    `/api/repos/${repo}/git`, signal);

	return remotes.map((r) => r.name);
}

/* What a push over it would replace: the last commit of the remote's branch
 * that is known here, and how many go with it. */
export interface Replaced {
	tip: Commit;
	commits: number;
}

export async function askReplaced(
	tree: string, remote: string, branch: string, signal: AbortSignal,
): Promise<Replaced | null> {
	const ref = `refs/remotes/${remote}/${branch}`;
	const { commits } = await askLog(tree, undefined, ref, 0, 1, signal);
	const tip = commits[0];

	if (tip === undefined)
		return null;
	/* Of that very commit, wherever the branch is by now. */
	const { behind } = await compare(tree, tip.commit, signal);
	return { tip, commits: behind };
}
