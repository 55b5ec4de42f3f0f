// What is secret is in memory for as long as it is needed and not longer (N08).
// Root alone can look, so it is looked for here: in every process of rdv's own,
// with the positive control that it is found while it is in use.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { bare, skip, test, waitFor, working } from '../harness/rdv.mjs';
import { System } from '../harness/system.mjs';

const s = await System.start();
const [ann] = s.people;
const CHUNK = 1 << 22;

// rdv's own, without what somebody's program has become.
const own = () => [{ pid: s.main.pid, name: 'rdv-main' },
	...working(s.main.pid).filter((p) => /^rdv/.test(p.name))];

// How often the text stands in the writable memory of a process.
function hits({ pid }, text) {
	const what = Buffer.from(text), mem = fs.openSync(`/proc/${pid}/mem`, 'r');
	let n = 0;
	for (const line of fs.readFileSync(`/proc/${pid}/maps`, 'utf8').split('\n')) {
		const [, from, to] = /^(\w+)-(\w+) rw/.exec(line) ?? [];
		if (from === undefined)
			continue;
		const end = parseInt(to, 16);
		for (let at = parseInt(from, 16); at < end; at += CHUNK) {
			const part = Buffer.alloc(Math.min(CHUNK + what.length, end - at));
			try {
				fs.readSync(mem, part, 0, part.length, at);
			} catch {
				continue; // not there any more
			}
			for (let i = part.indexOf(what); i >= 0 && i < CHUNK;
				i = part.indexOf(what, i + 1))
				n++;
		}
	}
	fs.closeSync(mem);
	return n;
}

// { name: hits } of all that have it.
const holders = (text) => Object.fromEntries(own().map((p) =>
	[`${p.name} ${p.pid}`, hits(p, text)]).filter(([, n]) => n > 0));
// What a request may have to show the helper is kept while that one may wait.
const nowhere = (text, what) => waitFor(what, () =>
	Object.keys(holders(text)).length === 0)
	.catch(() => assert.deepEqual(holders(text), {}, what));
// What follows the kind of token, so that a prefix that is shown is none.
const tail = (token) => token.slice(-24);

// A connection that has said its headers and not their end.
async function halfway(head) {
	const c = net.connect(path.join(ann.run, 'api.sock'));
	let said = '';
	c.on('data', (d) => { said += d; });
	await new Promise((done) => { c.on('connect', done); });
	c.write(head);
	return { finish: async () => {
		c.write('\r\n');
		await waitFor('an answer', () => said.includes('\r\n\r\n'));
		c.destroy();
		return said;
	} };
}

await test('N08 a token that was used is in nobody\'s memory', async () => {
	s.login(ann);
	const half = await halfway('GET /api/user HTTP/1.1\r\nHost: localhost\r\n' +
		`Authorization: Bearer ${ann.token}\r\n`);
	// Control: it is seen where it is.
	await waitFor('rdvd has it', () =>
		hits({ pid: s.rdvd }, tail(ann.token)) > 0);
	assert.match(await half.finish(), /^HTTP\/1\.1 200 /);
	await nowhere(tail(ann.token), 'a token that was made and used');
	// Nor is one left that was wrong.
	await s.over(ann, 'GET', '/api/user', { token: `rdv_${'W'.repeat(43)}` });
	await nowhere('W'.repeat(30), 'a wrong token');
});

const kept = (name) => path.join(s.root, 'var/lib/rdv-helper', name);

await test('N08 nor is nginx\'s', async () => {
	const token = fs.readFileSync(kept('service-token'), 'utf8').trim();
	const me = await s.over(ann, 'GET', '/api/user');
	const r = await s.request('GET', '/api/user', { token: null, headers: {
		'X-RDV-Service-Token': token, 'X-RDV-User-ID': me.json.id } });
	assert.equal(r.status, 200, `${r.raw}`);
	await nowhere(tail(token), 'the service token');
});

await test('N08 the keys of the audit log are with [audit] alone', async () => {
	for (const name of ['mac.key', 'sign.key']) {
		const text = fs.readFileSync(kept(`audit/${name}`), 'latin1').trim();
		const found = Object.keys(holders(Buffer.from(text, 'hex')));
		assert.deepEqual(found.map((n) => n.split(' ')[0]), ['rdv-audit'],
			name);
		assert.deepEqual(holders(text), {}, `${name} as it is written`);
	}
});

await test('N08 a command that goes on has not kept its token', async (t) => {
	const out = [];
	const child = spawn('setpriv', [`--reuid=${ann.uid}`,
		`--regid=${ann.uid}`, '--init-groups', '--',
		path.join(s.bin, 'rdv'), 'events', '--follow'],
	{ cwd: '/', env: { ...bare, HOME: ann.home, RDV_RUN: ann.run } });
	t.after(() => child.kill('SIGKILL'));
	child.stdout.on('data', (d) => out.push(d));
	await s.over(ann, 'POST', '/api/folders', { body: { name: 'told' } });
	await waitFor('an event', async () => {
		await s.over(ann, 'POST', '/api/folders', { body: { name: 'told' } });
		return out.length > 0;
	});
	assert.equal(hits(child, tail(ann.token)), 0);
	assert.ok(hits(child, ann.run) > 0, 'control');
});

const environ = (pid) => {
	try {
		return fs.readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0');
	} catch {
		return [];
	}
};

await test('N08 the token of a door is in its root alone', async () => {
	const { helper } = (await s.over(ann, 'GET', '/api/status')).json;
	if (!helper.features.includes('user_namespaces'))
		return skip('this host gives no root of its own');
	// By processes that were there before, and by some that were not.
	for (const name of ['work', 'work', 'elsewhere']) {
		const work = path.join(ann.home, name);
		fs.mkdirSync(work, { recursive: true });
		fs.chownSync(work, ann.uid, ann.uid);
		const r = await s.over(ann, 'POST', '/api/sessions', { body: {
			name: 'agent', profile: 'agent', project_path: work,
			command: ['/bin/sleep', '10000'] } });
		assert.equal(r.status, 201, r.raw);
		const pid = await waitFor('its program', () => fs.readdirSync('/proc')
			.find((p) => /^\d+$/.test(p) && environ(p)
				.includes(`RDV_SESSION_ID=${r.json.id}`)));
		const dir = path.join('/proc', pid, 'root', 'run/rdv');
		const token = await waitFor('its token', () =>
			fs.readFileSync(`${dir}/token`, 'utf8'));
		await nowhere(tail(token), 'the token of a door');
		// Control: it is seen where it is, and counts there.
		const c = net.connect(`${dir}/api.sock`);
		await new Promise((done) => { c.on('connect', done); });
		c.write(`Authorization: Bearer ${token}`);
		await waitFor('rdvd has it', () =>
			hits({ pid: s.rdvd }, tail(token)) > 0);
		c.destroy();
		await nowhere(tail(token), 'the token of a door that was shown');
		await s.over(ann, 'DELETE', `/api/sessions/${r.json.id}`);
	}
	return undefined;
}, 60000);

await test('N08 none of them can be dumped', async (t) => {
	t.after(() => s.stop());
	for (const { pid, name } of own()) {
		assert.match(fs.readFileSync(`/proc/${pid}/limits`, 'utf8'),
			/^Max core file size +0 /m, name);
		// Files of a process that is not dumpable are root's.
		assert.equal(fs.statSync(`/proc/${pid}/environ`).uid, 0, name);
	}
});
