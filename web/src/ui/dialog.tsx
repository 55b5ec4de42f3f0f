/* SPDX-License-Identifier: MIT */
/*
 * Small questions, asked with the browser's own modal dialog: it keeps the
 * keyboard inside, closes on Escape and gives the focus back.
 */

import type { ComponentChildren } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";

interface DialogProps {
	title: string;
	done(): void;
	submit(): void;
	/* Stays when its form is sent. */
	stays?: boolean;
	children: ComponentChildren;
}

export function Dialog(
	{ title, done, submit, stays, children }: DialogProps,
) {
	const ref = useRef<HTMLDialogElement>(null);

	useEffect(() => {
		const dialog = ref.current!;

		dialog.showModal();
		return () => dialog.close();
	}, []);
	const onSubmit = (ev: Event) => {
		ev.preventDefault();
		submit();
		if (stays !== true)
			done();
	};
	return (
		<dialog ref={ref} aria-label={title} onClose={done}
		    onClick={(ev) => ev.target === ref.current && done()}>
			<form onSubmit={onSubmit}>
				<h2>{title}</h2>
				{children}
			</form>
		</dialog>
	);
}

function Buttons({ action, danger, done }: {
	action: string; danger: boolean; done(): void;
}) {
	return (
		<div class="buttons">
			<button type="button" class="button"
			    onClick={done}>Cancel</button>
			<button class={danger ? "button danger"
			    : "button primary"}>{action}</button>
		</div>
	);
}

export function Confirm({ title, text, action, run, done }: {
	title: string; text: string; action: string;
	run(): void; done(): void;
}) {
	return (
		<Dialog title={title} done={done} submit={run}>
			<p>{text}</p>
			<Buttons action={action} danger={true} done={done} />
		</Dialog>
	);
}

export function AskName({ title, value, save, done }: {
	title: string; value: string;
	save(name: string): void; done(): void;
}) {
	const [name, setName] = useState(value);

	const submit = () => {
		if (name.trim() !== "" && name !== value)
			save(name.trim());
	};
	return (
		<Dialog title={title} done={done} submit={submit}>
			<label for="dialog-name">Name</label>
			<input id="dialog-name" type="text" value={name}
			    required maxLength={100} autoComplete="off"
			    onInput={(ev) => setName(ev.currentTarget.value)} />
			<Buttons action="Save" danger={false} done={done} />
		</Dialog>
	);
}
