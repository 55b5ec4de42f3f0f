/* SPDX-License-Identifier: MIT */
/*
 * Puts a terminal screen on the page and shows, around it, what the screen
 * reports: the connection, who sets the size, how far a paste has come, and
 * where a link would lead.
 */

import type { ComponentChildren, RefObject } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import type { Run } from "../net/types.ts";
import type { Env, Refusal } from "../term/link.ts";
import { longInput, Screen, type ScreenState } from "../term/screen.ts";
import { bytes, label } from "../util/text.ts";
import type { Clipboard, Tell } from "./clipboard.tsx";
import { EchoSelect, echoChoice, echoTime } from "./echo.tsx";
import { KeyRow } from "./keys.tsx";
import { Others } from "./others.tsx";

const readerKey = "rdv.screen-reader";

export function readerOn(): boolean {
	return localStorage.getItem(readerKey) === "1";
}

/* Where the keyboard goes when it leaves the terminal. */
function toList(): void {
	const find = (selector: string) =>
	    document.querySelector<HTMLElement>(`.sidebar ${selector}`);

	(find(".list a[aria-current]") ?? find("a"))?.focus();
}

interface Offer {
	link: string | null;
	notice: string | null;
	clear(): void;
}

interface View extends Offer {
	host: RefObject<HTMLDivElement | null>;
	screen: Screen | null;
	state: ScreenState | null;
	tell: Tell;
}

export interface TerminalProps {
	session: string;
	/* Of the session now, where that is known. */
	run: Run | null;
	env(): Env;
	refused(why: Refusal): void;
	guest?: boolean;
	/* Of this browser; none for who is not the session's own. */
	clipboard?: Clipboard;
}

function narrow(): boolean {
	return matchMedia("(max-width: 700px)").matches;
}

function useScreen(props: TerminalProps): View {
	const { session, run } = props;
	const host = useRef<HTMLDivElement>(null);
	const [screen, setScreen] = useState<Screen | null>(null);
	const [state, setState] = useState<ScreenState | null>(null);
	const [link, setLink] = useState<string | null>(null);
	const [notice, setNotice] = useState<string | null>(null);

	useEffect(() => {
		const made = new Screen(host.current!, props.env(), {
			state: setState,
			link: setLink,
			notice: setNotice,
			leave: toList,
			clipboard: (text, n) =>
			    props.clipboard?.put(text, n, setNotice),
			copied: () => props.clipboard?.copied(setNotice),
		}, session, {
			reader: readerOn(),
			modest: props.guest === true || narrow(),
			clipboard: props.clipboard !== undefined,
			echo: echoChoice(),
		});
		setScreen(made);
		made.start();
		/* On a touch screen the focus would call up the keyboard. */
		if (!matchMedia("(pointer: coarse)").matches)
			made.term.focus();
		return () => made.dispose();
	}, [session]);
	useRefused(props.refused, state);
	useNewRun(screen, run, state?.link.name);
	const clear = () => {
		setLink(null);
		setNotice(null);
		screen?.term.focus();
	};
	return { host, screen, state, link, notice, clear, tell: setNotice };
}

function useRefused(
	refused: (why: Refusal) => void, state: ScreenState | null,
): void {
	const link = state?.link;
	const why = link?.name === "refused" ? link.why : null;

	useEffect(() => {
		if (why !== null)
			refused(why);
	}, [why]);
}

/* Whoever started the session again, this view follows. */
function useNewRun(
	screen: Screen | null, run: Run | null, link: string | undefined,
): void {
	const live = run?.state === "running" ? run.id : null;

	useEffect(() => {
		if (screen !== null && live !== null && link === "ended" &&
		    screen.link.cursor.run !== live)
			screen.start();
	}, [screen, live, link]);
}

export function TerminalView(props: TerminalProps) {
	const view = useScreen(props);
	const { screen, state } = view;

	return (
		<section class="terminal" aria-label="Terminal"
		    data-link={state?.link.name}
		    data-owner={state?.owner} data-settled={state?.settled}>
			<div class="glass">
				<div class="frame">
					<div class="host" ref={view.host} />
				</div>
				<div class="over">
					<LinkBar {...view} />
					<PasteBar screen={screen} state={state} />
					<SizeBar screen={screen} state={state} />
				</div>
			</div>
			{screen !== null && state !== null && <>
				<KeyRow screen={screen} />
				<StatusLine screen={screen} state={state}
				    more={props.clipboard?.panel(view.tell)} />
			</>}
		</section>
	);
}

/* The address is shown whole before anything is opened. */
export function LinkBar({ link, notice, clear }: Offer) {
	return (
		<div role="alert">
			{link !== null && (
				<div class="bar">
					<span>Open <a class="target" href={link}
					    target="_blank"
					    rel="noopener noreferrer"
					    onClick={clear}>{link}</a></span>
					<button type="button" class="plain"
					    onClick={clear}>Cancel</button>
				</div>
			)}
			{notice !== null && (
				<div class="bar">
					<span>{notice}</span>
					<button type="button" class="plain"
					    onClick={clear}>Dismiss</button>
				</div>
			)}
		</div>
	);
}

const idle = { pending: 0, batch: 0, paused: false };

interface Parts {
	screen: Screen;
	state: ScreenState;
}

interface Maybe {
	screen: Screen | null;
	state: ScreenState | null;
}

function PasteBar({ screen, state }: Maybe) {
	const { pending, batch, paused } = state?.input ?? idle;

	if (screen === null || pending === 0 || batch < longInput)
		return null;
	const sent = bytes(batch - pending);
	return (
		<div class="bar">
			<span>{paused ? "The program is not reading: "
			    : "Pasting: "}{sent} of {bytes(batch)} sent</span>
			<progress max={batch} value={batch - pending} />
			<button type="button" class="plain"
			    onClick={() => screen.cancelPaste()}>
				Cancel</button>
		</div>
	);
}

function SizeBar({ screen, state }: Maybe) {
	if (screen === null || state === null || state.owner ||
	    state.link.name !== "open" || state.readOnly)
		return null;
	const { cols, rows } = state.size;
	return (
		<div class="bar size">
			<span>Another window sets the size:
				{` ${cols} × ${rows}`}</span>
			<button type="button" class="button"
			    onClick={() => {
				screen.takeSize();
				screen.term.focus();
			    }}>Use this window’s size</button>
		</div>
	);
}

const linkWords: Record<string, string> = {
	connecting: "connecting…",
	open: "connected",
	"catching-up": "catching up with the output…",
	ended: "ended",
	stopped: "detached",
};

const refusals: Record<string, string> = {
	signin: "sent away",
	gone: "there is no such session",
	closed: "closed",
};

function wordFor(state: ScreenState): string {
	const { link } = state;

	if (link.name === "waiting")
		return "connection lost, trying again; what you type is kept";
	if (link.name === "refused")
		return refusals[link.why]!;
	if (link.name === "open" && state.input.paused)
		return "the program is not reading";
	return linkWords[link.name]!;
}

function StatusLine({ screen, state, more }: Parts & {
	more: ComponentChildren;
}) {
	const { cols, rows } = state.size;

	return (
		<div class="status">
			<span class="link" role="status">{wordFor(state)}</span>
			{state.readOnly && <span>read only</span>}
			<span class="title">{label(state.title)}</span>
			<Others list={state.link.name === "open" ? state.others : []}
			    total={state.total} />
			<span class="dims">{`${cols} × ${rows}`}</span>
			<Details screen={screen} more={more} />
		</div>
	);
}

/* Looked at twice a second while it is open, not with every frame. */
function useTicks(on: boolean): void {
	const [, tick] = useState(0);

	useEffect(() => {
		if (!on)
			return;
		const timer = setInterval(() => tick((n) => n + 1), 500);
		return () => clearInterval(timer);
	}, [on]);
}

function Details({ screen, more }: {
	screen: Screen; more: ComponentChildren;
}) {
	const [open, setOpen] = useState(false);
	const { cursor } = screen.link;

	useTicks(open);
	const crc = cursor.crc.toString(16).padStart(8, "0");
	const rows: [string, string][] = [
		["Run", cursor.run ?? "none"],
		["Shown from byte", String(cursor.start)],
		["Shown to byte", String(cursor.next)],
		["CRC-32 of these bytes", crc],
		["Reconnects", String(screen.link.reconnects)],
		["Bytes received twice and dropped", String(cursor.seen)],
		["Gaps noticed and refilled", String(cursor.gaps)],
		["From a key to its echo", echoTime(screen)],
	];

	return (
		<details class="details"
		    onToggle={(ev) => setOpen(ev.currentTarget.open)}>
			<summary>Details</summary>
			<div class="panel">
				<dl>{rows.map(([k, v]) => (
					<div key={k}><dt>{k}</dt>
						<dd class="mono">{v}</dd></div>
				))}</dl>
				{more}
				<ReaderSwitch screen={screen} />
				<EchoSelect screen={screen} />
				<p class="hint">Ctrl+F6 leaves the terminal.
					Ctrl+Shift+C copies, Ctrl+Shift+V pastes.</p>
			</div>
		</details>
	);
}

function ReaderSwitch({ screen }: { screen: Screen }) {
	const [on, setOn] = useState(readerOn());
	const flip = (value: boolean) => {
		localStorage.setItem(readerKey, value ? "1" : "0");
		screen.term.options.screenReaderMode = value;
		setOn(value);
	};

	return (
		<label class="check">
			<input type="checkbox" checked={on}
			    onChange={(ev) => flip(ev.currentTarget.checked)} />
			Read output to a screen reader
		</label>
	);
}
