// Group H at the API: processes that will not end, terminals that are written
// to from the wrong side, input nobody reads, and names that look like targets.
// tests/priv has the same below the API (test_life.c, test_guard.c: H03 with a
// pid that is taken again, H06 through the 32-bit entry, H07).
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { Rdv, bare, bin, build, proc, test, waitFor } from
	'../harness/rdv.mjs';
import { Terminal } from '../harness/terminal.mjs';
import { sanitized } from '../harness/sanitizer.mjs';
import { ended, options, output, refused, rss, run, unharmed } from './lib.mjs';

const rdv = await Rdv.start(options);
const home = rdv.home;
const sti = path.join(home, 'sti');
fs.copyFileSync(path.join(build, 'tests/sti'), sti);
fs.chmodSync(sti, 0o755);
const alive = (pid) => { const p = proc(pid); return p && p.state !== 'Z'; };
const close = (s) => rdv.request('DELETE', `/api/sessions/${s.id}`);
const signal = (s, name, all = false) => rdv.request('POST',
	`/api/sessions/${s.id}/signal`, { body: { signal: name, all } });
const stopRun = (s) => rdv.request('POST', `/api/runs/${s.run.id}/stop`);
const attempt = (body) => rdv.request('POST', '/api/sessions', { body:
	{ name: 'x', project_path: home, ...body } });

// Of which kinds the events of a run are, from the first one.
async function kinds(id, pattern) {
	const found = [];
	let since = 0, items;
	do {
		({ items } = await rdv.call('GET',
			`/api/events?since=${since}&limit=1000`));
		found.push(...items.filter((e) => e.subject === id &&
			pattern.test(e.kind)).map((e) => e.kind));
		since = items.at(-1)?.seq;
	} while (items.length > 0);
	return found;
}

// Leaves three processes in their own sessions, deaf to every polite signal.
const stubborn = 'for i in 1 2 3; do (trap "" TERM HUP INT QUIT; ' +
	'setsid sh -c \'trap "" TERM HUP INT QUIT; echo pid=$$; ' +
	'exec tail -f /dev/null\' &) & done; ';
const pidsOf = (s, n) => waitFor('pids', async () => {
	const found = [...(await output(rdv, s)).matchAll(/pid=(\d+)/g)];
	return found.length >= n && found.map((m) => +m[1]);
});

// Those of our own, of what a run in its own PID namespace knows by numbers;
// nothing else here has a number twice and is a tail(1).
function outside(pids) {
	const read = (p, what) => {
		try {
			return fs.readFileSync(`/proc/${p}/${what}`, 'utf8');
		} catch {
			return '';
		}
	};
	const tails = () => fs.readdirSync('/proc').filter((p) =>
		/^\d+$/.test(p) && read(p, 'cmdline').startsWith('tail\0-f')).map(
		(p) => /NSpid:(.*)/.exec(read(p, 'status'))?.[1].match(/\d+/g) ?? []);
	return Promise.all(pids.map((pid) => waitFor(`process ${pid}`, () =>
		+(tails().find((n) => +n.at(-1) === pid)?.[0] ?? 0))));
}

await test('H01 what forks away and is deaf ends with its session', async () => {
	for (const profile of ['login', 'script'])
		for (const stop of [close, stopRun, (s) => signal(s, 'TERM', true)]) {
			const s = await rdv.session('deaf', ['/bin/sh', '-c',
				`${stubborn}exec cat`], { profile, project_path: home });
			const told = await pidsOf(s, 3);
			const pids = profile === 'login' ? told : await outside(told);
			assert.ok(pids.every(alive), 'control: they run');
			// TERM alone, to the group, does not do it.
			await signal(s, 'TERM');
			await waitFor('cat ended', async () => (await rdv.call('GET',
				`/api/sessions/${s.id}`)).run.state !== 'starting');
			assert.ok((await stop(s)).status < 300 || stop !== close);
			await waitFor('all gone', () => !pids.some(alive));
			assert.notEqual((await ended(rdv, s.id)).run.state, 'running');
		}
	// The same when the program ends by itself.
	const s = await rdv.session('left', ['/bin/sh', '-c',
		`${stubborn}sh -c 'read go'`], { project_path: home });
	const pids = await pidsOf(s, 3);
	await rdv.call('POST', `/api/sessions/${s.id}/exec`, { command: 'go' });
	await waitFor('all gone', () => !pids.some(alive));
});

await test('H01 the same when the helper that started it is gone', async (t) => {
	const own = await t.start(options);
	const s = await own.session('deaf', ['/bin/sh', '-c',
		'trap "" HUP TERM; trap "echo heard" USR1; echo pid=$$; ' +
		'while :; do sleep 1; done']);
	const pid = await waitFor('pid', async () =>
		/pid=(\d+)/.exec(await output(own, s))?.[1]);
	own.track();
	const from = fs.statSync(own.logPath).size;
	process.kill(own.ops, 'SIGKILL');
	await own.settled(from);
	assert.ok(alive(pid), 'control: it survives its helper');
	await own.call('POST', `/api/sessions/${s.id}/signal`, { signal: 'USR1' });
	await waitFor('the next one has it', async () =>
		(await output(own, s)).includes('heard'));
	await own.call('DELETE', `/api/sessions/${s.id}`);
	await waitFor('gone', () => !alive(pid));
	await waitFor('no reaper', () => own.all('rdv-reaper').length === 0);
});

await test('H02 stop races exit, stop twice, stop during start', async () => {
	await Promise.all(Array.from({ length: 24 }, async (_, i) => {
		const s = await rdv.session(`race${i}`, ['/bin/sh', '-c',
			'read x; exit 0']);
		const stops = [
			() => rdv.request('POST', `/api/sessions/${s.id}/exec`,
				{ body: { command: 'x' } }),
			() => signal(s, 'KILL', true), () => signal(s, 'TERM'),
			() => close(s), () => close(s)];
		const order = stops.map((f, n) => stops[(n + i) % stops.length]);
		for (const a of await Promise.all(order.map((f) => f())))
			assert.ok(a.status < 300 || a.status === 409,
				`${a.status} ${a.raw}`);
		const end = await ended(rdv, s.id);
		assert.equal(end.status, 'closed');
		assert.ok(['completed', 'failed', 'killed'].includes(end.run.state),
			end.run.state);
		assert.equal((await close(s)).status, 204);
		// What is read may be ahead of what is told.
		const said = () => kinds(end.run.id, /ended$/);
		await waitFor('its end is told', async () =>
			(await said()).length > 0);
		assert.deepEqual(await said(), ['run.ended']);
	}));
	const list = async () => (await rdv.call('GET', '/api/sessions'))
		.find((s) => s.name === 'early');
	const made = rdv.request('POST', '/api/sessions', { body: { name: 'early',
		command: ['/bin/cat'] } });
	const early = await waitFor('early', list);
	assert.ok([204, 409].includes((await close(early)).status));
	const answered = await made;
	assert.ok(answered.status < 500 || answered.status === 503,
		String(answered.raw));
	await close(early);
	assert.notEqual((await ended(rdv, early.id)).run.state, 'running');
});

await test('H03 a signal after the end goes nowhere', async () => {
	const s = await rdv.session('over', ['/bin/sh', '-c', 'echo pid=$$']);
	const [pid] = await pidsOf(s, 1);
	await ended(rdv, s.id);
	assert.equal(alive(pid), null);
	const neighbours = await Promise.all(Array.from({ length: 5 }, () =>
		rdv.session('neighbour', ['/bin/cat'])));
	for (const name of ['KILL', 'TERM', 'STOP'])
		for (const all of [true, false])
			refused(await signal(s, name, all), name, 409);
	for (const n of neighbours) {
		assert.equal((await rdv.call('GET', `/api/sessions/${n.id}`)).run
			.state, 'running');
		assert.equal((await signal(n, 'KILL')).status, 202, 'control');
		assert.equal((await ended(rdv, n.id)).run.signal, 9);
	}
});

await test('H05 H06 a confined program types nothing into its terminal',
	async () => {
		const requests = { TIOCSTI: '0x5412', TIOCLINUX: '0x541c',
			'TIOCSTI with high bits': '0x100005412',
			'all high bits': '0xffffffff00005412',
			'TIOCLINUX with high bits': '0x10000541c' };
		const at = { project_path: home };
		for (const [what, request] of Object.entries(requests)) {
			const r = await run(rdv, [sti, request],
				{ ...at, profile: 'script' });
			assert.equal(r.text, 'EPERM waiting=0\r\n', what);
		}
		// Through the slave's names it can only show, not type.
		for (const to of ['/proc/self/fd/0', '/proc/$$/fd/0', '/dev/tty',
			'$(tty)']) {
			const r = await run(rdv, ['/bin/sh', '-c', `echo typed > ${to}; ` +
				`${sti} 0 > out; cat out`], { ...at, profile: 'script' });
			assert.match(r.text, /waiting=0/, to);
		}
		const legacy = '/proc/sys/dev/tty/legacy_tiocsti';
		const kernel = !fs.existsSync(legacy) ||
			fs.readFileSync(legacy, 'utf8').trim() === '1';
		// A terminal as ssh would give it has what the kernel allows.
		const own = await run(rdv, [sti, requests.TIOCSTI], at);
		assert.match(own.text, kernel ? /^\r?\n?ok waiting=1/m : /EIO|EPERM/,
			own.text);
	});

await test('H06 rdv doctor says whether the kernel allows it to others', () => {
	const legacy = '/proc/sys/dev/tty/legacy_tiocsti';
	const refuses = fs.existsSync(legacy) &&
		fs.readFileSync(legacy, 'utf8').trim() === '0';
	const r = spawnSync(bin('rdv'), ['doctor', '--json'], { encoding: 'utf8',
		timeout: 20000, env: { ...bare, HOME: home, RDV_HOME: rdv.base } });
	const row = JSON.parse(r.stdout).checks.find((c) =>
		c.name === 'terminals');
	assert.equal(row.state, refuses ? 'ok' : 'warning');
	assert.match(row.detail, refuses ? /refuses TIOCSTI/ :
		/type into its own terminal.*(legacy_tiocsti=0|before 6\.2)/);
});

await test('H07 a confined program opens no other session\'s terminal',
	async () => {
		const s = await rdv.session('other', ['/bin/sh', '-c',
			'tty; stty -echo; exec cat']);
		const tty = await waitFor('tty', async () =>
			/\/dev\/pts\/\d+/.exec(await output(rdv, s))?.[0]);
		const write = (profile) => run(rdv, ['/bin/sh', '-c',
			`echo from-${profile} > ${tty}`], { profile, project_path: home });
		assert.notEqual((await write('script')).exit_code, 0);
		assert.equal((await write('login')).exit_code, 0);
		await waitFor('control', async () =>
			(await output(rdv, s)).includes('from-login'));
		assert.doesNotMatch(await output(rdv, s), /from-script/);
		await close(s);
	});

await test('H08 a terminal that is held open tells its successor nothing',
	async () => {
		const holder = await rdv.session('holder', ['/bin/sh', '-c',
			'(trap "" HUP TERM; setsid sh -c \'trap "" HUP TERM; ' +
			'while :; do echo ghost; done\' &); read x']);
		await waitFor('ghost', async () =>
			(await output(rdv, holder)).includes('ghost'));
		await rdv.call('POST', `/api/sessions/${holder.id}/exec`,
			{ command: 'x' });
		const next = await Promise.all(Array.from({ length: 12 }, () =>
			rdv.session('next', ['/bin/sh', '-c', 'read x; echo mine'])));
		await ended(rdv, holder.id);
		for (const s of next) {
			await rdv.call('POST', `/api/sessions/${s.id}/exec`,
				{ command: 'x' });
			await ended(rdv, s.id);
			assert.equal(await output(rdv, s), 'x\r\nmine\r\n');
		}
		assert.notEqual((await rdv.call('GET', `/api/sessions/${holder.id}`))
			.run.state, 'running');
	});

await test('H09 input that nobody reads is bounded, and nobody waits', () =>
	unharmed(rdv, async () => {
		const s = await rdv.session('stuck', ['/bin/sh', '-c',
			'stty raw -echo; echo ready; exec tail -f /dev/null']);
		const t = await Terminal.open(rdv, s.id);
		await t.shows('ready');
		const block = Buffer.alloc(32768, 'x');
		for (let i = 0; i < 256; i++)
			t.ws.send(block);
		await t.message('flow', (m) => m.input === 'paused');
		for (let i = 0; i < 20; i++)
			await rdv.call('GET', '/api/user');
		let full = null;
		for (let i = 0; i < 64 && !full; i++) {
			const r = await rdv.request('POST', `/api/sessions/${s.id}/input`,
				{ body: { data: 'y'.repeat(60000) } });
			if (r.status !== 202)
				full = r;
		}
		assert.ok([409, 429, 503].includes(full?.status), `${full?.status}`);
		t.ws.terminate();
		// Control: where somebody reads, as much goes through.
		const sink = await rdv.session('sink', ['/bin/sh', '-c',
			'stty raw -echo; echo ready; head -c 8388608 | wc -c']);
		const u = await Terminal.open(rdv, sink.id);
		await u.shows('ready');
		for (let i = 0; i < 256; i++)
			u.ws.send(block);
		await u.shows('8388608', 60000);
		await close(s);
		await close(sink);
	}));

await test('H10 sizes that are none, too many, and of two', async () => {
	const s = await rdv.session('size', ['/bin/sh', '-c',
		'n=0; trap "n=$((n + 1))" WINCH; echo ready; ' +
		'while :; do read x && echo "$(stty size) n=$n"; done'],
	{ cols: 80, rows: 24 });
	const [a, b] = [await Terminal.open(rdv, s.id),
		await Terminal.open(rdv, s.id)];
	await a.shows('ready');
	const ask = async (cols, rows) => {
		a.type('\n');
		await a.shows(`${rows} ${cols} n=`);
	};
	await ask(80, 24);
	for (const [cols, rows] of [[0, 0], [65535, 65535], [-1, 24], [80, 0],
		[1e9, 1e9], [9, 24], [1001, 24], [80, 501], [80.5, 24], ['80', '24'],
		[null, 24]]) {
		const had = a.messages.length;
		a.send({ type: 'resize', cols, rows });
		await waitFor(`refused ${cols}x${rows}`, () => a.messages.slice(had)
			.some((m) => m.type === 'error'));
	}
	assert.deepEqual([(await rdv.call('GET', `/api/sessions/${s.id}`)).run.cols,
		(await rdv.call('GET', `/api/sessions/${s.id}`)).run.rows], [80, 24]);
	for (let i = 0; i < 1000; i++)
		a.send({ type: 'resize', cols: 100 + (i % 200), rows: 30 });
	a.send({ type: 'resize', cols: 111, rows: 33 });
	await b.message('size', (m) => m.cols === 111 && m.rows === 33);
	await ask(111, 33);
	const times = +/33 111 n=(\d+)/.exec(String(a.output))[1];
	assert.ok(times >= 1 && times < 100, `${times} signals for 1001`);
	// The newest wins, and its sender is told that it owns the size.
	b.send({ type: 'resize', cols: 90, rows: 20 });
	await b.message('size', (m) => m.cols === 90 && m.owner);
	await a.message('size', (m) => m.cols === 90 && !m.owner);
	await ask(90, 20);
	await a.close();
	await b.close();
	await close(s);
});

// All that a byte can be, and what ends a paste among it.
const pasted = (size) => {
	const piece = Buffer.concat([Buffer.from(Array.from({ length: 256 },
		(_, i) => i)), Buffer.from('\x1b[201~\xc3(\0')]);
	return Buffer.alloc(size, piece);
};

await test('H11 a paste of 100 MB is bounded, or all of it arrives', () =>
	unharmed(rdv, async () => {
		const size = (sanitized() ? 16 : 100) << 20, all = pasted(size);
		const most = rss(rdv.rdvd);
		const open = async (name, what) => {
			const s = await rdv.session(name, ['/bin/sh', '-c',
				`stty raw -echo; echo ready; ${what}`]);
			const t = await Terminal.open(rdv, s.id);
			await t.shows('ready');
			return { s, t };
		};
		const give = (t) => {
			for (let at = 0; at < size; at += 65536)
				t.ws.send(all.subarray(at, at + 65536));
		};
		const deaf = await open('deaf', 'exec tail -f /dev/null');
		give(deaf.t);
		await deaf.t.message('flow', (m) => m.input === 'paused');
		const reads = await open('reads', `head -c ${size} | md5sum; read x`);
		let top = 0;
		const look = setInterval(() => {
			top = Math.max(top, rss(rdv.rdvd));
		}, 10);
		try {
			give(reads.t);
			await reads.t.shows(createHash('md5').update(all).digest('hex'),
				300000);
		} finally {
			clearInterval(look);
		}
		assert.ok(sanitized() || top < most + (16 << 20), `${most} -> ${top}`);
		assert.ok(deaf.t.ws.bufferedAmount > size / 2, 'what was not taken ' +
			`stays with who sent it: ${deaf.t.ws.bufferedAmount}`);
		assert.equal(deaf.t.closed, null, 'and it is not sent away');
		// Not one byte more than was sent.
		assert.equal((await rdv.call('GET', `/api/sessions/${reads.s.id}`)).run
			.state, 'running');
		for (const { s, t } of [deaf, reads]) {
			t.ws.terminate();
			await close(s);
		}
	}));

await test('H12 text is typed as it is', async () => {
	for (const text of ['/exit', '!ls', '#x', 'C-c', 'Enter', '^C', 'C-d Escape',
		'a\rb', '\u001b[A\u001bOP', '\u0003\u0004\u001a', '-l', ';', '%1',
		'{Enter}', '<C-c>', '\\n', 'ü🙂', '\t', '\u001b[201~']) {
		const bytes = Buffer.from(text), more = bytes.length + 1;
		const s = await rdv.session('typed', ['/bin/sh', '-c',
			'stty raw -echo -isig; echo ready; ' +
			`head -c ${more} | od -An -v -tx1`]);
		await waitFor('ready', async () =>
			(await output(rdv, s)).includes('ready'));
		await rdv.call('POST', `/api/sessions/${s.id}/exec`, { command: text });
		const end = await ended(rdv, s.id);
		const got = (await output(rdv, end)).split('ready')[1]
			.replace(/\s+/g, '');
		assert.equal(got, Buffer.concat([bytes, Buffer.from('\r')])
			.toString('hex'), JSON.stringify(text));
	}
});

await test('H13 a name is no target, an id is', async () => {
	refused(await attempt({ name: '=x', command: ['/bin/cat'] }), '=x', 422);
	const names = [':', '.', '%1', '@1', '{last}', 'tar', 'target',
		'target:0.1', '$(id)', '*', '..', 'rdv-'];
	const all = [];
	for (const name of names)
		all.push(await rdv.session(name, ['/bin/cat']));
	assert.deepEqual(all.map((s) => s.name), names);
	for (const s of all) {
		for (const to of [s.name, s.tmux_session_name, s.id.slice(0, 13),
			`=${s.id}`, `${s.id}:0`])
			refused(await rdv.request('POST', `/api/sessions/` +
				`${encodeURIComponent(to)}/exec`, { body: { command: 'no' } }),
			to);
		assert.equal((await rdv.request('POST', `/api/sessions/${s.id}/exec`,
			{ body: { command: `for ${s.id}` } })).status, 202);
	}
	for (const s of all) {
		await waitFor('its own', async () =>
			(await output(rdv, s)).includes(`for ${s.id}`));
		assert.equal((await output(rdv, s)).replaceAll(`for ${s.id}`, '')
			.trim(), '');
		await close(s);
	}
});

await test('H14 twins of one second are two', async () => {
	const twins = await Promise.all(Array.from({ length: 10 }, () =>
		rdv.session('twin', ['/bin/cat'])));
	assert.equal(new Set(twins.map((s) => s.id)).size, 10);
	assert.equal(new Set(twins.map((s) => s.tmux_session_name)).size, 10);
	for (const [i, s] of twins.entries())
		await rdv.call('POST', `/api/sessions/${s.id}/exec`,
			{ command: `only ${i}.` });
	for (const [i, s] of twins.entries()) {
		await waitFor('its own', async () =>
			(await output(rdv, s)).includes(`only ${i}.`));
		assert.equal((await output(rdv, s)).match(/only \d/g)
			.filter((m) => m !== `only ${i}`).length, 0);
		await close(s);
	}
});

await test('H15 no directory, no program; and never another directory',
	async () => {
		const dir = path.join(home, 'brief');
		fs.mkdirSync(dir);
		const s = await rdv.session('brief', ['/bin/sh', '-c', 'pwd -P'],
			{ project_path: dir });
		await ended(rdv, s.id);
		const resume = () => rdv.request('POST',
			`/api/sessions/${s.id}/resume`);
		fs.renameSync(dir, `${dir}-gone`);
		for (const replace of [() => {}, () => fs.writeFileSync(dir, ''),
			() => { fs.rmSync(dir); fs.mkdirSync(dir, { mode: 0 }); }]) {
			replace();
			const r = await resume();
			if (process.getuid() === 0 && fs.existsSync(dir) &&
			    fs.statSync(dir).isDirectory())
				continue; // nothing is closed to root
			refused(r, 'resume');
			assert.match(r.json.error, /No such|Not a|denied|chdir/i);
		}
		fs.rmSync(dir, { recursive: true });
		fs.renameSync(`${dir}-gone`, dir);
		await ended(rdv, s.id);
		const good = await resume();
		assert.equal(good.status, 200, String(good.raw));
		const end = await ended(rdv, s.id);
		assert.equal(await output(rdv, end),
			`${fs.realpathSync(dir)}\r\n`);
		await close(s);
	});

await test('H16 what cannot be executed says why', async () => {
	const file = (name, text, mode = 0o755) => {
		const p = path.join(home, name);
		fs.writeFileSync(p, text, { mode });
		return p;
	};
	for (const [p, why] of [
		[path.join(home, 'missing'), /No such file/],
		[file('no-interpreter', '#!/no/such/sh\n'), /No such file/],
		[file('empty', ''), /Exec format/i],
		[file('text', 'no program\n'), /Exec format/i],
		[file('elf', '\x7fELF\x02\x01\x01'.padEnd(64, '\0')), /Exec format/i],
		[file('no-mode', '#!/bin/sh\n', 0o644), /Permission denied/],
		[home, /Permission denied|directory/],
	])
		for (const profile of ['login', 'script']) {
			const r = await attempt({ command: [p], profile });
			refused(r, `${profile} ${p}`);
			assert.match(r.json.error, why, p);
		}
	assert.equal((await rdv.call('GET', '/api/sessions'))
		.some((s) => s.name === 'x'), false, 'none is shown as active');
	assert.equal((await run(rdv, [file('good', '#!/bin/sh\necho good\n')]))
		.text, 'good\r\n');
});

await test('H17 every way to end is told apart', async () => {
	const dir = path.join(home, 'cores');
	fs.mkdirSync(dir);
	const sh = (text) => run(rdv, ['/bin/sh', '-c', text],
		{ project_path: dir });
	for (const [text, state, code, sig] of [
		['exit 0', 'completed', 0, null], ['exit 1', 'failed', 1, null],
		['exit 137', 'failed', 137, null], ['exit 255', 'failed', 255, null],
		['kill -9 $$', 'killed', null, 9], ['kill -15 $$', 'killed', null, 15],
		['kill -11 $$', 'killed', null, 11],
		['kill -6 $$', 'killed', null, 6]]) {
		const r = await sh(text);
		assert.deepEqual([r.state, r.exit_code, r.signal], [state, code, sig],
			text);
		assert.equal(r.text, '', text);
	}
	assert.deepEqual(fs.readdirSync(dir), [], 'no core');
	// Stopped is not ended, and can go on.
	const s = await rdv.session('paused', ['/bin/sh', '-c',
		'echo pid=$$; read x; exit 4']);
	const [pid] = await pidsOf(s, 1);
	await signal(s, 'STOP');
	await waitFor('stopped', () => proc(pid).state === 'T');
	assert.equal((await rdv.call('GET', `/api/sessions/${s.id}`)).run.state,
		'running');
	await signal(s, 'CONT');
	await rdv.call('POST', `/api/sessions/${s.id}/exec`, { command: 'x' });
	assert.equal((await ended(rdv, s.id)).run.exit_code, 4);
	// And one that is stopped ends when it is told to, as one that runs.
	const deaf = await rdv.session('deaf', ['/bin/sh', '-c',
		'trap "" HUP TERM; echo pid=$$; while :; do read x; done']);
	const [still] = await pidsOf(deaf, 1);
	await signal(deaf, 'STOP');
	await waitFor('stopped', () => proc(still).state === 'T');
	await close(deaf);
	await waitFor('it is gone', () => !alive(still));
	const { run: over } = await ended(rdv, deaf.id);
	assert.deepEqual([over.state, over.signal], ['killed', 9]);
});

// The events of a run that tell whether it is stopped.
const told = (id) => kinds(id, /^run\.(stopped|continued)$/);

await test('H17 what is stopped is not shown as running well', async () => {
	const see = async (id) => (await rdv.call('GET',
		`/api/sessions/${id}`)).run;
	const seen = (id, stopped) => waitFor(`stopped: ${stopped}`, async () => {
		const now = await see(id);
		return now.stopped === stopped && now;
	});
	const s = await rdv.session('halted', ['/bin/sh', '-c',
		'echo pid=$$; read x; exit 4']);
	const [pid] = await pidsOf(s, 1);
	assert.equal((await see(s.id)).stopped, false);
	process.kill(pid, 'SIGSTOP');
	const now = await seen(s.id, true);
	assert.deepEqual([now.state, now.ended_at], ['running', null]);
	assert.ok(now.stopped_at >= now.started_at);
	const list = await rdv.call('GET', '/api/sessions');
	assert.equal(list.find((x) => x.id === s.id).run.stopped, true);
	assert.equal((await rdv.call('GET', '/api/status')).sessions.runs_stopped,
		1);
	// Neither rdvd nor [ops] is who remembers it.
	await rdv.again();
	assert.equal((await see(s.id)).stopped_at, now.stopped_at);
	const ops = rdv.ops;
	process.kill(ops, 'SIGKILL');
	await waitFor('another [ops]', () => rdv.ops && rdv.ops !== ops);
	await waitFor('it serves', async () => (await rdv.call('GET',
		'/api/status')).helper.ready);
	assert.equal((await see(s.id)).stopped_at, now.stopped_at);
	// What a person calls going on is that for a stopped program too.
	await rdv.call('POST', `/api/sessions/${s.id}/resume`);
	assert.equal((await seen(s.id, false)).stopped_at, null);
	assert.equal((await see(s.id)).id, s.run.id, 'the same run');
	await signal(s, 'STOP');
	await seen(s.id, true);
	await signal(s, 'CONT');
	await seen(s.id, false);
	// What is read may be ahead of what is told.
	await waitFor('it is told', async () => (await told(s.run.id)).length > 3);
	assert.deepEqual(await told(s.run.id), ['run.stopped', 'run.continued',
		'run.stopped', 'run.continued']);
	// Its end is an end, and no longer a stop.
	await signal(s, 'STOP');
	await seen(s.id, true);
	process.kill(pid, 'SIGKILL');
	const { run: over } = await ended(rdv, s.id);
	assert.deepEqual([over.state, over.signal, over.stopped, over.stopped_at],
		['killed', 9, false, null]);
});

await test('H17 a job of a shell that is stopped is not the run', async () => {
	const s = await rdv.session('jobs', ['/bin/bash', '--norc', '-i']);
	const t = await Terminal.open(rdv, s.id);
	await t.type('sleep 600\r');
	const shell = (await rdv.call('GET', `/api/sessions/${s.id}`)).run;
	const job = await waitFor('the job', () => rdv.all('sleep')
		.find((p) => proc(p.ppid)?.name === 'bash'));
	await t.type('\x1a');
	await waitFor('it is stopped', () => proc(job.pid).state === 'T');
	await t.type('echo $((40 + 2)) left\r');
	await waitFor('the shell goes on', async () =>
		(await output(rdv, s)).includes('42 left'));
	const before = Date.now();
	// Whoever stops the shell itself is told of: the same way is open.
	await t.type('kill -STOP $$\r');
	await waitFor('the shell is stopped', () => proc(job.ppid).state === 'T');
	const now = await waitFor('told', async () => {
		const run = await rdv.call('GET', `/api/runs/${shell.id}`);
		return run.stopped && run;
	});
	assert.ok(now.stopped_at >= before, 'of that and not of the job');
	await waitFor('it is told', async () => (await told(shell.id)).length > 0);
	assert.deepEqual(await told(shell.id), ['run.stopped']);
	await t.close();
	await close(s);
	await waitFor('nothing is left', () => !alive(job.pid));
});

await test('H19 a child has descriptors 0, 1 and 2', async () => {
	// Others are open at the time, to be inherited by mistake.
	const s = await rdv.session('other', ['/bin/cat']);
	const t = await Terminal.open(rdv, s.id);
	for (const profile of ['login', 'script'])
		for (const io of ['pty', 'pipes']) {
			const r = await run(rdv, ['/bin/ls', '/proc/self/fd'],
				{ profile, io, project_path: home });
			// ls opens the directory itself, as the next free one.
			assert.deepEqual(r.text.trim().split(/\s+/),
				['0', '1', '2', '3'], `${profile} ${io}`);
		}
	await t.close();
	await close(s);
});

await rdv.stop();
