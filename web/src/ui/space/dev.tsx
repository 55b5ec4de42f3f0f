/* SPDX-License-Identifier: MIT */
/*
 * The dev servers of a workspace: which run and where they listen, start, stop
 * and what they have written. A place is no link: it is one of the host's, and
 * a page there would be sent what this browser keeps for this host.
 */

import { useEffect, useState } from "preact/hooks";
import {
	askScripts, askServers, isLive, placeText, setScript, start, stop,
	type Script, type Server,
} from "../../space/dev.ts";
import type { Workspace } from "../../space/types.ts";
import type { Store } from "../../store.ts";
import { oneAtATime } from "../../util/one.ts";
import { formatRoute } from "../../util/route.ts";
import { ending, runTone } from "../../util/status.ts";
import { label } from "../../util/text.ts";
import { Dialog } from "../dialog.tsx";
import { Refusal } from "./text.tsx";

/* Runs of scripts are of no session; anything about one asks anew. */
function matters(kind: string, data: string): boolean {
	return kind === "repo.updated" || (kind.startsWith("run.") &&
	    (JSON.parse(data) as { body: { session_id?: string | null } })
	        .body.session_id == null);
}

function useServers(store: Store, ws: Workspace) {
	const [servers, setServers] = useState<Server[]>([]);
	const [scripts, setScripts] = useState<Script[]>([]);

	useEffect(() => {
		const end = new AbortController();
		const ask = oneAtATime(() => Promise.all([
		    askServers(ws.id, end.signal), askScripts(ws, end.signal)])
		    .then(([all, texts]) => {
			setServers(all);
			setScripts(texts);
		}).catch((err) => end.signal.aborted || store.lost(err)));
		const deaf = store.hear({ refresh: ask, event: (kind, data) => {
			if (matters(kind, data))
				void ask();
		} });

		void ask();
		return () => {
			deaf();
			end.abort();
		};
	}, [store, ws.id]);
	return { servers, any: servers.some(isLive) || scripts.some((s) =>
	    s.dev_server_script !== null) };
}

export function DevServers({ store, ws }: { store: Store; ws: Workspace }) {
	const { servers, any } = useServers(store, ws);
	const [busy, setBusy] = useState(false);
	const [refused, setRefused] = useState<unknown>(null);
	const live = servers.some(isLive);
	const act = (fn: (id: string) => Promise<unknown>) => {
		setBusy(true);
		setRefused(null);
		void fn(ws.id).catch(setRefused).finally(() => setBusy(false));
	};

	if (!any)
		return null;
	return (
		<section class="devs inside" aria-label="Dev servers">
			<span class="aside">Dev servers:</span>
			<ul role="status">{servers.map((s) => <One key={s.id} ws={ws}
			    server={s} />)}</ul>
			<span class="buttons">
				<button type="button" class="button" disabled={busy}
				    onClick={() => act(start)}>{live ? "Start again"
				        : "Start"}</button>
				{live && <button type="button" class="button"
				    disabled={busy} onClick={() => act(stop)}>
					{busy ? "…" : "Stop"}</button>}
			</span>
			{refused !== null && <Refusal err={refused} />}
		</section>
	);
}

/* That somebody wanted its end is no failure. */
function toneOf(s: Server) {
	return s.state === "killed" && (s.cause === "it was stopped" ||
	    s.cause?.endsWith("started again"))
	    ? { tone: "rest", word: "stopped" } : runTone(s);
}

function One({ ws, server: s }: { ws: Workspace; server: Server }) {
	const { tone, word } = toneOf(s);

	return (
		<li data-run={s.id} data-state={s.state} data-tone={tone}>
			<span class="dot" aria-hidden="true" />
			{ws.repos.length > 1 && <strong>{label(s.repo)}</strong>}
			<span class="pill">{word}</span>
			{tone === "bad" && s.exit_code === null && <span
			    class="aside">{label(ending(s), 300)}</span>}
			{s.ports.map((p) => <code key={placeText(p)}>
				{placeText(p)}</code>)}
			{s.state === "running" && s.ports.length === 0 && <span
			    class="aside">listens nowhere yet</span>}
			<a href={formatRoute({ page: "run", id: ws.id, run: s.id })}
			    aria-label={`Output of ${label(s.repo)}`}>output</a>
		</li>
	);
}

/* Of each repository the script that serves a preview of it. */
export function ScriptsDialog({ ws, done }: {
	ws: Workspace; done(): void;
}) {
	const [scripts, setScripts] = useState<Script[] | null>(null);
	const [texts, setTexts] = useState<Record<string, string>>({});
	const [refused, setRefused] = useState<unknown>(null);
	const [busy, setBusy] = useState(false);

	useEffect(() => {
		const end = new AbortController();

		askScripts(ws, end.signal).then(setScripts)
		    .catch((err) => end.signal.aborted || setRefused(err));
		return () => end.abort();
	}, [ws.id]);
	const go = async () => {
		setBusy(true);
		setRefused(null);
		try {
			for (const [id, text] of Object.entries(texts))
				await setScript(id, text);
			done();
		} catch (err) {
			setRefused(err);
			setBusy(false);
		}
	};
	return (
		<Dialog title="Dev servers" stays={true} done={done}
		    submit={() => void go()}>
			<p>A script that serves a preview: it runs in the
				worktree until it is stopped. It is the repository's,
				in all of its workspaces.</p>
			{scripts?.map((s) => (
				<div key={s.id}>
					<label for={`dev-${s.id}`}>{label(s.name)}</label>
					<textarea id={`dev-${s.id}`} rows={3} class="mono"
					    maxLength={16_384} spellcheck={false}
					    placeholder="npm run dev"
					    value={texts[s.id] ?? s.dev_server_script ?? ""}
					    onInput={(ev) => setTexts({ ...texts,
					        [s.id]: ev.currentTarget.value })} />
				</div>
			))}
			{scripts === null && refused === null && <p class="aside"
			    role="status">Loading…</p>}
			{refused !== null && <Refusal err={refused} />}
			<div class="buttons">
				<button type="button" class="button" onClick={done}>
					Cancel</button>
				<button class="button primary"
				    disabled={busy || scripts === null}>
					{busy ? "…" : "Save"}</button>
			</div>
		</Dialog>
	);
}
