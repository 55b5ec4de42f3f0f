/* SPDX-License-Identifier: MIT */
/*
 * Below either list: what is of the account and of no page.
 */

import { PushSwitch } from "../push/switch.tsx";
import type { State, Store } from "../store.ts";

export function Account({ store, state }: { store: Store; state: State }) {
	const here = (page: string) => state.route.page === page ? "page"
	    : undefined;

	return (
		<>
			<a class="plain" href="#/asks" aria-current={here("asks")}
			    title="What is asked, and rules">Approvals</a>
			<a class="plain" href="#/agents" aria-current={here("agents")}
			    title="What they need, and their variants">Agents</a>
			<PushSwitch />
			<button type="button" class="plain"
			    title={`Signed in as ${state.user?.name ?? ""}`}
			    onClick={() => void store.signOut()}>
				Sign out</button>
		</>
	);
}
