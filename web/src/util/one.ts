/* SPDX-License-Identifier: MIT */
/*
 * One question at a time; what came meanwhile asks once more. Of two that are
 * under way at once the older one may be answered last, and would stay.
 */

/* Returns what asks; its promise is kept when nothing is under way any more. */
export function oneAtATime(ask: () => Promise<unknown>): () => Promise<void> {
	let under: Promise<void> | null = null;
	let again = false;

	const all = async () => {
		try {
			do {
				again = false;
				await ask();
			} while (again);
		} finally {
			under = null;
		}
	};
	return () => {
		again = true;
		return under ??= all();
	};
}
