// What rdv writes down: one record for each event, whatever is in it, and no
// secret anywhere but in the two files that are there to hold one.
import assert from 'node:assert/strict';
import crypto from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { Rdv, below, descendants, test, waitFor } from '../harness/rdv.mjs';
import { Terminal } from '../harness/terminal.mjs';
import { ask, ended, login, options, origin, pair, upgrade, web } from
	'./lib.mjs';

const audit = (rdv) => fs.readFileSync(path.join(rdv.base,
	'server/audit.log'), 'latin1');

await test('J09 one record for each event, and nothing forged', async (t) => {
	const rdv = await t.start({ ...options, config: `${options.config}
[server]
log_level = "debug"
` });
	const forged = 'ts=2000-01-01T00:00:00.000Z level=error proc=rdvd ' +
		'mod=main msg="forged"';
	const nasty = [`\n${forged}`, `\r\n${forged}`, `" ${forged}`, '\u001b[2J',
		'%n%n%s%x', '\\', '"}\n{"', 'a=b c=d', '\u0085\u2028', '\u202eabc',
		'\x7f\x9b31m'];
	const long = 'x'.repeat(1 << 20);
	const auth = { Host: 'localhost', Authorization: `Bearer ${rdv.token}` };
	for (const text of nasty) {
		const enc = encodeURIComponent(text);
		const odd = text.replace(/[\r\n]/g, '\t').replace(/[^\x20-\xff\t]/g,
			'?');
		const line = text.replace(/[^\x20-\x7e]/g, '');
		await ask(rdv, 'GET', `/api/${enc}?x=${enc}`, { ...auth,
			'User-Agent': line, 'X-Forwarded-For': line, 'X-Request-ID': line,
			Connection: 'close' });
		await ask(rdv, 'GET', '/api/user', { ...auth, 'User-Agent': odd,
			Connection: 'close' });
		await ask(rdv, 'GET', '/api/user', { Host: line, Connection: 'close' });
		await ask(rdv, 'GET', '/api/user', { Host: 'localhost', Origin: line,
			Authorization: `Bearer ${line}`, Connection: 'close' });
		for (const body of [{ name: text }, { name: 'x', command: [text] },
			{ name: 'x', project_path: `/${text}` }, { name: 'x', repo_path:
				`/${text}`, worktree_branch: text, create_worktree: true },
			{ name: 'x', environment: { [text]: text } }, { [text]: 1 }])
			await rdv.request('POST', '/api/sessions', { body });
		await rdv.request('POST', '/api/folders', { body: { name: text } });
		await rdv.request('POST', '/api/tokens', { body: { name: text } });
		await rdv.request('POST', '/api/folders', { body: { name: 'k' },
			headers: { 'Idempotency-Key': line || 'k' } });
	}
	for (const body of [{ name: long }, { name: 'x', command: [long] }])
		await rdv.request('POST', '/api/sessions', { body });
	const log = rdv.log();
	for (const l of log.trimEnd().split('\n')) {
		assert.match(l, /^ts=20\d\d-\S+Z level=(debug|info|warn|error) proc=\S+ /,
			l);
		assert.doesNotMatch(l, /^ts=2000/);
		assert.ok(Buffer.byteLength(l) < 16384, `${l.length}`);
		// A record is words and quoted texts, and no quote ends early.
		assert.match(l, /^(\S+=("([^"\\]|\\.)*"|[^\s"]*)( |$))+$/, l);
	}
	assert.doesNotMatch(log, /[\x00-\x09\x0b-\x1f\x7f-\x9f]/);
	for (const l of audit(rdv).trimEnd().split('\n')) {
		assert.match(l, /^\S+=/, l);
		assert.match(l, /^(\S+=("([^"\\]|\\.)*"|[^\s"]*)( |$))+$/, l);
	}
	assert.doesNotMatch(audit(rdv), /[\x00-\x09\x0b-\x1f\x7f]/);
	assert.ok(log.split('\n').length > nasty.length * 5, 'control: it logs');
	// The same texts where they are data, byte by byte.
	const folders = await rdv.call('GET', '/api/folders');
	for (const text of ['%n%n%s%x', '\\', 'a=b c=d'])
		assert.ok(folders.some((f) => f.name === text), text);
});

// All that an operator, a backup or a neighbour of the same account can read.
function places(rdv) {
	const found = { log: rdv.log() };
	for (const name of below(rdv.base)) {
		const p = path.join(rdv.base, name);
		if (fs.lstatSync(p).isFile())
			found[name] = fs.readFileSync(p, 'latin1');
	}
	for (const p of [{ pid: rdv.main.pid, name: 'main' },
		...descendants(rdv.main.pid)])
		for (const f of ['cmdline', 'environ'])
			try {
				found[`/proc/${p.name}/${f}`] =
					fs.readFileSync(`/proc/${p.pid}/${f}`, 'latin1');
			} catch { /* hidden from us is what it shall be */ }
	return found;
}

await test('N01 no secret outside the files that hold it', async (t) => {
	const rdv = await t.start(options);
	const canary = `canary${crypto.randomBytes(16).toString('hex')}`;
	const made = await rdv.call('POST', '/api/tokens', { name: 'made' },
		{ headers: { 'Idempotency-Key': 'one' } });
	const { code } = await rdv.call('POST', '/api/auth/code', undefined,
		{ headers: { 'Idempotency-Key': 'two' } });
	const { id } = await rdv.session('ticketed', ['/bin/cat']);
	const { token: ticket } = await rdv.call('POST',
		`/api/sessions/${id}/terminal-token`, undefined,
		{ headers: { 'Idempotency-Key': 'three' } });
	const { cookie, key } = await login(rdv);
	const spent = await login(rdv, pair({ cookie, key }));
	const link = await rdv.call('POST', '/api/links', { session_id: id,
		mode: 'write', label: 'canary' });
	const run = await rdv.call('POST', '/api/tokens', { name: 'its own',
		scopes: ['run'], session_id: id });
	const secrets = { cli: rdv.token, service: rdv.serviceToken(),
		made: made.rawKey, code, ticket, cookie, key, link: link.secret,
		run: run.rawKey,
		spent: spent.cookie, 'spent key': spent.key,
		guess: crypto.randomBytes(32).toString('hex') };
	// Used in every way, also where they do not belong.
	for (const secret of Object.values(secrets)) {
		await rdv.request('GET', `/api/user?token=${secret}`);
		await ask(rdv, 'GET', `/ws/terminal/${id}?token=${secret}`,
			{ Host: web, Origin: origin, ...upgrade }, { sock: rdv.term });
		await rdv.request('GET', `/api/sessions/${secret}`);
		await rdv.request('GET', '/api/user', { token: secret });
		await rdv.request('GET', '/api/user', { token: `${secret}x` });
		for (const headers of [{ Cookie: `rdv_session=${secret}` },
			{ 'X-RDV-Page-Key': secret, Cookie: 'rdv_session=x' },
			{ 'Sec-WebSocket-Protocol': `rdv.page.${secret}` },
			{ ...upgrade, 'Sec-WebSocket-Protocol': `rdv.page.${secret}` },
			{ 'X-RDV-Service-Token': secret, 'X-RDV-User-ID': secret },
			{ 'User-Agent': secret, Referer: `http://x/?${secret}` }])
			await ask(rdv, 'GET', '/api/user', { Host: 'localhost',
				Origin: origin, Connection: 'close', ...headers });
		const body = JSON.stringify({ code: `${secret}x` });
		await ask(rdv, 'POST', '/api/auth/login', { Host: web, Origin: origin,
			'Content-Type': 'application/json',
			'Content-Length': body.length, Connection: 'close' }, { body });
	}
	const s = await rdv.session('secret', ['/bin/sh', '-c',
		'read x; test -n "$SECRET" && echo has it'],
	{ environment: { SECRET: `env${canary}` } });
	const term = await Terminal.open(rdv, s.id, { token: made.rawKey });
	await term.message('ready');
	const running = places(rdv);
	term.type('\n');
	await term.shows('has it');
	await ended(rdv, s.id);
	const old = rdv.rdvd;
	process.kill(old, 'SIGKILL');
	await waitFor('another daemon', async () => (await rdv.request('GET',
		'/api/user').catch(() => null))?.status === 200);
	await rdv.call('DELETE', `/api/tokens/${made.id}`);
	const answers = {};
	for (const target of ['/metrics', '/api/status', '/health', '/api/tokens',
		'/api/events?since=0&limit=1000', '/api/sessions?status=closed,active',
		'/api/openapi.json'])
		answers[target] = String((await rdv.request('GET', target)).raw);
	const home = { cli: 'cli-token', service: 'server/service-token' };
	for (const found of [running, places(rdv), answers])
		for (const [where, text] of Object.entries(found))
			for (const [name, secret] of Object.entries(secrets))
				if (home[name] !== where)
					assert.equal(text.includes(secret), false,
						`${name} in ${where}`);
	// What a session was given for its program is kept for its next run, in
	// the database and nowhere else.
	const own = new RegExp('^server/rdv\\.db|^/proc/(sh|rdv-ops)/environ');
	for (const found of [running, places(rdv), answers])
		for (const [where, text] of Object.entries(found))
			if (!own.test(where))
				assert.equal(text.includes(`env${canary}`), false, where);
	// Control: this search finds what is there.
	assert.ok(places(rdv)['cli-token'].includes(rdv.token));
	assert.ok(Object.entries(running).some(([where, text]) =>
		where.startsWith('server/rdv.db') && text.includes(`env${canary}`)));
	assert.ok(audit(rdv).includes(made.id), 'attempts are audited by id');
});
