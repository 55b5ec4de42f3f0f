// A push of one account is carried by a process of that account, and the
// policy has the last word about it.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createECDH } from 'node:crypto';
import fs from 'node:fs';
import https from 'node:https';
import os from 'node:os';
import path from 'node:path';
import { skip, test, waitFor } from '../harness/rdv.mjs';
import { System } from '../harness/system.mjs';

const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'rdv-push-'));
process.on('exit', () => fs.rmSync(dir, { recursive: true, force: true }));
fs.chmodSync(dir, 0o755);
const [key, cert] = ['key.pem', 'ca.pem'].map((f) => path.join(dir, f));
execFileSync('/usr/bin/openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt',
	'ec_paramgen_curve:P-256', '-nodes', '-days', '2', '-subj', '/CN=x',
	'-addext', 'subjectAltName=IP:127.0.0.2', '-keyout', key, '-out', cert],
{ stdio: 'ignore' });
fs.chmodSync(cert, 0o644);

const held = [];
const server = https.createServer({ key: fs.readFileSync(key),
	cert: fs.readFileSync(cert) }, (req, res) => held.push(res));
await new Promise((done) => { server.listen(0, '127.0.0.2', done); });
server.unref();
const at = `127.0.0.2:${server.address().port}`;

const s = await System.start({ settings: `[push]\nhosts = ["${at}"]\n` +
	`ca_file = "${cert}"\nretry_seconds = 1\ntimeout_ms = 30000\n` });
const [ann, bob] = s.people;
s.login(ann);
const call = async (method, target, body, status) => {
	const r = await s.over(ann, method, target, { body });
	assert.equal(r.status, status, `${method} ${target}: ${r.raw}`);
	return r.json;
};
const roots = `roots = ["~", "${dir}"]\n`;

await test('a push is carried as its account, within the policy', async () => {
	const { helper } = await call('GET', '/api/status', undefined, 200);
	if (!helper.features.includes('user_namespaces'))
		return skip('namespaces');
	await s.reload(roots);
	const { id } = await call('POST', '/api/push/devices', { name: 'hers',
		endpoint: `https://${at}/hers`, auth: 'A'.repeat(22),
		p256dh: createECDH('prime256v1').generateKeys('base64url') }, 201);
	const one = `/api/push/devices/${id}`;
	const over = (fits) => waitFor('the outcome', async () => {
		const d = await call('GET', one, undefined, 200);
		return fits(d.deliveries[0]) && d;
	});
	await call('POST', `${one}/test`, {}, 202);
	await waitFor('a push', () => held.length > 0);
	const [carrier] = s.all('rdv-push');
	assert.equal(/^Uid:\t(\d+)/m.exec(fs.readFileSync(
		`/proc/${carrier.pid}/status`, 'utf8'))[1], `${ann.uid}`);
	held.pop().writeHead(201).end();
	await over((p) => p.state === 'delivered');
	// What the policy does not let her start is not started, and she sees it.
	await s.reload(`${roots}deny_profiles = ["push"]\n`);
	await call('POST', `${one}/test`, {}, 202);
	const { failure } = await over((p) => p.attempts > 0 &&
		p.state === 'queued');
	assert.match(failure, /deny_profiles/);
	assert.equal(held.length, 0);
	await s.reload(roots);
	await waitFor('a push', () => held.length > 0);
	held.pop().writeHead(201).end();
	await over((p) => p.state === 'delivered' && p.attempts > 1);
	await call('DELETE', one, undefined, 204);
});

await test('pushes of one that hang hold up nobody else\'s', async () => {
	const { helper } = await call('GET', '/api/status', undefined, 200);
	if (!helper.features.includes('user_namespaces'))
		return skip('namespaces');
	s.login(bob);
	const device = async (who) => {
		const r = await s.over(who, 'POST', '/api/push/devices', { body: {
			name: 'x', endpoint: `https://${at}/${who.name}`,
			auth: 'A'.repeat(22), p256dh: createECDH('prime256v1')
				.generateKeys('base64url') } });
		assert.equal(r.status, 201, `${r.raw}`);
		return `/api/push/devices/${r.json.id}`;
	};
	const tell = async (who, one) => assert.equal((await s.over(who, 'POST',
		`${one}/test`, { body: {} })).status, 202);
	const hers = await device(ann), his = await device(bob);
	for (let i = 0; i < 8; i++)
		await tell(ann, hers);
	const of = (who) => held.filter(({ req }) => req.url === `/${who.name}`);
	await waitFor('hers', () => of(ann).length === 2);
	await tell(bob, his);
	await waitFor('his', () => of(bob).length === 1, 10000);
	assert.equal(of(ann).length, 2, 'two of hers at once');
	// Control: hers go on when these have ended.
	held.splice(0).forEach((res) => res.writeHead(201).end());
	await waitFor('more of hers', () => of(ann).length > 0);
	for (const [who, one] of [[ann, hers], [bob, his]])
		assert.equal((await s.over(who, 'DELETE', one)).status, 204);
	held.splice(0).forEach((res) => res.writeHead(201).end());
});

server.closeAllConnections?.();
server.close();
await s.stop();
