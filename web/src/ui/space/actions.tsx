/* SPDX-License-Identifier: MIT */
/*
 * What can be done with a workspace and with a worktree of it: one row for each
 * button. A row says when there is one, and either does it at once or asks
 * first; a refusal is the server's own sentence, shown where the click was.
 */

import type { ComponentChild } from "preact";
import { useState } from "preact/hooks";
import type { Store } from "../../store.ts";
import { label } from "../../util/text.ts";
import { fitting } from "../../space/name.ts";
import type { Part, Workspace } from "../../space/types.ts";
import { AskName, Dialog } from "../dialog.tsx";
import { CommitDialog } from "./commit.tsx";
import { ScriptsDialog } from "./dev.tsx";
import { DiscardDialog } from "./discard.tsx";
import { EndDialog } from "./end.tsx";
import { MergeDialog, RebaseDialog } from "./merge.tsx";
import { Refusal } from "./text.tsx";

export interface Context {
	store: Store;
	ws: Workspace;
	part: Part | null;
	/* Does it, and shows why it was refused. */
	act(fn: () => Promise<unknown>): void;
}

interface Action {
	of: "workspace" | "tree";
	word: string;
	title: string;
	tone?: "danger" | "primary";
	when(c: Context): boolean;
	run?(c: Context): Promise<unknown>;
	ask?(c: Context, done: () => void): ComponentChild;
}

const ready = ({ ws }: Context) => ws.state === "ready" && !ws.archived;

function terminal({ store, ws, part }: Context): Promise<void> {
	const name = ws.repos.length > 1 ? `${ws.name} · ${part!.name}`
	    : ws.name;

	return store.create({ name: fitting(name, 100),
	    project_path: part!.path });
}

const actions: Action[] = [
	{ of: "workspace", word: "Ask an agent", tone: "primary",
	    title: "A new conversation here", when: ready,
	    run: async ({ store, ws }) => store.go({
	        page: "new-conversation", id: ws.id }) },
	{ of: "workspace", word: "Dev servers",
	    title: "The scripts that serve a preview", when: ready,
	    ask: ({ ws }, done) => <ScriptsDialog ws={ws} done={done} /> },
	{ of: "workspace", word: "Pin", title: "Keep it above the others",
	    when: ({ ws }) => !ws.pinned && !ws.archived,
	    run: ({ store, ws }) => store.work.update(ws.id,
	        { pinned: true }) },
	{ of: "workspace", word: "Unpin", title: "No longer above the others",
	    when: ({ ws }) => ws.pinned && !ws.archived,
	    run: ({ store, ws }) => store.work.update(ws.id,
	        { pinned: false }) },
	{ of: "workspace", word: "Rename",
	    title: "Its branch and directory stay", when: () => true,
	    ask: (c, done) => <AskName title="Rename workspace"
	        value={c.ws.name} done={done} save={(name) => c.act(() =>
	            c.store.work.update(c.ws.id, { name }))} /> },
	{ of: "workspace", word: "Repair",
	    title: "Brings back what is missing of its worktrees", when: ready,
	    run: ({ store, ws }) => store.work.ensure(ws.id) },
	{ of: "workspace", word: "Restore", title: "Back from the archive",
	    tone: "primary", when: ({ ws }) => ws.archived,
	    run: ({ store, ws }) => store.work.restore(ws.id) },
	{ of: "workspace", word: "Archive", title: "Put it away", when: ready,
	    ask: ({ store, ws }, done) => <EndDialog how="archive" ws={ws}
	        done={done} end={(remove, force) =>
	            store.work.archive(ws.id, { remove, force })} /> },
	{ of: "workspace", word: "Delete", title: "Remove it and its worktrees",
	    tone: "danger", when: () => true,
	    ask: ({ store, ws }, done) => <EndDialog how="delete" ws={ws}
	        done={done} end={(branches, force) =>
	            remove(store, ws, { branches, force })} /> },
	{ of: "tree", word: "Terminal", title: "A new session in this worktree",
	    tone: "primary", when: ready, run: terminal },
	{ of: "tree", word: "Commit", title: "Of all changes, or some files",
	    when: ready, ask: ({ store, part }, done) => <CommitDialog
	        store={store} part={part!} done={done} /> },
	{ of: "tree", word: "Discard", title: "Throw changes away; restore them",
	    when: ready, ask: ({ part }, done) => <DiscardDialog
	        part={part!} done={done} /> },
	{ of: "tree", word: "Merge", title: "Its branch into another one",
	    when: ready, ask: (c, done) => <MergeDialog part={c.part!}
	        store={c.store} done={done} /> },
	{ of: "tree", word: "Rebase", title: "Its commits anew on another one",
	    when: ready, ask: (c, done) => <RebaseDialog part={c.part!}
	        store={c.store} done={done} /> },
];

async function remove(
	store: Store, ws: Workspace, how: { branches: boolean; force: boolean },
): Promise<void> {
	const { cause } = await store.work.remove(ws.id, how);

	store.go({ page: "workspaces" });
	if (cause)
		store.tell(label(cause, 1000));
}

export function Actions({ of, store, ws, part }: {
	of: Action["of"]; store: Store; ws: Workspace; part: Part | null;
}) {
	const [asked, setAsked] = useState<Action | null>(null);
	const [refused, setRefused] = useState<unknown>(null);
	const [busy, setBusy] = useState(false);

	const act = (fn: () => Promise<unknown>) => {
		setBusy(true);
		void fn().catch(setRefused).finally(() => setBusy(false));
	};
	const context: Context = { store, ws, part, act };
	return (
		<div class="actions">
			{actions.filter((a) => a.of === of && a.when(context))
			    .map((a) => (
				<button key={a.word} type="button" title={a.title}
				    class={`button ${a.tone ?? ""}`} disabled={busy}
				    onClick={() => a.run ? act(() =>
				        a.run!(context)) : setAsked(a)}>
					{a.word}</button>
			))}
			{asked?.ask?.(context, () => setAsked(null))}
			{refused !== null && <Refused err={refused}
			    done={() => setRefused(null)} />}
		</div>
	);
}

function Refused({ err, done }: { err: unknown; done(): void }) {
	return (
		<Dialog title="That was refused" done={done} submit={done}>
			<Refusal err={err} />
			<div class="buttons">
				<button class="button primary">Close</button>
			</div>
		</Dialog>
	);
}
