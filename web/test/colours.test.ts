/* SPDX-License-Identifier: MIT */
/* Colours in which something is said, on each ground that they stand on: the
 * contrast that WCAG 2.2 wants of text (1.4.3) and of what shows the focus
 * (1.4.11), in both schemes. */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

type Scheme = Record<string, string>;

/* The first block of names, and the one within the dark scheme over it. */
function schemes(file: string): [Scheme, Scheme] {
	const blocks = [...readFileSync(`web/src/${file}`, "utf8")
	    .matchAll(/:root \{([^}]*)\}/g)].map(([, body]) =>
		Object.fromEntries([...body!.matchAll(
		    /--([a-z-]+):\s*(#[0-9a-f]{6});/g)].map((m) =>
		    [m[1]!, m[2]!])));

	return [blocks[0]!, { ...blocks[0]!, ...blocks[1]! }];
}

function light(colour: string): number {
	const parts = [1, 3, 5].map((i) =>
	    parseInt(colour.slice(i, i + 2), 16) / 255).map((c) =>
	    c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);

	return 0.2126 * parts[0]! + 0.7152 * parts[1]! + 0.0722 * parts[2]!;
}

function contrast(a: string, b: string): number {
	const [x, y] = [light(a), light(b)];

	return (Math.max(x, y) + 0.05) / (Math.min(x, y) + 0.05);
}

test("the measure is the one of WCAG", () => {
	assert.equal(contrast("#000000", "#ffffff").toFixed(2), "21.00");
	assert.equal(contrast("#777777", "#ffffff").toFixed(2), "4.48");
});

test("what is said can be read, in the light and in the dark", () => {
	const page = schemes("style.css"), code = schemes("space.css");
	const grounds = ["paper", "sheet", "hover"];
	const texts = ["ink", "soft", "accent", "good", "busy", "bad", "rest"];

	for (const i of [0, 1]) {
		const all = { ...page[i], ...code[i] };
		const least = (text: string, ground: string, want: number) => {
			const is = contrast(all[text]!, all[ground]!);
			assert.ok(is >= want, `${text} on ${ground}, scheme ${i}: ` +
			    is.toFixed(2));
		};

		for (const ground of grounds) {
			for (const text of texts)
				least(text, ground, 4.5);
			least("mark", ground, 3);
		}
		least("on-accent", "accent", 4.5);
		for (const text of ["added", "removed"])
			for (const ground of ["paper", "sheet"])
				least(text, ground, 4.5);
		for (const ground of ["sheet", "added-line", "removed-line"])
			for (const text of ["ink", "soft", "rest", "code-word",
			    "code-text", "code-name", "code-kind", "code-note"])
				least(text, ground, 4.5);
	}
});
