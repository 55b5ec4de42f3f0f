// Group P with accounts that are made for it: whose programs an upgrade takes,
// and one of an account that is not there any more.
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import path from 'node:path';
import { bare, build, deadline, descendants, fdCount, proc, test, waitFor } from
	'../harness/rdv.mjs';
import { System } from '../harness/system.mjs';
import { Installed, programs, upgrade } from '../harness/upgrade.mjs';

const s = await System.start();
const [ann, bob] = s.people;
const bad = fs.readFileSync(`${build}/tests/badrdvd`);

// Where every account can run them.
function install(t) {
	const installed = new Installed(t);
	fs.chmodSync(installed.dir, 0o755);
	return installed;
}

// User mode of one account, which is started and asked as that account.
async function own(t, who, installed) {
	const rdv = { base: path.join(who.home, '.rdv') };
	const log = fs.openSync(path.join(s.scratch, `log-${who.name}`), 'a');
	rdv.main = spawn('setpriv', [`--reuid=${who.uid}`, `--regid=${who.uid}`,
		'--clear-groups', '--', installed.helper, '--base', rdv.base,
		'--ready-fd', '3'], { stdio: ['ignore', log, log, 'pipe'], cwd: '/',
		env: { ...bare, HOME: who.home } });
	fs.closeSync(log);
	const ended = once(rdv.main, 'exit');
	t.after(async () => {
		rdv.main.kill('SIGTERM');
		await deadline('it ends', ended, 60000);
	});
	await deadline('ready', once(rdv.main.stdio[3], 'data'));
	rdv.main.stdio[3].destroy();
	rdv.cli = (...args) => s.as(who, path.join(s.bin, 'rdv'), args,
		{ env: { RDV_HOME: rdv.base, RDV_RUN: undefined } });
	return rdv;
}

await test('P02 an account that is gone keeps its rdv over an upgrade',
	async (t) => {
		const installed = install(t);
		const who = await s.account(`rdvg${s.tag}`, '/bin/sh');
		const rdv = await own(t, who, installed);
		const file = path.join(who.home, 'pid');
		const r = rdv.cli('session', 'new', 'left', '--', '/bin/sh', '-c',
			`echo $$ >${file}; exec sleep 1000`);
		assert.equal(r.status, 0, r.err);
		const pid = await waitFor('it runs', () => fs.existsSync(file) &&
			+fs.readFileSync(file, 'utf8'));
		await s.unmake(who.name);
		for (const [mode, said] of [['crash', /^refused .* serves again$/],
			[null, /^upgraded .* terminals=1$/]]) {
			installed.next();
			if (mode !== null) {
				installed.write('rdvd', bad);
				installed.write('mode', mode);
			}
			assert.match(await upgrade(rdv), said);
			assert.ok(fs.existsSync(`/proc/${pid}`));
		}
	});

await test('P03 programs of another account are not executed', async (t) => {
	const installed = install(t);
	const rdv = await own(t, ann, installed);
	for (const name of programs) {
		installed.next();
		fs.chownSync(path.join(installed.dir, name), bob.uid, 0);
		assert.match(await upgrade(rdv), new RegExp(`^refused .*${name} is not`));
	}
	installed.next();
	fs.chownSync(installed.dir, bob.uid, 0);
	assert.match(await upgrade(rdv), /^refused .* is not a directory of ours/);
	fs.chownSync(installed.dir, ann.uid, 0);
	for (const name of programs)
		fs.chownSync(path.join(installed.dir, name), ann.uid, 0);
	assert.match(await upgrade(rdv), /^upgraded /, 'control');
});

// All of the host's rdv, in the directory it was started from.
const host = new Installed(null, s.bin);
for (const who of s.people)
	s.login(who);

const LINES = 50000;

async function terminal(who) {
	const r = await s.over(who, 'POST', '/api/sessions', { body: {
		name: `of ${who.name}`, command: ['/bin/sh', '-c',
			'echo here $$; while read x; do [ "$x" = count ] && seq -f %.0f. ' +
			`${LINES}; echo got $x; done`] } });
	assert.equal(r.status, 201, `${r.raw}`);
	const term = { who, ...r.json };
	term.pid = +await waitFor('its pid', async () =>
		/here (\d+)/.exec(await said(term))?.[1]);
	return term;
}

const said = async ({ who, run }) => `${(await s.over(who, 'GET',
	`/api/runs/${run.id}/log`)).raw}`;

// The same process, of the same run, for the same account and no other.
async function goesOn(term, text) {
	const { who, id, run, pid } = term;
	await waitFor('it takes what is typed', async () =>
		(await type(term, text).catch(() => ({}))).status === 202);
	await waitFor('it answers', async () => (await said(term))
		.includes(`got ${text}`));
	const now = await s.over(who, 'GET', `/api/sessions/${id}`);
	assert.deepEqual([now.json.run.state, now.json.run.id],
		['running', run.id]);
	assert.equal(fs.statSync(`/proc/${pid}`).uid, who.uid);
	const other = s.people.find((p) => p !== who);
	assert.equal((await s.over(other, 'GET', `/api/sessions/${id}`)).status,
		404);
}

const all = [];
for (const who of s.people)
	all.push(await terminal(who));
const go = async (text) => {
	for (const term of all)
		await goesOn(term, text);
};
const type = (term, text) => s.over(term.who, 'POST',
	`/api/sessions/${term.id}/exec`, { body: { command: text } });
const kids = () => [s.ops, s.rdvd];
const command = (env) => spawnSync(path.join(s.bin, 'rdv'), ['upgrade'],
	{ encoding: 'utf8', env: { ...bare, ...env } });

await test('P01 terminals of two accounts go through an upgrade', async () => {
	const main = s.main.pid, inode = () => s.people.map((p) =>
		fs.statSync(path.join(p.run, 'api.sock')).ino);
	const socks = inode();
	const caps = () => fs.readFileSync(`/proc/${main}/status`, 'utf8')
		.match(/^Cap(Prm|Eff):.*$/gm);
	const had = caps(), fds = fdCount(main);
	for (let round = 1; round <= 3; round++) {
		host.next();
		if (round < 3) {
			assert.match(await upgrade(s), new RegExp('^upgraded from .* to ' +
				`\\S+${host.build} terminals=2$`));
		} else {
			const r = command({ RDV_RUN: ann.run });
			assert.equal(r.status, 0, r.stderr);
			assert.match(r.stderr, /^rdv: upgraded .* terminals=2$/m);
		}
		await go(`round ${round}`);
	}
	assert.equal(s.main.pid, main);
	assert.deepEqual(inode(), socks);
	// Executed by root it has all of root's again, and keeps what it had.
	assert.deepEqual(caps(), had);
	await waitFor('descriptors are back', () => fdCount(main) <= fds);
});

await test('P01 what two accounts write meanwhile is whole', async () => {
	for (const term of all)
		assert.equal((await type(term, 'count')).status, 202);
	for (const term of all)
		await waitFor('it has begun', async () => (await said(term))
			.includes('\n100.'));
	host.next();
	assert.match(await upgrade(s), /^upgraded .* terminals=2$/);
	for (const term of all) {
		await waitFor('it has ended', async () => (await said(term))
			.includes('got count'));
		const lines = (await said(term)).split(/\r?\n/)
			.filter((l) => /^\d+\.$/.test(l));
		assert.equal(lines.length, LINES);
		assert.ok(lines.every((l, i) => +l === i + 1));
	}
});

await test('P01 who is asked for, admitted and told afterwards', async () => {
	await s.reload(`[user.${bob.name}]\nmax_terminals = 1\n`);
	const no = await s.over(bob, 'POST', '/api/sessions', { body: {
		name: 'one more' } });
	assert.equal(no.status, 409, `${no.raw}`);
	await s.reload('');
	await s.member(bob, false);
	await waitFor('his sockets go', () => !fs.existsSync(bob.run));
	host.next();
	assert.match(await upgrade(s), /^upgraded .* terminals=2$/);
	assert.ok(!fs.existsSync(bob.run));
	await s.member(bob, true);
	await waitFor('they come back', () =>
		fs.existsSync(path.join(bob.run, 'terminal.sock')));
	await go('told');
});

await test('P02 a rdvd that fails is left again, in system mode too',
	async () => {
		for (const [mode, why] of [['crash', /ended: /],
			['few', /2 runs before and 0/]]) {
			host.next();
			host.write('rdvd', bad);
			host.write('mode', mode);
			const over = await upgrade(s);
			assert.match(over, /^refused .* serves again$/);
			assert.match(over, why);
			await go(mode);
		}
		host.next();
		assert.match(await upgrade(s), /^upgraded .* terminals=2$/, 'control');
		await go('afterwards');
	});

await test('P03 root executes what is root\'s alone', async () => {
	const before = kids();
	for (const name of programs) {
		host.next();
		fs.chownSync(path.join(host.dir, name), ann.uid, 0);
		assert.match(await upgrade(s), new RegExp(`^refused .*${name} is not`));
	}
	host.next();
	fs.chownSync(host.dir, ann.uid, 0);
	assert.match(await upgrade(s), /^refused .*\/bin is not a directory of ours/);
	fs.chownSync(host.dir, 0, 0);
	fs.chmodSync(s.scratch, 0o775);
	assert.match(await upgrade(s), /^refused .* others may write in it/);
	fs.chmodSync(s.scratch, 0o755);
	assert.deepEqual(kids(), before);
	await go('refused');
	assert.match(await upgrade(s), /^upgraded /, 'control');
});

await test('P03 an upgrade of the host is root\'s to ask for', async () => {
	const before = kids();
	host.next();
	const r = s.rdv(ann, 'upgrade');
	assert.equal(r.status, 1);
	assert.match(r.err, /is root's: sudo rdv upgrade/);
	for (const uid of [ann.uid, fs.statSync(`/proc/${s.rdvd}`).uid]) {
		const kill = s.as({ ...ann, uid }, '/bin/sh', ['-c',
			`kill -USR2 ${s.main.pid}`]);
		assert.notEqual(kill.status, 0);
		assert.match(kill.err, /not permitted/i);
	}
	assert.deepEqual(kids(), before);
	assert.match(await upgrade(s), /^upgraded /, 'control');
	await go('asked');
});

await test('P06 a tighter build and policy are for what starts then', async () => {
	const start = async (who) => {
		const dir = path.join(who.home, 'work');
		fs.mkdirSync(dir, { recursive: true });
		fs.chownSync(dir, who.uid, who.uid);
		const r = await s.over(who, 'POST', '/api/sessions', { body: {
			name: 'held', profile: 'script', project_path: dir,
			command: ['/bin/sh', '-c', 'while read x; do echo got $x ' +
				'$(head -c 3 /dev/zero | wc -c); done'] } });
		return { ...r.json, who, code: r.status, text: `${r.raw}` };
	};
	const reads = async (term, word) => {
		await waitFor('it takes what is typed', async () =>
			(await type(term, word)).status === 202);
		return (await waitFor('what it reads', async () => new RegExp(
			`got ${word} (\\d)\\s`).exec(await said(term))))[1];
	};
	const policy = async ({ who, run }) => (await s.over(who, 'GET',
		`/api/runs/${run.id}`)).json.policy;
	const close = ({ who, id }) => s.over(who, 'DELETE', `/api/sessions/${id}`);
	const held = [];
	for (const who of s.people)
		held.push(await start(who));
	const before = await Promise.all(held.map(policy));
	for (const term of held)
		assert.equal(await reads(term, 'one'), '3', 'control');
	// Her policy is tighter before, and the build after.
	await s.reload(`[user.${ann.name}]\nprofiles = ["login"]\n`);
	host.tighter();
	assert.match(await upgrade(s), /^upgraded .* terminals=4$/);
	for (const term of held)
		assert.equal(await reads(term, 'two'), '3', 'it keeps what it had');
	assert.deepEqual(await Promise.all(held.map(policy)), before, 'and says so');
	const none = await start(ann);
	assert.equal(none.code, 403, none.text);
	const next = await start(bob);
	assert.equal(next.code, 201, next.text);
	assert.equal(await reads(next, 'three'), '0');
	for (const term of [...held, next])
		await close(term);
	await s.reload('');
	host.next();
	assert.match(await upgrade(s), /^upgraded .* terminals=2$/, 'control');
	const again = await start(ann);
	assert.equal(await reads(again, 'four'), '3', 'control');
	await close(again);
	await go('tighter');
});

// With the lock and every socket it would keep the next one from starting.
await test('P05 who tries ends with a killed [main], as root too', async () => {
	host.next();
	host.write('rdvd', bad);
	host.write('mode', 'stall');
	process.kill(s.main.pid, 'SIGUSR2');
	const rdvd = await waitFor('it is tried', () =>
		descendants(s.main.pid).find((p) => p.state === 'T'));
	const tries = proc(rdvd.ppid);
	assert.notEqual(tries.pid, s.main.pid);
	s.track();
	s.main.kill('SIGKILL');
	const lives = (p) => {
		const now = proc(p.pid);
		return now?.start === p.start && now.state !== 'Z';
	};
	try {
		await waitFor('both are gone', () => ![rdvd, tries].some(lives));
	} finally {
		for (const p of [rdvd, tries].filter(lives))
			process.kill(p.pid, 'SIGKILL');
	}
	await waitFor('all are gone', () => s.alive().length === 0);
	host.next();
	await s.up();
	assert.match(await upgrade(s), /^upgraded /, 'control');
});

await test('all of it ends', async (t) => {
	t.after(() => fs.existsSync(s.scratch) && s.stop());
	assert.equal(await s.stop(), 0);
});
