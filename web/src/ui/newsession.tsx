/* SPDX-License-Identifier: MIT */
/*
 * The form for a new session: a name, where it works - a directory, or a
 * fresh worktree of a repository - and what it runs. The server judges what
 * is allowed; its answer is shown beside the form, which keeps its values.
 */

import { useState } from "preact/hooks";
import type { NewSession } from "../net/types.ts";
import { messageOf, type State, type Store } from "../store.ts";
import { label } from "../util/text.ts";
import { buildTree, flatten } from "../util/tree.ts";
import { useTitle } from "./hooks.ts";
import { Orphans } from "./orphans.tsx";

type Place = "directory" | "repository";

interface Fields {
	name: string;
	place: Place;
	directory: string;
	repository: string;
	branch: string;
	base: string;
	command: string;
	folder: string;
	tmux: boolean;
}

const blank: Fields = {
	name: "", place: "directory", directory: "", repository: "",
	branch: "", base: "", command: "", folder: "", tmux: false,
};

/* What was left empty is not sent: the server knows the defaults. */
function wishOf(f: Fields): NewSession {
	const wish: NewSession = { name: f.name.trim() };

	if (f.folder !== "")
		wish.folder_id = f.folder;
	if (f.command.trim() !== "")
		wish.shell_command = f.command;
	if (f.tmux)
		wish.terminal_type = "tmux";
	if (f.place === "directory") {
		if (f.directory.trim() !== "")
			wish.project_path = f.directory.trim();
		return wish;
	}
	wish.repo_path = f.repository.trim();
	wish.worktree_branch = f.branch.trim();
	wish.create_worktree = true;
	if (f.base.trim() !== "")
		wish.base_branch = f.base.trim();
	return wish;
}

interface FieldProps {
	id: Exclude<keyof Fields, "tmux">;
	text: string;
	hint?: string;
	required?: boolean;
	mono?: boolean;
	fields: Fields;
	set(part: Partial<Fields>): void;
}

function Field({ id, text, hint, required, mono, fields, set }: FieldProps) {
	return (
		<div class="field">
			<label for={`new-${id}`}>{text}</label>
			<input id={`new-${id}`} name={id} type="text"
			    class={mono ? "mono" : ""} value={fields[id]}
			    required={required ?? false} maxLength={4096}
			    autoComplete="off" autoCapitalize="off"
			    spellcheck={false}
			    aria-describedby={hint ? `hint-${id}` : undefined}
			    onInput={(ev) =>
			        set({ [id]: ev.currentTarget.value })} />
			{hint && <p class="hint" id={`hint-${id}`}>{hint}</p>}
		</div>
	);
}

interface PartProps {
	fields: Fields;
	set(part: Partial<Fields>): void;
}

function PlaceChoice({ fields, set }: PartProps) {
	const choice = (value: Place, text: string) => (
		<label class="choice">
			<input type="radio" name="place" value={value}
			    checked={fields.place === value}
			    onChange={() => set({ place: value })} />
			{text}
		</label>
	);

	return (
		<fieldset>
			<legend>Where it works</legend>
			{choice("directory", "In a directory")}
			{choice("repository", "In a new worktree")}
		</fieldset>
	);
}

function PlaceFields(props: PartProps) {
	if (props.fields.place === "directory")
		return <Field {...props} id="directory" text="Directory" mono
		    hint="Full path. Leave it empty for your home directory." />;
	return (
		<>
			<Field {...props} id="repository" text="Repository" mono
			    required hint="Full path of a git repository." />
			<div class="pair">
				<Field {...props} id="branch" text="Branch" mono
				    required
				    hint="Made if it does not exist." />
				<Field {...props} id="base" text="Start from" mono
				    hint="Empty: the current branch." />
			</div>
		</>
	);
}

function FolderChoice({ fields, set, state }: PartProps & { state: State }) {
	const choices = flatten(buildTree(state.folders, []));

	if (choices.length === 0)
		return null;
	return (
		<div class="field">
			<label for="new-folder">Folder</label>
			<select id="new-folder" value={fields.folder}
			    onChange={(ev) =>
			        set({ folder: ev.currentTarget.value })}>
				<option value="">None</option>
				{choices.map(({ folder, depth }) => (
					<option key={folder.id} value={folder.id}>
						{"\u2003".repeat(depth) +
						    label(folder.name)}
					</option>
				))}
			</select>
		</div>
	);
}

function useForm(store: Store) {
	const [fields, setFields] = useState(blank);
	const [error, setError] = useState<string | null>(null);
	const [busy, setBusy] = useState(false);
	const set = (part: Partial<Fields>) =>
	    setFields((old) => ({ ...old, ...part }));

	const submit = async (ev: Event) => {
		ev.preventDefault();
		if (busy)
			return;
		setBusy(true);
		setError(null);
		try {
			await store.create(wishOf(fields));
		} catch (err) {
			setError(messageOf(err));
			setBusy(false);
		}
	};
	return { fields, set, error, busy, submit };
}

export function NewSessionForm({ store, state }: {
	store: Store; state: State;
}) {
	const { fields, set, error, busy, submit } = useForm(store);
	const part = { fields, set };

	useTitle("New session");
	return (
		<form class="new-session" onSubmit={submit}>
			<h1>New session</h1>
			<Field {...part} id="name" text="Name" required />
			<PlaceChoice {...part} />
			<PlaceFields {...part} />
			<Field {...part} id="command" text="Command" mono
			    hint="Empty: your login shell." />
			<FolderChoice {...part} state={state} />
			<label class="choice">
				<input type="checkbox" name="tmux"
				    checked={fields.tmux} onChange={(ev) => set({
				        tmux: ev.currentTarget.checked })} />
				Keep it in tmux
			</label>
			<p class="trouble" role="alert">{error}</p>
			<div class="buttons">
				<button class="button primary" disabled={busy}>
					{busy ? "Starting…" : "Start session"}
				</button>
				<a class="button" href="#/">Cancel</a>
			</div>
			<Orphans store={store} />
		</form>
	);
}
