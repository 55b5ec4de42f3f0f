/* SPDX-License-Identifier: MIT */
/*
 * What the page knows, in one place, and the only code that changes it.
 * The server is the authority: an action sends its request and then fetches
 * the lists again; nothing is shown as done before the server said so.
 */

import { ApiError, change, get, inTime, oldKey } from "./net/http.ts";
import { EventFollower } from "./net/events.ts";
import {
	dropPageKey, keepPageKey, onPageKey, pageKey,
} from "./net/key.ts";
import type { Folder, NewSession, Session, User } from "./net/types.ts";
import {
	formatRoute, parseRoute, signInCode, type Route,
} from "./util/route.ts";
import { Workspaces } from "./space/store.ts";
import { Asks } from "./talk/asks.ts";
import { Backoff } from "./util/backoff.ts";

export interface State {
	/* Away: whether somebody is signed in cannot be asked. */
	phase: "starting" | "away" | "signed-out" | "ready";
	/* Why signing in failed, or what just went wrong. */
	notice: string | null;
	/* A sign-in link was opened that nobody has answered to yet. */
	arriving: boolean;
	user: User | null;
	sessions: Session[];
	folders: Folder[];
	loaded: boolean;
	live: boolean;
	showClosed: boolean;
	route: Route;
}

const initial: State = {
	phase: "starting", notice: null, arriving: false, user: null, sessions: [],
	folders: [], loaded: false, live: false, showClosed: false,
	route: { page: "home" },
};

/* Who wants to hear of more than the lists: a page, while it is open. */
export interface Hearer {
	event(kind: string, data: string): void;
	/* Events may have gone by. */
	refresh(): void;
}

/* Several events of one moment cause one fetch. */
const settle = 60;

export function messageOf(err: unknown): string {
	return err instanceof Error ? err.message : String(err);
}

/* Nobody has said no: it is not there, or a proxy speaks for it. */
function isAway(err: unknown): boolean {
	return err instanceof ApiError && (err.status === 0 ||
	    err.status >= 500);
}

/* rdvd does not tell a used code from an old one: neither exists any more. */
function signInTrouble(err: unknown): string {
	if (err instanceof ApiError && err.status === 401)
		return "This link was used before or is older than five minutes.";
	return messageOf(err);
}

export class Store {
	state = initial;
	readonly work = new Workspaces(() => this.set({}),
	    (err) => this.report(err));
	readonly asks = new Asks(() => this.set({}), (err) => this.lost(err));
	private readonly listeners = new Set<() => void>();
	private readonly hearers = new Set<Hearer>();
	private follower: EventFollower | null = null;
	/* The page key that was last asked with who this is. */
	private known: string | null = null;
	private timer = 0;
	private retry = 0;
	private readonly backoff = new Backoff(1000, 15_000);
	/* Of who has asked who this is the last one is answered. */
	private turn = 0;
	/* Of a sign-in link, until it was taken or refused. It is good for one use,
	 * by whoever has it: no place that outlives the page may hold it. */
	private code: string | null = null;
	private redeeming = false;
	private asking = new AbortController();
	private fetching = false;
	private stale = false;

	subscribe(fn: () => void): () => void {
		this.listeners.add(fn);
		return () => this.listeners.delete(fn);
	}

	/* Returns what ends it. */
	hear(who: Hearer): () => void {
		this.hearers.add(who);
		return () => this.hearers.delete(who);
	}

	private set(part: Partial<State>): void {
		this.state = { ...this.state, ...part };
		for (const fn of this.listeners)
			fn();
	}

	/* Signing in */

	async start(): Promise<void> {
		window.addEventListener("hashchange", () => this.navigated());
		const wake = () => {
			if (document.visibilityState !== "visible")
				return;
			this.follower?.wake();
			if (this.state.phase === "away")
				this.again();
		};
		window.addEventListener("online", wake);
		document.addEventListener("visibilitychange", wake);
		onPageKey(() => {
			if (this.state.phase === "signed-out")
				void this.recognise(null);
		});
		await this.arrive();
	}

	private async navigated(): Promise<void> {
		if (signInCode(location.hash) !== null)
			await this.arrive();
		this.set({ route: parseRoute(location.hash) });
		const { route, sessions, phase } = this.state;
		if (phase === "ready" && route.page === "session" &&
		    !sessions.some((s) => s.id === route.id))
			this.fetchSoon();
	}

	/* The code leaves the address bar and the history before anything
	 * else happens: it works once, and not for who looks over a shoulder. */
	private async arrive(): Promise<void> {
		const code = signInCode(location.hash);

		if (code !== null)
			history.replaceState(null, "", location.pathname);
		this.set({ route: parseRoute(location.hash) });
		if (code !== null)
			await this.signIn(code);
		else
			await this.recognise(null);
	}

	async signIn(code: string): Promise<void> {
		this.rest();
		this.code = code;
		/* Its terminals go as well, and are opened anew. */
		if (this.state.phase === "ready")
			this.set({ phase: "starting" });
		await this.redeem();
	}

	/* One at a time. What nobody has answered to is kept and sent again; where
	 * only the answer was lost, that is refused. */
	private async redeem(): Promise<void> {
		let notice: string | null = null, away = false;

		if (this.redeeming)
			return;
		this.redeeming = true;
		clearTimeout(this.retry);
		for (let code = this.code; code !== null && !away; ) {
			try {
				keepPageKey(await this.login(code));
				notice = null;
			} catch (err) {
				notice = signInTrouble(err);
				away = isAway(err);
			}
			/* Another link may have been opened meanwhile. */
			if (!away && this.code === code)
				this.code = null;
			code = this.code;
		}
		this.redeeming = false;
		if (away)
			this.wait(notice);
		else
			await this.recognise(notice);
	}

	/* Every other waits behind it. */
	private async login(code: string): Promise<string> {
		const { page_key } = await inTime((end) =>
		    change<{ page_key: string }>("POST", "/api/auth/login",
		    { code }, end));

		return page_key;
	}

	/* Two that overlap may be answered in any order. */
	private async recognise(notice: string | null): Promise<void> {
		const turn = ++this.turn;

		clearTimeout(this.retry);
		this.known = pageKey();
		try {
			const { user } = await get<{ user: User }>("/api/auth/me");
			if (turn !== this.turn)
				return;
			this.backoff.reset();
			this.set({ phase: "ready", user, notice: null,
			    arriving: false });
			this.follow();
		} catch (err) {
			if (turn === this.turn)
				this.unknown(notice, err);
		}
	}

	private unknown(notice: string | null, err: unknown): void {
		const quiet = err instanceof ApiError && err.status === 401;

		if (isAway(err)) {
			this.wait(notice ?? messageOf(err));
			return;
		}
		this.set({ phase: "signed-out", arriving: false,
		    notice: notice ?? (quiet ? null : messageOf(err)) });
		this.elsewhere(notice);
	}

	/* By another tab, which signed in anew: that is for all. */
	private elsewhere(notice: string | null): void {
		const key = pageKey();

		if (key !== null && key !== this.known)
			void this.recognise(notice);
	}

	private wait(notice: string | null): void {
		this.set({ phase: "away", notice, arriving: this.code !== null });
		clearTimeout(this.retry);
		this.retry = window.setTimeout(() => this.again(),
		    this.backoff.next());
	}

	/* Once more, whether it is there now. */
	again(): void {
		void (this.code === null && !this.redeeming
		    ? this.recognise(null) : this.redeem());
	}

	async signOut(): Promise<void> {
		this.rest();
		await change("POST", "/api/auth/logout").catch(() => undefined);
		/* Also when the server did not hear: without the key this browser
		 * is signed out. */
		dropPageKey();
		this.signedOut(null);
	}

	/* What is under way asks with what is about to count no more; refused
	 * after the next sign-in, it would end that one. */
	private rest(): void {
		this.follower?.stop();
		this.follower = null;
		clearTimeout(this.timer);
		clearTimeout(this.retry);
		this.asking.abort();
		this.turn++;
		this.stale = false;
		this.work.reset();
		this.asks.reset();
	}

	signedOut(notice: string | null): void {
		this.rest();
		this.set({ ...initial, phase: "signed-out", notice,
		    route: this.state.route });
		/* A link that is kept is still to be answered to. */
		if (this.code !== null)
			this.wait(notice);
		else
			this.elsewhere(notice);
	}

	/* Lists and events */

	private follow(): void {
		this.follower?.stop();
		this.follower = new EventFollower({
			refresh: () => {
				void this.fetch();
				void this.work.refresh();
				void this.asks.refresh();
				for (const who of this.hearers)
					who.refresh();
			},
			event: (kind, data) => this.heard(kind, data),
			live: (live) => this.set({ live }),
			signedOut: () => this.signedOut("You were signed out."),
		});
		void this.follower.run();
	}

	private heard(kind: string, data: string): void {
		for (const who of this.hearers)
			who.event(kind, data);
		this.asks.event(kind);
		if (/^(conversation|turn|queue|approval)\./.test(kind))
			return;
		if (/^(workspace|worktree|change|transfer)\./.test(kind))
			this.work.event(kind, data);
		else
			this.fetchSoon();
	}

	private fetchSoon(): void {
		clearTimeout(this.timer);
		this.timer = window.setTimeout(() => void this.fetch(), settle);
	}

	/* One fetch at a time; what changed meanwhile causes another. */
	private async fetch(): Promise<void> {
		if (this.fetching) {
			this.stale = true;
			return;
		}
		this.fetching = true;
		this.asking = new AbortController();
		const { signal } = this.asking;
		try {
			await this.load(signal);
		} catch (err) {
			if (!signal.aborted)
				this.lost(err);
		}
		this.fetching = false;
		if (this.stale) {
			this.stale = false;
			this.fetchSoon();
		}
	}

	private async load(signal: AbortSignal): Promise<void> {
		const query = this.state.showClosed
		    ? "?status=active,suspended,closed" : "";
		const [sessions, folders] = await Promise.all([
			get<Session[]>(`/api/sessions${query}`, signal),
			get<Folder[]>("/api/folders", signal),
		]);
		const all = await this.withOpen(sessions, signal);

		if (!signal.aborted)
			this.set({ sessions: all, folders, loaded: true });
	}

	/* The session being looked at stays known after it was closed. */
	private async withOpen(
		sessions: Session[], signal: AbortSignal,
	): Promise<Session[]> {
		const { route } = this.state;

		if (route.page !== "session" ||
		    sessions.some((s) => s.id === route.id))
			return sessions;
		const open = await get<Session>(`/api/sessions/${route.id}`, signal)
		    .catch(() => null);
		return open === null ? sessions : [...sessions, open];
	}

	setShowClosed(showClosed: boolean): void {
		this.set({ showClosed });
		void this.fetch();
	}

	/* Actions */

	go(route: Route): void {
		location.hash = formatRoute(route);
	}

	tell(notice: string): void {
		this.set({ notice });
	}

	dismiss(): void {
		this.set({ notice: null });
	}

	/* What was asked before the last sign-in says nothing of it. */
	private isOut(err: unknown): boolean {
		return err instanceof ApiError && err.status === 401 &&
		    (err.code !== oldKey || pageKey() !== this.known);
	}

	report(err: unknown): void {
		if (this.isOut(err))
			this.signedOut("You were signed out.");
		else
			this.set({ notice: messageOf(err) });
	}

	/* Who has asked shows the rest. */
	lost(err: unknown): void {
		if (this.isOut(err))
			this.signedOut("You were signed out.");
	}

	/* Runs a change; a failure is shown and answers undefined. */
	async act<T>(fn: () => Promise<T>): Promise<T | undefined> {
		try {
			const result = await fn();
			await this.fetch();
			return result;
		} catch (err) {
			this.report(err);
			return undefined;
		}
	}

	/* Throws, since the form shows the failure beside its fields. */
	async create(wish: NewSession): Promise<void> {
		const made = await change<Session>("POST", "/api/sessions",
		    wish);
		await this.fetch();
		this.go({ page: "session", id: made.id });
	}

	/* Throws likewise. */
	async adopt(name: string): Promise<void> {
		const made = await change<Session>("POST", "/api/tmux/adopt",
		    { name });
		await this.fetch();
		this.go({ page: "session", id: made.id });
	}

	suspend(id: string): Promise<unknown> {
		return this.act(() =>
		    change("POST", `/api/sessions/${id}/suspend`));
	}

	resume(id: string): Promise<unknown> {
		return this.act(() =>
		    change("POST", `/api/sessions/${id}/resume`));
	}

	/* Where something of it goes on, that is said. */
	async close(id: string): Promise<void> {
		const done = await this.act(() => change<{ left: string } | void>(
		    "DELETE", `/api/sessions/${id}`));

		if (done)
			this.set({ notice: done.left });
	}

	rename(id: string, name: string): Promise<unknown> {
		return this.act(() =>
		    change("PATCH", `/api/sessions/${id}`, { name }));
	}

	move(id: string, folder_id: string | null): Promise<unknown> {
		return this.act(() =>
		    change("PATCH", `/api/sessions/${id}`, { folder_id }));
	}

	addFolder(name: string): Promise<unknown> {
		return this.act(() =>
		    change("POST", "/api/folders", { name }));
	}

	renameFolder(id: string, name: string): Promise<unknown> {
		return this.act(() =>
		    change("PATCH", `/api/folders/${id}`, { name }));
	}

	collapse(id: string, collapsed: boolean): void {
		const folders = this.state.folders.map((f) =>
		    f.id === id ? { ...f, collapsed } : f);

		this.set({ folders });
		void change("PATCH", `/api/folders/${id}`, { collapsed })
		    .catch((err) => this.report(err));
	}

	removeFolder(id: string): Promise<unknown> {
		return this.act(() => change("DELETE", `/api/folders/${id}`));
	}
}
