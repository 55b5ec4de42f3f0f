/* SPDX-License-Identifier: MIT */
/*
 * The place of a conversation that is read: at its end it stays at the end
 * while more comes; anywhere else the row at the top of the window stays where
 * it is, whatever is drawn above or below.
 */

import { useLayoutEffect, useRef, useState } from "preact/hooks";

/* In px: this near to the end is the end, and to the beginning is there. */
const end = 40;
const begin = 600;

interface Place {
	row: Element | null;
	/* Of its upper edge, from that of the window. */
	at: number;
}

function placeOf(el: HTMLElement): Place {
	const box = el.getBoundingClientRect();
	/* Between two rows there is none: a little below is one. */
	for (const y of [4, 20, 44]) {
		const hit = document.elementFromPoint(box.left + box.width / 2,
		    box.top + y)?.closest("[data-row]") ?? null;
		if (hit !== null && el.contains(hit))
			return { row: hit,
			    at: hit.getBoundingClientRect().top - box.top };
	}
	return { row: null, at: 0 };
}

export function useScroll(older: () => void) {
	const ref = useRef<HTMLDivElement>(null);
	const place = useRef<Place>({ row: null, at: 0 });
	const [atEnd, setAtEnd] = useState(true);
	const stick = useRef(true);
	/* Where it was left: above that somebody has scrolled, and the event
	 * that says so is still to come. */
	const left = useRef(0);
	const gap = (el: HTMLElement) =>
	    el.scrollHeight - el.scrollTop - el.clientHeight;
	const look = () => {
		const el = ref.current!;

		stick.current = gap(el) < end;
		left.current = el.scrollTop;
		setAtEnd(stick.current);
		place.current = placeOf(el);
		if (el.scrollTop < begin)
			older();
	};

	useLayoutEffect(() => {
		const el = ref.current;

		if (el === null)
			return;
		if (stick.current && el.scrollTop < left.current - 1 &&
		    gap(el) >= end)
			look();
		const { row, at } = place.current;
		if (stick.current)
			el.scrollTop = el.scrollHeight;
		else if (row?.isConnected)
			el.scrollTop += row.getBoundingClientRect().top -
			    el.getBoundingClientRect().top - at;
		left.current = el.scrollTop;
		if (el.scrollTop < begin)
			older();
	});
	return { ref, atEnd, look, toEnd: () => {
		stick.current = true;
		ref.current!.scrollTop = ref.current!.scrollHeight;
	} };
}
