/* SPDX-License-Identifier: MIT */
/*
 * Words that come from programs and repositories, made fit for a label:
 * control and direction-changing characters go, and the length is bounded,
 * so that a title can neither forge the page around it nor grow without end.
 */

/* C0, DEL, C1, line and paragraph separators, and the marks, embeddings,
 * overrides and isolates that reorder text on screen. */
const unsafe =
    /[\u0000-\u001f\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]/g;

export function label(text: string, limit = 120): string {
	/* Cut first: a megabyte of title must not be scanned whole. */
	const clean = text.slice(0, limit * 4).replace(unsafe, " ")
	    .replace(/\s+/g, " ").trim();
	const points = Array.from(clean);

	if (points.length <= limit)
		return clean;
	return points.slice(0, limit - 1).join("") + "…";
}

/* The end of a path says more than its beginning. */
export function pathTail(path: string, limit = 44): string {
	const clean = label(path, 4096);

	if (clean.length <= limit)
		return clean;
	return "…" + clean.slice(clean.length - limit + 1);
}

export function bytes(n: number): string {
	if (n < 1000)
		return `${n} B`;
	if (n < 1_000_000)
		return `${(n / 1000).toFixed(n < 10_000 ? 1 : 0)} kB`;
	return `${(n / 1_000_000).toFixed(1)} MB`;
}

/* A position in a recording. */
export function clock(ms: number): string {
	const s = Math.floor(ms / 1000);
	const two = (n: number) => String(n).padStart(2, "0");
	const hours = Math.floor(s / 3600), min = Math.floor(s / 60) % 60;

	return hours > 0 ? `${hours}:${two(min)}:${two(s % 60)}`
	    : `${min}:${two(s % 60)}`;
}

const units: ReadonlyArray<readonly [number, string]> = [
	[86_400_000, "d"], [3_600_000, "h"], [60_000, "min"],
];

export function ago(then: number, now: number): string {
	const past = now - then;

	for (const [size, name] of units)
		if (past >= size)
			return `${Math.floor(past / size)} ${name} ago`;
	return "just now";
}
