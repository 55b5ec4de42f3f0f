/* SPDX-License-Identifier: MIT */
/*
 * What rdv's own tmux server has and no session is for: made there by other
 * means, or left over. It stands beside the form for a new session, since
 * adopting one makes one; ending one is the command line's.
 */

import { useEffect, useState } from "preact/hooks";
import { get } from "../net/http.ts";
import type { TmuxSession } from "../net/types.ts";
import { messageOf, type Store } from "../store.ts";
import { label } from "../util/text.ts";

/* Without an answer nothing is shown: nobody has asked for tmux here. */
function useOrphans(): TmuxSession[] {
	const [found, setFound] = useState<TmuxSession[]>([]);

	useEffect(() => {
		const stop = new AbortController();

		get<{ sessions: TmuxSession[] }>("/api/tmux/sessions",
		    stop.signal)
		    .then((v) => setFound(v.sessions.filter((s) =>
		        s.session_id === null)))
		    .catch(() => undefined);
		return () => stop.abort();
	}, []);
	return found;
}

export function Orphans({ store }: { store: Store }) {
	const found = useOrphans();
	const [error, setError] = useState<string | null>(null);
	const [busy, setBusy] = useState(false);

	const adopt = async (name: string) => {
		setBusy(true);
		setError(null);
		try {
			await store.adopt(name);
		} catch (err) {
			setError(messageOf(err));
			setBusy(false);
		}
	};

	if (found.length === 0)
		return null;
	return (
		<section class="orphans" aria-label="In tmux, without a session">
			<h2>In tmux, without a session</h2>
			<ul>
				{found.map((s) => (
					<li key={s.name}>
						<span class="mono">{label(s.name)}</span>
						<button type="button" class="button"
						    disabled={busy}
						    aria-label={`Adopt ${label(s.name)}`}
						    onClick={() => void adopt(s.name)}>
							Adopt</button>
					</li>
				))}
			</ul>
			<p class="trouble" role="alert">{error}</p>
		</section>
	);
}
