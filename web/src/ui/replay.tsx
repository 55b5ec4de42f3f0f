/* SPDX-License-Identifier: MIT */
/*
 * What a run has shown, played again. The buttons stand outside the frame, as a
 * program can draw anything inside it.
 */

import { useEffect, useRef, useState } from "preact/hooks";
import { get, stream } from "../net/http.ts";
import type { Run } from "../net/types.ts";
import { messageOf } from "../store.ts";
import { Player, type PlayState } from "../term/player.ts";
import { Cast, castLimit } from "../util/cast.ts";
import { formatRoute } from "../util/route.ts";
import { bytes, clock, label } from "../util/text.ts";
import { useTitle } from "./hooks.ts";
import { LinkBar, readerOn } from "./terminal.tsx";

type Phase = "loading" | "ready" | "failed";

async function fetchCast(run: string, signal: AbortSignal): Promise<Cast> {
	const cast = new Cast();
	const res = await stream(`/api/runs/${run}/cast`,
	    { Accept: "application/x-asciicast" }, signal);
	const reader = res.body!.pipeThrough(new TextDecoderStream())
	    .getReader();

	for (;;) {
		const { done, value } = await reader.read();
		if (done)
			return cast;
		cast.feed(value);
		if (cast.full) {
			await reader.cancel();
			return cast;
		}
	}
}

function noteOf(cast: Cast): string {
	if (cast.full)
		return `the first ${bytes(castLimit)} of it; rdv session export ` +
		    "has all";
	return cast.note === null ? "" : label(cast.note);
}

export function ReplayPage({ run }: { run: string }) {
	const view = useReplay(run);
	const title = label(view.cast?.title ?? "");

	useTitle("Replay", title);
	return (
		<article class="session replay" data-run={run}>
			<header class="head">
				<div class="what">
					<a class="back" href={view.back}
					    aria-label="The session">‹</a>
					<h1>{title === "" ? "Replay" : title}</h1>
					<span class="pill" data-tone="rest">
						replay</span>
				</div>
			</header>
			<section class="terminal past" aria-label="Replay"
			    data-phase={view.phase}
			    data-playing={view.state?.playing ?? false}
			    data-behind={view.state?.behind ?? false}>
				<div class="glass">
					<div class="frame">
						<div class="host" ref={view.host} />
					</div>
					<div class="over">
						<LinkBar {...view.offer} />
					</div>
				</div>
				{view.player !== null && view.state !== null &&
				    <Controls player={view.player}
				        state={view.state} />}
				<StatusLine why={view.why} cast={view.cast}
				    state={view.state} />
			</section>
		</article>
	);
}

/* Where the run's session is, to go back to. */
function useBack(run: string): string {
	const [back, setBack] = useState("#/");

	useEffect(() => {
		get<Run>(`/api/runs/${run}`).then(
		    ({ session_id }) => setBack(formatRoute(
		        { page: "session", id: session_id })),
		    () => undefined);
	}, [run]);
	return back;
}

function useReplay(run: string) {
	const host = useRef<HTMLDivElement>(null);
	const [phase, setPhase] = useState<Phase>("loading");
	const [why, setWhy] = useState("");
	const [cast, setCast] = useState<Cast | null>(null);
	const [player, setPlayer] = useState<Player | null>(null);
	const [state, setState] = useState<PlayState | null>(null);
	const [link, setLink] = useState<string | null>(null);
	const [notice, setNotice] = useState<string | null>(null);
	const clear = () => {
		setLink(null);
		setNotice(null);
	};

	useEffect(() => {
		const gone = new AbortController();
		let made: Player | null = null;
		const show = (got: Cast) => {
			if (gone.signal.aborted)
				return;
			made = new Player(host.current!, got, { state: setState,
			    link: setLink, notice: setNotice }, readerOn());
			setCast(got);
			setPlayer(made);
			setPhase("ready");
			made.play();
		};
		const failed = (err: unknown) => {
			if (gone.signal.aborted)
				return;
			setWhy(messageOf(err));
			setPhase("failed");
		};

		fetchCast(run, gone.signal).then(show).catch(failed);
		return () => {
			gone.abort();
			made?.dispose();
		};
	}, [run]);
	return { host, phase, why, cast, player, state, back: useBack(run),
	    offer: { link, notice, clear } };
}

const speeds = [0.5, 1, 2, 4, 8, 16];

function Controls({ player, state }: { player: Player; state: PlayState }) {
	const [speed, setSpeed] = useState(1);
	const [skip, setSkip] = useState(true);
	const { at, duration, playing } = state;
	const times = `${clock(at)} / ${clock(duration)}`;

	return (
		<div class="controls" role="group" aria-label="Playing">
			<button type="button" class="button primary play"
			    onClick={() => playing ? player.pause()
			        : player.play()}>
				{playing ? "Pause" : "Play"}</button>
			<input type="range" min={0} max={Math.ceil(duration)}
			    step={100} value={at} aria-label="Position"
			    aria-valuetext={times}
			    onInput={(ev) => player.seek(
			        ev.currentTarget.valueAsNumber)} />
			<span class="times">{times}</span>
			<select aria-label="Speed" value={speed}
			    onChange={(ev) => {
				const to = Number(ev.currentTarget.value);
				setSpeed(to);
				player.setSpeed(to);
			    }}>
				{speeds.map((n) => (
					<option key={n} value={n}>{n}×</option>
				))}
			</select>
			<label class="check">
				<input type="checkbox" checked={skip}
				    onChange={(ev) => {
					setSkip(ev.currentTarget.checked);
					player.skipPauses(
					    ev.currentTarget.checked);
				    }} />
				Skip pauses
			</label>
		</div>
	);
}

function StatusLine({ why, cast, state }: {
	why: string; cast: Cast | null; state: PlayState | null;
}) {
	const words = why !== "" ? `It cannot be played. ${why}`
	    : cast === null ? "fetching the recording…" : noteOf(cast);

	return (
		<div class="status">
			<span role="status">{words}</span>
			<span class="title">{state?.title}</span>
			<span>read only</span>
			{state !== null && <span class="dims">
				{`${state.cols} × ${state.rows}`}</span>}
		</div>
	);
}
