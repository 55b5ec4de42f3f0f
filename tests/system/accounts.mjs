// Each account has its own rdv, as far as it can see: its socket, its runs
// under its own uid, and nothing of anybody else.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { listener, openIn } from '../harness/netsockets.mjs';
import { test, waitFor } from '../harness/rdv.mjs';
import { System } from '../harness/system.mjs';

const s = await System.start();
const [ann, bob] = s.people;

const file = (who, name) => path.join(who.home, name);

// A session of that account, over its own socket.
async function session(who, name, command) {
	const r = await s.over(who, 'POST', '/api/sessions',
		{ body: { name, command } });
	assert.equal(r.status, 201, `${r.raw}`);
	return r.json;
}

const ended = (who, id) => waitFor('the end', async () => {
	const r = await s.over(who, 'GET', `/api/sessions/${id}`);
	return r.json.run?.state !== 'running' && r.json;
});

await test('rdv login, and what it runs is its account\'s', async () => {
	for (const who of [ann, bob]) {
		s.login(who);
		assert.equal(fs.statSync(file(who, '.rdv/cli-token')).uid, who.uid);
		assert.equal(fs.statSync(file(who, '.rdv/cli-token')).mode & 0o777,
			0o600);
		const me = await s.over(who, 'GET', '/api/user');
		assert.equal(me.json.name, who.name);
		await session(who, 'who', ['/bin/sh', '-c',
			'id -un > "$HOME/who.new" && mv "$HOME/who.new" "$HOME/who"']);
		await waitFor('it has run', () => fs.existsSync(file(who, 'who')));
		assert.equal(fs.readFileSync(file(who, 'who'), 'utf8').trim(),
			who.name);
		assert.equal(fs.statSync(file(who, 'who')).uid, who.uid);
	}
});

await test('the commands of rdv work over the own socket', async () => {
	let r = s.rdv(ann, 'session', 'ls', '--json');
	assert.equal(r.status, 0, r.err);
	assert.deepEqual(JSON.parse(r.out).map((x) => x.name), ['who']);
	r = s.as(ann, path.join(s.bin, 'rdv'), ['session', 'ls'],
		{ env: { RDV_RUN: bob.run } });
	assert.notEqual(r.status, 0);
	assert.match(r.err, /Permission denied|another/, r.err);
});

await test('nobody reaches another account\'s socket (C01)', () => {
	for (const [who, whose, want] of [[ann, ann, 0], [bob, bob, 0],
		[ann, bob, 13], [bob, ann, 13], [s.web, ann, 13],
		[ann, s.web, 13]]) {
		const r = s.as(who, process.execPath, ['-e',
			'require("net").connect(process.argv[1])' +
			'.on("connect", () => process.exit(0))' +
			'.on("error", (e) => process.exit(-e.errno))',
			path.join(s.root, 'run/rdv', whose === s.web ? 'web' :
				whose.name, 'api.sock')]);
		assert.equal(r.status, want, `${who.name} to ${whose.name}`);
	}
	return Promise.resolve();
});

await test('a token is worth nothing on another socket (C14)', async () => {
	const own = await s.over(ann, 'GET', '/api/user');
	assert.equal(own.status, 200);
	const wrong = await s.over(bob, 'GET', '/api/user',
		{ token: `${ann.token.slice(0, -1)}!` });
	const other = await s.over(bob, 'GET', '/api/user', { token: ann.token });
	assert.equal(other.status, 401);
	assert.equal(other.json.code, wrong.json.code);
	assert.equal(other.json.error, wrong.json.error);
});

// Connects as one, is another from then on, and says that: what is answered.
const passed = (from, to, text) => execFileSync('perl', ['-MSocket', '-MPOSIX',
	'-e', `my ($path, $one, $two, $text) = @ARGV;
	$> = $one;
	socket(S, PF_UNIX, SOCK_STREAM, 0);
	connect(S, sockaddr_un($path)) or die;
	$> = 0;
	POSIX::setgid($two);
	POSIX::setuid($two);
	$< == $two && $> == $two or die;
	syswrite(S, $text);
	print while <S>;`, path.join(from.run, 'api.sock'), from.uid, to.uid, text],
{ encoding: 'utf8' });
const spoken = (method, target, token, body = '') => `${method} ${target} ` +
	`HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Type: ` +
	`application/json\r\nContent-Length: ${body.length}\r\n` +
	`${token ? `Authorization: Bearer ${token}\r\n` : ''}\r\n${body}`;

await test('C02 no process of it has a port', async () => {
	const here = await session(ann, 'here', ['/bin/cat']);
	assert.deepEqual(openIn(s.main.pid), []);
	const there = await session(ann, 'listens', listener);
	await waitFor('the control is seen', () => openIn(s.main.pid).length > 0);
	for (const { id } of [here, there])
		await s.over(ann, 'DELETE', `/api/sessions/${id}`);
	await waitFor('it is closed', () => openIn(s.main.pid).length === 0);
});

// State, records, sockets and what people have run: his are his own.
await test('C16 nothing of it is open to another account', async () => {
	const kept = await session(ann, 'kept', ['/bin/echo', 'hers']);
	await ended(ann, kept.id);
	const open = (who, ...how) => s.as(who, '/usr/bin/find', [
		path.join(s.root, 'var/lib'), path.join(s.root, 'run/rdv'),
		'-mindepth', '1', '!', '-type', 'l', '(', ...how, ')']).out
		.split('\n').filter((p) => p && p !== who.run &&
			!p.startsWith(`${who.run}/`));
	// A name may be told, as that of the directory; what is in it is not.
	assert.deepEqual(open(bob, '-writable', '-o', '-type', 'f', '-readable',
		'-o', '-type', 's', '-o', '-type', 'd', '-readable', '-executable'), []);
	assert.ok(open({ ...ann, uid: 0 }, '-type', 'f', '-readable').length > 5,
		'control');
});

// Not by convention: nobody but root has a way to it, whose acts it records.
await test('O01 no run of an account, held or not, reaches the audit log',
	async () => {
		const keep = path.join(s.root, 'var/lib/rdv-helper/audit');
		const names = ['000001.log', 'head', 'mac.key', 'sign.key'];
		const text = () => fs.readFileSync(path.join(keep, names[0]), 'utf8');
		const tries = (at) => names.map((n) => path.join(at, n))
			.flatMap((p) => [`cat '${p}'`, `chmod 666 '${p}'`,
				`echo x >>'${p}'`, `: >'${p}'`, `mv '${p}' '${p}.old'`,
				`rm '${p}'*`])
			.concat([`ls '${at}'`, `: >'${at}/new'`, `mv '${at}' '${at}.old'`])
			.map((c) => `(${c}) >/dev/null 2>&1 && echo did`).join('\n');
		const before = text();
		assert.ok(before.length > 0);
		const dir = file(ann, 'project');
		s.login(ann);
		assert.equal(s.as(ann, '/bin/mkdir', [dir]).status, 0);
		for (const profile of ['login', 'script', 'agent']) {
			const r = await s.over(ann, 'POST', '/api/sessions', { body: {
				name: 'audit', profile, io: 'pipes', project_path: dir,
				command: ['/bin/sh', '-c', `${tries(keep)}\necho over`] } });
			assert.equal(r.status, 201, `${r.raw}`);
			const run = `/api/runs/${r.json.run.id}`;
			await waitFor('its end', async () =>
				(await s.over(ann, 'GET', run)).json.ended_at);
			const said = await s.over(ann, 'GET', `${run}/log`);
			assert.equal(`${said.raw}`, 'over\n', profile);
		}
		assert.ok(text().startsWith(before), 'it has grown and nothing else');
		assert.ok(text().length > before.length, 'control: they are in it');
		assert.deepEqual(names.map((n) => {
			const st = fs.statSync(path.join(keep, n));
			return [st.uid, st.mode & 0o777];
		}), names.map(() => [0, 0o600]));
		// Control: where it is its own, the same words do all of it.
		const copy = file(ann, 'copy');
		const r = s.as(ann, '/bin/sh', ['-c', `mkdir '${copy}'; cd '${copy}'; ` +
			`touch ${names.join(' ')}; ${tries(copy)}`]);
		assert.equal(r.out, 'did\n'.repeat(names.length * 6 + 3), r.err);
	});

await test('C09 a connection that is passed on brings no right with it', () => {
	const ask = (token) => passed(ann, bob, spoken('GET', '/api/user', token))
		.slice(9, 12);
	assert.equal(ask(ann.token), '200', 'control');
	assert.equal(ask(bob.token), '401');
	assert.equal(ask(null), '401');
	/* The one route without a token asks for a proof that is hers. */
	const hex = '5a'.repeat(32);
	s.as(bob, '/bin/sh', ['-c', 'umask 077; mkdir -p "$1/enroll" && ' +
		'echo "$2" >"$1/enroll/$2"', 'sh', bob.run, hex]);
	const body = JSON.stringify({ sha256: hex, name: 'x' });
	const login = (from) => passed(from, bob, spoken('POST', '/api/login', null,
		body)).slice(9, 12);
	assert.equal(login(ann), '403');
	assert.equal(login(bob), '201', 'control');
	return Promise.resolve();
});

// Says that as root, with credentials beside it that claim to be somebody.
const forged = (who, text) => execFileSync('perl', ['-MSocket', '-e',
	`my ($path, $uid, $gid, $call, $text) = @ARGV;
	socket(S, PF_UNIX, SOCK_STREAM, 0);
	connect(S, sockaddr_un($path)) or die;
	my $said = pack('QllLLLx4', 28, 1, 2, $$, $uid, $gid);
	my $iov = pack('PQ', $text, length $text);
	my $msg = pack('QLx4PQPQlx4', 0, 0, $iov, 1, $said, length $said, 0);
	syscall($call, fileno(S), $msg, 0) == length $text or die "$!";
	print while <S>;`, path.join(who.run, 'api.sock'), who.uid, who.uid,
	{ x64: 46, arm64: 211 }[process.arch], text], { encoding: 'utf8' });

await test('C08 the kernel says who is there, and nothing in a message', () => {
	const hex = '6b'.repeat(32);
	s.login(ann);
	s.as(ann, '/bin/sh', ['-c', 'umask 077; mkdir -p "$1/enroll" && ' +
		'echo "$2" >"$1/enroll/$2"', 'sh', ann.run, hex]);
	const text = spoken('POST', '/api/login', null,
		JSON.stringify({ sha256: hex, name: 'x' }));
	// Root may say that it is her; it is root that has connected.
	assert.equal(forged(ann, text).slice(9, 12), '403');
	assert.equal(passed(ann, ann, text).slice(9, 12), '201', 'control');
	// What needs no more than a token is judged by that, whatever is said.
	assert.equal(forged(bob, spoken('GET', '/api/user', ann.token))
		.slice(9, 12), '401');
	assert.equal(forged(ann, spoken('GET', '/api/user', ann.token))
		.slice(9, 12), '200', 'control');
	return Promise.resolve();
});

await test('what is another\'s is not there (C14)', async () => {
	const mine = await session(ann, 'mine', ['/bin/cat']);
	for (const [method, target, body] of [
		['GET', `/api/sessions/${mine.id}`],
		['DELETE', `/api/sessions/${mine.id}`],
		['POST', `/api/sessions/${mine.id}/exec`, { command: 'x' }],
		['GET', `/api/sessions/${mine.id}/scrollback`]]) {
		const theirs = await s.over(bob, method, target, { body });
		const none = await s.over(bob, method, target.replace(mine.id,
			'01890000-0000-7000-8000-000000000000'), { body });
		assert.equal(theirs.status, 404, `${method} ${target}`);
		assert.equal(theirs.json.code, none.json.code);
		assert.equal(theirs.json.error, none.json.error);
	}
	const list = await s.over(bob, 'GET', '/api/sessions');
	assert.equal(JSON.stringify(list.json).includes(mine.id), false);
	assert.equal((await s.over(ann, 'GET', `/api/sessions/${mine.id}`))
		.status, 200, 'control');
	await s.over(ann, 'DELETE', `/api/sessions/${mine.id}`);
});

await test('a withdrawn account loses its sockets and keeps its work',
	async () => {
		const held = await session(bob, 'held', ['/bin/cat']);
		await s.member(bob, false);
		await waitFor('gone', () => !fs.existsSync(bob.run));
		await waitFor('told', () =>
			s.log().includes(`no longer serving uid=${bob.uid}`));
		assert.equal((await s.over(ann, 'GET', '/api/user')).status, 200);
		await s.member(bob, true);
		/* A name is there a moment before its socket listens. */
		await waitFor('back', () => s.log()
			.split(`serving user=${bob.name} `).length > 2);
		const r = await s.over(bob, 'GET', `/api/sessions/${held.id}`);
		assert.equal(r.status, 200, `${r.raw}`);
		await session(bob, 'after', ['/bin/true']);
		await s.over(bob, 'DELETE', `/api/sessions/${held.id}`);
	});

await test('a new rdvd serves all of them', async () => {
	const held = await session(ann, 'held', ['/bin/cat']);
	await s.again();
	for (const who of [ann, bob])
		assert.equal((await s.over(who, 'GET', '/api/user')).status, 200);
	const r = await s.over(ann, 'GET', `/api/sessions/${held.id}`);
	assert.equal(r.status, 200);
	/* The grants ended with it; the first request brings another. */
	await session(ann, 'again', ['/bin/true']);
	await s.over(ann, 'DELETE', `/api/sessions/${held.id}`);
	s.track();
});

await test('what ends is ended', async (t) => {
	t.after(() => fs.existsSync(s.scratch) && s.stop());
	for (const who of [ann, bob]) {
		const list = await s.over(who, 'GET', '/api/sessions');
		for (const x of list.json)
			await ended(who, x.id);
	}
	assert.equal(await s.stop(), 0);
	assert.equal(fs.existsSync(s.scratch), false);
});
