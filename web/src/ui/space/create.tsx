/* SPDX-License-Identifier: MIT */
/*
 * The form for a new workspace: which repositories, from which branch of each,
 * and what it is called. What was left empty is not sent.
 */

import { useEffect, useState } from "preact/hooks";
import { change, get } from "../../net/http.ts";
import type { Store } from "../../store.ts";
import { label } from "../../util/text.ts";
import type { NewWorkspace, Repo } from "../../space/types.ts";
import { useTitle } from "../hooks.ts";
import { Refusal } from "./text.tsx";

interface Fields {
	name: string;
	branch: string;
	existing: boolean;
	/* Chosen, with the branch to start from. */
	bases: Record<string, string>;
}

const blank: Fields = { name: "", branch: "", existing: false, bases: {} };

function wishOf(f: Fields): NewWorkspace {
	const bases = Object.entries(f.bases).map(([id, base]) =>
	    [id, base.trim()] as const).filter(([, base]) => base !== "");

	return {
		repos: Object.keys(f.bases),
		...f.name.trim() !== "" && { name: f.name.trim() },
		...f.branch.trim() !== "" && { branch: f.branch.trim() },
		...f.existing && { existing_branch: true },
		...bases.length > 0 && { bases: Object.fromEntries(bases) },
	};
}

async function allRepos(): Promise<Repo[]> {
	const out: Repo[] = [];
	let cursor: string | null = null;

	do {
		const q = new URLSearchParams({ limit: "1000",
		    ...cursor !== null && { cursor } });
		const part: { items: Repo[]; next_cursor: string | null } =
		    await get(`/api/repos?${q}`);
		out.push(...part.items);
		cursor = part.next_cursor;
	} while (cursor !== null);
	return out;
}

function useForm(store: Store) {
	const [fields, setFields] = useState(blank);
	const [repos, setRepos] = useState<Repo[] | null>(null);
	const [refused, setRefused] = useState<unknown>(null);
	const [busy, setBusy] = useState(false);
	const set = (part: Partial<Fields>) =>
	    setFields((old) => ({ ...old, ...part }));
	const act = async (fn: () => Promise<void>) => {
		setBusy(true);
		setRefused(null);
		await fn().catch(setRefused);
		setBusy(false);
	};

	useEffect(() => {
		void act(async () => setRepos(await allRepos()));
	}, []);
	return { fields, set, repos, refused, busy,
		submit: (ev: Event) => {
			ev.preventDefault();
			void act(async () => {
				const made = await store.work.create(
				    wishOf(fields));
				store.go({ page: "workspace", id: made.id,
				    repo: null, view: "changes", at: null });
			});
		},
		/* Makes a repository known, and chooses it. */
		add: (path: string) => void act(async () => {
			const { id } = await change<Repo>("POST", "/api/repos",
			    { path });
			setRepos(await allRepos());
			setFields((old) => ({ ...old,
			    bases: { ...old.bases, [id]: "" } }));
		}) };
}

export function NewWorkspaceForm({ store }: { store: Store }) {
	const form = useForm(store);
	const { fields, set, busy } = form;

	useTitle("New workspace");
	return (
		<form class="new-session" onSubmit={form.submit}>
			<h1>New workspace</h1>
			<p class="aside">A worktree of each repository, all on one
				branch. What you have checked out stays as it is.</p>
			<Text id="name" text="Name" value={fields.name}
			    hint="Empty: that of the first repository."
			    set={(name) => set({ name })} />
			<RepoChoice repos={form.repos} fields={fields} set={set} />
			<AddRepo busy={busy} add={form.add} />
			<Text id="branch" text="Branch" value={fields.branch} mono
			    hint="Empty: a new one, named after the workspace."
			    set={(branch) => set({ branch })} />
			<label class="choice">
				<input type="checkbox" name="existing"
				    checked={fields.existing} onChange={(ev) =>
				        set({ existing: ev.currentTarget.checked })} />
				The branch may be there already
			</label>
			{form.refused !== null && <Refusal err={form.refused} />}
			<div class="buttons">
				<button class="button primary" disabled={busy ||
				    Object.keys(fields.bases).length === 0}>
					{busy ? "Working…" : "Make workspace"}
				</button>
				<a class="button" href="#/w">Cancel</a>
			</div>
		</form>
	);
}

function Text({ id, text, value, hint, mono, set }: {
	id: string; text: string; value: string; hint: string; mono?: boolean;
	set(to: string): void;
}) {
	return (
		<div class="field">
			<label for={`work-${id}`}>{text}</label>
			<input id={`work-${id}`} type="text" value={value}
			    class={mono ? "mono" : ""} maxLength={200}
			    autoComplete="off" autoCapitalize="off"
			    spellcheck={false} aria-describedby={`hint-${id}`}
			    onInput={(ev) => set(ev.currentTarget.value)} />
			<p class="hint" id={`hint-${id}`}>{hint}</p>
		</div>
	);
}

function RepoChoice({ repos, fields, set }: {
	repos: Repo[] | null; fields: Fields; set(part: Partial<Fields>): void;
}) {
	const { bases } = fields;
	const flip = (id: string, on: boolean) => {
		const { [id]: _, ...rest } = bases;
		set({ bases: on ? { ...rest, [id]: "" } : rest });
	};

	return (
		<fieldset>
			<legend>Repositories</legend>
			{repos === null && <p class="aside">Loading…</p>}
			{repos?.length === 0 && <p class="aside">
				None is known yet.</p>}
			<ul class="repos">
				{repos?.map((r) => (
					<li key={r.id}>
						<label class="choice" title={label(r.path, 4096)}>
							<input type="checkbox" value={r.id}
							    checked={Object.hasOwn(bases, r.id)}
							    onChange={(ev) => flip(r.id,
							        ev.currentTarget.checked)} />
							<span class="name">{label(r.name)}</span>
							<span class="mono aside">
								{label(r.path, 4096)}</span>
						</label>
						{Object.hasOwn(bases, r.id) && <input
						    type="text" class="mono" maxLength={200}
						    aria-label={`Start ${label(r.name)} from`}
						    placeholder={r.default_base === null
						        ? "from where it is"
						        : `from ${label(r.default_base)}`}
						    value={bases[r.id]} onInput={(ev) => set({
						        bases: { ...bases,
						            [r.id]: ev.currentTarget.value } })} />}
					</li>
				))}
			</ul>
		</fieldset>
	);
}

function AddRepo({ busy, add }: { busy: boolean; add(path: string): void }) {
	const [path, setPath] = useState("");
	const go = () => {
		if (path.trim() !== "")
			add(path.trim());
		setPath("");
	};

	return (
		<div class="field">
			<label for="work-path">Another repository</label>
			<div class="row">
				<input id="work-path" type="text" class="mono"
				    value={path} maxLength={4095} autoComplete="off"
				    placeholder="full path"
				    onInput={(ev) => setPath(ev.currentTarget.value)}
				    onKeyDown={(ev) => {
				        if (ev.key === "Enter") {
				            ev.preventDefault();
				            go();
				        }
				    }} />
				<button type="button" class="button" disabled={busy}
				    onClick={go}>Add</button>
			</div>
		</div>
	);
}
