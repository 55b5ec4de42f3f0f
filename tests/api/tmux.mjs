// Sessions in tmux, with the tmux that is installed: on rdv's own server, which
// is a run, with a client of it as each session's run.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { bare, bin, descendants, test, waitFor } from '../harness/rdv.mjs';
import { Terminal } from './terminal.mjs';

// What tmux itself says; null when it fails.
export function tmux(rdv, ...args) {
	try {
		return execFileSync('tmux', ['-S', path.join(rdv.base,
			'run/tmux.sock'), '-N', ...args], { encoding: 'utf8', env:
			{ ...bare, HOME: rdv.home }, stdio: ['ignore', 'pipe',
				'ignore'] });
	} catch {
		return null;
	}
}

const names = (rdv) => (tmux(rdv, 'list-sessions', '-F', '#{session_name}') ??
	'').split('\n').filter((n) => n && n !== 'rdv-control').sort();
const has = (rdv, s) => names(rdv).includes(`rdv-${s.id}`);
const get = (rdv, s) => rdv.call('GET', `/api/sessions/${s.id}`);
const make = (rdv, name, command, more = {}) => rdv.session(name, command,
	{ terminal_type: 'tmux', ...more });
const state = (rdv, s, word) => waitFor(`run is ${word}`, async () => {
	const now = await get(rdv, s);
	return now.run.state === word && now;
});
// Its processes by their command line; those of rdv alone.
const argv = (p) => {
	try {
		return fs.readFileSync(`/proc/${p.pid}/cmdline`, 'utf8').split('\0');
	} catch {
		return [];
	}
};
export const procs = (rdv, ...words) => descendants(rdv.main.pid).filter((p) =>
	argv(p)[0] === 'tmux' && words.every((w) => argv(p).includes(w)));

// From here on the server lives and nobody can ask it, until what this returns
// is called.
async function unreachable(rdv, t) {
	const dir = path.join(rdv.base, 'run');
	const open = () => fs.existsSync(dir) && fs.chmodSync(dir, 0o700);
	t.after(open);
	fs.chmodSync(dir, 0);
	for (const p of procs(rdv, '-C'))
		process.kill(p.pid, 'SIGKILL');
	await waitFor('its control client is gone', () =>
		procs(rdv, '-C').length === 0);
	return open;
}

await test('a session in tmux is a terminal like any other', async (t) => {
	const rdv = await t.start();
	const dir = path.join(rdv.home, 'a #{pid} b');
	fs.mkdirSync(dir);
	const secret = `s3cret 'q" $HOME \\ ; # \u00e4`;
	const s = await make(rdv, 'one', ['/bin/sh', '-c',
		'printf "<%s|%s|%s>\\n" "$PWD" "$SECRET" "$RDV_SESSION_ID"; ' +
		'exec cat', 'a;b'], { project_path: dir, cols: 100, rows: 30,
		environment: { SECRET: secret } });
	assert.equal(s.terminal_type, 'tmux');
	assert.equal(s.tmux_session_name, `rdv-${s.id}`);
	assert.equal(s.run.state, 'running');
	assert.deepEqual(names(rdv), [`rdv-${s.id}`]);
	const term = await Terminal.open(rdv, s);
	await waitFor('it has said where it is', () => tmux(rdv, 'capture-pane',
		'-p', '-J', '-t', `=rdv-${s.id}:`).includes(
		`<${dir}|${secret}|${s.id}>`));
	term.type('typed here\r');
	await term.saw('typed here');
	assert.equal(tmux(rdv, 'display-message', '-p', '-t', `=rdv-${s.id}:`,
		'#{window_width}x#{window_height} #{history_limit}').trim(),
	'100x30 50000');
	/* On nobody's command line, whoever looks at processes. */
	for (const p of descendants(rdv.main.pid))
		assert.ok(!argv(p).join(' ').includes('s3cret') ||
			argv(p)[0] === '/bin/sh', argv(p).join(' '));
	await term.close();
});

await test('suspending detaches, resuming attaches, closing ends it',
	async (t) => {
	const rdv = await t.start();
	const s = await make(rdv, 'one', ['/bin/sh', '-c',
		'i=0; while read -r x; do i=$((i + 1)); echo "$i:$x"; done']);
	const other = await make(rdv, 'two', ['/bin/cat']);
	let term = await Terminal.open(rdv, s);
	term.type('first\r');
	await term.saw('1:first');
	const off = await rdv.call('POST', `/api/sessions/${s.id}/suspend`);
	assert.equal(off.status, 'suspended');
	assert.equal(off.run.state, 'killed');
	assert.match(off.run.cause, /detached from tmux/);
	assert.ok(has(rdv, s));
	assert.equal((await rdv.call('POST', `/api/sessions/${s.id}/suspend`))
		.status, 'suspended', 'twice is once');
	const on = await rdv.call('POST', `/api/sessions/${s.id}/resume`);
	assert.equal(on.status, 'active');
	assert.equal(on.run.state, 'running');
	assert.notEqual(on.run.id, s.run.id);
	term = await Terminal.open(rdv, s);
	await term.saw('1:first');
	term.type('second\r');
	await term.saw('2:second');
	assert.equal((await rdv.request('DELETE', `/api/sessions/${s.id}`)).status,
		204);
	assert.equal((await rdv.request('DELETE', `/api/sessions/${s.id}`)).status,
		204, 'twice is once');
	assert.deepEqual(names(rdv), [`rdv-${other.id}`]);
	assert.equal((await get(rdv, other)).run.state, 'running');
});

await test('a program that ends takes its tmux session along', async (t) => {
	const rdv = await t.start();
	const s = await make(rdv, 'one', ['/bin/cat']);
	const term = await Terminal.open(rdv, s);
	/* In raw mode by now: until then it would be the terminal's own ^D. */
	term.type('up\r');
	await term.saw('up');
	await waitFor('tmux shows it', () => tmux(rdv, 'capture-pane', '-p', '-t',
		`=rdv-${s.id}:`).includes('up\nup'));
	term.type('\x04');
	await state(rdv, s, 'completed');
	assert.equal(has(rdv, s), false);
	/* As after any death: the same again. */
	assert.equal((await rdv.call('POST', `/api/sessions/${s.id}/resume`))
		.run.state, 'running');
	assert.ok(has(rdv, s));
});

await test('tmux goes on without rdvd and without its clients', async (t) => {
	const rdv = await t.start();
	const s = await make(rdv, 'one', ['/bin/sh', '-c',
		'while read -r x; do echo "got $x"; done']);
	const [server] = procs(rdv, '-D');
	await rdv.again();
	assert.equal(procs(rdv, '-D')[0]?.pid, server.pid, 'the server stays');
	await waitFor('the old control client ends', () =>
		procs(rdv, '-C').length === 0);
	const term = await Terminal.open(rdv, s);
	term.type('after\r');
	await term.saw('got after');
	/* The next question starts another control client. */
	const two = await make(rdv, 'two', ['/bin/cat']);
	const [control] = procs(rdv, '-C');
	process.kill(control.pid, 'SIGKILL');
	await waitFor('it is gone', () => procs(rdv, '-C').length === 0);
	assert.equal((await rdv.request('DELETE', `/api/sessions/${two.id}`))
		.status, 204);
	assert.deepEqual(names(rdv), [`rdv-${s.id}`]);
	/* A client that dies is a detach: resume brings the screen back. */
	const [client] = procs(rdv, `=rdv-${s.id}:`);
	process.kill(client.pid, 'SIGKILL');
	await state(rdv, s, 'killed');
	assert.ok(has(rdv, s));
	await rdv.call('POST', `/api/sessions/${s.id}/resume`);
	const again = await Terminal.open(rdv, s);
	await again.saw('got after');
});

await test('tmux outlives [ops], and new sessions join it (H18)', async (t) => {
	const rdv = await t.start();
	const s = await make(rdv, 'one', ['/bin/sh', '-c',
		'while read -r x; do echo "got $x"; done']);
	const [server] = procs(rdv, '-D');
	rdv.track();
	const old = rdv.ops, from = fs.statSync(rdv.logPath).size;
	process.kill(old, 'SIGKILL');
	await waitFor('another [ops]', () => rdv.ops && rdv.ops !== old);
	await rdv.settled(from);
	const two = await make(rdv, 'two', ['/bin/cat']);
	/* What has lost its [ops] is [main]'s child by now, or its reaper's. */
	assert.equal(fs.readFileSync(`/proc/${server.pid}/cmdline`, 'latin1')
		.split('\0').includes('-D'), true);
	assert.deepEqual(names(rdv), [`rdv-${s.id}`, `rdv-${two.id}`].sort());
	const term = await Terminal.open(rdv, s);
	term.type('after\r');
	await term.saw('got after');
	assert.equal((await rdv.request('DELETE', `/api/sessions/${s.id}`)).status,
		204);
	assert.deepEqual(names(rdv), [`rdv-${two.id}`]);
});

await test('what tmux has of a session is text (J01)', async (t) => {
	const rdv = await t.start();
	/* A line that looks like the end of a reply, and colours. */
	const s = await make(rdv, 'one', ['/bin/sh', '-c', 'i=0; while ' +
		'[ $i -lt 200 ]; do i=$((i + 1)); echo "line $i"; done; ' +
		'printf "%%end 1 2 1\\n\\033[31mred\\033[0m \\303\\244\\n"; ' +
		'printf "%0150d\\n" 7; exec cat']);
	const history = (query = '') => rdv.call('GET',
		`/api/sessions/${s.id}/tmux/history${query}`);
	await waitFor('all is there', async () => /0007\n$/.test(
		(await history()).content));
	const five = await history('?lines=5');
	assert.deepEqual(five.content.split('\n').slice(0, 4), ['line 199',
		'line 200', '%end 1 2 1', 'red ä']);
	assert.match(five.content.split('\n')[4], /^0{149}7$/, 'not wrapped');
	assert.equal(five.lines, 5);
	assert.equal(five.truncated, true);
	assert.ok(Math.abs(five.captured_at - Date.now()) < 60000);
	assert.match((await history('?lines=3&raw=true')).content,
		/\u001b\[31mred/);
	const all = await history('?lines=1000');
	assert.equal(all.lines, 203);
	assert.equal(all.truncated, false);
	assert.match(all.content, /^line 1\nline 2\n/);
	const cat = await rdv.session('cat', ['/bin/cat']);
	assert.equal((await rdv.request('GET',
		`/api/sessions/${cat.id}/tmux/history`)).status, 409);
	tmux(rdv, 'kill-session', '-t', `=rdv-${s.id}:`);
	assert.equal((await rdv.request('GET',
		`/api/sessions/${s.id}/tmux/history`)).status, 404);
});

await test('a tmux server that ended is known to be gone', async (t) => {
	const rdv = await t.start();
	const s = await make(rdv, 'one', ['/bin/cat']);
	const two = await make(rdv, 'two', ['/bin/cat']);
	const [server] = procs(rdv, '-D');
	process.kill(server.pid, 'SIGKILL');
	await waitFor('its run has ended', () => procs(rdv, '-D').length === 0);
	await waitFor('its client has', async () => (await get(rdv, s)).run.state
		!== 'running');
	/* That it has is known when its run has ended, and not before. */
	await waitFor('that is known', async () => (await rdv.request('DELETE',
		`/api/sessions/${two.id}`)).status === 204);
	assert.equal(procs(rdv, '-D').length, 0, 'no server to end one in');
	await rdv.call('POST', `/api/sessions/${s.id}/resume`);
	assert.ok(has(rdv, s));
});

await test('what cannot be had in tmux is refused (I08)', async (t) => {
	const rdv = await t.start();
	for (const more of [{ profile: 'script', project_path: rdv.home },
		{ io: 'pipes' }, { network: 'none' }, { network_hosts: ['a:1'] },
		{ project_path: '/tmp/#[x' }, { terminal_type: 'screen' },
		{ terminal_type: 'tmux-attached' }]) {
		const r = await rdv.request('POST', '/api/sessions', { body:
			{ name: 'no', terminal_type: 'tmux', ...more } });
		assert.equal(r.status, 422, JSON.stringify(more));
	}
	assert.equal(procs(rdv, '-D').length, 0);
	const s = await make(rdv, 'yes', ['/bin/cat']);
	assert.equal(s.run.state, 'running');
});

const listed = (rdv, server) => rdv.call('GET', '/api/tmux/sessions' +
	(server ? `?server=${server}` : ''));

await test('orphans are listed, adopted and ended by their name alone ' +
	'(H12, H13)', async (t) => {
	const rdv = await t.start();
	assert.deepEqual(await listed(rdv), { server: 'rdv', running: false,
		sessions: [], gone: [] });
	assert.equal(procs(rdv, '-D').length, 0, 'asking starts no server');
	const s = await make(rdv, 'mine', ['/bin/cat']);
	const lost = `rdv-${s.id.slice(0, -1)}`;
	for (const name of ['my work', 'my work 2', '#(id)', lost])
		tmux(rdv, 'new-session', '-d', '-s', name.replace('#', '##'),
			'echo up; exec cat');
	const before = await listed(rdv);
	assert.equal(before.running, true);
	assert.deepEqual(before.sessions.map((x) => [x.name, x.session_id]).sort(),
		[['#(id)', null], ['my work', null], ['my work 2', null],
			[lost, null], [`rdv-${s.id}`, s.id]].sort());
	/* Not a prefix, an id, a pattern or the client's own, nor one with a row. */
	const post = (what, body) => rdv.request('POST', `/api/tmux/${what}`,
		{ body });
	for (const what of ['adopt', 'kill']) {
		for (const name of ['my wor', 'my*', 'none', 'rdv-control'])
			assert.equal((await post(what, { name })).status, 404, name);
		for (const name of ['$1', '@1', '%1', '=my work', '-x', 'a:b', 'a.b',
			'{last}', 'a\nb', '']) 
			assert.equal((await post(what, { name })).status, 422, name);
		assert.equal((await post(what, { name: `rdv-${s.id}` })).status, 409);
	}
	assert.equal(names(rdv).length, 5, 'and nothing has ended');
	assert.equal((await post('kill', { name: 'my work' })).status, 204);
	assert.equal((await post('kill', { name: '#(id)' })).status, 204);
	assert.deepEqual(names(rdv), ['my work 2', lost, `rdv-${s.id}`].sort());
	const a = await rdv.call('POST', '/api/tmux/adopt', { name: 'my work 2' });
	assert.equal(a.name, 'my work 2');
	assert.equal(a.terminal_type, 'tmux');
	assert.deepEqual(names(rdv), [lost, `rdv-${a.id}`, `rdv-${s.id}`].sort());
	const term = await Terminal.open(rdv, a);
	await term.saw('up');
	/* What becomes of rdvd is nothing to them. */
	await rdv.again();
	assert.deepEqual((await listed(rdv)).sessions.filter((x) => !x.session_id)
		.map((x) => x.name), [lost]);
	assert.equal((await rdv.request('DELETE', `/api/sessions/${a.id}`)).status,
		204);
	assert.deepEqual(names(rdv), [lost, `rdv-${s.id}`].sort());
});

await test('a tmux session is ended by its whole name (H13)', async (t) => {
	const rdv = await t.start();
	const s = await make(rdv, 'one', ['/bin/cat']);
	const other = `rdv-${s.id}-other`;
	tmux(rdv, 'new-session', '-d', '-s', other, 'exec cat');
	tmux(rdv, 'kill-session', '-t', `=rdv-${s.id}:`);
	await state(rdv, s, 'completed');
	assert.equal((await rdv.request('DELETE', `/api/sessions/${s.id}`)).status,
		204);
	assert.deepEqual(names(rdv), [other]);
});

await test('a session whose tmux session is gone is told from one of which ' +
	'nothing is known (H18)', async (t) => {
	const rdv = await t.start();
	const s = await make(rdv, 'one', ['/bin/cat']);
	const two = await make(rdv, 'two', ['/bin/cat']);
	assert.deepEqual((await listed(rdv)).gone, []);
	tmux(rdv, 'kill-session', '-t', `=rdv-${s.id}:`);
	await state(rdv, s, 'completed');
	assert.deepEqual((await listed(rdv)).gone, [{ id: s.id, name: 'one' }]);
	/* What cannot be asked has not lost anything. */
	const open = await unreachable(rdv, t);
	for (const r of [await rdv.request('GET', '/api/tmux/sessions'),
		await rdv.request('DELETE', `/api/sessions/${two.id}`)]) {
		assert.equal(r.status, 503);
		assert.match(r.json.code, /UNAVAILABLE$/);
		assert.match(r.json.error, /Permission denied/);
	}
	assert.equal((await get(rdv, two)).status, 'active');
	open();
	assert.ok(has(rdv, two));
	assert.equal((await rdv.request('DELETE', `/api/sessions/${two.id}`))
		.status, 204, 'it goes on from there');
	assert.deepEqual(names(rdv), []);
	assert.deepEqual((await listed(rdv)).gone, [{ id: s.id, name: 'one' }]);
});

await test('a tmux server that nobody finds is not gone, nor to another rdvd ' +
	'(H18)', async (t) => {
	const rdv = await t.start();
	const s = await make(rdv, 'one', ['/bin/cat']);
	const sock = path.join(rdv.base, 'run/tmux.sock');
	const unknown = async () => {
		for (const r of [await rdv.request('GET', '/api/tmux/sessions'),
			await rdv.request('DELETE', `/api/sessions/${s.id}`)])
			assert.equal(r.status, 503, JSON.stringify(r.json));
		assert.notEqual((await get(rdv, s)).status, 'closed');
		assert.equal(procs(rdv, '-D').length, 1);
	};
	fs.renameSync(sock, `${sock}.away`);
	await rdv.again();
	await waitFor('the old control client ends', () =>
		procs(rdv, '-C').length === 0);
	await unknown();
	/* Nor when somebody else has had its place. */
	execFileSync('python3', ['-c', 'import socket, sys; ' +
		'socket.socket(socket.AF_UNIX).bind(sys.argv[1])', sock]);
	await unknown();
	fs.renameSync(`${sock}.away`, sock);
	assert.ok(has(rdv, s));
	await waitFor('it is closed', async () => (await rdv.request('DELETE',
		`/api/sessions/${s.id}`)).status === 204);
	assert.deepEqual(names(rdv), []);
});

await test('who waits is answered when tmux is set against it', async (t) => {
	const rdv = await t.start();
	const s = await make(rdv, 'one', ['/bin/cat']);
	const refused = async (on, off, why) => {
		assert.notEqual(tmux(rdv, ...on), null);
		for (const p of procs(rdv, '-C'))
			process.kill(p.pid, 'SIGKILL');
		await waitFor('its control client is gone', () =>
			procs(rdv, '-C').length === 0);
		const r = await rdv.request('GET', '/api/tmux/sessions');
		assert.equal(r.status, 503);
		assert.match(r.json.error, why);
		assert.notEqual(tmux(rdv, ...off), null);
		assert.equal((await listed(rdv)).sessions[0].session_id, s.id);
	};
	const alias = 'command-alias[100]';
	await refused(['set-option', '-s', alias, 'show-options=show-options -Z'],
		['set-option', '-su', alias], /refuses to say/);
	/* The client is sent away as soon as it has come. */
	await refused(['set-hook', '-g', 'client-attached', 'detach-client'],
		['set-hook', '-gu', 'client-attached'], /again and again/);
});

await test('a close that a crash came into is finished (H18)', async (t) => {
	const rdv = await t.start();
	const s = await make(rdv, 'one', ['/bin/cat']);
	const open = await unreachable(rdv, t);
	assert.equal((await rdv.request('DELETE', `/api/sessions/${s.id}`)).status,
		503);
	await rdv.again();
	assert.equal((await rdv.request('POST', `/api/sessions/${s.id}/resume`))
		.status, 409, 'it is being closed');
	open();
	await waitFor('it is closed', async () => (await get(rdv, s)).status ===
		'closed');
	assert.deepEqual(names(rdv), []);
});

// What people have without rdv lies where their tmux puts it, for this account
// beside others' at that moment: hence a name of our own, and nothing else is
// touched.
await test('a session of one\'s own tmux server is joined and left',
	async (t) => {
	const rdv = await t.start();
	const name = `rdv test ${process.pid}`;
	const mine = (...args) => {
		try {
			return execFileSync('tmux', ['-L', 'default', ...args], { env:
				{ ...bare, HOME: rdv.home }, encoding: 'utf8', stdio:
				['ignore', 'pipe', 'ignore'] });
		} catch {
			return null;
		}
	};
	const dir = `/tmp/tmux-${process.getuid()}`, had = fs.existsSync(dir);
	mine('-f', '/dev/null', 'new-session', '-d', '-s', name, 'exec cat');
	t.after(() => {
		mine('kill-session', '-t', `=${name}:`);
		if (!had)
			fs.rmSync(dir, { recursive: true, force: true });
	});
	assert.ok((await listed(rdv, 'default')).sessions.some((x) =>
		x.name === name && x.session_id === null));
	assert.equal((await listed(rdv)).running, false, 'two servers');
	const adopt = { name, server: 'default' };
	const s = await rdv.call('POST', '/api/tmux/adopt', { ...adopt,
		session_name: 'joined' });
	assert.equal(s.terminal_type, 'tmux-attached');
	const term = await Terminal.open(rdv, s);
	await waitFor('it is attached', () => +mine('display-message', '-p', '-t',
		`=${name}:`, '#{session_attached}') === 1);
	term.type('typed\r');
	await term.saw('typed');
	assert.equal((await rdv.request('POST', '/api/tmux/adopt', { body: adopt }))
		.status, 409);
	assert.equal((await rdv.request('POST', '/api/tmux/kill', { body: adopt }))
		.status, 409);
	await rdv.call('POST', `/api/sessions/${s.id}/suspend`);
	await waitFor('it is detached', () => +mine('display-message', '-p', '-t',
		`=${name}:`, '#{session_attached}') === 0);
	await rdv.call('POST', `/api/sessions/${s.id}/resume`);
	assert.equal((await rdv.request('DELETE', `/api/sessions/${s.id}`)).status,
		204);
	assert.ok(mine('has-session', '-t', `=${name}:`) !== null, 'it stays');
	assert.equal((await rdv.request('POST', '/api/tmux/kill', { body: adopt }))
		.status, 204);
	assert.equal(mine('has-session', '-t', `=${name}:`), null);
});

await test('a confined run does not reach the tmux server (I08)', async (t) => {
	const rdv = await t.start();
	const s = await make(rdv, 'one', ['/bin/cat']);
	const dir = path.join(rdv.home, 'work');
	fs.mkdirSync(dir);
	const sock = path.join(rdv.base, 'run/tmux.sock');
	const ask = async (profile) => {
		const r = await rdv.session(profile, ['/bin/sh', '-c',
			'tmux -S "$0" -N list-sessions; echo "rc=$?"; ' +
			'tmux -S "$0" -N new-session -d -s escaped; echo "rc=$?"', sock],
		{ profile, project_path: dir });
		await waitFor('it has ended', async () => !/^(starting|running)$/.test(
			(await get(rdv, r)).run.state));
		return String((await rdv.request('GET', `/api/runs/${r.run.id}/log`))
			.raw);
	};
	for (const profile of ['script', 'agent', 'lsp']) {
		const said = await ask(profile);
		assert.match(said, /rc=1[^]*rc=1/, profile);
		assert.doesNotMatch(said, /windows/);
	}
	assert.deepEqual(names(rdv), [`rdv-${s.id}`]);
	/* Nor by being given the place. */
	for (const at of [path.dirname(sock), rdv.base])
		assert.equal((await rdv.request('POST', '/api/sessions', { body:
			{ name: 'in', profile: 'script', project_path: at,
				command: ['/bin/true'] } })).status, 403);
	assert.match(await ask('login'), /rdv-[^]*windows[^]*rc=0[^]*rc=0/);
	assert.ok(names(rdv).includes('escaped'));
});

await test('rdv tmux ls, adopt and kill', async (t) => {
	const rdv = await t.start();
	const cli = (...args) => execFileSync(bin('rdv'), args, { encoding: 'utf8',
		env: { ...bare, HOME: rdv.home, RDV_HOME: rdv.base },
		stdio: ['ignore', 'pipe', 'pipe'] });
	assert.equal(JSON.parse(cli('tmux', 'ls', '--json')).running, false);
	const id = cli('session', 'new', 'one', '--tmux', '--', '/bin/cat').trim();
	assert.ok(names(rdv).includes(`rdv-${id}`));
	tmux(rdv, 'new-session', '-d', '-s', 'orphan', 'exec cat');
	tmux(rdv, 'new-session', '-d', '-s', 'other', 'exec cat');
	assert.match(cli('tmux', 'ls'), new RegExp(`rdv-${id} .*${id.slice(0, 8)}`));
	const made = cli('tmux', 'adopt', 'orphan', '--name', 'found').trim();
	assert.deepEqual(JSON.parse(cli('session', 'show', made, '--json')).name,
		'found');
	cli('tmux', 'kill', 'other');
	assert.deepEqual(names(rdv), [`rdv-${id}`, `rdv-${made}`].sort());
	assert.throws(() => cli('tmux', 'kill', `rdv-${id}`), /status 1|failed/);
});
