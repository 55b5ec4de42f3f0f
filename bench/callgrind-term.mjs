// Instructions of the terminal path.
import { counter } from './callgrind.mjs';

export async function terminalCounts(bench) {
	const count = counter(bench);
	const program = (mib) => [bench.tool('flood'), String(mib)];

	// WebSocket to terminal, terminal to log, log to WebSocket.
	const key = await count(async (rdv, n) => {
		const s = await bench.session(rdv, 'keys', program(1));
		bench.measure('termclient', ['echo', n, bench.endpoint(rdv, s)]);
	}, 200, 1200);
	const mib = await count(async (rdv, n) => {
		const s = await bench.session(rdv, 'flood', program(n));
		bench.measure('termclient', ['flood', n, bench.endpoint(rdv, s)]);
	}, 4, 36);
	bench.say('callgrind, terminal', { per_echoed_key: key,
		per_mib_of_flood: mib });
}
