/* SPDX-License-Identifier: MIT */
/*
 * One question at a time; what came meanwhile asks once more. Of two that are
 * under way at once the older one may be answered last, and would stay.
 */

/*
 * Returns what asks; its promise is kept when nothing is under way any more. A
 * failure is told when nobody has asked since: to who did it is no answer.
 */
export function oneAtATime(ask: () => Promise<unknown>): () => Promise<void> {
	let under: Promise<void> | null = null;
	let again = false;

	const all = async () => {
		do {
			again = false;
			try {
				await ask();
			} catch (err) {
				if (!again)
					throw err;
			} finally {
				if (!again)
					under = null;
			}
		} while (again);
	};
	return () => {
		again = true;
		return under ??= all();
	};
}
