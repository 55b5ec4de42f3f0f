// Too much of everything: output, sessions, subscribers, processes. Each is
// bounded or costs so little that it adds up to nothing, and beside it somebody
// who wants little gets it.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { Rdv, build, skip, test, waitFor, working } from '../harness/rdv.mjs';
import { Terminal } from '../harness/terminal.mjs';
import { sanitized } from '../harness/sanitizer.mjs';
import { connect, ended, options, rss } from './lib.mjs';

const MIB = 1 << 20;
const hog = path.join(build, 'tests/hog');
const rdv = await Rdv.start({ ...options, config: `${options.config}
[terminal]
max_sessions = 140
[server]
max_connections_per_peer = 500
` });

// The most memory that rdvd had while `fn` ran, beyond what it had before.
async function most(fn) {
	const before = rss(rdv.rdvd);
	let top = before;
	const look = setInterval(() => {
		top = Math.max(top, rss(rdv.rdvd));
	}, 10);
	try {
		await fn();
	} finally {
		clearInterval(look);
	}
	return top - before;
}

// What it says, how much that is in the log, in bytes at least.
const floods = {
	'one line': ['head -c 64M /dev/zero | tr "\\0" x', 64 * MIB],
	'empty lines': ['yes "" | head -n 2000000', 4e6],
	'escape sequences': ['yes "$(printf "\\033[31m\\033]0;x")" | ' +
		'head -c 16M', 16 * MIB],
};

await test('D07 output without end costs no memory', async () => {
	for (const [what, [command, bytes]] of Object.entries(floods)) {
		const s = await rdv.session('flood', ['/bin/sh', '-c', command]);
		const t = await Terminal.open(rdv, s.id, { query: 'tail=1000' });
		const more = await most(async () => {
			// It is asked for what has been said, over and over.
			while ((await rdv.call('GET', `/api/sessions/${s.id}`))
				.run.state === 'running') {
				const r = await rdv.request('GET',
					`/api/sessions/${s.id}/scrollback`);
				assert.equal(r.status, 200, what);
				assert.ok(r.raw.length < 8 * MIB, `${what}: ${r.raw.length}`);
			}
			await ended(rdv, s.id);
		});
		const { run } = await ended(rdv, s.id);
		assert.ok(run.log_bytes >= bytes, `control: ${what}: all is kept, ` +
			`${run.log_bytes} bytes`);
		assert.ok(sanitized() || more < 12 * MIB, `${what}: ${more} bytes`);
		await t.close();
		await rdv.call('DELETE', `/api/sessions/${s.id}`);
	}
});

await test('D08 sessions and subscribers add up to little, and have a bound',
	async () => {
		const begin = (i) => rdv.session(`idle${i}`, ['/bin/cat']);
		const many = async (from, to) => {
			for (let i = from; i < to; i += 10)
				await Promise.all(Array.from({ length: 10 }, (_, n) =>
					begin(i + n)));
		};
		await many(0, 20);
		const first = await most(() => many(20, 80));
		const second = await most(() => many(80, 140));
		assert.ok(sanitized() || second < 60 * 48 * 1024, `${second} bytes`);
		assert.ok(sanitized() || second < 2 * first + 2 * MIB,
			`${first}, then ${second}`);
		const over = await rdv.request('POST', '/api/sessions',
			{ body: { name: 'over', command: ['/bin/cat'] } });
		assert.equal(over.status, 429, `${over.raw}`);
		const streams = [];
		const stream = 'GET /api/events HTTP/1.1\r\nHost: localhost\r\n' +
			`Accept: text/event-stream\r\nAuthorization: Bearer ${rdv.token}` +
			'\r\n\r\n';
		const more = await most(async () => {
			for (let i = 0; i < 400; i++) {
				const o = await connect(rdv);
				o.say(stream);
				streams.push(o);
			}
			await waitFor('streams', () =>
				streams.every((o) => o.text.includes('200 OK')));
		});
		assert.ok(sanitized() || more < 400 * 8 * 1024, `${more} bytes`);
		// All of them are told, and nobody waits for them.
		await rdv.call('POST', '/api/folders', { name: 'told' });
		await waitFor('told', () =>
			streams.every((o) => o.text.includes('folder.')));
		const beyond = [];
		for (let i = 0; i < 200; i++)
			beyond.push(await connect(rdv));
		await waitFor('the bound', () => beyond.some((o) => o.closed));
		for (const o of [...streams, ...beyond])
			o.c.destroy();
		// Until rdvd has seen so, they count.
		const { json: list } = await waitFor('there is room', () =>
			rdv.request('GET', '/api/sessions').catch(() => null));
		for (const s of list)
			await rdv.call('DELETE', `/api/sessions/${s.id}`);
		await begin('again');
	});

await rdv.stop();

// The kernel counts all of an account, whosever child they are.
const tasks = () => fs.readdirSync('/proc').filter((n) => /^\d+$/.test(n))
	.map((n) => {
		try {
			return fs.readFileSync(`/proc/${n}/status`, 'utf8');
		} catch {
			return '';
		}
	}).filter((text) => +/^Uid:\s+(\d+)/m.exec(text)?.[1] === process.getuid())
	.reduce((sum, text) => sum + +/^Threads:\s+(\d+)/m.exec(text)[1], 0);

// As the program that is run takes all it can get; `full` is what it says then.
async function bombed(t, command, full) {
	// So few more that the bomb is nobody else's.
	const most = tasks() + 600;
	const own = await t.start({ ...options,
		by: ['prlimit', `--nproc=${most}:${most}`] });
	const cat = await own.session('quiet', ['/bin/cat']);
	const quiet = await Terminal.open(own, cat.id);
	await quiet.message('ready');
	const before = working(own.main.pid).length;
	const bomb = await own.session('bomb', command);
	const [, took] = await waitFor('the bound', async () => full.exec(
		(await own.request('GET', `/api/runs/${bomb.run.id}/log`)).raw));
	own.track();
	assert.ok((+took || working(own.main.pid).length - before) > 100, 'control');
	quiet.type('alive\n');
	await quiet.shows('alive');
	// A spare run or two may have been there before the bomb. What ends would
	// make room for the next.
	const ids = [bomb.id];
	let no;
	for (let i = 0; i < 10 && !(no?.status >= 400); i++) {
		no = await own.request('POST', '/api/sessions',
			{ body: { name: 'more', command: ['/bin/cat'] } });
		if (no.status < 400)
			ids.push(no.json.id);
	}
	assert.ok(no.status >= 400 && no.json.error, `${no.status} ${no.raw}`);
	for (const id of ids)
		await own.call('DELETE', `/api/sessions/${id}`);
	await waitFor('all of it gone', () =>
		working(own.main.pid).length <= before);
	quiet.type('still\n');
	await quiet.shows('still');
	await ended(own, (await own.session('after', ['/bin/true'])).id);
	await quiet.close();
}

// To look for leaks is to fork, which cannot be had then.
if (!sanitized()) {
	await test('H04 a fork bomb ends with its session, and others live', (t) =>
		bombed(t, ['/usr/bin/perl', '-e', '$SIG{HUP} = $SIG{TERM} = ' +
			'"IGNORE"; $| = 1; 1 while defined fork; print "full\n"; ' +
			'sleep 1000'], /full/));
	await test('H04 a hundred thousand threads are as many as there may be', (t) =>
		bombed(t, [hog, 'threads', '100000'], /threads (\d+) EAGAIN/));
}

// How long each of so many keys takes to be shown, in milliseconds.
async function echoes(quiet, n) {
	const took = [];
	for (let i = 0; i < n; i++) {
		const word = `key${took.length}.${Math.random()}`, at = performance.now();
		quiet.type(`${word}\n`);
		await quiet.shows(word);
		took.push(performance.now() - at);
	}
	return took.sort((a, b) => a - b)[n >> 1];
}

// The kernel shares the processors out by sessions or by threads: beside so many
// that never rest everybody's turn comes, and rdv takes a few for a key. What
// would be wrong is a key that waits until each of them has had its turn several
// times; less than that is not told from a machine that has others to serve.
await test('H04 who never rests does not keep others from their turn',
	async (t) => {
		const own = await t.start(options), spinners = 8;
		const cat = await own.session('quiet', ['/bin/cat']);
		const quiet = await Terminal.open(own, cat.id);
		await quiet.message('ready');
		const before = await echoes(quiet, 25);
		const spin = await own.session('spin', [hog, 'cpu', `${spinners}`]);
		const kids = () => own.all('hog').filter((p) => p.cpuMs > 0);
		await waitFor('they spin', () => kids().length >= spinners);
		const beside = await echoes(quiet, 25);
		assert.equal((await own.request('GET', '/health')).status, 200);
		assert.ok(beside < 10 * before + 100, `${before} ms, then ${beside}`);
		assert.ok(kids().length >= spinners, 'control: they still do');
		await own.call('DELETE', `/api/sessions/${spin.id}`);
		await waitFor('all of it gone', () => own.all('hog').length === 0);
		await quiet.close();
	});

// A file system of so few inodes, where TMPDIR is then; as the same account.
await test('H04 a session takes every inode of the file system', (t) => {
	const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'rdv-inodes-'));
	t.after(() => fs.rmdirSync(dir));
	const id = [`--map-user=${process.getuid()}`,
		`--map-group=${process.getgid()}`];
	const r = spawnSync('unshare', ['-Urm', 'sh', '-c', 'mount -t tmpfs -o ' +
		'nr_inodes=1500,mode=700 inodes "$1" && exec unshare -U "$2" "$3" ' +
		'"$4" "$5"', 'sh', dir, ...id, process.execPath,
	path.join(import.meta.dirname, 'inodes.mjs')],
	{ encoding: 'utf8', env: { ...process.env, TMPDIR: dir, RDV_ONLY: '' } });
	if (/unshare: /.test(r.stderr))
		return skip('user namespaces');
	assert.equal(r.status, 0, `${r.stdout}${r.stderr}`);
	assert.match(r.stdout, /^1 passed, 0 failed, 0 skipped$/m);
});
