/* SPDX-License-Identifier: MIT */
/*
 * The smallest test runner that does what these tests need: cases run one
 * after the other against one running product, a skip says why, and the last
 * line counts. Waiting is always for a condition, with a deadline.
 */

const cases = [];

export function test(name, fn) {
	cases.push({ name, fn });
}

class Skip extends Error {}

export function skip(why) {
	throw new Skip(why);
}

export function check(ok, what) {
	if (!ok)
		throw new Error(what);
}

export function equal(got, want, what) {
	const a = JSON.stringify(got), b = JSON.stringify(want);

	if (a !== b)
		throw new Error(`${what}: got ${a}, expected ${b}`);
}

/* Asks again and again until the answer is true-ish, and returns it. */
export async function until(ask, what, ms = 15_000) {
	const deadline = Date.now() + ms;

	for (;;) {
		const answer = await ask();
		if (answer)
			return answer;
		if (Date.now() > deadline)
			throw new Error(`not within ${ms} ms: ${what}`);
		await new Promise((done) => setTimeout(done, 20));
	}
}

export async function runAll(words, context, onFailure) {
	const count = { passed: 0, failed: 0, skipped: 0 };
	const chosen = cases.filter(({ name }) => words.length === 0 ||
	    words.some((word) => name.includes(word)));

	for (const { name, fn } of chosen) {
		try {
			await fn(context);
			count.passed++;
			console.log(`ok   ${name}`);
		} catch (err) {
			if (err instanceof Skip) {
				count.skipped++;
				console.log(`skip ${name}: ${err.message}`);
				continue;
			}
			count.failed++;
			console.log(`FAIL ${name}\n     ${err.stack}`);
			await onFailure(name).catch(() => undefined);
		}
	}
	return count;
}
