// Group A at rdvd's own socket: what a page of somebody else can make a
// signed-in browser send. tests/e2e has the same through nginx and in a browser
// (A11 and A12 exist only there).
import assert from 'node:assert/strict';
import { Rdv, test, waitFor } from '../harness/rdv.mjs';
import { ask, login, options, origin, output, page, pair, refused, upgrade, web }
	from './lib.mjs';

const rdv = await Rdv.start(options);
const ours = await page(rdv);
const foreign = ['https://evil.example', 'http://evil.example', 'null', '',
	`${origin}.evil.test`, 'http://evil127.0.0.1:7717', 'http://127.0.0.1:1',
	'http://127.0.0.1', `${origin}/`, 'ws://127.0.0.1:7717',
	'http://localhost', 'http://rdv', `http://user@${web}`];
const get = (change, target = '/api/sessions') =>
	ask(rdv, 'GET', target, { ...ours, ...change });
const terminal = (id, change, body) => ask(rdv, 'GET', `/ws/terminal/${id}`,
	{ ...ours, 'Sec-Fetch-Site': null, ...upgrade, ...change },
	{ body, sock: rdv.term });

await test('A01 A03 no terminal for a foreign or null Origin', async () => {
	const s = await rdv.session('guarded', ['/bin/sh', '-c',
		'stty -echo; exec cat -v']);
	// A masked text frame that would type a word, right behind the request.
	const word = Buffer.from('{"type":"input","data":"pwned\\n"}');
	const frame = Buffer.concat([Buffer.from([0x81, 0x80 | word.length,
		0, 0, 0, 0]), word]).toString('latin1');
	assert.equal((await terminal(s.id, {})).status, 101, 'our own page');
	for (const Origin of foreign)
		refused(await terminal(s.id, { Origin }, frame), Origin, 403);
	await rdv.call('POST', `/api/sessions/${s.id}/exec`,
		{ command: 'control' });
	await waitFor('control', async () =>
		(await output(rdv, s)).includes('control'));
	assert.doesNotMatch(await output(rdv, s), /pwned/);
	// The same frame behind an upgrade that is granted does type.
	assert.equal((await terminal(s.id, {}, frame)).status, 101);
	await waitFor('typed', async () =>
		(await output(rdv, s)).includes('pwned'));
});

await test('A02 no terminal without an Origin for ambient credentials',
	async () => {
		const s = await rdv.session('guarded', ['/bin/cat']);
		const none = { Origin: null };
		refused(await terminal(s.id, none), 'cookie and page key', 403);
		refused(await terminal(s.id, { ...none,
			'Sec-Fetch-Site': 'same-origin' }), 'with Sec-Fetch-Site', 403);
		refused(await terminal(s.id, { ...none, Cookie: null }),
			'no credential', 401);
		// Through nginx every request has the service token: it adds nothing.
		const service = { 'X-RDV-Service-Token': rdv.serviceToken() };
		refused(await terminal(s.id, { ...none, ...service }),
			'cookie and service token', 403);
		refused(await terminal(s.id, { ...none, ...service, Cookie: null }),
			'service token alone', 401);
		assert.equal((await terminal(s.id, service)).status, 101,
			'as our page comes through nginx');
		assert.equal((await terminal(s.id, { ...none, Cookie: null,
			Authorization: `Bearer ${rdv.token}` })).status, 101,
		'a bearer token needs no Origin');
	});

const hosts = ['evil.example', 'evil.example:7717', '127.0.0.1.:7717',
	'localhost.:7717', 'localhost.', '127.0.0.1', '127.0.0.1:1',
	`user@${web}`, '0.0.0.0:7717', '[::]:7717', '[::1]:7717',
	'[::ffff:127.0.0.1]:7717', '2130706433:7717', '127.1:7717',
	'0x7f.0.0.1:7717', `${web},evil`, `${web}.evil.example`, '', ' ',
	'localhost:80', 'localhost:07717', 'rdv:7717'];

await test('A04 A05 A07 only our own names are answered', async () => {
	for (const Host of [web, 'localhost:7717', 'LOCALHOST:7717', 'localhost',
		'rdv'])
		assert.equal((await get({ Host })).status, 200, Host);
	for (const Host of hosts) {
		const what = JSON.stringify(Host);
		refused(await get({ Host, Origin: `http://${Host}` }), `A04 ${what}`);
		refused(await get({ Host, Origin: null }), `A05 ${what}`);
		const bearer = await get({ Host, Origin: null, Cookie: null,
			Authorization: `Bearer ${rdv.token}` });
		assert.ok([400, 421].includes(bearer.status), `${what} and a token`);
		// Before routing and before auth: nothing but the name is judged.
		const blind = await get({ Host, Origin: null, Cookie: null },
			'/no/such/place');
		assert.equal(blind.status, bearer.status, `${what}, no route`);
	}
	assert.equal((await get({}, '/no/such/place')).status, 404, 'control');
});

await test('A06 two Hosts, or a target that disagrees with it', async () => {
	const target = '/api/sessions';
	refused(await get({ Host: [web, 'evil.example'] }), 'two', 400);
	refused(await get({ Host: [web, web] }), 'the same twice', 400);
	refused(await get({ Host: null }), 'none', 400);
	assert.equal((await get({}, `http://${web}${target}`)).status, 200,
		'absolute form that agrees');
	for (const [to, Host] of [['evil.example', web], [web, 'evil.example'],
		['localhost:7717', web]])
		refused(await get({ Host }, `http://${to}${target}`),
			`${to} with Host ${Host}`);
	refused(await get({}, `http://user@${web}${target}`), 'userinfo', 400);
});

const folders = async () => (await rdv.call('GET', '/api/folders'))
	.map(({ name }) => name);
const post = (name, change, body = JSON.stringify({ name })) =>
	ask(rdv, 'POST', '/api/folders', { ...ours,
		'Content-Type': 'application/json',
		'Content-Length': Buffer.byteLength(body), ...change }, { body });

await test('A08 what a form can send changes nothing', async () => {
	for (const type of ['text/plain', 'application/x-www-form-urlencoded',
		'multipart/form-data; boundary=x', 'application/json5', '', null,
		'text/plain; application/json', 'application/json; charset=utf-16',
		'application/json, text/plain'])
		refused(await post('form', { 'Content-Type': type }), type, 415);
	refused(await post('form', { 'Content-Type':
		['text/plain', 'application/json'] }), 'two types');
	for (const value of [null, '0', '', 'true'])
		refused(await post('form', { 'X-RDV-Page-Key': value }),
			`key ${value}`, 401);
	refused(await post('form', { Origin: null }), 'no Origin', 403);
	for (const Origin of foreign)
		refused(await post('form', { Origin }), Origin, 403);
	assert.deepEqual(await folders(), []);
	assert.equal((await post('page', {})).status, 201);
	assert.deepEqual(await folders(), ['page']);
});

await test('A09 no GET or HEAD changes state, on any route', async () => {
	const s = await rdv.session('watched', ['/bin/cat']);
	// A stream of one that runs goes on.
	const over = await rdv.session('over', ['/bin/true']);
	const events = async () => (await rdv.call('GET',
		'/api/events?since=0&limit=1000')).items;
	await waitFor('its end is told', async () => (await events()).some((e) =>
		e.kind === 'run.ended' && e.subject === over.run.id));
	const { paths } = await rdv.call('GET', '/api/openapi.json');
	const seq = async () => (await events()).at(-1).seq;
	const before = await seq();
	let walked = 0;
	for (const path of Object.keys(paths)) {
		const target = path.replace(/\{[^}]+\}/, path.includes('runs/{') ?
			(path.endsWith('/stream') ? over : s).run.id : s.id);
		for (const method of ['GET', 'HEAD']) {
			if (path.startsWith('/ws/'))
				continue;
			const r = await ask(rdv, method, target, { ...ours,
				Accept: 'application/json', Connection: 'close' });
			assert.ok(r.status < 500, `${method} ${target}: ${r.status}`);
			// What is only a change says so.
			if (!('get' in paths[path]))
				assert.ok([404, 405].includes(r.status), target);
			walked++;
		}
	}
	assert.ok(walked > 40, `${walked} requests`);
	assert.equal(await seq(), before, 'no event');
	assert.equal((await rdv.call('GET', `/api/sessions/${s.id}`)).run.state,
		'running');
	assert.equal((await get({})).status, 200, 'still signed in');
	await rdv.call('DELETE', `/api/sessions/${s.id}`);
	assert.notEqual(await seq(), before, 'a change is an event');
});

await test('A10 nobody is told that he may read across origins', async () => {
	await rdv.session('secret', ['/bin/cat']);
	const closed = (r, what) => assert.doesNotMatch(r.head,
		/access-control-allow/i, what);
	const s = await rdv.session('not theirs', ['/bin/cat']);
	for (const Origin of foreign) {
		closed(await ask(rdv, 'OPTIONS', '/api/sessions', { ...ours, Origin,
			'Access-Control-Request-Method': 'POST',
			'Access-Control-Request-Headers': 'x-rdv-page-key' }), Origin);
		const r = await get({ Origin, 'Sec-Fetch-Site': null });
		refused(r, Origin, 403);
		closed(r, Origin);
		assert.doesNotMatch(r.body, /project_path/);
	}
	for (const Origin of [origin, 'http://localhost:7717']) {
		const r = await get({ Origin });
		assert.equal(r.status, 200, Origin);
		assert.match(r.body, /project_path/);
		closed(r, Origin);
	}
	await rdv.call('DELETE', `/api/sessions/${s.id}`);
});

await test('A14 streams need the same proof as sockets', async () => {
	for (const target of ['/api/events', `/api/runs/${(await rdv.session('s',
		['/bin/echo', 'x'])).run.id}/log?follow=true`]) {
		const stream = (change) => get({ Accept: 'text/event-stream',
			Origin: null, ...change }, target);
		const good = await stream({});
		assert.equal(good.status, 200, 'as the page asks');
		assert.match(good.head, /text\/event-stream/i);
		refused(await stream({ 'Sec-Fetch-Site': null }), 'no proof', 403);
		for (const Origin of foreign)
			for (const site of [null, 'cross-site', 'same-origin'])
				refused(await stream({ Origin, 'Sec-Fetch-Site': site }),
					`${Origin} ${site}`, 403);
	}
});

await test('A15 a planted cookie is not the one after login', async () => {
	const planted = `rdv_${'P'.repeat(43)}`;
	const me = (got) => get(pair(got), '/api/auth/me');
	const one = await login(rdv, { Cookie: `rdv_session=${planted}` });
	assert.notEqual(one.cookie, planted);
	refused(await me({ ...one, cookie: planted }), 'planted', 401);
	assert.equal((await me(one)).status, 200);
	const two = await login(rdv, pair(one));
	assert.notEqual(two.cookie, one.cookie);
	assert.notEqual(two.key, one.key);
	refused(await me({ ...two, cookie: one.cookie }), 'new key only', 401);
	refused(await me({ ...one, cookie: two.cookie }), 'old key', 401);
	refused(await me(one), 'the one before', 401);
	assert.equal((await me(two)).status, 200);
	// A code is good once, also for the page that has it.
	const { code } = await rdv.call('POST', '/api/auth/code');
	const body = JSON.stringify({ code });
	const use = (change) => ask(rdv, 'POST', '/api/auth/login', { ...ours,
		Cookie: null, 'X-RDV-Page-Key': null, 'Content-Length': body.length,
		'Content-Type': 'application/json', ...change }, { body });
	refused(await use({ Origin: 'https://evil.example' }), 'foreign', 403);
	refused(await use({ Origin: null }), 'no Origin', 403);
	assert.equal((await use({})).status, 200);
	refused(await use({}), 'twice', 401);
});

// RFC 6265, section 8.5: cookies know no ports. What another server on this host
// is given by the browser, it can send here with every header it likes.
await test('a cookie without its page key is nobody', async () => {
	const s = await rdv.session('guarded', ['/bin/cat']);
	const [mine, other] = [await login(rdv), await login(rdv)];
	const as = pair(mine);
	const socket = (...protocols) => terminal(s.id, { ...as,
		'X-RDV-Page-Key': null,
		'Sec-WebSocket-Protocol': protocols.join(', ') });
	const want = 'PAGE_KEY_REQUIRED';

	for (const key of [null, '', '1', mine.cookie, other.key,
		mine.key.slice(1), `${mine.key}x`, 'x'.repeat(5000)]) {
		const r = await get({ ...as, 'X-RDV-Page-Key': key });
		refused(r, `key ${key}`, 401);
		assert.equal(r.json.code, want);
		refused(await post('stolen', { ...as, 'X-RDV-Page-Key': key }),
			`change with ${key}`, 401);
		refused(await get({ ...as, 'X-RDV-Page-Key': key,
			'X-RDV-Service-Token': rdv.serviceToken() }),
		`through nginx with ${key}`, 401);
	}
	refused(await get({ ...as, 'X-RDV-Page-Key': [mine.key, mine.key] }),
		'twice', 400);
	for (const bad of [[], ['rdv.v1'], [`rdv.page.${other.key}`],
		[mine.key], ['rdv.v1', `RDV.page.${mine.key}`]])
		refused(await socket(...bad), bad.join(), 401);
	refused(await socket(`rdv.page.${mine.key}`, 'rdv.page.x'), 'two', 400);
	// The key by itself is nobody either.
	refused(await get({ 'X-RDV-Page-Key': mine.key, Cookie: null }),
		'no cookie', 401);
	const r = await socket('rdv.v1', `rdv.page.${mine.key}`);
	assert.equal(r.status, 101, 'the page itself');
	assert.match(r.head, /\r\nsec-websocket-protocol: rdv\.v1\r\n/i);
	assert.doesNotMatch(r.head, /rdv\.page/, 'never echoed');
	assert.equal((await get(as)).status, 200);
	assert.equal((await post('page of its own', as)).status, 201);
	assert.ok(!(await folders()).includes('stolen'));
});

// Such a server can set cookies of our name too, for longer paths: these stand
// in front of ours.
await test('foreign cookies of our name lock nobody out', async () => {
	const mine = await login(rdv);
	const ours = `rdv_session=${mine.cookie}`;
	const as = (Cookie, key = mine.key) =>
		get({ Cookie, 'X-RDV-Page-Key': key });

	for (const list of [['rdv_session=x', ours], [ours, 'rdv_session=x'],
		['rdv_session=', 'a=b', `rdv_session=${'y'.repeat(3000)}`, ours],
		[...Array(15).fill('rdv_session=x'), ours]])
		assert.equal((await as(list.join('; '))).status, 200, list.join());
	refused(await as(`rdv_session=x; ${ours}`, 'x'), 'its own key', 401);
	refused(await as(Array(64).fill('rdv_session=x').join('; ')), 'none', 401);
	refused(await get({ Cookie: [ours, ours] }), 'two headers', 400);
	// Signing in again leaves none of them alive.
	const next = await login(rdv, { Cookie: `rdv_session=x; ${ours}` });
	refused(await as(ours), 'the one before', 401);
	assert.equal((await get(pair(next))).status, 200);
});

await test('A16 what the browser calls cross-site is refused', async () => {
	for (const site of ['cross-site', 'same-site', 'CROSS-SITE', 'x', ''])
		refused(await get({ 'Sec-Fetch-Site': site }), site, 403);
	refused(await get({ 'Sec-Fetch-Site': ['same-origin', 'cross-site'] }),
		'both');
	refused(await get({ 'Sec-Fetch-Site': null, Origin: null }),
		'its absence allows nothing', 403);
	refused(await get({ 'Sec-Fetch-Site': 'cross-site', Origin: null,
		Cookie: null, Authorization: `Bearer ${rdv.token}` }),
	'with a token', 403);
	for (const site of ['same-origin', 'none', null])
		assert.equal((await get({ 'Sec-Fetch-Site': site })).status, 200, site);
});

await rdv.stop();
