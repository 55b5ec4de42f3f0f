// What every case says: this holds, this is that, this comes true in time.
import { waitFor } from '../harness/rdv.mjs';

export function check(ok, what) {
	if (!ok)
		throw new Error(what);
}

export function equal(got, want, what) {
	const a = JSON.stringify(got), b = JSON.stringify(want);

	check(a === b, `${what}: got ${a}, expected ${b}`);
}

export function until(ask, what, ms = 60000) {
	return waitFor(what, ask, ms);
}
