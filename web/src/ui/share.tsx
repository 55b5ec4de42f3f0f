/* SPDX-License-Identifier: MIT */
/*
 * Links to a session's terminal: makes one, shows it once, and lists those that
 * count, each with what ends it.
 */

import { useEffect, useState } from "preact/hooks";
import { change, get } from "../net/http.ts";
import type { Session, ShareLink } from "../net/types.ts";
import { messageOf } from "../store.ts";
import { ago, label } from "../util/text.ts";
import { Dialog } from "./dialog.tsx";
import { useNow } from "./hooks.ts";

const lives: [string, number][] = [
	["1 hour", 3600], ["8 hours", 8 * 3600], ["1 day", 86_400],
	["7 days", 7 * 86_400],
];

interface Wish {
	mode: "read" | "write";
	expires_in: number;
	label: string;
	history: boolean;
}

function useLinks(id: string) {
	const [links, setLinks] = useState<ShareLink[]>([]);
	const [trouble, setTrouble] = useState<string | null>(null);
	const [made, setMade] = useState<ShareLink | null>(null);
	const load = async () => setLinks(await get<ShareLink[]>(
	    `/api/links?session_id=${id}`));
	const act = (fn: () => Promise<void>) => {
		setTrouble(null);
		void fn().then(load)
		    .catch((err) => setTrouble(messageOf(err)));
	};

	useEffect(() => act(async () => undefined), [id]);
	return { links, trouble, made,
		make: (wish: Wish) => act(async () => setMade(
		    await change<ShareLink>("POST", "/api/links",
		        { session_id: id, ...wish }))),
		revoke: (link: ShareLink) => act(async () => {
			await change("DELETE", `/api/links/${link.id}`);
			setMade((m) => m?.id === link.id ? null : m);
		}) };
}

export function ShareDialog({ session, done }: {
	session: Session; done(): void;
}) {
	const { links, trouble, made, make, revoke } = useLinks(session.id);
	const [wish, setWish] = useState<Wish>(
	    { mode: "read", expires_in: 8 * 3600, label: "", history: false });

	return (
		<Dialog title={`Share “${label(session.name)}”`} stays={true}
		    done={done} submit={() => make(wish)}>
			<WishFields wish={wish} set={setWish} />
			<div class="buttons">
				<button type="button" class="button"
				    onClick={done}>Done</button>
				<button class="button primary">Make a link</button>
			</div>
			{trouble !== null && <p class="trouble" role="alert">
				{trouble}</p>}
			{made?.path && <Made path={made.path} />}
			<LinkList links={links} revoke={revoke} />
		</Dialog>
	);
}

function WishFields({ wish, set }: { wish: Wish; set(to: Wish): void }) {
	return (
		<>
			<p class="hint">Whoever has the link sees this terminal as it
				is then and what follows, and nothing else of yours.</p>
			<label for="share-label">Who it is for</label>
			<input id="share-label" type="text" value={wish.label}
			    maxLength={40} autoComplete="off"
			    placeholder="shown to others who look"
			    onInput={(ev) => set({ ...wish,
			        label: ev.currentTarget.value })} />
			<div class="wishes">
				<div>
					<label for="share-life">Ends after</label>
					<select id="share-life"
					    value={String(wish.expires_in)}
					    onChange={(ev) => set({ ...wish,
					        expires_in: Number(
					            ev.currentTarget.value) })}>
						{lives.map(([word, s]) =>
						    <option key={s} value={String(s)}>
							{word}</option>)}
					</select>
				</div>
				<label class="check">
					<input type="checkbox"
					    checked={wish.mode === "write"}
					    onChange={(ev) => set({ ...wish,
					        mode: ev.currentTarget.checked
					            ? "write" : "read" })} />
					May type, as you
				</label>
				<label class="check">
					<input type="checkbox" checked={wish.history}
					    onChange={(ev) => set({ ...wish,
					        history: ev.currentTarget.checked })} />
					Sees what was before, too
				</label>
			</div>
		</>
	);
}

function Made({ path }: { path: string }) {
	const url = location.origin + path;
	const [copied, setCopied] = useState(false);

	return (
		<div class="made" role="status">
			<label for="share-url">Give this to whom it is for; it is
				not shown again</label>
			<div class="row">
				<input id="share-url" type="text" readOnly
				    class="mono" value={url}
				    onFocus={(ev) => ev.currentTarget.select()} />
				<button type="button" class="button"
				    onClick={() => void navigator.clipboard
				        ?.writeText(url).then(() => setCopied(true))}>
					{copied ? "Copied" : "Copy"}</button>
			</div>
		</div>
	);
}

function LinkList({ links, revoke }: {
	links: ShareLink[]; revoke(link: ShareLink): void;
}) {
	const now = useNow();

	if (links.length === 0)
		return null;
	return (
		<ul class="links">
			{links.map((link) => (
				<li key={link.id} data-link={link.id}>
					<span class="who">
						{label(link.label) || "no label"}</span>
					<span class="aside">{[
					    link.mode === "write" ? "types" : "looks",
					    link.history ? "sees what was before" : "",
					    `until ${new Date(link.expires_at)
					        .toLocaleString()}`,
					    link.last_used_at === null ? "not used"
					        : `used ${ago(link.last_used_at, now)}`,
					].filter((word) => word !== "").join(" · ")}</span>
					<button type="button" class="button danger"
					    onClick={() => revoke(link)}>
						Revoke</button>
				</li>
			))}
		</ul>
	);
}
