/* SPDX-License-Identifier: MIT */
/*
 * Names, and what the server says, as elements: what cannot be seen in them is
 * told by a piece that looks like nothing a name could have.
 */

import { ApiError } from "../../net/http.ts";
import { messageOf } from "../../store.ts";
import { label } from "../../util/text.ts";
import { namePieces, nameText, type Piece } from "../../space/name.ts";
import type { DiffStat, Obstacle } from "../../space/types.ts";

export function Pieces({ list }: { list: Piece[] }) {
	return (
		<>
			{list.map((p, i) => p.odd
			    ? <span key={i} class="odd">{p.text}</span> : p.text)}
		</>
	);
}

/* Its directories may be cut, its last word may not. */
export function Name({ text, coded }: {
	text: string; coded?: string | undefined;
}) {
	const pieces = namePieces(text, coded);

	return <span class="mono path" title={nameText(text, coded)}>
		<bdi><Pieces list={pieces} /></bdi></span>;
}

export function Counts({ added, removed }: {
	added: number | null; removed: number | null;
}) {
	return (
		<span class="counts">
			{added !== null && <span class="added">+{added}</span>}
			{removed !== null && <span class="removed">
				{"\u2212"}{removed}</span>}
		</span>
	);
}

/* When not all was looked at, at least that. */
export function Total({ stat }: { stat: DiffStat }) {
	return (
		<>
			{stat.partial && "At least "}
			{`${stat.total} ${stat.total === 1 ? "file" : "files"} `}
			<Counts added={stat.added} removed={stat.removed} />
		</>
	);
}

/* A refusal may tell what stands in the way in each repository. */
export function obstacles(err: unknown): Obstacle[] {
	const { repos } = (err instanceof ApiError && err.details || {}) as
	    { repos?: Obstacle[] };

	return (repos ?? []).filter((p) => p.reasons.length > 0);
}

export function Refusal({ err }: { err: unknown }) {
	const list = obstacles(err);

	return (
		<div class="refusal" role="alert">
			{list.length === 0 && <p class="trouble">
				{label(messageOf(err), 2000)}</p>}
			{list.length > 0 && <ul>
				{list.map((p) => (
					<li key={p.path} data-repo={p.name}>
						<strong>{label(p.name)}</strong>{": "}
						{label(p.why ?? p.reasons.join(", "),
						    1000)}
					</li>
				))}
			</ul>}
		</div>
	);
}
