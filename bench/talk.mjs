// A conversation of 500 MB: how fast it is put down, beside write(2) of as many
// bytes, and how soon its last page and its stream are there, beside one of 50
// entries.
import http from 'node:http';
import path from 'node:path';

const ROUNDS = 20;
const median = (list) => list.sort((a, b) => a - b)[list.length >> 1];

// A run that has ended, with entries of so many MiB.
async function conversation(bench, rdv, mib) {
	const s = await bench.session(rdv, `talk${mib}`, ['/bin/true']);
	const run = await bench.logged(rdv, s, 0);
	return { run, put: bench.measure('talk', [path.join(rdv.base,
		'server/runs'), run.id, mib]) };
}

async function page(bench, rdv, run, query = '') {
	const begin = performance.now();
	const r = await bench.call(rdv, 'GET', `/api/runs/${run.id}/entries${query}`);
	return { ms: performance.now() - begin, ...r };
}

const streamed = (rdv, run) => new Promise((resolve, reject) => {
	const begin = performance.now();
	http.get({ socketPath: rdv.sock, path: `/api/runs/${run.id}/entries/stream`,
		headers: { Host: 'localhost', Authorization: `Bearer ${rdv.token}` } },
	(res) => {
		res.once('data', () => resolve(performance.now() - begin));
		res.resume();
	}).on('error', reject);
});

export async function lastPage(bench) {
	const rdv = await bench.rdvStart();
	const small = await conversation(bench, rdv, 1);
	const big = await conversation(bench, rdv, 500);
	const first = await page(bench, rdv, big.run);
	const ms = { small: [], big: [], middle: [], stream: [] };
	for (let i = 0; i < ROUNDS; i++) {
		ms.small.push((await page(bench, rdv, small.run)).ms);
		ms.big.push((await page(bench, rdv, big.run)).ms);
		ms.middle.push((await page(bench, rdv, big.run,
			`?before=${first.total >> 1}`)).ms);
		ms.stream.push(await streamed(rdv, big.run));
	}
	bench.say('a conversation of 500 MB', { entries: first.total,
		put_mbps: big.put.bytes / 1e6 / big.put.s,
		of_write: big.put.plain_s / big.put.s, first_ms: first.ms,
		last_page_ms: median(ms.big), of_small: median(ms.big) /
			median(ms.small), middle_ms: median(ms.middle),
		stream_ms: median(ms.stream) });
	await bench.stop(rdv.child);
}
