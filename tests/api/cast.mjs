// Recordings: what a terminal has shown, as asciicast v2, and how a real player
// reads it.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { sanitized } from '../harness/sanitizer.mjs';
import { bare, bin, test, waitFor } from '../harness/rdv.mjs';
import { Terminal } from '../harness/terminal.mjs';

const cast = (rdv, run, query = '') =>
	rdv.request('GET', `/api/runs/${run}/cast${query}`);
const log = async (rdv, run) =>
	(await rdv.request('GET', `/api/runs/${run}/log`)).raw;
const sh = (script) => ['/bin/sh', '-c', script];

// As https://docs.asciinema.org/manual/asciicast/v2/ has it; throws on what is
// none.
function parse(text) {
	assert.ok(text.endsWith('\n'));
	const [head, ...events] = text.trimEnd().split('\n')
		.map((line) => JSON.parse(line));
	assert.equal(head.version, 2);
	for (const key of ['width', 'height', 'timestamp'])
		assert.ok(Number.isInteger(head[key]) && head[key] > 0, key);
	let before = 0;
	for (const e of events) {
		assert.equal(e.length, 3);
		assert.ok(e[0] >= before, `${e[0]} after ${before}`);
		before = e[0];
		assert.match(e[1], /^[orm]$/);
		assert.equal(typeof e[2], 'string');
		if (e[1] === 'r')
			assert.match(e[2], /^\d+x\d+$/);
	}
	return { head, events, output: events.filter((e) => e[1] === 'o')
		.map((e) => e[2]).join('') };
}

// The end is told a moment before rdvd lets go of the files.
const ended = (rdv, s) => waitFor('its end', async () => {
	const { run } = await rdv.call('GET', `/api/sessions/${s.id}`);
	return run.ended_at !== null &&
		rdv.log().includes(`"ended run=${run.id} `) && run;
});
const logged = (rdv, s, text) => waitFor(`${text} in the log`, async () =>
	(await log(rdv, s.run.id)).includes(text));

function cli(rdv, ...args) {
	const r = spawnSync(bin('rdv'), args, { cwd: rdv.home, encoding: 'utf8',
		timeout: 60000, env: { ...bare, HOME: rdv.home,
			RDV_HOME: rdv.base } });
	return { status: r.status, out: r.stdout, err: r.stderr };
}

await test('a recording is what the log has, with times, sizes and a head',
	async (t) => {
		const rdv = await t.start();
		const s = await rdv.call('POST', '/api/sessions', {
			name: 'a "name"', cols: 90, rows: 30,
			environment: { SECRET: 'not this', TERM: 'xterm' },
			command: sh('printf "one \\342\\202\\254 \\377"; read x; ' +
				'sleep 1.1; echo "two $x"; exec cat') });
		await logged(rdv, s, 'one');
		const v = await Terminal.open(rdv, s.id, { query: 'cols=40&rows=12' });
		await waitFor('its size', async () => (await rdv.call('GET',
			`/api/sessions/${s.id}`)).run.cols === 40);
		v.type('typed\r');
		await logged(rdv, s, 'two typed');
		const { head, events, output } = parse((await cast(rdv,
			s.run.id)).raw.toString());
		assert.deepEqual([head.width, head.height, head.title],
			[90, 30, 'a "name"']);
		assert.match(head.command, /^\/bin\/sh -c 'printf "one /);
		// What else is set may be a secret.
		assert.deepEqual(head.env, { TERM: 'xterm' });
		assert.ok(Math.abs(head.timestamp - s.run.started_at / 1000) < 60);
		assert.equal(output, (await log(rdv, s.run.id)).toString());
		assert.match(output, /^one € \ufffd/);
		const at = (text) => events.findIndex((e) => e[2].includes(text));
		assert.ok(at('40x12') > at('one') && at('40x12') < at('two'));
		const pause = events[at('two')][0] - events[at('one')][0];
		assert.ok(pause >= 1.1 && pause < 200, `${pause}`);
	});

await test('a login shell is named, a run with pipes has nothing to play',
	async (t) => {
		const rdv = await t.start();
		const s = await rdv.call('POST', '/api/sessions', { name: 'shell' });
		const { head } = parse((await cast(rdv, s.run.id)).raw.toString());
		assert.equal(head.env.SHELL, s.run.argv[0]);
		assert.equal(head.env.TERM, 'xterm-256color');
		const p = await rdv.call('POST', '/api/sessions', { name: 'pipes',
			command: ['/bin/cat'], io: 'pipes' });
		const no = await cast(rdv, p.run.id);
		assert.deepEqual([no.status, no.json.error],
			[409, 'it has no terminal']);
	});

await test('an ended and closed session has its recording until it is forgotten',
	async (t) => {
		const rdv = await t.start();
		const s = await rdv.session('over', sh('echo the end'));
		await ended(rdv, s);
		await rdv.call('DELETE', `/api/sessions/${s.id}`);
		const { head, output } = parse((await cast(rdv, s.run.id,
			'?idle_limit=3')).raw.toString());
		assert.equal(output, 'the end\r\n');
		assert.equal(head.idle_time_limit, 3);
		assert.equal((await cast(rdv, s.run.id, '?idle_limit=0')).status, 422);
		const run = cli(rdv, 'session', 'export', 'over', '--cast');
		assert.deepEqual([run.status, run.err], [0, '']);
		assert.equal(parse(run.out).output, 'the end\r\n');
		assert.equal(cli(rdv, 'session', 'forget', 'over').status, 0);
		assert.equal((await cast(rdv, s.run.id)).status, 409);
		assert.deepEqual(fs.readdirSync(path.join(rdv.base, 'server/runs')),
			[]);
	});

await test('a long one comes whole, and a reader that stops costs no memory',
	async (t) => {
		const rdv = await t.start();
		const s = await rdv.session('long', sh('yes "$(printf ' +
			'"\\033[31m\\342\\202\\254 0123456789\\007")" | ' +
			'head -c 40000000'));
		await ended(rdv, s);
		const memory = () => +/VmHWM:\s+(\d+)/.exec(fs.readFileSync(
			`/proc/${rdv.rdvd}/status`, 'utf8'))[1] * 1024;
		const before = memory();
		const slow = net.connect(rdv.sock);
		t.after(() => slow.destroy());
		slow.write(`GET /api/runs/${s.run.id}/cast HTTP/1.1\r\n` +
			`Host: localhost\r\nAuthorization: Bearer ${rdv.token}\r\n\r\n`);
		await once(slow, 'data');
		slow.pause();
		const { output } = parse((await cast(rdv, s.run.id)).raw.toString());
		assert.ok(output === (await log(rdv, s.run.id)).toString());
		assert.ok(sanitized() || memory() - before < 12 << 20,
			`${before} -> ${memory()}`);
	});

await test('without an index it has an even pace, and says so', async (t) => {
	const rdv = await t.start();
	const s = await rdv.session('old', sh('echo old'));
	await ended(rdv, s);
	const file = path.join(rdv.home, 'old.cast');
	fs.unlinkSync(path.join(rdv.base, 'server/runs', `${s.run.id}.idx`));
	const run = cli(rdv, 'session', 'export', 'old', file);
	assert.equal(run.status, 0);
	assert.match(run.err, /^rdv: the times of this output are not known/);
	const text = fs.readFileSync(file, 'utf8');
	assert.equal(fs.statSync(file).mode & 0o777, 0o600);
	assert.equal(parse(text).output, 'old\r\n');
	// What is there is left as it is.
	const again = cli(rdv, 'session', 'export', 'old', file);
	assert.deepEqual(again, { status: 1, out: '',
		err: `rdv: cannot write ${file}: File exists\n` });
	assert.equal(fs.readFileSync(file, 'utf8'), text);
	const full = cli(rdv, 'session', 'export', 'old', '/dev/full');
	assert.match(full.err, /^rdv: cannot write \/dev\/full: File exists/);
});

// What of it the terminal of the player gets.
function played(file, ...how) {
	const script = `script -qec "asciinema ${how.join(' ')} ${file}" /dev/null`;
	const r = spawnSync('/bin/sh', ['-c', script], { encoding: 'utf8',
		timeout: 60000, env: { ...bare, LANG: 'C.UTF-8', TERM: 'xterm',
			HOME: path.dirname(file) } });
	assert.equal(r.status, 0, r.stdout + r.stderr);
	return r.stdout;
}

await test('asciinema plays it', async (t) => {
	const rdv = await t.start();
	const s = await rdv.session('play', sh('printf "\\033[31mred " ; read x; ' +
		'printf "\\342\\202"; sleep 0.1; printf "\\254\\377 end\\n"'));
	// What is set before the first byte is the size of the head.
	await logged(rdv, s, 'red');
	const v = await Terminal.open(rdv, s.id, { query: 'cols=70&rows=20' });
	await waitFor('its size', async () => (await rdv.call('GET',
		`/api/sessions/${s.id}`)).run.cols === 70);
	v.type('\r');
	await ended(rdv, s);
	v.close();
	const file = path.join(rdv.home, 'play.cast');
	assert.equal(cli(rdv, 'session', 'export', 'play', file).status, 0);
	const { events } = parse(fs.readFileSync(file, 'utf8'));
	assert.ok(events.some((e) => e[1] === 'r'));
	for (const how of [['cat'], ['play', '-i', '0.01']])
		assert.match(played(file, ...how), /\x1b\[31mred \r*\n€\ufffd end\r*\n/);
});

await test('words and patterns are taken out of what is exported alone',
	async (t) => {
		const rdv = await t.start();
		const s = await rdv.session('my hunter2', sh('printf "pass: hun"; ' +
			'sleep 0.2; printf "\\033[31mter2 \\000 tok\\033[men 77\\n"'));
		await ended(rdv, s);
		fs.writeFileSync(path.join(rdv.home, 'words'), 'hunter2\n\ntoken 77');
		const run = cli(rdv, 'session', 'export', s.id, '--cast', '--redact',
			'pass:', '--redact-file', 'words');
		// In the title, the command and three times in the output.
		assert.deepEqual([run.status, run.err],
			[0, 'rdv: 5 places redacted\n']);
		const { head, output, events } = parse(run.out);
		assert.equal(output,
			'***** ***\x1b[31m**** \0 ***\x1b[m*****\r\n');
		assert.equal(head.title, 'my *******');
		assert.ok(!run.out.includes('hunter2'));
		const whole = parse(cli(rdv, 'session', 'export', s.id).out);
		assert.match(whole.output, /^pass: hun\x1b\[31mter2 \0 tok/);
		assert.deepEqual(events.map((e) => e[0]),
			whole.events.map((e) => e[0]));
		// What nobody knows beforehand, by what stands around it.
		const glob = cli(rdv, 'session', 'export', s.id, '--redact-glob',
			'pass: *r2', '--redact-glob', 'tok*');
		assert.equal(glob.status, 0);
		assert.equal(parse(glob.out).output,
			'*********\x1b[31m**** \0 ***\x1b[m*****\r\n');
		for (const [words, status, why] of [
			[['--redact', ''], 2, /empty or no UTF-8/],
			[['--redact-glob', '*'], 2, /^rdv: \*: a pattern has/],
			[['--redact-file', 'none'], 1, /cannot read none: No such/]]) {
			const no = cli(rdv, 'session', 'export', s.id, 'x.cast',
				...words);
			assert.equal(no.status, status);
			assert.match(no.err, why);
		}
		assert.ok(!fs.existsSync(path.join(rdv.home, 'x.cast')));
	});
