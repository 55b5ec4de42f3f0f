// Instructions of the request and event paths, one connection at a time but
// where changes share a commit.
import { spawnSync } from 'node:child_process';
import { counter } from './callgrind.mjs';

const SUBSCRIBERS = 50, TOGETHER = 64;

export async function requestCounts(bench) {
	const count = counter(bench);
	const load = (rdv, file, n, conns = 1) => bench.measure('httpload',
		[rdv.sock, conns, 600, 0, file, n]);
	const one = (rdv) => bench.session(rdv, 'one', ['/bin/cat']);

	const get = await count(async (rdv, n) => {
		const s = await one(rdv);
		load(rdv, bench.requestFile('get', rdv, 'GET',
			`/api/sessions/${s.id}`), n);
	}, 200, 1200);
	// A list is made from its rows each time.
	const list = await count(async (rdv, n) => {
		await one(rdv);
		load(rdv, bench.requestFile('list', rdv, 'GET', '/api/sessions'), n);
	}, 200, 1200);
	const change = (conns) => async (rdv, n) => {
		const s = await one(rdv);
		load(rdv, bench.requestFile('patch', rdv, 'PATCH',
			`/api/sessions/${s.id}`, '{"name":"n%d"}'), n, conns);
	};
	const patch = await count(change(1), 100, 600);
	const grouped = await count(change(TOGETHER), 1000, 6000);
	bench.say('callgrind, requests', { get_session: get,
		list_of_one: list, patch, patch_in_a_group: grouped });

	const event = await count(async (rdv, n) => {
		const s = await one(rdv);
		const r = spawnSync(bench.tool('fanout'), [rdv.sock, SUBSCRIBERS,
			bench.streamFile(rdv), bench.triggerFile(rdv, s), n].map(String),
		{ input: 'go\n', encoding: 'utf8' });
		if (r.status !== 0)
			throw new Error(`fanout: ${r.stderr}`);
	}, 20, 120);
	bench.say('callgrind, events', { change_and_event: patch,
		per_subscriber: (event - patch) / SUBSCRIBERS });
}
