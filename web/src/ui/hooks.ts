/* SPDX-License-Identifier: MIT */
/*
 * The few hooks the components share.
 */

import { useEffect, useRef, useState } from "preact/hooks";
import { label } from "../util/text.ts";
import type { State, Store } from "../store.ts";

export function useStore(store: Store): State {
	const [state, setState] = useState(store.state);

	useEffect(() => {
		setState(store.state);
		return store.subscribe(() => setState(store.state));
	}, [store]);
	return state;
}

/* The time, looked at again every half minute. */
export function useNow(): number {
	const [now, setNow] = useState(Date.now());

	useEffect(() => {
		const timer = setInterval(() => setNow(Date.now()), 30_000);
		return () => clearInterval(timer);
	}, []);
	return now;
}

/* Scrolls to its element when that becomes the one that is looked at: it may
 * have been opened by its address, or be the newest of many. */
export function useInView(current: boolean) {
	const ref = useRef<HTMLAnchorElement>(null);

	useEffect(() => {
		if (current)
			ref.current?.scrollIntoView({ block: "nearest" });
	}, [current]);
	return ref;
}

export function useTitle(...parts: string[]): void {
	const title = [...parts.filter((p) => p !== ""), "rdv"]
	    .map((p) => label(p)).join(" · ");

	useEffect(() => {
		document.title = title;
	}, [title]);
}
