// Waiting for what a program does, without looking at it.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import http from 'node:http';
import { bare, bin, deadline, test, waitFor } from '../harness/rdv.mjs';

const ask = (rdv, s, query, options) => rdv.request('GET',
	`/api/sessions/${s.id}/wait?${new URLSearchParams(query)}`, options);
async function wait(rdv, s, query) {
	const r = await ask(rdv, s, { timeout_ms: 180000, ...query });
	assert.equal(r.status, 200, String(r.raw));
	return r.json;
}
const send = (rdv, s, data) => rdv.call('POST', `/api/sessions/${s.id}/input`,
	{ data });
// What is typed comes back, sequences and all.
const mirror = ['/bin/sh', '-c', 'stty raw -echo; printf ready; exec cat'];
async function session(rdv, command = mirror) {
	const s = await rdv.session('waits', command);
	await wait(rdv, s, { pattern: 'ready', since: 0 });
	return s;
}
const waits = async (rdv) => Number(/^rdv_waits (\d+)/m.exec(String((await
	rdv.request('GET', '/metrics')).raw))[1]);
const cli = (rdv, ...args) => new Promise((resolve) => execFile(bin('rdv'), args,
	{ env: { ...bare, HOME: rdv.home, RDV_HOME: rdv.base }, timeout: 180000 },
	(e, out, err) => resolve({ status: e === null ? 0 : e.code, out, err })));

await test('a text is found in what comes after it was asked for',
	async (t) => {
		const rdv = await t.start();
		const s = await session(rdv);
		const soon = wait(rdv, s, { pattern: 'needle' });
		await waitFor('it waits', async () => await waits(rdv) === 1);
		await send(rdv, s, 'hay\r\n> \x1b[31mnee\x1b[0m');
		await send(rdv, s, '\x1b]0;x\x07dle and more');
		const r = await soon;
		const before = 'readyhay\r\n> \x1b[31mnee\x1b[0m\x1b]0;x\x07dle';
		assert.deepEqual(r, { matched: true, event: 'text',
			run_id: s.run.id, offset: before.length, text: '> needle',
			mark: null, command_status: null, state: 'running',
			exit_code: null, signal: null });
		// Behind the match there is none, in front of it there is.
		for (const [since, matched] of [[r.offset, false],
			[r.offset - 3, false], [5, true]])
			assert.equal((await wait(rdv, s, { pattern: 'needle', since,
				timeout_ms: 0 })).matched, matched, `${since}`);
		assert.equal(await waits(rdv), 0);
	});

await test('exec and wait meet at the offset that exec tells', async (t) => {
	const rdv = await t.start();
	const s = await session(rdv);
	for (let i = 0; i < 20; i++) {
		const { offset } = await rdv.call('POST',
			`/api/sessions/${s.id}/exec`, { command: 'again' });
		const r = await wait(rdv, s, { pattern: 'again', since: offset });
		assert.equal(r.offset, offset + 'again'.length);
	}
});

await test('no cut of the output and no sequence in it hides a match',
	async (t) => {
		const rdv = await t.start();
		const s = await session(rdv);
		const text = 'n\x1b[1;31me\x1b]8;;http://a\x1b\\e\x1bP1$r\x1b\\d' +
			'\u009b0ml\x1b(Be \u00e9\r\n';
		const bytes = Buffer.from(text);
		const { offset } = await wait(rdv, s, { pattern: 'ready', since: 0 });
		// From match to match: what is behind the last one may not have
		// come yet.
		let since = offset;
		for (let cut = 1; cut < bytes.length; cut++) {
			const soon = wait(rdv, s, { pattern: 'needle é', since });
			for (const part of [bytes.subarray(0, cut), bytes.subarray(cut)])
				await rdv.call('POST', `/api/sessions/${s.id}/input`,
					{ data: part.toString('base64'), base64: true });
			since = (await soon).offset;
			assert.equal(since, offset + cut * bytes.length - 2, `${cut}`);
		}
	});

await test('a glob is for one line', async (t) => {
	const rdv = await t.start();
	const s = await session(rdv);
	await send(rdv, s, 'tests: 12\r\npassed\r\ntests: 13 passed, 0 failed\r\n');
	const look = (query) => wait(rdv, s, { since: 0, timeout_ms: 0, ...query });
	await wait(rdv, s, { pattern: '0 failed', since: 0 });
	assert.equal((await look({ pattern: 'tests:*passed', glob: true })).text,
		'tests: 13 passed');
	assert.equal((await look({ pattern: 'tests:*passed' })).matched, false);
	assert.equal((await look({ pattern: '12\npassed' })).matched, true);
	for (const pattern of ['**', 'a\n*', 'a*'.repeat(17)])
		assert.equal((await ask(rdv, s, { pattern, glob: true })).status, 400,
			pattern);
	assert.equal((await ask(rdv, s, { pattern: 'a'.repeat(513) })).status, 422);
});

await test('D11 no pattern costs more than another', async (t) => {
	const rdv = await t.start();
	const s = await rdv.session('a', ['/bin/sh', '-c',
		'head -c 4000000 /dev/zero | tr "\\0" a; echo; echo over']);
	await wait(rdv, s, { pattern: 'over', since: 0 });
	const all = ['a*'.repeat(16), 'a'.repeat(500) + 'b',
		'*a'.repeat(15) + '*b'].map((pattern) => wait(rdv, s, { pattern,
		glob: true, since: 0, timeout_ms: 0 }));
	// Meanwhile everybody else has his turn.
	for (let i = 0; i < 20; i++)
		await rdv.call('GET', '/api/user');
	const r = await deadline('they end', Promise.all(all));
	assert.deepEqual(r.map((a) => a.matched), [true, false, false]);
});

await test('a prompt is told with the status of the command before it',
	async (t) => {
		const rdv = await t.start();
		const s = await session(rdv);
		const osc = (x) => `\x1b]133;${x}\x07`;
		const from = (await send(rdv, s, `${osc('A')}$ ${osc('B')}`)).offset;
		const first = await wait(rdv, s, { prompt: true, since: from });
		assert.deepEqual([first.event, first.mark, first.command_status],
			['prompt', 'B', null]);
		const soon = wait(rdv, s, { prompt: true, since: first.offset });
		await send(rdv, s, `ls\r\n${osc('C')}no such file\r\n`);
		// What comes later than 50 ms is a prompt of its own.
		await send(rdv, s, `${osc('D;2')}${osc('A')}$ ${osc('B')}`);
		const r = await soon;
		assert.deepEqual([r.matched, r.event, r.mark, r.command_status],
			[true, 'prompt', 'B', 2]);
		// Where it goes on nothing of that prompt is left.
		assert.equal((await wait(rdv, s, { prompt: true, since: r.offset,
			timeout_ms: 100 })).event, 'timeout');
		// One that says only that a command is over.
		const only = wait(rdv, s, { prompt: true, since: r.offset });
		await send(rdv, s, `${osc('C')}x${osc('D;0')}`);
		assert.deepEqual([(await only).mark, (await only).command_status],
			['D', 0]);
		// Two prompts that came long ago are two.
		await send(rdv, s, `${osc('A')}$ one${osc('C')}${osc('D;7')}` +
			`${osc('A')}$ two${osc('D;8')}end`);
		await wait(rdv, s, { pattern: 'end', since: r.offset });
		const old = await wait(rdv, s, { prompt: true,
			since: (await only).offset });
		assert.deepEqual([old.mark, old.command_status], ['A', null]);
		const next = await wait(rdv, s, { prompt: true, since: old.offset });
		assert.deepEqual([next.mark, next.command_status], ['A', 7]);
	});

await test('a prompt in a flood is told, and so is the end of the time',
	async (t) => {
		const rdv = await t.start();
		const s = await rdv.session('flood', ['/bin/sh', '-c',
			'printf "\\033]133;A\\007$ "; exec yes']);
		const r = await wait(rdv, s, { prompt: true, since: 0 });
		assert.deepEqual([r.event, r.mark, r.offset], ['prompt', 'A', 8]);
		const late = await wait(rdv, s, { pattern: 'no', timeout_ms: 200 });
		assert.equal(late.event, 'timeout');
		assert.ok(late.offset > r.offset);
		await rdv.request('DELETE', `/api/sessions/${s.id}`);
	});

await test('silence is told when it lasted, and not before', async (t) => {
	const rdv = await t.start();
	const started = Date.now();
	const s = await rdv.session('talks', ['/bin/sh', '-c',
		'for i in 1 2 3 4 5 6; do echo $i; sleep 0.2; done; exec cat']);
	// Longer than a slow machine makes the program be silent.
	const r = await wait(rdv, s, { silence_ms: 3000 });
	assert.deepEqual([r.matched, r.event], [true, 'silence']);
	assert.ok(Date.now() - started >= 3900);
	const { log_bytes } = (await rdv.call('GET', `/api/sessions/${s.id}`)).run;
	assert.equal(r.offset, log_bytes);
	const text = await wait(rdv, s, { silence_ms: 5000, pattern: '6',
		since: 0 });
	assert.equal(text.event, 'text', 'what is first is told');
});

await test('the end of a run ends every wait', async (t) => {
	const rdv = await t.start();
	const s = await rdv.session('ends', ['/bin/sh', '-c',
		'read x; echo last; exit 3']);
	const all = [{ exit: true }, { pattern: 'never' },
		{ prompt: true }, { silence_ms: 60000 }].map((q) => wait(rdv, s, q));
	const text = wait(rdv, s, { pattern: 'last', exit: true });
	await waitFor('they wait', async () => await waits(rdv) === 5);
	await send(rdv, s, '\n');
	const told = await Promise.all(all);
	for (const r of told)
		assert.deepEqual([r.event, r.state, r.exit_code, r.signal],
			['exit', 'failed', 3, null]);
	assert.deepEqual(told.map((r) => r.matched), [true, false, false, false]);
	assert.equal((await text).event, 'text');
	// And of one that was over before it was asked about.
	const after = await wait(rdv, s, { exit: true });
	assert.deepEqual([after.matched, after.exit_code], [true, 3]);
	assert.equal((await wait(rdv, s, { pattern: 'last', since: 0 })).matched,
		true);
});

await test('what cannot be waited for is refused', async (t) => {
	const rdv = await t.start();
	const s = await session(rdv);
	const no = async (query, status, says) => {
		const r = await ask(rdv, s, query);
		assert.equal(r.status, status, String(r.raw));
		assert.match(r.json.error, says);
	};
	await no({}, 400, /waits for nothing/);
	await no({ timeout_ms: 5 }, 400, /waits for nothing/);
	await no({ pattern: 'x', since: 6 }, 400, /since: is behind the end/);
	await no({ pattern: '' }, 422, /pattern/);
	await no({ silence_ms: 0 }, 422, /silence_ms/);
	await no({ exit: true, timeout_ms: 3600001 }, 422, /timeout_ms/);
	await no({ exit: true, run_id: s.id }, 409, /another run/);
	assert.equal((await wait(rdv, s, { pattern: 'x', since: 5,
		run_id: s.run.id, timeout_ms: 1 })).event, 'timeout');
});

await test('waits are bounded, and end with whoever asked', async (t) => {
	const rdv = await t.start();
	const s = await session(rdv);
	const agent = new http.Agent({ keepAlive: true, maxSockets: 100 });
	const open = () => new Promise((resolve) => {
		const rq = http.request({ socketPath: rdv.sock, agent, path:
			`/api/sessions/${s.id}/wait?exit=true&timeout_ms=60000`,
		headers: { Host: 'localhost', Authorization: `Bearer ${rdv.token}` } });
		rq.on('error', () => {});
		rq.on('socket', () => resolve(rq));
		rq.end();
	});
	const all = await Promise.all(Array.from({ length: 64 }, open));
	await waitFor('64 wait', async () => await waits(rdv) === 64);
	const r = await ask(rdv, s, { exit: true });
	assert.deepEqual([r.status, r.json.code], [429, 'TOO_MANY']);
	assert.match(r.json.error, /64/);
	all.pop().destroy();
	await waitFor('one has left', async () => await waits(rdv) === 63);
	assert.equal((await wait(rdv, s, { exit: true, timeout_ms: 1 })).event,
		'timeout');
	for (const rq of all)
		rq.destroy();
	await waitFor('all have left', async () => await waits(rdv) === 0);
	agent.destroy();
});

await test('C13 a wait ends with its credential', async (t) => {
	const rdv = await t.start();
	const s = await session(rdv);
	const made = await rdv.call('POST', '/api/tokens', { name: 'agent',
		scopes: ['run'], session_id: s.id });
	const soon = ask(rdv, s, { exit: true, timeout_ms: 60000 },
		{ token: made.rawKey });
	const own = wait(rdv, s, { pattern: 'still' });
	await waitFor('they wait', async () => await waits(rdv) === 2);
	await rdv.request('DELETE', `/api/tokens/${made.id}`);
	assert.equal((await deadline('it ends', soon)).status, 401);
	await send(rdv, s, 'still');
	assert.equal((await own).matched, true, 'control');
});

await test('who waits sees a flood through, and the program is not held up',
	async (t) => {
		const rdv = await t.start();
		const s = await rdv.session('flood', ['/bin/sh', '-c',
			'read x; seq 3000000; echo the end; exec cat']);
		const all = Array.from({ length: 8 }, (_, i) => wait(rdv, s,
			{ pattern: i < 4 ? '\n2999999\n' : 'the*end', glob: i >= 4 }));
		await waitFor('they wait', async () => await waits(rdv) === 8);
		await send(rdv, s, '\n');
		for (const r of await deadline('they see it', Promise.all(all), 180000))
			assert.equal(r.matched, true);
	});

await test('rdvd is killed and starts again: the command waits on', async (t) => {
	const rdv = await t.start();
	const s = await session(rdv);
	const waiting = cli(rdv, 'wait', s.id, '--for', 'after', '--timeout', '180');
	await waitFor('it waits', async () => await waits(rdv) === 1);
	process.kill(rdv.rdvd, 'SIGKILL');
	await waitFor('it waits again', () => waits(rdv).then((n) => n === 1,
		() => false));
	await send(rdv, s, 'after');
	assert.deepEqual(await waiting, { status: 0, out: 'readyafter\n', err: '' });
});

await test('a wait does not hold up the end of rdv', async (t) => {
	const rdv = await t.start();
	const s = await session(rdv);
	const soon = ask(rdv, s, { exit: true, timeout_ms: 600000 });
	await waitFor('it waits', async () => await waits(rdv) === 1);
	rdv.main.kill('SIGTERM');
	const r = await deadline('it is answered', soon);
	assert.deepEqual([r.status, r.json.error], [503, 'rdvd ends; ask again']);
});

await test('rdv wait', async (t) => {
	const rdv = await t.start();
	const s = await session(rdv);
	const at = (await rdv.call('POST', `/api/sessions/${s.id}/exec`,
		{ command: 'make' })).offset;
	const yes = await cli(rdv, 'wait', s.id, '--for', 'm*e', '--glob',
		'--since', `${at}`);
	assert.deepEqual(yes, { status: 0, out: 'readymake\n', err: '' });
	const late = await cli(rdv, 'wait', s.id, '--for', 'never', '--timeout',
		'1');
	assert.deepEqual(late, { status: 1, out: '',
		err: 'rdv: it has not come within 1 s\n' });
	const json = await cli(rdv, '--json', 'session', 'wait', s.id, '--prompt',
		'--timeout', '1');
	assert.equal(json.status, 1);
	assert.equal(JSON.parse(json.out).matched, false);
	assert.equal((await cli(rdv, 'wait', s.id, '--silence', '1')).status, 0);
	for (const words of [[], ['--glob'], ['--exit', '--glob'],
		['--silence', '0'], ['--for']])
		assert.equal((await cli(rdv, 'wait', s.id, ...words)).status, 2,
			words.join(' '));
	const no = await cli(rdv, 'wait', s.id, '--exit', '--since', '99999');
	assert.deepEqual([no.status, no.err], [1,
		'rdv: since: is behind the end of its output\n']);
	const end = cli(rdv, 'wait', s.id, '--exit');
	const sad = cli(rdv, 'wait', s.id, '--for', 'never');
	await waitFor('they wait', async () => await waits(rdv) === 2);
	await rdv.call('POST', `/api/sessions/${s.id}/signal`, { signal: 'KILL' });
	assert.deepEqual(await end, { status: 0, out: '', err: '' });
	assert.deepEqual(await sad, { status: 1, out: '', err: 'rdv: the run ' +
		'ended before it came (killed, signal 9)\n' });
});
