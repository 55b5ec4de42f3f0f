/* SPDX-License-Identifier: MIT */
/*
 * The box for what comes next. While the agent works a message waits behind
 * what waits already. What was typed stays until the server has it, also when
 * somebody looks at something else meanwhile.
 */

import { useState } from "preact/hooks";
import type { Talk } from "../../talk/talk.ts";
import { Refusal } from "../space/text.tsx";
import { focusAsked } from "./focus.ts";

const most = 524_288;

function useDraft(id: string) {
	const key = `rdv.draft.${id}`;
	const [text, setText] = useState(() => sessionStorage.getItem(key) ?? "");

	const set = (to: string) => {
		if (to === "")
			sessionStorage.removeItem(key);
		else
			sessionStorage.setItem(key, to);
		setText(to);
	};

	/* What was typed while it was under way is not what was sent. */
	return { text, set, sent: (what: string) => {
		if ((sessionStorage.getItem(key) ?? "") === what)
			set("");
	} };
}

export function Compose({ talk, working, stopping }: {
	talk: Talk; working: boolean; stopping: boolean;
}) {
	const { text, set: setText, sent } = useDraft(talk.id);
	const [busy, setBusy] = useState(false);
	const [halted, setHalted] = useState(false);
	const [refused, setRefused] = useState<unknown>(null);
	const act = async (fn: () => Promise<void>) => {
		setBusy(true);
		setRefused(null);
		await fn().catch(setRefused);
		setBusy(false);
	};
	const send = () => act(async () => {
		await talk.say(text);
		sent(text);
	});
	const halt = () => act(async () => {
		setHalted(true);
		await talk.halt().finally(() => setHalted(false));
	});

	return (
		<form class="compose" onSubmit={(ev) => {
		    ev.preventDefault();
		    if (text.trim() !== "" && !busy)
		        void send();
		}}>
			{refused !== null && <Refusal err={refused} />}
			<label class="unseen" for="talk-prompt">Follow-up</label>
			<textarea id="talk-prompt" rows={2} value={text}
			    maxLength={most} aria-describedby="talk-hint"
			    placeholder={working ? "What comes next; it waits until " +
			        "this is done" : "What is to be done next"}
			    onInput={(ev) => setText(ev.currentTarget.value)}
			    onKeyDown={(ev) => {
			        if (ev.key === "Enter" && (ev.ctrlKey || ev.metaKey))
			            ev.currentTarget.form!.requestSubmit();
			        else if (ev.key === "Escape")
			            focusAsked();
			    }} />
			<div class="buttons">
				<button class="button primary" disabled={busy ||
				    text.trim() === ""}>
					{working ? "Queue" : "Send"}</button>
				{working && <button type="button"
				    class="button danger" disabled={halted || stopping}
				    onClick={() => void halt()}>
					{halted || stopping ? "Stopping…" : "Stop"}</button>}
				<span class="hint" id="talk-hint">
					Ctrl+Enter sends</span>
			</div>
		</form>
	);
}
