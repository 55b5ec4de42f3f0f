// Tokens of system mode: made by their owner, believed by the helper.
import assert from 'node:assert/strict';
import crypto from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { below, descendants, test, waitFor } from '../harness/rdv.mjs';
import { System } from '../harness/system.mjs';

const s = await System.start();
const [ann, bob] = s.people;
const sha = (text) => crypto.createHash('sha256').update(text).digest('hex');

// POST /api/login by that account, as its own program: root is nobody here.
function ask(who, over, body) {
	const r = s.as(who, process.execPath, ['-e', `
		const http = require('http');
		const body = process.argv[2];
		const r = http.request({ socketPath: process.argv[1],
			method: 'POST', path: '/api/login', headers: {
				Host: 'localhost', 'Content-Type': 'application/json',
				'Content-Length': Buffer.byteLength(body) } }, (a) => {
			a.setEncoding('utf8');
			a.on('data', (d) => process.stdout.write(d));
			a.on('end', () => process.exit(Math.floor(a.statusCode / 10)));
		});
		r.on('error', () => process.exit(1));
		r.end(body);`, path.join(over.run, 'api.sock'),
	JSON.stringify(body)]);
	return { status: r.status * 10, json: r.out ? JSON.parse(r.out) : null };
}

function prove(who, hex, by = who) {
	const dir = path.join(who.run, 'enroll');
	const r = s.as(by, '/bin/sh', ['-c', 'umask 077; mkdir -p "$1" && ' +
		'echo "$2" > "$1/$2"', 'sh', dir, hex]);
	return r.status === 0;
}

await test('rdvd makes no token for anybody', async () => {
	const hex = sha('rdv_whatever');
	const r = ask(ann, ann, { sha256: hex, name: 'x' });
	assert.equal(r.status, 400, JSON.stringify(r.json));
	assert.equal(r.json.code, 'ACCESS_DENIED', JSON.stringify(r.json));
	/* Nor does another account prove anything for her. */
	assert.equal(prove(ann, hex, bob), false);
	/* And what he proves for himself is his. */
	assert.equal(prove(bob, hex), true);
	assert.equal(ask(ann, ann, { sha256: hex, name: 'x' }).status, 400);
	/* Control: with her own proof it is made, once. */
	assert.equal(prove(ann, hex), true);
	const made = ask(ann, ann, { sha256: hex, name: 'x' });
	assert.equal(made.status, 200, JSON.stringify(made.json));
	ann.token = 'rdv_whatever';
	assert.equal((await s.over(ann, 'GET', '/api/user')).status, 200);
	assert.equal(ask(ann, ann, { sha256: hex, name: 'x' }).status, 400);
});

await test('root and the proxy are nobody\'s account', async () => {
	const body = { sha256: sha('rdv_other'), name: 'x' };
	const over = await s.over(ann, 'POST', '/api/login',
		{ body, token: null });
	assert.equal(over.status, 403, `${over.raw}`);
	const web = await s.request('POST', '/api/login',
		{ body, token: null });
	assert.equal(web.status, 409, `${web.raw}`);
});

await test('rdv token new and revoke', async () => {
	s.login(ann);
	s.login(bob);
	const r = s.rdv(ann, 'token', 'new', 'ci', '--scope', 'read');
	assert.equal(r.status, 0, r.err);
	const token = r.out.trim();
	assert.match(token, /^rdv_[A-Za-z0-9_-]{43}$/);
	assert.equal((await s.over(ann, 'GET', '/api/sessions', { token }))
		.status, 200);
	assert.equal((await s.over(ann, 'POST', '/api/sessions',
		{ token, body: { name: 'x' } })).status, 403);
	/* Root's store has the hash and rdvd's rows do not have the text. */
	const keep = path.join(s.root, 'var/lib/rdv-helper');
	const store = () => fs.readdirSync(keep, { recursive: true })
		.map((n) => path.join(keep, n))
		.filter((f) => fs.statSync(f).isFile())
		.map((f) => fs.readFileSync(f, 'latin1')).join('');
	assert.ok(store().includes(sha(token)));
	assert.equal(store().includes(token), false);
	assert.equal(s.rdv(bob, 'token', 'revoke', 'ci').status, 1);
	assert.equal(s.rdv(ann, 'token', 'revoke', 'ci').status, 0);
	assert.equal((await s.over(ann, 'GET', '/api/sessions', { token }))
		.status, 401);
	/* The record of acts keeps that there was one. */
	assert.equal(fs.readFileSync(path.join(keep, 'tokens'), 'latin1')
		.includes(sha(token)), false);
	/* The older way makes none. */
	const old = await s.over(ann, 'POST', '/api/tokens',
		{ body: { name: 'x' } });
	assert.equal(old.status, 409, `${old.raw}`);
});

await test('C13 a run token ends with its session in the helper, too',
	async () => {
		const kept = () => fs.readFileSync(path.join(s.root,
			'var/lib/rdv-helper/tokens'), 'latin1');
		const lines = () => kept().split('\n').length;
		const before = lines();
		// Of 64 for one account, which a session must not use up.
		for (let i = 0; i < 3; i++) {
			const made = await s.over(ann, 'POST', '/api/sessions', { body: {
				name: `agent${i}`, command: ['/bin/sleep', '1000'] } });
			assert.equal(made.status, 201, `${made.raw}`);
			const text = `rdv_run_${i}`;
			assert.equal(prove(ann, sha(text)), true);
			const r = ask(ann, ann, { sha256: sha(text), name: `run${i}`,
				scopes: ['run'], session_id: made.json.id });
			assert.equal(r.status, 200, JSON.stringify(r.json));
			assert.ok(kept().includes(sha(text)));
			assert.equal((await s.over(ann, 'DELETE',
				`/api/sessions/${made.json.id}`)).status, 204);
			await waitFor('it is gone', () => !kept().includes(sha(text)));
		}
		assert.equal(lines(), before);
		assert.equal((await s.over(ann, 'GET', '/api/sessions')).status, 200);
		s.login(ann);
	});

await test('revoking what the grant was given for asks again', async () => {
	const made = s.rdv(ann, 'token', 'new', 'second');
	const first = ann.token;
	const go = (token) => s.over(ann, 'POST', '/api/sessions',
		{ token, body: { name: 'x', command: ['/bin/true'] } });
	assert.equal((await go(first)).status, 201);
	const id = (await s.over(ann, 'GET', '/api/auth/me')).json.token_id;
	const gone = await s.over(ann, 'DELETE', `/api/tokens/${id}`);
	assert.equal(gone.status, 204, `${gone.raw}`);
	assert.equal((await go(first)).status, 401);
	const second = await go(made.out.trim());
	assert.equal(second.status, 201, `${second.raw}`);
	s.login(ann);
});

await test('a browser acts for an account through the proxy', async () => {
	const service = fs.readFileSync(path.join(s.root,
		'var/lib/rdv-helper/service-token'), 'utf8').trim();
	const page = { Origin: 'http://127.0.0.1:8443',
		Host: '127.0.0.1:8443', 'X-RDV-Service-Token': service };
	const { code } = (await s.over(bob, 'POST', '/api/auth/code')).json;
	/* His code is worth nothing over her socket. */
	const wrong = await s.over(ann, 'POST', '/api/auth/login',
		{ body: { code }, token: null, headers: { Origin: page.Origin,
			Host: page.Host } });
	assert.equal(wrong.status, 401);
	const in_ = await s.request('POST', '/api/auth/login',
		{ body: { code }, token: null, headers: page });
	assert.equal(in_.status, 200, `${in_.raw}`);
	const cookie = in_.headers['set-cookie'][0].split(';')[0];
	const r = await s.request('POST', '/api/sessions', { token: null,
		headers: { ...page, Cookie: cookie,
			'X-RDV-Page-Key': in_.json.page_key },
		body: { name: 'web', command: ['/bin/sh', '-c',
			'id -un > "$HOME/w.new" && mv "$HOME/w.new" "$HOME/w"'] } });
	assert.equal(r.status, 201, `${r.raw}`);
	await waitFor('it has run', () =>
		fs.existsSync(path.join(bob.home, 'w')));
	assert.equal(fs.readFileSync(path.join(bob.home, 'w'), 'utf8').trim(),
		bob.name);
});

// What root can read of a host that serves: { where: text }.
function everywhere() {
	const found = {};
	for (const name of below(s.scratch)) {
		const file = path.join(s.scratch, name);
		try {
			if (fs.lstatSync(file).isFile())
				found[name] = fs.readFileSync(file, 'latin1');
		} catch (e) {
			assert.equal(e.code, 'ENOENT', `${name} is gone`);
		}
	}
	for (const { pid, name } of [{ pid: s.main.pid, name: 'main' },
		...descendants(s.main.pid)])
		for (const f of ['cmdline', 'environ'])
			try {
				found[`${name} ${f}`] =
					fs.readFileSync(`/proc/${pid}/${f}`, 'latin1');
			} catch (e) {
				assert.match(e.code, /ENOENT|ESRCH/, `${name} has ended`);
			}
	return found;
}

await test('N01 root finds no credential but where it is kept', async () => {
	const canary = crypto.randomBytes(16).toString('hex');
	const run = `rdv_run_${crypto.randomBytes(16).toString('hex')}`;
	s.login(ann);
	s.login(bob);
	const made = await s.over(ann, 'POST', '/api/sessions', { body: {
		name: 'holds', command: ['/bin/sleep', '1000'],
		environment: { HELD: canary } } });
	assert.equal(made.status, 201, `${made.raw}`);
	assert.equal(prove(ann, sha(run)), true);
	const asked = ask(ann, ann, { sha256: sha(run), name: 'run',
		scopes: ['run'], session_id: made.json.id });
	assert.equal(asked.status, 200, JSON.stringify(asked.json));
	const secrets = { cli: ann.token, 'his cli': bob.token, run,
		made: s.rdv(ann, 'token', 'new', 'kept').out.trim(),
		code: (await s.over(ann, 'POST', '/api/auth/code')).json.code,
		service: fs.readFileSync(path.join(s.root,
			'var/lib/rdv-helper/service-token'), 'utf8').trim() };
	for (const [what, token] of Object.entries(secrets)) {
		assert.ok(token.length > 8, what);
		await s.over(ann, 'GET', `/api/sessions/${made.json.id}`, { token });
		await s.over(bob, 'GET', `/api/user?token=${token}`, { token });
	}
	const home = (who) => path.relative(s.scratch,
		path.join(who.home, '.rdv/cli-token'));
	const kept = { cli: home(ann), 'his cli': home(bob),
		service: 'root/var/lib/rdv-helper/service-token' };
	const found = everywhere();
	for (const [what, token] of Object.entries(secrets))
		assert.deepEqual(Object.keys(found).filter((k) =>
			found[k].includes(token)), kept[what] ? [kept[what]] : [], what);
	// What a program is given is in the database and its own, and no more.
	const held = Object.keys(found).filter((k) => found[k].includes(canary));
	assert.ok(held.includes('sleep environ'), `${held}`);
	assert.deepEqual(held.filter((k) => k !== 'sleep environ' &&
		!/\/rdv\.db(-wal)?$/.test(k)), []);
	await s.over(ann, 'DELETE', `/api/sessions/${made.json.id}`);
});

await test('all of it ends', async (t) => {
	t.after(() => fs.existsSync(s.scratch) && s.stop());
	assert.equal(await s.stop(), 0);
});
