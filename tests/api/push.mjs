// Telling devices: a push service of this test, over TLS with a CA of its own
// that push.ca_file names, on a loopback address that push.hosts lists. It
// decrypts with a browser's key, and plays what such services do.
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import crypto from 'node:crypto';
import fs from 'node:fs';
import https from 'node:https';
import os from 'node:os';
import path from 'node:path';
import { Rdv, bin, skip, test, waitFor } from '../harness/rdv.mjs';

const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'rdv-push-'));
const file = (name) => path.join(dir, name);
process.on('exit', () => fs.rmSync(dir, { recursive: true, force: true }));

// A key and a certificate for 127.0.0.2, which vouches for itself.
function certificate(name, host = 'IP:127.0.0.2,DNS:localhost') {
	execFileSync('/usr/bin/openssl', ['req', '-x509', '-newkey', 'ec',
		'-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2',
		'-subj', `/CN=${name}`, '-addext',
		`subjectAltName=${host}`, '-keyout',
		file(`${name}.key`), '-out', file(`${name}.pem`)],
	{ stdio: 'ignore' });
	return { key: fs.readFileSync(file(`${name}.key`)),
		cert: fs.readFileSync(file(`${name}.pem`)) };
}

const asked = [];
const plays = {
	'/ok': (res) => res.writeHead(201).end(),
	'/404': (res) => res.writeHead(404).end(),
	'/410': (res) => res.writeHead(410).end(),
	'/400': (res) => res.writeHead(400).end(),
	'/302': (res, at) => res.writeHead(302, { location:
		`https://${at}/taken` }).end(),
	'/500': (res, at, n) => res.writeHead(n === 0 ? 500 : 201).end(),
	'/429': (res, at, n) => res.writeHead(n === 0 ? 429 : 201,
		{ 'Retry-After': '1' }).end(),
	'/silence': () => {},
	'/flood': (res) => res.socket.write(`HTTP/1.1 200 x\r\n${
		'A: b\r\n'.repeat(1 << 16)}`),
	'/none': (res) => res.socket.end('SSH-2.0-x\r\n\r\n'),
};
async function service(options) {
	const server = https.createServer(options, (req, res) => {
		const parts = [];
		req.on('data', (d) => parts.push(d)).on('end', () => {
			const url = req.url;
			const n = asked.filter((a) => a.url === url).length;
			asked.push({ url, method: req.method, headers: req.headers,
				raw: req.rawHeaders.join('\n'), body: Buffer.concat(parts), res });
			plays[url.split('?')[0]]?.(res, server.at, n);
		});
	});
	server.on('tlsClientError', () => {});
	await new Promise((done) => { server.listen(0, '127.0.0.2', done); });
	// Nothing waits for it when this test has failed.
	server.unref();
	server.at = `127.0.0.2:${server.address().port}`;
	return server;
}
const push = await service(certificate('known'));
const stranger = await service(certificate('stranger'));
// Somebody known, who is not at that address.
const other = await service(certificate('other', 'IP:127.0.0.3'));
fs.writeFileSync(file('ca.pem'), ['known', 'other'].map((name) =>
	fs.readFileSync(file(`${name}.pem`))).join(''));
const port = push.address().port;
const named = `localhost:${port}`;
const settings = (more) => `[push]
hosts = ["${push.at}", "${stranger.at}", "${other.at}", "${named}",
    "*.example", "web.push.apple.com"]
ca_file = "${file('ca.pem')}"
delay_ms = 0
retry_seconds = 1
${more}`;
const rdv = await Rdv.start({ config: settings('timeout_ms = 30000') });
const possible = (await waitFor('the helper', async () => {
	const { helper } = await rdv.call('GET', '/api/status');
	return helper.features.length > 0 && helper.features;
})).includes('user_namespaces');

const browser = crypto.createECDH('prime256v1');
browser.generateKeys();
const auth = crypto.randomBytes(16);
const b64 = (b) => Buffer.from(b).toString('base64url');
const keys = { p256dh: b64(browser.getPublicKey()), auth: b64(auth) };
const wish = (url, more = {}) => ({ name: 'phone', ...keys,
	endpoint: `https://${push.at}${url}`, ...more });
const post = (body, options = {}, at = rdv) => at.request('POST',
	'/api/push/devices', { body, ...options });
const device = async (url, more, at = rdv) => {
	const r = await post(wish(url, more), {}, at);
	assert.equal(r.status, 201, `${r.raw}`);
	return r.json.id;
};
const show = (id, at = rdv) => at.call('GET', `/api/push/devices/${id}`);
const remove = async (id, at = rdv) => assert.equal((await at.request('DELETE',
	`/api/push/devices/${id}`)).status, 204);
const tell = async (id, at = rdv) => assert.equal((await at.request('POST',
	`/api/push/devices/${id}/test`)).status, 202);
const came = (url, n = 1) => waitFor(`a push to ${url}`, () => {
	const all = asked.filter((a) => a.url === url);
	return all.length >= n && all[n - 1];
});
// Its pushes are over, in whichever order, or the last one fits.
const over = (id, fits, at = rdv) => waitFor('the outcome', async () => {
	const d = await show(id, at);
	const all = fits ? d.deliveries.slice(0, 1) : d.deliveries;
	return all.length > 0 && all.every(fits ??
		((p) => !/queued|sending/.test(p.state))) && d;
});

function decrypt(body) {
	const salt = body.subarray(0, 16), idlen = body[20];
	assert.equal(body.readUInt32BE(16), 4096);
	assert.equal(idlen, 65);
	const server = body.subarray(21, 86), sealed = body.subarray(86);
	const ikm = crypto.hkdfSync('sha256', browser.computeSecret(server), auth,
		Buffer.concat([Buffer.from('WebPush: info\0'), browser.getPublicKey(),
			server]), 32);
	const derive = (what, n) => Buffer.from(crypto.hkdfSync('sha256', ikm, salt,
		`Content-Encoding: ${what}\0`, n));
	const d = crypto.createDecipheriv('aes-128-gcm', derive('aes128gcm', 16),
		derive('nonce', 12));
	d.setAuthTag(sealed.subarray(-16));
	const text = Buffer.concat([d.update(sealed.subarray(0, -16)), d.final()]);
	const end = text.lastIndexOf(2);
	assert.ok(text.subarray(end + 1).every((b) => b === 0));
	return JSON.parse(text.subarray(0, end).toString());
}

// RFC 8292; the claims.
function verify(header, key) {
	const [, token, k] = /^vapid t=([\w.-]+), k=([\w-]+)$/.exec(header);
	assert.equal(k, key);
	const point = Buffer.from(k, 'base64url');
	const jwk = { kty: 'EC', crv: 'P-256', x: b64(point.subarray(1, 33)),
		y: b64(point.subarray(33)) };
	const [head, claims, signature] = token.split('.');
	assert.deepEqual(JSON.parse(Buffer.from(head, 'base64url')),
		{ typ: 'JWT', alg: 'ES256' });
	const good = (text) => crypto.verify('sha256', Buffer.from(text),
		{ key: crypto.createPublicKey({ key: jwk, format: 'jwk' }),
			dsaEncoding: 'ieee-p1363' }, Buffer.from(signature, 'base64url'));
	assert.ok(good(`${head}.${claims}`));
	assert.ok(!good(`${head}.${claims}x`), 'control');
	return JSON.parse(Buffer.from(claims, 'base64url'));
}

const ask = async (s, body) => {
	const r = await rdv.request('POST', `/api/sessions/${s.id}/approvals`,
		{ body: { key: crypto.randomUUID(), tool: 'Bash', wait_ms: 0, ...body } });
	assert.equal(r.status, 200, `${r.raw}`);
	return r.json.id;
};
const judge = (await rdv.call('POST', '/api/tokens',
	{ name: 'judge', scopes: ['approve'] })).rawKey;
const deny = async (id) => assert.equal((await rdv.request('POST',
	`/api/approvals/${id}/decision`, { token: judge, body: { verdict: 'deny',
		digest: (await rdv.call('GET', `/api/approvals/${id}`)).digest } }))
	.status, 200);

await test('push: the key of a host is made once', async () => {
	const { key, hosts } = await rdv.call('GET', '/api/push/key');
	assert.equal(Buffer.from(key, 'base64url').length, 65);
	assert.deepEqual(hosts, [push.at, stranger.at, other.at, named,
		'*.example', 'web.push.apple.com']);
	const st = fs.statSync(path.join(rdv.base, 'server/push-key'));
	assert.equal(st.mode & 0o777, 0o600);
	await rdv.again();
	assert.equal((await rdv.call('GET', '/api/push/key')).key, key);
});

await test('abuse K11 push: it says what waits, and no word of it', async () => {
	if (!possible)
		return skip('namespaces');
	const s = await rdv.session('hush-name', ['/bin/cat']);
	const id = await device('/ok');
	const one = await ask(s, { tool: 'hush-tool', command: 'rm hush-command',
		cwd: '/hush-path', environment: { A: 'hush-value' } });
	const got = await came('/ok');
	assert.equal(got.method, 'POST');
	assert.deepEqual(decrypt(got.body), { v: 1, kind: 'tool', approval: one });
	assert.equal(got.headers.topic, one.replaceAll('-', ''));
	assert.equal(got.headers.urgency, 'high');
	assert.equal(got.headers['content-encoding'], 'aes128gcm');
	assert.ok(+got.headers.ttl > 30000 && +got.headers.ttl <= 86400);
	const { key } = await rdv.call('GET', '/api/push/key');
	const claims = verify(got.headers.authorization, key);
	assert.equal(claims.aud, `https://${push.at}`);
	assert.ok(claims.exp - Date.now() / 1000 < 86400 &&
		claims.exp > Date.now() / 1000);
	assert.ok(!('sub' in claims), 'who is not to be written to');
	// Nor can it be told by its length, or by what is sealed with one key.
	const two = await ask(s, { kind: 'question', tool: 'Ask', input:
		{ questions: [{ question: 'hush?', options: [{ label: 'a' }] }] } });
	const next = await came('/ok', 2);
	assert.deepEqual(decrypt(next.body),
		{ v: 1, kind: 'question', approval: two });
	assert.equal(next.body.length, got.body.length);
	assert.notDeepEqual(next.body.subarray(0, 86), got.body.subarray(0, 86));
	for (const { raw, body } of [got, next]) {
		assert.doesNotMatch(`${raw}${body.toString('latin1')}`,
			/hush-|hush\?/);
		assert.doesNotMatch(JSON.stringify(decrypt(body)), /hush/);
	}
	// And it is seen to have arrived.
	const d = await over(id);
	assert.deepEqual(d.deliveries.map((p) => [p.state, p.approval_id, p.status,
		p.attempts]), [['delivered', two, 201, 1], ['delivered', one, 201, 1]]);
	assert.deepEqual([d.state, d.failure, d.waiting], ['active', null, 0]);
	assert.ok(d.last_success_at >= d.last_attempt_at);
	assert.doesNotMatch(JSON.stringify([d, await rdv.call('GET',
		'/api/push/devices')]), /\/ok|p256dh|"auth"/);
	await Promise.all([one, two].map(deny));
	await remove(id);
});

await test('abuse K10 push: what was not delivered is seen', async () => {
	if (!possible)
		return skip('namespaces');
	const outcome = async (url, more) => {
		const id = await device(url, more);
		await tell(id);
		const d = await over(id);
		await remove(id);
		const [p] = d.deliveries;
		return [d.state, p.state, p.status, p.attempts, d.failure];
	};
	const all = await Promise.all(['/404', '/410', '/400', '/302', '/500', '/429']
		.map((url) => outcome(url)));
	const gone = ': it knows the device no more', says = 'the service says ';
	assert.deepEqual(all, [
		['gone', 'failed', 404, 1, `${says}404${gone}`],
		['gone', 'failed', 410, 1, `${says}410${gone}`],
		['active', 'failed', 400, 1, `${says}400`],
		['active', 'failed', 302, 1, `${says}302`],
		['active', 'delivered', 201, 2, null],
		['active', 'delivered', 201, 2, null]]);
	assert.ok(!asked.some((a) => a.url === '/taken'), 'a redirect is followed');
});

await test('abuse I11 push: no host but one that is listed and public',
	async () => {
		if (!possible)
			return skip('namespaces');
		const before = asked.length;
		const fails = async (endpoint, why) => {
			const id = await device('/ok', { endpoint });
			await tell(id);
			const d = await over(id, (p) => p.attempts > 0 &&
				p.state === 'queued');
			assert.match(d.failure, why);
			assert.equal(d.last_success_at, null);
			assert.equal(d.deliveries[0].state, 'queued', 'it is tried again');
			await remove(id);
		};
		await Promise.all([
			// A name of the list that leads here; who has another certificate;
			// who is no push service at all.
			fails(`https://${named}/ok`, /its name leads to a loopback address/),
			fails(`https://${stranger.at}/ok`, /^TLS: .*certificate/),
			fails(`https://${other.at}/ok`, /^TLS: .*mismatch/),
			fails(`https://nowhere.example/ok`, /./),
			fails(`https://${push.at}/none`, /^its answer is no HTTP$/)]);
		assert.deepEqual(asked.slice(before).map((a) => a.url)
			.filter((url) => url !== '/none'), []);
	});

await test('abuse I11 push: what is no endpoint is not kept', async () => {
	const p = (b) => b64(Buffer.from(b));
	const point = Buffer.from(browser.getPublicKey());
	point[64] ^= 1;
	const at = push.at;
	for (const [field, value] of [
		...['http://' + at + '/ok', `https://${at}`, `https://u@${at}/ok`,
			`https://${at}/ok#a`, `https://${at}/a b`, `https://${at}/a\r\nX: y`,
			'https://169.254.169.254/latest', 'https://10.0.0.1/ok',
			'https://127.0.0.2/ok', `https://127.0.0.3:${port}/ok`,
			`https://127.2:${port}/ok`, `https://2130706434:${port}/ok`,
			`https://[::ffff:127.0.0.2]:${port}/ok`, 'https://example/ok',
			'https://xexample/ok', 'https://xyexample/ok', 'https://a.example:444/ok',
			'https://a.example./ok', 'https://a.example@evil.test/ok',
			'https://evil.test/a.example', `file:///etc/passwd`, 'x'.repeat(2001)]
			.map((url) => ['endpoint', url]),
		['p256dh', b64(point)], ['p256dh', p('x')], ['p256dh', `${keys.p256dh}=`],
		['p256dh', b64(Buffer.alloc(65))], ['auth', p('x'.repeat(15))],
		['auth', p('x'.repeat(17))], ['auth', '+'.repeat(22)],
		['name', 'a\nb'], ['name', ''], ['name', 'x'.repeat(101)]]) {
		const r = await post(wish('/ok', { [field]: value }));
		assert.equal(r.status, 422, `${field} ${value}`);
		assert.equal(r.json.details.field, field, `${r.raw}`);
	}
	// Control, the same endpoint again, and no more than there may be.
	const id = await device('/ok', { endpoint: 'https://A.example/ok' });
	const again = await post(wish('/ok', { name: 'tablet',
		endpoint: 'https://A.example/ok' }));
	assert.deepEqual([again.status, again.json.id, again.json.name,
		again.json.host], [200, id, 'tablet', 'a.example']);
	for (let i = 1; i < 20; i++)
		await device(`/ok?${i}`);
	assert.equal((await post(wish('/ok?20'))).status, 429);
	const { items } = await rdv.call('GET', '/api/push/devices');
	assert.equal(items.length, 20);
	await Promise.all(items.map((d) => remove(d.id)));
});

await test('push: what was decided meanwhile is not sent', async () => {
	if (!possible)
		return skip('namespaces');
	const s = await rdv.session('late', ['/bin/cat']);
	const id = await device('/held?decided');
	const { res } = await (await ask(s, { command: 'x' }), came('/held?decided'));
	await deny((await rdv.call('GET', `/api/approvals?session_id=${s.id}`))
		.items[0].id);
	res.writeHead(503).end();
	const d = await over(id);
	assert.deepEqual([d.deliveries[0].state, d.deliveries[0].attempts,
		d.deliveries[0].cause], ['dropped', 1, 'nobody waits for it any more']);
	assert.equal(asked.filter((a) => a.url === '/held?decided').length, 1);
	await remove(id);
});

await test('push: with the credential that made it a device ends', async () => {
	if (!possible)
		return skip('namespaces');
	const { rawKey, id: own } = await rdv.call('POST', '/api/tokens',
		{ name: 'mine' });
	const made = await post(wish('/ok?own'), { token: rawKey });
	assert.equal(made.status, 201);
	await tell(made.json.id);
	assert.equal((await over(made.json.id)).deliveries[0].state, 'delivered');
	assert.equal((await rdv.request('DELETE', `/api/tokens/${own}`)).status, 204);
	await tell(made.json.id);
	const d = await over(made.json.id);
	assert.deepEqual([d.state, d.deliveries[0].state], ['gone', 'dropped']);
	assert.equal((await rdv.request('POST',
		`/api/push/devices/${made.json.id}/test`)).status, 409);
	assert.equal(asked.filter((a) => a.url === '/ok?own').length, 1);
	await remove(made.json.id);
});

await test('push: a crash sends once more, and a second one not again',
	async () => {
		if (!possible)
			return skip('namespaces');
		const id = await device('/held?crash');
		await tell(id);
		const first = await came('/held?crash');
		await rdv.again();
		const second = await came('/held?crash', 2);
		assert.deepEqual(decrypt(second.body), decrypt(first.body));
		await rdv.again();
		const d = await over(id);
		assert.deepEqual([d.deliveries[0].state, d.deliveries[0].attempts],
			['failed', 2]);
		assert.match(d.deliveries[0].cause, /may have arrived/);
		// Control: it is told of what comes next.
		await tell(id);
		(await came('/held?crash', 3)).res.writeHead(201).end();
		assert.equal((await over(id)).deliveries[0].state, 'delivered');
		await remove(id);
	});

await test('push: who does not answer is given up in time', async (t) => {
	if (!possible)
		return skip('namespaces');
	const quick = await Rdv.start({ config: settings('timeout_ms = 2000') });
	t.after(() => quick.stop());
	const id = await device('/silence', {}, quick);
	await tell(id, quick);
	const d = await over(id, (p) => p.attempts === 2, quick);
	assert.equal(d.failure, 'no answer in time');
	await remove(id, quick);
});

await test('push: what comes later puts off nothing', async (t) => {
	if (!possible)
		return skip('namespaces');
	const slow = await Rdv.start({ config: settings('timeout_ms = 30000')
		.replace('delay_ms = 0', 'delay_ms = 600000') });
	t.after(() => slow.stop());
	const id = await device('/500?early', {}, slow);
	const s = await slow.session('later', ['/bin/cat']);
	await tell(id, slow);
	await over(id, (p) => p.attempts === 1 && p.state === 'queued', slow);
	// That is due in a second, and this in ten minutes.
	assert.equal((await slow.request('POST', `/api/sessions/${s.id}/approvals`,
		{ body: { key: crypto.randomUUID(), tool: 'Bash', wait_ms: 0,
			command: 'x' } })).status, 200);
	await waitFor('the second try', async () => (await show(id, slow))
		.deliveries.some((p) => p.state === 'delivered'), 15000);
	await remove(id, slow);
});

await test('push: no more tests than a device may wait for', async () => {
	if (!possible)
		return skip('namespaces');
	plays['/full'] = () => {};
	const id = await device('/full'), free = await device('/ok?free');
	for (let i = 0; i < 20; i++)
		await tell(id);
	const r = await rdv.request('POST', `/api/push/devices/${id}/test`);
	assert.deepEqual([r.status, r.json.code], [429, 'TOO_MANY']);
	assert.equal((await show(id)).waiting, 20);
	// Controls: another device, and this one when it is told again.
	await tell(free);
	(await came('/full')).res.writeHead(201).end();
	await waitFor('room', async () => (await show(id)).waiting < 20);
	await tell(id);
	await remove(id);
	await remove(free);
	// Nor is what has been begun in the way of others.
	plays['/full'] = plays['/ok'];
	asked.filter((a) => a.url === '/full').forEach(({ res }) =>
		res.headersSent || res.writeHead(201).end());
});

await test('push: of what became of a device meanwhile nothing is unsaid',
	async () => {
		if (!possible)
			return skip('namespaces');
		// Its browser has asked anew; that is not what the service disowns.
		const id = await device('/held?renewed');
		await tell(id);
		const first = await came('/held?renewed');
		const fresh = crypto.createECDH('prime256v1');
		const again = await post(wish('/held?renewed',
			{ p256dh: b64(fresh.generateKeys()) }));
		assert.deepEqual([again.status, again.json.id], [200, id]);
		first.res.writeHead(410).end();
		let d = await over(id);
		assert.deepEqual([d.state, d.failure, d.deliveries[0].state],
			['active', null, 'failed']);
		// Control: and then what it has asked for now.
		await tell(id);
		(await came('/held?renewed', 2)).res.writeHead(410).end();
		d = await over(id);
		assert.deepEqual([d.state, d.deliveries[0].state], ['gone', 'failed']);
		await remove(id);
		// Removed is the last that is heard of one, whatever is under way.
		const brief = await device('/held?removed');
		await tell(brief);
		const { res } = await came('/held?removed');
		await remove(brief);
		res.writeHead(201).end();
		const marker = await device('/ok?marker');
		await tell(marker);
		await over(marker);
		await waitFor('its carrier has ended', async () => (await rdv.call('GET',
			`/api/push/devices/${marker}`)).waiting === 0);
		const { items } = await rdv.call('GET',
			'/api/events?since=0&limit=1000');
		const of = items.filter((e) => e.subject === brief);
		assert.equal(of.at(-1).body.state, 'removed');
		await remove(marker);
	});

await test('push: Apple is told whom to write to, or nothing', async (t) => {
	const endpoint = 'https://web.push.apple.com/x';
	const r = await post(wish('/ok', { endpoint }));
	assert.deepEqual([r.status, r.json.details.field], [422, 'endpoint']);
	assert.match(r.json.error, /push\.contact/);
	const known = await Rdv.start({ config: settings(
		'timeout_ms = 30000\ncontact = "mailto:ann@rdv.test"') });
	t.after(() => known.stop());
	await remove(await device('/ok', { endpoint }, known), known);
	if (!possible)
		return skip('namespaces');
	const id = await device('/ok?whom', {}, known);
	await tell(id, known);
	const { headers } = await came('/ok?whom');
	assert.equal(verify(headers.authorization, (await known.call('GET',
		'/api/push/key')).key).sub, 'mailto:ann@rdv.test');
	await remove(id, known);
});

await test('push: rdv push', async () => {
	const cli = (...words) => spawnSync(bin('rdv'), ['push', ...words], {
		encoding: 'utf8', env: { PATH: '/usr/bin:/bin', HOME: rdv.home,
			RDV_HOME: rdv.base } });
	assert.match(cli('ls').stderr, /no devices/);
	const id = await device('/404?cli', { name: 'her phone' });
	assert.match(cli('ls').stdout, /her phone +active +127\.0\.0\.2 +0 /);
	assert.equal(cli('test', 'nobody').status, 1);
	if (possible) {
		assert.deepEqual([cli('test', 'her phone').stdout, cli('ls').status],
			['queued\n', 0]);
		await over(id);
		assert.match(cli('ls').stdout, /gone .*the service says 404/);
	}
	assert.equal(cli('rm', id).status, 0);
	assert.match(cli('ls').stderr, /no devices/);
});

push.closeAllConnections?.();
for (const server of [push, stranger, other])
	server.close();
await rdv.stop();
