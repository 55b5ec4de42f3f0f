/* SPDX-License-Identifier: MIT */
/*
 * What a session is doing, in words a person reads and a tone the style
 * sheet colours. Colour never stands alone: the word says the same.
 */

import type { Run, Session } from "../net/types.ts";
import { label } from "./text.ts";

export type Tone = "live" | "busy" | "rest" | "good" | "bad";

export interface Status {
	tone: Tone;
	word: string;
	/* The run is over, and may be started again. */
	over: boolean;
}

const signals: Record<number, string> = {
	1: "SIGHUP", 2: "SIGINT", 3: "SIGQUIT", 4: "SIGILL", 6: "SIGABRT",
	7: "SIGBUS", 8: "SIGFPE", 9: "SIGKILL", 10: "SIGUSR1", 11: "SIGSEGV",
	12: "SIGUSR2", 13: "SIGPIPE", 14: "SIGALRM", 15: "SIGTERM",
};

export function signalName(n: number): string {
	return signals[n] ?? `signal ${n}`;
}

/* How a run ended, as one sentence without its full stop. */
export function ending(
	run: Pick<Run, "state" | "exit_code" | "signal" | "cause">,
): string {
	const cause = run.cause ? `: ${label(run.cause, 300)}` : "";

	if (run.signal)
		return `Ended by ${signalName(run.signal)}${cause}`;
	if (run.exit_code === 0)
		return `Finished with exit code 0${cause}`;
	if (run.exit_code !== null)
		return `Failed with exit code ${run.exit_code}${cause}`;
	if (run.state === "lost" && run.cause?.startsWith("reboot:"))
		return "It ended when the host was restarted. The same command " +
			"can be started again, in the same directory and environment";
	if (run.state === "lost")
		return `How it ended is not known${cause}`;
	if (run.state === "failed")
		return `It could not be started${cause}`;
	return `Ended${cause}`;
}

const runStates: Record<string, Status> = {
	starting: { tone: "busy", word: "starting", over: false },
	running: { tone: "live", word: "running", over: false },
	completed: { tone: "good", word: "finished", over: true },
	failed: { tone: "bad", word: "failed", over: true },
	killed: { tone: "bad", word: "killed", over: true },
	lost: { tone: "bad", word: "lost", over: true },
};

/* What an agent says of itself. Any other word says no more than that it runs. */
const agentStates: Record<string, Status> = {
	running: { tone: "live", word: "at work", over: false },
	subagent: { tone: "live", word: "at work", over: false },
	compacting: { tone: "live", word: "compacting", over: false },
	waiting: { tone: "busy", word: "waits for you", over: false },
	idle: { tone: "rest", word: "idle", over: false },
	error: { tone: "bad", word: "agent failed", over: false },
};

export function agentState(said: string | null | undefined): Status | null {
	return said == null ? null : agentStates[said] ?? null;
}

const idle: Status = { tone: "rest", word: "not running", over: true };

export function runTone(run: Run): Status {
	const state = runStates[run.state] ?? idle;

	return state.word === "failed" && run.exit_code !== null
	    ? { ...state, word: `exit ${run.exit_code}` } : state;
}

export function statusOf(session: Session): Status {
	if (session.status === "closed")
		return { tone: "rest", word: "closed", over: true };
	const run = session.run === null ? idle : runTone(session.run);
	if (session.status === "suspended" && !run.over)
		return { tone: "rest", word: "suspended", over: false };
	if (session.run?.stopped && !run.over)
		return { tone: "busy", word: "stopped", over: false };
	return run.word === "running" ? agentState(session.agent_status) ?? run
	    : run;
}
