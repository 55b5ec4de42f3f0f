// Group A through nginx, written byte by byte. Each refusal stands beside the
// same request made legitimately, and is judged by its effect as well.
import { renameSync } from 'node:fs';
import { join } from 'node:path';
import { check, equal, test, until } from './case.mjs';

const nonce = 'dGhlIHNhbXBsZSBub25jZQ==';

/* A signed-in browser's cookie and page key, without the browser. */
async function signIn(product) {
	const code = /#code=(.*)/.exec(await product.url())[1];
	const body = JSON.stringify({ code });
	const res = await product.raw('POST', '/api/auth/login', [
		['Host', product.host], ['Origin', product.origin],
		['Sec-Fetch-Site', 'same-origin'],
		['Content-Type', 'application/json'],
		['Content-Length', String(body.length)],
	], body);
	const found = /\r\nset-cookie: rdv_session=([^;\r]+)/i.exec(res.head);

	check(found, `sign-in: ${res.status} ${res.body}`);
	return { cookie: found[1], key: JSON.parse(res.body).page_key };
}

/* Headers by name; null leaves one out, a list repeats it. */
function headers(base, change = {}) {
	return Object.entries({ ...base, ...change })
	    .filter(([, value]) => value !== null)
	    .flatMap(([name, value]) => [value].flat()
	        .map((one) => [name, one]));
}

async function withCookie({ product }, fn) {
	const { cookie, key } = await signIn(product);
	const page = {
		Host: product.host, Origin: product.origin,
		'Sec-Fetch-Site': 'same-origin',
		Cookie: `rdv_session=${cookie}`, 'X-RDV-Page-Key': key,
	};

	await fn(product, page);
}

const refused = ({ status }, what) =>
    check(status === 0 || (status >= 400 && status < 500),
        `${what}: answered ${status}`);

async function upgrade(product, session, base, change, target) {
	return product.raw('GET', target ?? `/ws/terminal/${session.id}`,
	    headers({
		...base, Connection: 'Upgrade', Upgrade: 'websocket',
		'Sec-WebSocket-Version': '13', 'Sec-WebSocket-Key': nonce,
		'Sec-WebSocket-Protocol': 'rdv.v1',
	    }, change));
}

await test('abuse_A01 A02 A03 a terminal opens only for our own page',
    (all) => withCookie(all, async (product, page) => {
	const made = await product.session('guarded');
	const noSite = { 'Sec-Fetch-Site': null };
	const origins = ['https://evil.example', 'http://evil.example',
	    'null', '', `${product.origin}.evil.test`,
	    product.origin.replace('://', '://evil'),
	    product.origin.replace(/:\d+$/, ':1')];

	const ours = await upgrade(product, made, page, noSite);
	equal(ours.status, 101, 'control: our own page');
	for (const Origin of origins)
		refused(await upgrade(product, made, page,
		    { ...noSite, Origin }), `A01 A03 Origin ${Origin}`);
	refused(await upgrade(product, made, page,
	    { ...noSite, Origin: null }), 'A02 no Origin');
	refused(await upgrade(product, made, page,
	    { ...noSite, Origin: null, Cookie: null }), 'A02 no credential');
	const bearer = await upgrade(product, made, page, { ...noSite,
	    Origin: null, Cookie: null,
	    Authorization: `Bearer ${product.token}` });
	equal(bearer.status, 101, 'control: bearer without Origin');
	await product.closeAll();
}));

await test('abuse_A01 what is sent with a refused upgrade reaches no terminal',
    (all) => withCookie(all, async (product, page) => {
	const made = await product.session('quiet', 'stty -echo; cat -v');
	/* A masked text frame that would type a word, right behind. */
	const word = Buffer.from('pwned\n');
	const frame = Buffer.concat([Buffer.from([0x82, 0x80 | word.length,
	    0, 0, 0, 0]), word]).toString('latin1');

	const res = await product.raw('GET', `/ws/terminal/${made.id}`,
	    headers(page, { Origin: 'https://evil.example',
		'Sec-Fetch-Site': null, Connection: 'Upgrade',
		Upgrade: 'websocket', 'Sec-WebSocket-Version': '13',
		'Sec-WebSocket-Key': nonce }), frame);
	refused(res, 'upgrade');
	const text = async () => (await product.runLog(made.run.id))
	    .toString();
	await product.api('POST', `/api/sessions/${made.id}/exec`,
	    { command: 'control' });
	await until(async () => (await text()).includes('control'),
	    'control: typed through the API');
	check(!(await text()).includes('pwned'), 'typed');
	await product.closeAll();
}));

await test('abuse_A04 A05 A06 A07 only our own names are answered',
    (all) => withCookie(all, async (product, page) => {
	const { port } = product;
	const get = (change) => product.raw('GET', '/api/auth/me',
	    headers(page, change));
	const names = ['evil.example', `evil.example:${port}`,
	    `127.0.0.1.:${port}`, `localhost.:${port}`, '127.0.0.1:1',
	    `user@127.0.0.1:${port}`, `0.0.0.0:${port}`, `[::]:${port}`,
	    `[::ffff:127.0.0.1]:${port}`, `2130706433:${port}`,
	    `127.1:${port}`, `127.0.0.1:${port},evil`, ''];

	equal((await get({})).status, 200, 'control: our name');
	equal((await get({ Host: `localhost:${port}`,
	    Origin: `http://localhost:${port}` })).status, 200,
	    'control: localhost');
	for (const Host of names) {
		refused(await get({ Host, Origin: `http://${Host}` }),
		    `A04 Host and Origin ${Host}`);
		refused(await get({ Host, Origin: null }), `A05 Host ${Host}`);
		refused(await get({ Host, Origin: null, Cookie: null,
		    Authorization: `Bearer ${product.token}` }),
		    `A04 Host ${Host} with a token`);
	}
	refused(await get({ Host: [product.host, 'evil.example'] }),
	    'A06 two Hosts');
	refused(await get({ Host: [product.host, product.host] }),
	    'A06 the same Host twice');
	refused(await get({ Host: null }), 'A06 no Host');
}));

await test('abuse_A06 an absolute target that disagrees is refused',
    (all) => withCookie(all, async (product, page) => {
	const target = (host) => product.raw('GET',
	    `http://${host}/api/auth/me`, headers(page));

	refused(await target('evil.example'), 'foreign target');
	refused(await product.raw('GET',
	    `http://${product.host}/api/auth/me`,
	    headers(page, { Host: 'evil.example' })), 'foreign Host');
}));

await test('abuse_A08 a form cannot change anything',
    (all) => withCookie(all, async (product, page) => {
	const body = JSON.stringify({ name: 'made by a form' });
	const post = (change, text = body) => product.raw('POST',
	    '/api/folders', headers({ ...page,
		'Content-Type': 'application/json',
		'Content-Length': String(text.length) }, change), text);
	const names = async () => (await product.api('GET', '/api/folders'))
	    .map(({ name }) => name);
	const types = ['text/plain', 'application/x-www-form-urlencoded',
	    'multipart/form-data; boundary=x', 'application/json5',
	    'text/plain; application/json', null];

	for (const type of types)
		refused(await post({ 'Content-Type': type }),
		    `type ${type}`);
	refused(await post({ 'X-RDV-Page-Key': null }), 'without the key');
	refused(await post({ 'X-RDV-Page-Key': '1' }), 'wrong key');
	refused(await post({ Origin: null }), 'without Origin');
	check(!(await names()).includes('made by a form'), 'effect');
	equal((await post({})).status, 201, 'control');
	check((await names()).includes('made by a form'), 'control');
	for (const { id } of await product.api('GET', '/api/folders'))
		await product.api('DELETE', `/api/folders/${id}`);
}));

await test('abuse_A09 no GET or HEAD changes anything',
    (all) => withCookie(all, async (product, page) => {
	const made = await product.session('watched');
	const { paths } = await product.api('GET', '/api/openapi.json');
	const picture = async () => JSON.stringify([
		(await product.api('GET', '/api/sessions')).map((s) =>
		    [s.id, s.name, s.status, s.run?.state, s.run?.id]),
		await product.api('GET', '/api/folders'),
		(await product.api('GET', '/api/tokens')).map?.(({ id }) =>
		    id),
	]);
	const before = await picture();
	let walked = 0;

	for (const path of Object.keys(paths)) {
		if (path.startsWith('/ws/'))
			continue;
		const target = path.replace(/\{[^}]+\}/, made.id)
		    .replace(/\{[^}]+\}/g, 'x');
		for (const method of ['GET', 'HEAD']) {
			const res = await product.raw(method, target,
			    headers(page, { Accept: 'application/json',
				Connection: 'close' }));
			check(res.status < 500, `${method} ${target}: ` +
			    res.status);
			walked++;
		}
	}
	check(walked >= 20, `${walked} requests`);
	equal(await picture(), before, 'state');
	equal((await product.raw('GET', '/api/auth/logout',
	    headers(page))).status, 405, 'GET logout');
	equal((await product.raw('GET', '/api/auth/me',
	    headers(page))).status, 200, 'still signed in');
	await product.closeAll();
}));

await test('abuse_A10 nobody is told that he may read across origins',
    (all) => withCookie(all, async (product, page) => {
	const origins = ['https://evil.example', 'null',
	    `${product.origin}.evil.test`,
	    product.origin.replace('://', '://evil')];
	const closed = (res, what) => check(
	    !/access-control-allow/i.test(res.head), what);

	for (const Origin of origins) {
		const asked = { Origin, 'Sec-Fetch-Site': 'cross-site',
		    'Access-Control-Request-Method': 'POST',
		    'Access-Control-Request-Headers': 'x-rdv-page-key' };
		closed(await product.raw('OPTIONS', '/api/sessions',
		    headers(page, asked)), `preflight ${Origin}`);
		const got = await product.raw('GET', '/api/sessions',
		    headers(page, { Origin, 'Sec-Fetch-Site': null }));
		refused(got, `GET ${Origin}`);
		closed(got, `GET ${Origin}`);
	}
	equal((await product.raw('GET', '/api/sessions',
	    headers(page))).status, 200, 'control');
}));

/* While a socket is away nginx has something to log. */
async function without(product, name, fn) {
	const sock = join(product.home, name);

	renameSync(sock, `${sock}.aside`);
	try {
		equal((await fn()).status, 503, `${name} is away`);
	} finally {
		renameSync(`${sock}.aside`, sock);
	}
}

await test('abuse_A13 through nginx a ticket opens a terminal, and no log has it',
    async ({ product }) => {
	const made = await product.session('ticketed');
	const ticket = async () => (await product.api('POST',
	    `/api/sessions/${made.id}/terminal-token`)).token;
	const page = { Host: product.host, Origin: product.origin };
	const come = (query, change) => upgrade(product, made, page, change,
	    `/ws/terminal/${made.id}${query}`);
	const spent = await ticket(), left = await ticket();

	equal((await come('')).status, 401, 'control: nothing');
	refused(await come(`?token=${spent}`, { Origin: null }), 'no Origin');
	refused(await come(`?token=${spent}`,
	    { Origin: 'https://evil.example' }), 'foreign');
	equal((await come(`?token=${spent}`)).status, 101, 'a ticket');
	await without(product, 'terminal.sock', () => come(`?token=${left}`));
	await without(product, 'api.sock', () => product.raw('GET',
	    '/api/user?canary', headers({ ...page, Connection: 'close' })));
	await until(() => product.log().includes('?canary'),
	    'control: nginx logs');
	for (const one of [spent, left])
		check(!product.log().includes(one), 'a ticket in a log');
	await product.closeAll();
});

await test('abuse_A14 a stream of events needs our own page',
    (all) => withCookie(all, async (product, page) => {
	const stream = (change) => product.raw('GET', '/api/events',
	    headers({ ...page, Accept: 'text/event-stream', Origin: null },
	        change));
	const ours = await stream({});

	equal(ours.status, 200, 'control: as the page asks');
	check(/text\/event-stream/i.test(ours.head), ours.head);
	refused(await stream({ Origin: 'https://evil.example',
	    'Sec-Fetch-Site': null }), 'foreign Origin');
	refused(await stream({ Origin: 'https://evil.example',
	    'Sec-Fetch-Site': 'cross-site' }), 'foreign EventSource');
	refused(await stream({ 'Sec-Fetch-Site': null }),
	    'neither Origin nor Sec-Fetch-Site');
	refused(await stream({ Origin: 'null', 'Sec-Fetch-Site': null }),
	    'null');
}));

await test('abuse_A16 what the browser calls cross-site is refused',
    (all) => withCookie(all, async (product, page) => {
	const get = (site) => product.raw('GET', '/api/sessions',
	    headers(page, { 'Sec-Fetch-Site': site }));

	for (const site of ['cross-site', 'same-site', 'CROSS-SITE', 'x'])
		refused(await get(site), site);
	equal((await get('same-origin')).status, 200, 'control');
	refused(await product.raw('GET', '/api/sessions', headers(page,
	    { 'Sec-Fetch-Site': null, Origin: null })),
	    'its absence allows nothing');
}));
