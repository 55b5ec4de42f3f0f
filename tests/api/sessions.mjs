// A session's life over HTTP and its WebSocket, as the contract tells it.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { Rdv, deadline, test, waitFor } from '../harness/rdv.mjs';
import { Terminal } from './terminal.mjs';

const rdv = await Rdv.start();
const ended = (id) => waitFor('run ends', async () => {
	const s = await rdv.call('GET', `/api/sessions/${id}`);
	return s.run.state !== 'running' && s.run.state !== 'starting' && s;
});

await test('create, see, rename, list, close', async () => {
	const s = await rdv.session('one', ['/bin/cat']);
	assert.equal(s.status, 'active');
	assert.equal(s.run.state, 'running');
	assert.equal(s.tmux_session_name, `rdv-${s.id}`);
	for (const key of ['user_id', 'tab_order', 'last_activity_at',
		'profile_id', 'terminal_type', 'parent_session_id', 'project_path',
		'folder_id', 'worktree_branch', 'agent_provider', 'created_at',
		'updated_at', 'is_orchestrator_session'])
		assert.ok(key in s, key);
	const p = await rdv.call('PATCH', `/api/sessions/${s.id}`, { name: 'two' });
	assert.equal(p.name, 'two');
	const list = await rdv.call('GET', '/api/sessions');
	assert.deepEqual(list.filter((x) => x.id === s.id).map((x) => x.name),
		['two']);
	const gone = await rdv.request('DELETE', `/api/sessions/${s.id}`);
	assert.equal(gone.status, 204);
	const after = await rdv.call('GET', `/api/sessions/${s.id}`);
	assert.equal(after.status, 'closed');
	assert.notEqual(after.run.state, 'running');
	assert.equal((await rdv.call('GET', '/api/sessions'))
		.some((x) => x.id === s.id), false);
	assert.ok((await rdv.call('GET', '/api/sessions?status=closed'))
		.some((x) => x.id === s.id));
	assert.equal((await rdv.request('DELETE', `/api/sessions/${s.id}`)).status,
		204, 'closing twice is no error');
	assert.equal((await rdv.request('POST', `/api/sessions/${s.id}/resume`))
		.status, 409);
});

await test('exit code, signal and output are recorded (H17)', async () => {
	const three = await ended((await rdv.session('three', ['/bin/sh', '-c',
		'echo to the end; exit 3'])).id);
	assert.equal(three.run.state, 'failed');
	assert.equal(three.run.exit_code, 3);
	const zero = await ended((await rdv.session('zero', ['/bin/true'])).id);
	assert.equal(zero.run.state, 'completed');
	assert.equal(zero.run.exit_code, 0);
	const dead = await ended((await rdv.session('dead', ['/bin/sh', '-c',
		'kill -9 $$'])).id);
	assert.equal(dead.run.state, 'killed');
	assert.equal(dead.run.signal, 9);
	const text = await rdv.call('GET', `/api/sessions/${three.id}/scrollback`);
	assert.match(text.content, /to the end/);
	const raw = await rdv.request('GET', `/api/runs/${three.run.id}/log`);
	assert.equal(String(raw.raw), 'to the end\r\n');
});

await test('a program that cannot start says why (H15, H16)', async () => {
	for (const [command, more, said] of [
		[['/no/such/program'], {}, /No such file|not found/i],
		[['/etc/passwd'], {}, /Permission denied|exec/i],
		[['/bin/true'], { project_path: '/no/such/place' },
			/No such file|chdir/i]]) {
		const r = await rdv.request('POST', '/api/sessions', { body:
			{ name: 'bad', command, ...more } });
		assert.ok(r.status >= 400 && r.status < 500, String(r.raw));
		assert.match(r.json.error, said);
	}
	const all = await rdv.call('GET', '/api/sessions?status=active');
	assert.equal(all.some((s) => s.name === 'bad'), false);
});

await test('a command too long to be started is refused, not left out',
	async () => {
		const make = (bytes, key) => rdv.request('POST', '/api/sessions', {
			body: { name: 'long', ...(key === 'command' ?
				{ command: ['/bin/true', 'x'.repeat(bytes)] } :
				{ command: ['/bin/true'],
				  environment: { LONG: 'x'.repeat(bytes) } }) } });
		for (const key of ['command', 'environment']) {
			assert.equal((await make(8000, key)).status, 201, key);
			for (const bytes of [20000, 1500000]) {
				const r = await make(bytes, key);
				assert.equal(r.status, 413, `${key} ${bytes}: ${r.raw}`);
				assert.match(r.json.error, /too long/);
			}
		}
		const all = await rdv.call('GET',
			'/api/sessions?status=active,suspended,closed');
		assert.equal(all.filter((s) => s.name === 'long').length, 2);
	});

await test('names: what is refused and what is kept byte by byte', async () => {
	for (const name of ['', '-rf', '=x:1.0', 'a\u0000b', 'a\nb', 'x'.repeat(5000)]) {
		const r = await rdv.request('POST', '/api/sessions', { body:
			{ name, command: ['/bin/true'] } });
		assert.ok([400, 422].includes(r.status), JSON.stringify(name));
	}
	for (const name of ['%1', '{last}', '$(id)', 'ü 🙂 "q"']) {
		const s = await rdv.session(name, ['/bin/true']);
		assert.equal(s.name, name);
	}
	const [a, b] = await Promise.all(['same', 'same'].map((n) =>
		rdv.session(n, ['/bin/cat'])));
	assert.notEqual(a.id, b.id, 'H14');
});

await test('exec types literally (H12)', async () => {
	const s = await rdv.session('typed', ['/bin/sh', '-c',
		'stty raw -echo; echo ready; head -c 30 | od -An -c']);
	const t = await Terminal.open(rdv, s);
	await t.saw('ready');
	const text = 'C-c Enter $(id) \u001b[A !/#';
	assert.equal((await rdv.request('POST', `/api/sessions/${s.id}/exec`,
		{ body: { command: text.padEnd(29, '.') } })).status, 202);
	await t.said('exit');
	assert.match(t.text.replace(/\s+/g, ''), /C-cEnter\$\(id\)033\[A!\/#\.*\\r/);
});

await test('suspend and resume keep the program, and a dead one starts anew',
	async () => {
		const s = await rdv.session('long', ['/bin/cat']);
		const t = await Terminal.open(rdv, s);
		const sus = await rdv.call('POST', `/api/sessions/${s.id}/suspend`);
		assert.equal(sus.status, 'suspended');
		assert.equal(sus.run.state, 'running');
		await deadline('it closes', t.closed);
		const res = await rdv.call('POST', `/api/sessions/${s.id}/resume`);
		assert.equal(res.status, 'active');
		assert.equal(res.run.id, s.run.id, 'the same run');
		await rdv.call('POST', `/api/sessions/${s.id}/signal`,
			{ signal: 'KILL' });
		await ended(s.id);
		const again = await rdv.call('POST', `/api/sessions/${s.id}/resume`);
		assert.notEqual(again.run.id, s.run.id, 'a new run');
		assert.equal(again.run.state, 'running');
		assert.equal((await rdv.call('GET', `/api/sessions/${s.id}/runs`))
			.length, 2);
		await rdv.request('DELETE', `/api/sessions/${s.id}`);
	});

await test('environment: own variables arrive, dangerous ones do not (E13)',
	async () => {
		const s = await rdv.session('env', ['/usr/bin/env'],
			{ environment: { GREETING: 'hello "w" $x', PORT: '3000' } });
		await ended(s.id);
		const { content } = await rdv.call('GET',
			`/api/sessions/${s.id}/scrollback`);
		assert.match(content, /GREETING=hello "w" \$x/);
		assert.match(content, new RegExp(`RDV_SESSION_ID=${s.id}`));
		assert.doesNotMatch(content, /RDV_(SERVICE|TOKEN)/);
		for (const name of ['LD_PRELOAD', 'GIT_DIR', 'BASH_ENV', 'ENV',
			'PERL5OPT', 'PYTHONPATH', 'NODE_OPTIONS', 'SHELLOPTS', 'PS4',
			'IFS', 'a=b', 'BASH_FUNC_x%%']) {
			const r = await rdv.request('POST', '/api/sessions', { body: {
				name: 'bad', command: ['/usr/bin/env'],
				environment: { [name]: 'x' } } });
			assert.ok(r.status >= 400 && r.status < 500, name);
			assert.ok(String(r.raw).includes(name.split('=')[0]),
				String(r.raw));
		}
	});

await test('a child sees descriptors 0, 1 and 2 only (H19, E07)', async () => {
	const dir = path.join(rdv.home, 'work');
	fs.mkdirSync(dir);
	for (const profile of ['login', 'script']) {
		const s = await rdv.session('fds', ['/bin/ls', '/proc/self/fd'],
			{ profile, project_path: dir });
		await ended(s.id);
		const { content } = await rdv.call('GET',
			`/api/sessions/${s.id}/scrollback`);
		// ls itself opens the directory as the next free one.
		assert.deepEqual(content.trim().split(/\s+/), ['0', '1', '2', '3'],
			profile);
	}
});

await test('closing ends everything the session started (H01)', async () => {
	const s = await rdv.session('stubborn', ['/bin/sh', '-c',
		'(trap "" TERM HUP INT; setsid sh -c \'trap "" TERM HUP; ' +
		'echo $$ > pid; echo up; while :; do read x < /dev/zero; done\' ) &' +
		' exec cat'], { project_path: rdv.home });
	const t = await Terminal.open(rdv, s);
	await t.saw('up');
	await rdv.request('DELETE', `/api/sessions/${s.id}`);
	const pid = +fs.readFileSync(path.join(rdv.home, 'pid'), 'utf8');
	assert.ok(pid > 1);
	assert.equal(fs.existsSync(`/proc/${pid}/stat`) &&
		!/\) Z/.test(fs.readFileSync(`/proc/${pid}/stat`, 'utf8')), false);
});

await test('a session that is polled is never an old one', async () => {
	const s = await rdv.session('polled', ['/bin/cat']);
	const get = () => rdv.call('GET', `/api/sessions/${s.id}`);
	const other = await rdv.session('other', ['/bin/cat']);
	assert.deepEqual(await get(), await get());
	// A change of the row, of another row, of the live run.
	await rdv.call('PATCH', `/api/sessions/${s.id}`, { name: 'renamed' });
	assert.equal((await get()).name, 'renamed');
	await rdv.call('PATCH', `/api/sessions/${other.id}`, { name: 'x' });
	assert.equal((await get()).name, 'renamed');
	const t = await Terminal.open(rdv, s, { query: { offset: 0, cols: 100,
		rows: 40 } });
	await t.said('ready');
	assert.equal((await get()).run.cols, 100);
	t.send({ type: 'resize', cols: 90, rows: 30 });
	await waitFor('new size', async () => (await get()).run.cols === 90);
	const before = (await get()).run.log_bytes;
	t.type('abc\r');
	await t.saw('abc\r\nabc');
	assert.ok((await get()).run.log_bytes >= before + 8);
	// Another program's change is seen too, if not at once.
	execFileSync('sqlite3', ['-cmd', '.timeout 10000',
		path.join(rdv.base, 'server/rdv.db'),
		`UPDATE session SET name = 'outside' WHERE id = '${s.id}'`]);
	await waitFor('change from outside', async () =>
		(await get()).name === 'outside');
	// Nobody else gets what was kept for this user.
	assert.equal((await rdv.request('GET', `/api/sessions/${s.id}`,
		{ token: null })).status, 401);
	await t.close();
	await rdv.request('DELETE', `/api/sessions/${s.id}`);
	assert.equal((await get()).status, 'closed');
});

// The answer is made of the row before the change is stored, not read again.
await test('a change is answered with what is read afterwards', async () => {
	const folder = await rdv.call('POST', '/api/folders', { name: 'place' });
	const patches = [{ name: 'plain' }, { name: 'q" \\ \u00e9\u{1f600}' },
		{ folder_id: folder.id }, { tab_order: 7 }, {},
		{ folder_id: null }, { name: 'all', folder_id: folder.id,
			tab_order: 0 }];
	const same = async (id) => {
		const target = `/api/sessions/${id}`;
		for (const body of patches) {
			const p = await rdv.request('PATCH', target, { body });
			assert.equal(p.status, 200);
			for (const [key, value] of Object.entries(body))
				assert.equal(p.json[key], value);
			const got = await rdv.request('GET', target);
			assert.equal(String(p.raw), String(got.raw),
				JSON.stringify(body));
		}
		// What is not named stays; a refused change changes nothing.
		const before = await rdv.call('GET', target);
		assert.equal(before.folder_id, folder.id);
		for (const body of [{ name: 'no\u0007' }, { name: 'half',
			folder_id: before.id }])
			assert.ok((await rdv.request('PATCH', target, { body }))
				.status >= 400);
		assert.deepEqual(await rdv.call('GET', target), before);
	};
	const alive = await rdv.session('alive', ['/bin/cat']);
	await same(alive.id);
	await rdv.call('POST', `/api/sessions/${alive.id}/suspend`);
	await same(alive.id);
	await rdv.request('DELETE', `/api/sessions/${alive.id}`);
	await same(alive.id);
	const dead = await rdv.session('dead', ['/bin/sh', '-c', 'exit 3']);
	assert.equal((await ended(dead.id)).run.exit_code, 3);
	await same(dead.id);
});

await test('idempotency: the same key gives the same answer once', async () => {
	const body = { name: 'idem', command: ['/bin/cat'] };
	const headers = { 'Idempotency-Key': 'k-1' };
	const a = await rdv.request('POST', '/api/sessions', { body, headers });
	const b = await rdv.request('POST', '/api/sessions', { body, headers });
	assert.equal(a.status, 201);
	assert.equal(b.status, 201);
	assert.equal(a.json.id, b.json.id);
	assert.equal(b.headers['idempotency-replayed'], 'true');
	const c = await rdv.request('POST', '/api/sessions', { headers,
		body: { ...body, name: 'other' } });
	assert.equal(c.status, 422);
	assert.equal(c.json.code, 'IDEMPOTENCY_MISMATCH');
});

await test('input: base64 is typed as what it stands for', async () => {
	const s = await rdv.session('bytes', ['/bin/cat'], { io: 'pipes' });
	const type = (body) => rdv.request('POST',
		`/api/sessions/${s.id}/input`, { body });
	for (const data of ['YQ', 'YQ=', 'Y Q=', '*', 'YR=='])
		assert.equal((await type({ data, base64: true })).status, 422, data);
	for (const body of [{ data: 'YQD/', base64: true },
		{ data: 'YQ==', base64: false, eof: true }])
		assert.equal((await type(body)).status, 202);
	await ended(s.id);
	const { raw } = await rdv.request('GET', `/api/runs/${s.run.id}/log`);
	assert.equal(raw.toString('latin1'), 'a\0\xffYQ==');
	await rdv.call('DELETE', `/api/sessions/${s.id}`);
});

await rdv.stop();
