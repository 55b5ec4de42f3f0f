/* SPDX-License-Identifier: MIT */
/*
 * The page of who comes by a link: one terminal, whose it is, and nothing else.
 */

import { useEffect, useState } from "preact/hooks";
import { ApiError } from "../net/http.ts";
import type { OpenedLink } from "../net/types.ts";
import { guestEnv, openLink } from "../term/env.ts";
import { linkSecret } from "../util/route.ts";
import { label } from "../util/text.ts";
import { useTitle } from "./hooks.ts";
import { TerminalView } from "./terminal.tsx";

const kept = "rdv.link";

/* Out of the address, where shoulders and histories see it, and into what this
 * tab alone keeps, so that it can be loaded again. */
export function takeSecret(): string | null {
	const secret = linkSecret(location.hash);

	if (secret !== null) {
		sessionStorage.setItem(kept, secret);
		history.replaceState(null, "", location.pathname);
	}
	return sessionStorage.getItem(kept);
}

type Opening =
	| { name: "asking" }
	| { name: "open"; link: OpenedLink }
	| { name: "trouble"; text: string; again: boolean };

const gone = "It may have been revoked, or its time is over. Whoever gave it " +
    "to you can make another one.";

function trouble(err: unknown): Opening {
	const missing = err instanceof ApiError && err.status === 404;

	return { name: "trouble", again: !missing,
	    text: missing ? gone : err instanceof Error ? err.message
	        : String(err) };
}

export function GuestPage({ secret }: { secret: string | null }) {
	const [state, setState] = useState<Opening>(secret === null
	    ? { name: "trouble", text: "The address is not complete: what " +
	        "stands behind its “#” is missing.", again: false }
	    : { name: "asking" });
	const ask = () => {
		if (secret === null)
			return;
		setState({ name: "asking" });
		openLink(secret).then((link) => setState({ name: "open", link }),
		    (err) => setState(trouble(err)));
	};

	useEffect(ask, [secret]);
	if (state.name === "asking")
		return <p class="starting" role="status">Connecting…</p>;
	if (state.name === "trouble")
		return <Away text={state.text}
		    again={state.again ? ask : null} />;
	return <Shown secret={secret!} link={state.link}
	    away={() => setState({ name: "trouble", text: gone,
	        again: false })} />;
}

function Away({ text, again }: { text: string; again: (() => void) | null }) {
	useTitle("Link");
	return (
		<main class="signin">
			<p class="brand">rdv</p>
			<h1>This link leads nowhere</h1>
			<p role="alert">{text}</p>
			{again !== null && <button type="button"
			    class="button primary" onClick={again}>
				Try again</button>}
		</main>
	);
}

function Shown({ secret, link, away }: {
	secret: string; link: OpenedLink; away(): void;
}) {
	useTitle(link.name);
	return (
		<main class="guest">
			<article class="session" data-session={link.session_id}>
				<header class="head" data-open="false">
					<div class="what">
						<h1>{label(link.name)}</h1>
						<span class="whose">
							{`${label(link.owner)}’s terminal`}
						</span>
						<span class="pill">{link.mode === "write"
						    ? "you may type" : "you may look"}
						</span>
					</div>
				</header>
				<TerminalView session={link.session_id} run={null}
				    guest={true}
				    env={() => guestEnv(secret, link)}
				    refused={(why) => why !== "closed" && away()} />
			</article>
		</main>
	);
}
