/* SPDX-License-Identifier: MIT */
/*
 * One variant as a form, made of what the server says that it may have. What it
 * refuses stands beside the field that it names, and what was typed stays.
 */

import type { ComponentChild } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import {
	filled, Overtaken, put, same, textOf, wrongOf, type Field, type Form,
	type Values, type Wrong,
} from "../../talk/variants.ts";
import { label } from "../../util/text.ts";
import { Confirm } from "../dialog.tsx";
import { Refusal } from "../space/text.tsx";

interface Props {
	form: Form;
	/* null: it is new. */
	was: string | null;
	values: Values;
	done(): void;
	copy?(): void;
	cancel?(): void;
}

const textsOf = (form: Form, values: Values) => Object.fromEntries(
    form.fields.map((f) => [f.name, textOf(f, values[f.name])]));

function useVariant({ form, was, values, done }: Props) {
	const [name, setName] = useState(was ?? "");
	/* As it was when it was last looked at; null: there is none. */
	const [seen, setSeen] = useState(was === null ? null : values);
	const [texts, setTexts] = useState(() => textsOf(form, values));
	const [refused, setRefused] = useState<unknown>(null);
	const [busy, setBusy] = useState(false);
	const [saved, setSaved] = useState(false);
	const begin = (from: Values) => {
		setSeen(from);
		setTexts(textsOf(form, from));
	};
	/* What somebody has typed into stays, whatever becomes of it elsewhere. */
	useEffect(() => {
		if (seen !== null && same(texts, textsOf(form, seen)))
			begin(values);
	}, [JSON.stringify(values)]);
	const go = async (make: () => Values | null) => {
		setBusy(true);
		setRefused(null);
		setSaved(false);
		try {
			const to = make();
			await put({ agent: form.agent, name: name.trim(),
				was: seen === null ? null : { name: was!, values: seen },
				values: to });
			if (to !== null && was !== null)
				begin(to);
			setSaved(true);
			done();
		} catch (err) {
			if (err instanceof Overtaken)
				setSeen(err.now);
			setRefused(err);
		}
		setBusy(false);
	};

	return { name, setName, texts, refused, busy, saved,
		set: (field: string, text: string) => setTexts((old) =>
		    ({ ...old, [field]: text })),
		save: () => go(() => filled(form, seen ?? values, texts)),
		drop: () => go(() => null) };
}

export function VariantForm(props: Props) {
	const { form, was, values, copy, cancel } = props;
	const use = useVariant(props);
	const [asked, setAsked] = useState(false);
	const wrong = use.refused === null ? null : wrongOf(use.refused);
	const at = (field: string) => wrong?.field === field ? wrong : null;
	const known = new Set(["", ...form.fields.map((f) => f.name)]);
	const kept = Object.keys(values).filter((k) => !known.has(k));
	const host = useMarked(use.refused);

	return (
		<form class="variant" ref={host} onSubmit={(ev) => {
			ev.preventDefault();
			void use.save();
		}}>
			{was !== "DEFAULT" && <Row name="Name" id="" form={form}
			    was={was} wrong={at("")} input={(id, more) => <input
			        id={id} type="text" required maxLength={60}
			        value={use.name} {...more} onInput={(ev) =>
			            use.setName(ev.currentTarget.value)} />} />}
			{form.fields.map((f) => <Row key={f.name} name={f.name}
			    id={f.name} form={form} was={was} wrong={at(f.name)}
			    input={(id, more) => <Input field={f} id={id} more={more}
			        text={use.texts[f.name] ?? ""} set={(text) =>
			            use.set(f.name, text)} />} />)}
			{kept.length > 0 && <p class="aside">
				{`Kept as they are: ${kept.map((k) => label(k, 60))
				    .join(", ")}`}</p>}
			{use.refused !== null && (wrong === null ||
			    !known.has(wrong.field)) && <Refusal err={use.refused} />}
			<div class="buttons">
				<button class="button primary" disabled={use.busy}>
					{use.busy ? "…" : "Save"}</button>
				{copy && <button type="button" class="button"
				    onClick={copy}>Copy</button>}
				{was !== null && was !== "DEFAULT" && <button
				    type="button" class="button danger"
				    disabled={use.busy} onClick={() => setAsked(true)}>
					Delete</button>}
				{cancel && <button type="button" class="button"
				    onClick={cancel}>Cancel</button>}
				<span class="aside" role="status">
					{use.saved ? "Saved." : ""}</span>
			</div>
			{asked && <Confirm title={`Delete ${label(was!)}?`}
			    text="Conversations that were begun with it stay as they are."
			    action="Delete variant" run={() => void use.drop()}
			    done={() => setAsked(false)} />}
		</form>
	);
}

/* What is wrong gets the keyboard. */
function useMarked(refused: unknown) {
	const host = useRef<HTMLFormElement>(null);

	useEffect(() => {
		if (refused !== null)
			host.current?.querySelector<HTMLElement>(
			    "[aria-invalid='true']")?.focus();
	}, [refused]);
	return host;
}

interface More {
	"aria-invalid": boolean;
	"aria-describedby": string | undefined;
}

function Row({ name, id, form, was, wrong, input }: {
	name: string; id: string; form: Form; was: string | null;
	wrong: Wrong | null; input(id: string, more: More): ComponentChild;
}) {
	const own = `variant-${form.agent}-${was ?? ""}-${id}`;

	return (
		<div class="row">
			<label for={own} class={id === "" ? "" : "mono"}>{name}</label>
			<div>
				{input(own, { "aria-invalid": wrong !== null,
				    "aria-describedby": wrong !== null ? `${own}-why`
				        : undefined })}
				{wrong !== null && <p class="trouble" role="alert"
				    id={`${own}-why`}>{`${name}: ` +
				        label(wrong.why, 500)}</p>}
			</div>
		</div>
	);
}

/* One line each. */
const hints: Partial<Record<Field["kind"], string>> = {
	texts: "one in each line", pairs: "NAME=value, one in each line",
};

function Input({ field, id, text, set, more }: {
	field: Field; id: string; text: string; set(text: string): void;
	more: More;
}) {
	/* What stands in an environment may be a key. */
	const [open, setOpen] = useState(field.kind !== "pairs" || text === "");
	const words = field.kind === "flag" ? ["true", "false"] : field.words;

	if (!open)
		return <button type="button" class="button" id={id} {...more}
		    onClick={() => setOpen(true)}>
			{`Show ${text.split("\n").length}`}</button>;
	if (field.kind === "flag" || field.kind === "word")
		return (
			<select id={id} value={text} {...more} onChange={(ev) =>
			    set(ev.currentTarget.value)}>
				<option value="">not set</option>
				{words.map((w) => <option key={w} value={w}>{w}
				</option>)}
			</select>
		);
	if (field.kind === "text" && !/prompt|instructions/.test(field.name))
		return <input id={id} type="text" class="mono" value={text}
		    autoComplete="off" autoCapitalize="off" spellcheck={false}
		    {...more} onInput={(ev) => set(ev.currentTarget.value)} />;
	return <textarea id={id} rows={2} class="mono" value={text}
	    placeholder={hints[field.kind] ?? ""} spellcheck={false} {...more}
	    onInput={(ev) => set(ev.currentTarget.value)} />;
}
