/* SPDX-License-Identifier: MIT */
/*
 * The conversations of a workspace, as links. An event of one asks anew.
 */

import { useEffect, useState } from "preact/hooks";
import { get } from "../../net/http.ts";
import type { Store } from "../../store.ts";
import type { Conversation } from "../../talk/types.ts";
import { oneAtATime } from "../../util/one.ts";
import { formatRoute } from "../../util/route.ts";
import { label } from "../../util/text.ts";

const most = 50;

function useList(store: Store, workspace: string): Conversation[] {
	const [list, setList] = useState<Conversation[]>([]);

	useEffect(() => {
		const stop = new AbortController();
		const ask = oneAtATime(() => get<{ items: Conversation[] }>(
		    `/api/conversations?workspace_id=${workspace}&limit=${most}`,
		    stop.signal).then(({ items }) => setList(items),
		    (err) => store.lost(err)));
		const deaf = store.hear({ refresh: ask, event: (kind) => {
			if (kind.startsWith("conversation."))
				void ask();
		} });

		void ask();
		return () => {
			deaf();
			stop.abort();
		};
	}, [store, workspace]);
	return list;
}

export function Conversations({ store, workspace }: {
	store: Store; workspace: string;
}) {
	const list = useList(store, workspace)
	    .filter((c) => c.status !== "closed");

	if (list.length === 0)
		return null;
	return (
		<p class="inside">
			<span class="aside">Conversations:</span>
			{list.map((c) => (
				<a key={c.id} href={formatRoute({
				    page: "conversation", id: c.id })}
				    title={label(c.agent)}>{label(c.name)}</a>
			))}
		</p>
	);
}
