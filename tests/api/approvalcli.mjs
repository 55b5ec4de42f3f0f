// rdv approvals, rule and session bypass: asking from a session, deciding from
// a shell and from a terminal, and a watcher that misses nothing.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import path from 'node:path';
import { bare, bin, deadline, Rdv, test, waitFor } from '../harness/rdv.mjs';

const rdv = await Rdv.start();
const env = { ...bare, HOME: rdv.home, RDV_HOME: rdv.base };
const call = (...args) => rdv.call(...args);
const pending = (s) => rdv.asked(s);
const get = (id) => call('GET', `/api/approvals/${id}`);

// A run of the CLI: { out, err } as they grow, and `end`, its status.
function cli(args, more = {}) {
	const p = spawn(bin('rdv'), args, { env: { ...env, ...more },
		cwd: rdv.scratch });
	const run = { p, out: '', err: '' };
	p.stdout.on('data', (d) => { run.out += d; });
	p.stderr.on('data', (d) => { run.err += d; });
	run.end = deadline(`rdv ${args.join(' ')}`, once(p, 'close')
		.then(([status]) => status));
	return run;
}
async function ended(args, more) {
	const run = cli(args, more);
	return { status: await run.end, out: run.out, err: run.err };
}

// A session with a token file of its own, as an agent gets it.
async function asker(name) {
	const s = await rdv.session(name, ['/bin/cat']);
	const made = await call('POST', '/api/tokens', { name, scopes: ['run'],
		session_id: s.id });
	const file = path.join(rdv.scratch, `${name}.token`);
	fs.writeFileSync(file, made.rawKey, { mode: 0o600 });
	return { s, env: { RDV_TOKEN_FILE: file, RDV_SESSION_ID: s.id } };
}

await test('a program asks, and is told by its exit status', async () => {
	const { s, env: own } = await asker('asks');
	const words = ['approvals', 'ask', '--tool', 'Bash', '--', 'rm', '-rf',
		'a b'];
	let run = cli(words, own);
	let { id } = await pending(s);
	let shown = await ended(['approvals', 'show', id]);
	assert.match(shown.out, /^command: rm -rf 'a b'$/m);
	assert.match(shown.out, new RegExp(`^directory: ${rdv.scratch}$`, 'm'));
	const listed = await ended(['approvals', 'ls', '--session', 'asks']);
	assert.match(listed.out, new RegExp(`${id} +pending .*rm -rf`));
	// Leave is given to what was seen.
	const blind = await ended(['approvals', 'approve', id]);
	assert.deepEqual([blind.status, /--digest/.test(blind.err)], [1, true]);
	const wrong = await ended(['approvals', 'approve', id, '--digest', 'x']);
	assert.deepEqual([wrong.status, (await get(id)).state], [1, 'pending']);
	const { digest } = await get(id);
	const yes = await ended(['approvals', 'approve', id, '--digest', digest]);
	assert.equal(yes.status, 0, yes.err);
	assert.equal(await run.end, 0, run.err);
	// Denied, with the reason.
	run = cli(words, own);
	({ id } = await pending(s));
	assert.equal((await ended(['approvals', 'deny', id, '--reason',
		'not now'])).status, 0);
	assert.equal(await run.end, 1);
	assert.match(run.err, /denied: not now/);
	// A question, of which the answer is the output.
	run = cli(['approvals', 'ask', '--question', 'Which one?'], own);
	({ id } = await pending(s));
	shown = await ended(['approvals', 'answer', id]);
	assert.equal(shown.status, 2);
	assert.equal((await ended(['approvals', 'answer', id, 'the red']))
		.status, 0);
	assert.deepEqual([await run.end, run.out], [0, 'the red\n']);
	assert.equal((await ended(['approvals', 'ask'], own)).status, 2);
});

await test('who is interrupted asks no more', async () => {
	const { s, env: own } = await asker('interrupted');
	const run = cli(['approvals', 'ask', '--', 'x'], own);
	const { id } = await pending(s);
	run.p.kill('SIGINT');
	assert.equal(await run.end, 1);
	assert.match(run.err, /nobody is asked any more/);
	assert.equal((await get(id)).state, 'withdrawn');
});

await test('abuse_K01 rdv approves nothing for who asked', async () => {
	const { s, env: own } = await asker('K01');
	const run = cli(['approvals', 'ask', '--', 'x'], own);
	const { id } = await pending(s);
	const { digest } = await get(id);
	for (const args of [['approve', id, '--digest', digest], ['deny', id],
		['ls'], ['show', id], ['watch', '--once']]) {
		const r = await ended(['approvals', ...args], own);
		assert.equal(r.status, 1, args.join(' '));
	}
	assert.equal((await ended(['session', 'bypass', s.id, 'on'], own)).status,
		1);
	assert.equal((await ended(['rule', 'add', 'allow', 'command', '--', 'x'],
		own)).status, 1);
	assert.equal((await get(id)).state, 'pending');
	assert.equal((await ended(['approvals', 'deny', id])).status, 0);
	assert.equal(await run.end, 1);
});

await test('abuse_K07 rdvd is killed, and who asks goes on', async () => {
	const { s, env: own } = await asker('K07');
	const run = cli(['approvals', 'ask', '--', 'x'], own);
	const { id } = await pending(s);
	await rdv.again();
	await rdv.again();
	assert.equal((await get(id)).state, 'pending');
	const { digest } = await get(id);
	assert.equal((await ended(['approvals', 'approve', id, '--digest',
		digest])).status, 0);
	assert.equal(await run.end, 0, run.err);
	// The run ends: nobody may, and it says so.
	const gone = cli(['approvals', 'ask', '--', 'x'], own);
	await pending(s);
	await call('POST', `/api/sessions/${s.id}/signal`, { signal: 'KILL' });
	assert.equal(await gone.end, 1);
	assert.match(gone.err, /lapsed|run is over/);
});

await test('abuse_K09 a watcher misses nothing', async () => {
	const { s, env: own } = await asker('K09');
	const before = cli(['approvals', 'ask', '--', 'one'], own);
	await pending(s);
	const watch = cli(['approvals', 'watch', '--json']);
	const seen = () => watch.out.split('\n').filter(Boolean)
		.map((l) => JSON.parse(l)).filter((v) => v.session_id === s.id)
		.map((v) => v.command);
	await waitFor('what was there', () => seen().length === 1);
	const after = cli(['approvals', 'ask', '--', 'two'], own);
	await waitFor('what comes', () => seen().length === 2);
	await rdv.again();
	const last = cli(['approvals', 'ask', '--', 'three'], own);
	await waitFor('what comes later', () => seen().length === 3);
	assert.deepEqual(seen(), ['one', 'two', 'three']);
	watch.p.kill('SIGKILL');
	await watch.end;
	for (const { id } of (await call('GET',
		`/api/approvals?state=pending&session_id=${s.id}`)).items)
		assert.equal((await ended(['approvals', 'deny', id])).status, 0);
	for (const run of [before, after, last])
		assert.equal(await run.end, 1);
});

// A terminal of rdv's own is one for its CLI, too.
async function terminal(words) {
	const text = `RDV_HOME='${rdv.base}' HOME='${rdv.home}' '${bin('rdv')}' ` +
		`${words}; echo status $?`;
	const t = await rdv.session('terminal', ['/bin/sh', '-c', text]);
	const said = async () => String((await rdv.request('GET',
		`/api/runs/${t.run.id}/log`)).raw);
	const type = (data) => call('POST', `/api/sessions/${t.id}/input`,
		{ data });
	return { t, said, type };
}

await test('abuse_K06 a terminal is asked, and Return denies', async () => {
	const { s, env: own } = await asker('tty');
	const { t, said, type } = await terminal('approvals watch');
	const next = async (n) => waitFor('the question', async () =>
		(await said()).split('Return denies').length > n);
	let run = cli(['approvals', 'ask', '--', 'make', 'x\x1b]0;x\x07'], own);
	await next(1);
	assert.ok((await said()).includes('\x07'), 'a bell');
	// K06: what it asks is data, for the terminal as well.
	assert.match(await said(), /command: make 'x⟨ESC⟩]0;x⟨BEL⟩'/);
	assert.doesNotMatch(await said(), /\x1b\]0/);
	await type('\r');
	assert.equal(await run.end, 1);
	run = cli(['approvals', 'ask', '--', 'make'], own);
	await next(2);
	await type('a\r');
	assert.equal(await run.end, 0, run.err);
	// The end of a long line is no answer to the next question.
	run = cli(['approvals', 'ask', '--', 'make'], own);
	await next(3);
	await type('no, 45678901234a\r');
	assert.equal(await run.end, 1);
	run = cli(['approvals', 'ask', '--', 'make'], own);
	await next(4);
	await type('d\r');
	assert.equal(await run.end, 1, 'it was typed to another');
	run = cli(['approvals', 'ask', '--', 'make'], own);
	await next(5);
	await type('l\r');
	const { id } = await pending(s);
	await call('DELETE', `/api/sessions/${t.id}`);
	// One alone: only the whole word is leave.
	for (const [word, status] of [['y', 1], ['', 1], ['yes', 0]]) {
		const one = await terminal(`approvals approve ${id}`);
		await waitFor('the question', async () =>
			/type "yes"/.test(await one.said()));
		await one.type(`${word}\r`);
		await waitFor('the end', async () => new RegExp(`status ${status}`)
			.test(await one.said()));
	}
	assert.equal(await run.end, 0);
});

await test('rules and bypass by command', async () => {
	const { s, env: own } = await asker('rules');
	const made = await ended(['rule', 'add', 'allow', 'command', '--session',
		'rules', '--', 'git', 'log', '*']);
	assert.equal(made.status, 0, made.err);
	const asks = (...words) => ended(['approvals', 'ask', '--', ...words], own);
	assert.equal((await asks('git', 'log', '-p')).status, 0);
	assert.match((await ended(['rule', 'ls'])).out,
		/allow +command +\["git","log","\*"\] +session/);
	assert.equal((await ended(['rule', 'rm', made.out.trim()])).status, 0);
	assert.match((await ended(['rule', 'ls'])).err +
		(await ended(['rule', 'ls'])).out, /no rules/);
	assert.equal((await ended(['session', 'bypass', 'rules'])).out, 'off\n');
	assert.equal((await ended(['session', 'bypass', 'rules', 'on'])).out,
		'on\n');
	assert.equal((await asks('anything')).status, 0);
	assert.equal((await ended(['session', 'bypass', 'rules', 'of'])).status, 2);
	assert.equal((await ended(['session', 'bypass', 'rules', 'off'])).out,
		'off\n');
	const run = cli(['approvals', 'ask', '--', 'anything'], own);
	await ended(['approvals', 'deny', (await pending(s)).id]);
	assert.equal(await run.end, 1);
});

await rdv.stop();
