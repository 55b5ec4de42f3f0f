/* SPDX-License-Identifier: MIT */
/*
 * Messages that wait: each can be changed and cancelled until it is taken. If
 * that was too late, the server says so and the list shows what is.
 */

import { useLayoutEffect, useRef, useState } from "preact/hooks";
import type { Talk } from "../../talk/talk.ts";
import type { Queued } from "../../talk/types.ts";
import { label } from "../../util/text.ts";
import { Refusal } from "../space/text.tsx";
import { Plain } from "./text.tsx";

export function Queue({ talk, idle }: { talk: Talk; idle: boolean }) {
	const [refused, setRefused] = useState<unknown>(null);
	const act = (fn: () => Promise<void>) => {
		setRefused(null);
		return fn().catch(setRefused);
	};

	if (talk.queue.length === 0 && refused === null)
		return null;
	return (
		<section class="queue" aria-label="Messages that wait">
			<h2>
				{`Waiting: ${talk.queue.length}` +
				    (talk.queueMore ? " and more" : "")}
				{idle && talk.queue.length > 0 && <button type="button"
				    class="button" onClick={() =>
				        void act(() => talk.start())}>
					Start the first now</button>}
			</h2>
			<ol>{talk.queue.map((q) => <Message key={q.id} message={q}
			    talk={talk} act={act} />)}</ol>
			{refused !== null && <Refusal err={refused} />}
		</section>
	);
}

function Message({ message, talk, act }: {
	message: Queued; talk: Talk;
	act(fn: () => Promise<void>): Promise<void>;
}) {
	const [edits, setEdits] = useState(false);
	const name = label(message.prompt, 60);

	if (edits)
		return <li data-message={message.id}>
			<Editor prompt={message.prompt} done={() => setEdits(false)}
			    save={(text) => void act(() =>
			        talk.edit(message.id, text))} /></li>;
	return (
		<li data-message={message.id}>
			<span class="kept-lines"><Plain
			    text={message.prompt} /></span>
			{message.blocked !== null && <p class="hint"><Plain
			    text={message.blocked} /></p>}
			<button type="button" class="plain"
			    aria-label={`Edit: ${name}`}
			    onClick={() => setEdits(true)}>Edit</button>
			<button type="button" class="plain"
			    aria-label={`Cancel: ${name}`} onClick={() =>
			        void act(() => talk.cancel(message.id))}>
				Cancel</button>
		</li>
	);
}

function Editor({ prompt, save, done }: {
	prompt: string; save(text: string): void; done(): void;
}) {
	const [text, setText] = useState(prompt);
	const box = useRef<HTMLTextAreaElement>(null);

	useLayoutEffect(() => box.current!.focus(), []);
	return (
		<form onSubmit={(ev) => {
		    ev.preventDefault();
		    save(text);
		    done();
		}} onKeyDown={(ev) => ev.key === "Escape" && done()}>
			<textarea aria-label="The message" rows={3} value={text}
			    ref={box}
			    onInput={(ev) => setText(ev.currentTarget.value)} />
			<div class="buttons">
				<button class="button primary"
				    disabled={text.trim() === ""}>Save</button>
				<button type="button" class="button" onClick={done}>
					Keep it as it was</button>
			</div>
		</form>
	);
}
