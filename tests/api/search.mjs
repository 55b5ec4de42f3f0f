// Looking for a text in what a session has written, from its end.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { bare, bin, test, waitFor } from '../harness/rdv.mjs';

const ask = (rdv, s, query) => rdv.request('GET',
	`/api/sessions/${s.id}/scrollback?${new URLSearchParams(query)}`);
async function look(rdv, s, query) {
	const r = await ask(rdv, s, query);
	assert.equal(r.status, 200, String(r.raw));
	return r.json;
}
// One that has ended, with all of its output.
async function ran(rdv, script) {
	const s = await rdv.session('wrote', ['/bin/sh', '-c', script]);
	await waitFor('its end', async () => (await rdv.call('GET',
		`/api/sessions/${s.id}`)).run.state === 'completed');
	return s;
}
const cli = (rdv, ...args) => new Promise((resolve) => execFile(bin('rdv'), args,
	{ env: { ...bare, HOME: rdv.home, RDV_HOME: rdv.base }, timeout: 60000,
		maxBuffer: 1 << 24 },
	(e, out, err) => resolve({ status: e === null ? 0 : e.code, out, err })));

await test('lines with a text, newest first, page by page', async (t) => {
	const rdv = await t.start();
	const s = await ran(rdv, 'seq 100000');
	const log = String((await rdv.request('GET',
		`/api/runs/${s.run.id}/log`)).raw);
	const want = log.split('\r\n').filter((line) => line.includes('777'))
		.reverse();
	const all = [];
	let page = { next: null };
	do {
		page = await look(rdv, s, { query: '777', limit: 100,
			...page.next !== null && { before: page.next } });
		assert.ok(page.hits.length <= 100);
		assert.equal(page.run_id, s.run.id);
		all.push(...page.hits);
	} while (page.next !== null);
	assert.deepEqual(all.map((h) => h.text), want);
	for (const h of all)
		assert.equal(log.slice(h.offset).split('\r\n')[0], h.text);
	assert.equal((await look(rdv, s, { query: '77777' })).hits.length, 1);
	assert.deepEqual((await look(rdv, s, { query: 'none' })),
		{ run_id: s.run.id, hits: [], next: null });
});

await test('what is found is what is shown, with the lines around it',
	async (t) => {
		const rdv = await t.start();
		const s = await ran(rdv, 'printf "before\\n\\033[31mE\\033[1mrror' +
			'\\033[0m\\r\\n10%%\\r99%%\\nlast"');
		const { hits } = await look(rdv, s, { query: 'error',
			ignore_case: true, context: 1 });
		assert.deepEqual(hits, [{ offset: 'before\r\n'.length, text: 'Error',
			before: ['before'], after: ['99%'] }]);
		for (const [query, n] of [['error', 0], ['10%', 0], ['[31m', 0],
			['99%', 1], ['last', 1]])
			assert.equal((await look(rdv, s, { query })).hits.length, n, query);
	});

await test('a search that makes no sense is refused', async (t) => {
	const rdv = await t.start();
	const s = await ran(rdv, 'echo x');
	for (const [query, status] of [[{ query: 'x', lines: 5 }, 400],
		[{ query: 'x', raw: true }, 400], [{ before: 5 }, 400],
		[{ context: 5 }, 400], [{ ignore_case: true }, 400],
		[{ limit: 5 }, 400], [{ query: '' }, 422],
		[{ query: 'x'.repeat(513) }, 422], [{ query: 'x', limit: 0 }, 422],
		[{ query: 'x', limit: 1001 }, 422],
		[{ query: 'x', context: 21 }, 422], [{ query: 'x', before: -1 }, 422]])
		assert.equal((await ask(rdv, s, query)).status, status,
			JSON.stringify(query));
	assert.equal((await look(rdv, s, { query: 'x', before: 0 })).hits.length,
		0);
});

await test('lines that motions make too long are refused, not left out',
	async (t) => {
		const rdv = await t.start();
		const s = await ran(rdv, 'i=0; while [ $i -lt 1000 ]; do i=$((i+1)); ' +
			'printf "\\033[4095Cx\\n"; done; echo last');
		const lines = (n) => ask(rdv, s, { lines: n });
		const r = await lines(1001);
		assert.deepEqual([r.status, r.json.code], [413, 'TOO_LARGE']);
		const few = (await lines(3)).json.content.split('\n');
		assert.deepEqual(few.map((line) => line.trim()), ['x', 'x', 'last', '']);
		assert.equal((await look(rdv, s, { query: 'x' })).hits.length, 100);
	});

await test('a long search leaves everybody else his turn, and the third is ' +
	'refused', async (t) => {
	const rdv = await t.start();
	const s = await ran(rdv, 'i=0; while [ $i -lt 20 ]; do i=$((i+1)); ' +
		'head -c 400000 /dev/zero | tr "\\0" "\\33"; echo; done');
	const two = ['a', 'b'].map((query) => look(rdv, s, { query }));
	let over = 0;
	for (const p of two)
		p.then(() => over++);
	const third = await ask(rdv, s, { query: 'c' });
	for (let i = 0; i < 5; i++)
		await rdv.call('GET', '/api/user');
	// What could not be seen under way was over: then nothing was refused.
	assert.ok(over === 2 || third.status === 429, String(third.raw));
	for (const r of await Promise.all(two))
		assert.deepEqual([r.hits, r.next], [[], null]);
	assert.equal((await ask(rdv, s, { query: 'c' })).status, 200);
});

await test('rdv scrollback --grep', async (t) => {
	const rdv = await t.start();
	const s = await ran(rdv, 'seq 20000 | sed "s/^1999/Error 1999/"; ' +
		'printf "\\033[31mfatal\\033[0m Error\\n"');
	const grep = (...words) => cli(rdv, 'scrollback', s.id, '--grep', ...words);
	assert.deepEqual(await grep('error', '-i', '-n', '3'),
		{ status: 0, out: 'Error 19998\nError 19999\nfatal Error\n', err: '' });
	const around = (await grep('fatal', '-C', '2')).out;
	assert.equal(around, 'Error 19999\n20000\nfatal Error\n');
	assert.equal((await grep('Error 1999', '--context', '1', '-n', '2')).out,
		'Error 19997\nError 19998\nError 19999\n--\n' +
		'Error 19998\nError 19999\n20000\n');
	// More than a page of them.
	const many = (await grep('9', '-n', '5000')).out.trim().split('\n');
	assert.equal(many.length, 5000);
	assert.deepEqual(many.slice(-2), ['Error 19998', 'Error 19999']);
	assert.deepEqual(await grep('nowhere'), { status: 1, out: '',
		err: 'rdv: no line has it\n' });
	const first = JSON.parse((await grep('9', '-n', '2', '--json')).out);
	assert.deepEqual(first.hits.map((h) => h.text),
		['Error 19999', 'Error 19998']);
	assert.equal((await grep('9', '-n', '1', '--before', `${first.next}`)).out,
		'Error 19997\n');
	for (const words of [['--grep', 'x', '--all'], ['--grep', 'x', '--raw'],
		['-i'], ['-C', '1'], ['--before', '5'], ['--grep', 'x', '-C', '21']])
		assert.equal((await cli(rdv, 'scrollback', s.id, ...words)).status, 2,
			words.join(' '));
});
