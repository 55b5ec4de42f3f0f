/* SPDX-License-Identifier: MIT */
/*
 * For who is not signed in here: how to get a sign-in link, and a field for
 * people who have the link on another device and copy it over. And for who
 * cannot know whether he is, as nobody answers: that is no reason to sign in.
 */

import { useState } from "preact/hooks";
import type { Store } from "../store.ts";
import { signInCode } from "../util/route.ts";
import { useTitle } from "./hooks.ts";

/* Takes the whole link or the bare code. */
function codeIn(text: string): string | null {
	const hash = text.trim().replace(/^.*#code=|^/, "#code=");

	return signInCode(hash);
}

function CodeForm({ store }: { store: Store }) {
	const [text, setText] = useState("");
	const code = codeIn(text);

	const submit = (ev: Event) => {
		ev.preventDefault();
		setText("");
		if (code !== null)
			void store.signIn(code);
	};
	return (
		<form class="code-form" onSubmit={submit}>
			<label for="code">Or paste the link here</label>
			<div class="row">
				<input id="code" type="text" value={text}
				    autocomplete="off" spellcheck={false}
				    onInput={(ev) =>
				        setText(ev.currentTarget.value)} />
				<button class="button primary"
				    disabled={code === null}>Sign in</button>
			</div>
			<p class="hint" role="status">{text.trim() !== "" &&
			    code === null ? "That is no sign-in link." : ""}</p>
		</form>
	);
}

export function SignIn({ store, notice }: {
	store: Store; notice: string | null;
}) {
	useTitle("Sign in");
	return (
		<main class="signin">
			<p class="brand">rdv</p>
			<h1>Sign in</h1>
			{notice !== null && <p class="trouble" role="alert">
				{notice}</p>}
			<p>
				On the machine where rdv runs, ask for a sign-in
				link and open it in this browser:
			</p>
			<pre><code>rdv open</code></pre>
			<p class="aside">
				A link works once and for five minutes. There is
				no password.
			</p>
			<CodeForm store={store} />
		</main>
	);
}

export function Away({ store, notice, arriving }: {
	store: Store; notice: string | null; arriving: boolean;
}) {
	useTitle("Not there");
	return (
		<main class="signin">
			<p class="brand">rdv</p>
			<h1>rdv does not answer</h1>
			{notice !== null && <p class="aside" role="status">
				{notice}</p>}
			<p>
				It may be starting, or be stopped. On the machine where
				it runs this says what is the matter:
			</p>
			<pre><code>rdv doctor</code></pre>
			<p class="aside">
				{arriving ? "It is asked again by itself. Leave this page " +
				    "open: your sign-in link is used as soon as rdv " +
				    "answers, and is kept nowhere else."
				    : "It is asked again by itself. You stay signed in."}
			</p>
			<button type="button" class="button primary"
			    onClick={() => store.again()}>Ask now</button>
		</main>
	);
}
