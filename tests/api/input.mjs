// Typing without a terminal: text as it is, and keys by name.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { bare, bin, test, waitFor } from '../harness/rdv.mjs';

// Gives back what it reads, byte for byte.
const mirror = (first = '') => ['/bin/sh', '-c',
	`stty raw -echo -isig; printf '${first}ready'; exec cat`];
const log = async (rdv, s) => (await rdv.request('GET',
	`/api/runs/${s.run.id}/log`)).raw;
const typed = async (rdv, s) => (await log(rdv, s)).toString('latin1')
	.split('ready')[1] ?? null;
const cli = (rdv, ...args) => new Promise((resolve) => execFile(bin('rdv'), args,
	{ env: { ...bare, HOME: rdv.home, RDV_HOME: rdv.base }, timeout: 30000 },
	(e, out, err) => resolve({ status: e === null ? 0 : e.code, out, err })));

async function session(rdv, command = mirror(), more = {}) {
	const s = await rdv.session('typed', command, more);
	await waitFor('ready', async () => await typed(rdv, s) !== null);
	return s;
}
const keys = (rdv, s, body) => rdv.request('POST',
	`/api/sessions/${s.id}/keys`, { body });

// All that the program has got, once that is as much as is wanted.
async function got(rdv, s, want) {
	await waitFor(JSON.stringify(want), async () =>
		(await typed(rdv, s)).length >= want.length);
	assert.equal(await typed(rdv, s), want);
}

await test('keys are pressed by their names, in one piece', async (t) => {
	const rdv = await t.start();
	const s = await session(rdv);
	const r = await keys(rdv, s, { keys: ['l', 's', 'Space', '-', 'Enter',
		'C-c', 'Ctrl-D', 'C-@', 'M-x', 'F1', 'F12', 'PageUp', 'BTab',
		'Escape', 'Backspace', 'ü', 'C-Right'] });
	assert.equal(r.status, 202);
	assert.deepEqual(r.json, { run_id: s.run.id, offset: 'ready'.length });
	await got(rdv, s, 'ls -\r\x03\x04\0\x1bx\x1bOP\x1b[24~\x1b[5~\x1b[Z\x1b' +
		`\x7f${Buffer.from('ü').toString('latin1')}\x1b[1;5C`);
});

await test('arrows are what the program has asked for', async (t) => {
	const rdv = await t.start();
	const all = ['Up', 'Down', 'Right', 'Left', 'Home', 'End', 'S-Up'];
	for (const [first, mark] of [['', '['], ['\\033[?1h', 'O'],
		['\\033[?1h\\033[?1l', '[']]) {
		const s = await session(rdv, mirror(first));
		assert.equal((await keys(rdv, s, { keys: all })).status, 202);
		await got(rdv, s, [...'ABCDHF'].map((c) => `\x1b${mark}${c}`)
			.join('') + '\x1b[1;2A');
	}
	// Pipes have no modes.
	const s = await session(rdv, ['/bin/sh', '-c', 'printf ready; exec cat'],
		{ io: 'pipes' });
	assert.equal((await keys(rdv, s, { keys: ['Up'] })).status, 202);
	await got(rdv, s, '\x1b[A');
});

await test('a name that is none is told, and nothing is typed', async (t) => {
	const rdv = await t.start();
	const s = await session(rdv);
	for (const [name, says] of [['Entr', /there is no key "Entr", but Enter;/],
		['C-Entr', /"C-Entr", but Enter;/], ['ls -l', /"ls -l"; text is/],
		['', /no key ""/], ['x'.repeat(5000), /"x{40}"/]]) {
		const r = await keys(rdv, s, { keys: ['a', 'Up', name] });
		assert.equal(r.status, 400, name);
		assert.equal(r.json.code, 'INVALID_ARGUMENT');
		assert.match(r.json.error, says);
	}
	for (const body of [{ keys: [] }, { keys: 'Enter' }, { keys: [1] }, {},
		{ keys: new Array(1025).fill('a') }])
		assert.equal((await keys(rdv, s, body)).status, 422);
	// Like all input, it needs somebody to read it.
	await keys(rdv, s, { keys: ['z'] });
	await got(rdv, s, 'z');
	await rdv.call('POST', `/api/sessions/${s.id}/signal`, { signal: 'KILL' });
	await waitFor('its end', async () => (await rdv.call('GET',
		`/api/sessions/${s.id}`)).run.state === 'killed');
	for (const key of ['a', 'Up']) {
		const r = await keys(rdv, s, { keys: [key] });
		assert.deepEqual([r.status, r.json.error],
			[409, 'it has no program to type into']);
	}
});

await test('literal keys are text', async (t) => {
	const rdv = await t.start();
	const s = await session(rdv);
	const text = ['Enter', ' C-c', '', '-l', '\x1b[A', '\n'];
	assert.equal((await keys(rdv, s, { keys: text, literal: true })).status,
		202);
	await got(rdv, s, text.join(''));
	const r = await keys(rdv, s, { literal: true,
		keys: new Array(5).fill('x'.repeat(16384)) });
	assert.deepEqual([r.status, r.json.details], [422, { field: 'keys' }]);
});

await test('keys that a program does not read are bounded as input is (H09)',
	async (t) => {
		const rdv = await t.start({
			config: '[terminal]\ninput_queue_bytes = 4096\n' });
		const s = await session(rdv, ['/bin/sh', '-c',
			'stty raw -echo; printf ready; exec tail -f /dev/null']);
		const full = { keys: new Array(1000).fill('F12') };
		let r;
		await waitFor('it is full', async () => {
			r = await keys(rdv, s, full);
			return r.status !== 202;
		});
		const text = await rdv.request('POST', `/api/sessions/${s.id}/input`,
			{ body: { data: 'x'.repeat(5000) } });
		assert.deepEqual([r.status, r.json.code, r.json.error],
			[text.status, text.json.code, text.json.error]);
		assert.equal(r.status, 429);
	});

await test('exec and its likes say where they typed', async (t) => {
	const rdv = await t.start();
	const s = await session(rdv);
	for (const [tail, body, bytes] of [['exec', { command: 'one' }, 4],
		['input', { data: 'two' }, 3], ['keys', { keys: ['3'] }, 1]]) {
		const before = (await log(rdv, s)).length;
		const at = await rdv.call('POST', `/api/sessions/${s.id}/${tail}`,
			body);
		assert.deepEqual(at, { run_id: s.run.id, offset: before });
		await waitFor('it is there', async () =>
			(await log(rdv, s)).length === before + bytes);
	}
});

await test('exec types literally, from the command line too (H12)',
	async (t) => {
		const rdv = await t.start();
		for (const [words, text] of [[['--help'], '--help'],
			[['-l', '-rf', '--'], '-l -rf --'], [['Enter'], 'Enter'],
			[['C-c', 'Up'], 'C-c Up'], [['$(id)', '`id`', '\\n'],
				'$(id) `id` \\n'], [['a\x1b[A\x03\x04b'], 'a\x1b[A\x03\x04b'],
			[['--no-enter'], '--no-enter'], [[';', '|', '%1', '!!'],
				'; | %1 !!']]) {
			const s = await session(rdv);
			const r = await cli(rdv, 'exec', s.id, '--', ...words);
			assert.equal(r.status, 0, r.err);
			await got(rdv, s, `${text}\r`);
		}
		const s = await session(rdv);
		// A dash that may be meant for rdv is not typed.
		assert.equal((await cli(rdv, 'exec', s.id, '--rf', 'x')).status, 2);
		assert.equal((await cli(rdv, 'exec', s.id, 'ls', '--json')).status, 0);
		await got(rdv, s, 'ls --json\r');
		for (const tail of ['exec', 'input', 'keys']) {
			const field = { exec: 'command', input: 'data' }[tail];
			const r = await rdv.request('POST', `/api/sessions/${s.id}/${tail}`,
				{ body: field ? { [field]: 'a\0b' } :
					{ keys: ['a\0b'], literal: true } });
			assert.equal(r.status, 400, 'NUL is no text');
		}
		await cli(rdv, 'exec', s.id, 'end');
		await got(rdv, s, 'ls --json\rend\r');
	});

await test('rdv send-keys', async (t) => {
	const rdv = await t.start();
	const s = await session(rdv);
	const say = async (...args) => {
		const r = await cli(rdv, ...args);
		assert.equal(r.status, 0, r.err);
		return r.out;
	};
	assert.equal(await say('send-keys', s.id, 'a', 'Enter', 'Up'), '');
	assert.deepEqual(JSON.parse(await say('--json', 'send-keys', s.id, '--',
		'-', 'C-c')), { run_id: s.run.id, offset: 'ready'.length + 5 });
	await say('session', 'send-keys', s.id, '-l', 'C-c', '-x', 'Enter');
	await got(rdv, s, 'a\r\x1b[A-\x03C-c-xEnter');
	const no = await cli(rdv, 'send-keys', s.id, 'a', 'Retrun');
	assert.deepEqual([no.status, no.err], [1, 'rdv: there is no key "Retrun", ' +
		'but Return; text is typed with literal\n']);
	assert.equal((await cli(rdv, 'send-keys', s.id)).status, 2);
	// What the completion offers are keys, every one.
	const words = (await say('__complete', 'send-keys', s.id, 'x', ''))
		.trim().split('\n');
	assert.ok(words.includes('Enter') && words.includes('C-z'));
	await say('send-keys', s.id, ...words.slice(0, 40));
	await say('send-keys', s.id, ...words.slice(40));
});
