/* SPDX-License-Identifier: MIT */
/*
 * The last commit of a worktree, as an event tells it: what is shown of it is
 * fetched anew when it is another one, and nothing while it is not.
 */

import { useEffect } from "preact/hooks";
import type { Store } from "../../store.ts";

/* "" until it is known. */
export function useHead(store: Store, tree: string): string {
	const { watches } = store.work;

	useEffect(() => watches.watch(tree, null), [tree]);
	return watches.stat(tree, null)?.from ?? "";
}
