// Group A once more, from where it comes from: pages of another server in
// the signed-in browser. That server is on another port of the same address,
// which browsers call same-site, so every cookie really is attached.
import http from 'node:http';
import { connected, shows, type } from './browser.mjs';
import { check, equal, test, until } from './case.mjs';

async function evilServer() {
	const seen = [];
	const server = http.createServer((req, res) => {
		seen.push({ url: req.url, headers: req.headers });
		if (req.url === '/plant')
			res.setHeader('Set-Cookie', ['/api', '/api/',
			    '/api/auth', '/ws', '/ws/terminal'].map((path) =>
			    `rdv_session=planted; HttpOnly; Path=${path}`));
		res.setHeader('Content-Type', 'text/html');
		res.end('<!doctype html><title>evil</title><body>evil');
	});

	await new Promise((done) => server.listen(0, '127.0.0.1', done));
	const { port } = server.address();
	return { seen, origin: `http://127.0.0.1:${port}`,
	    stop: () => server.close() };
}

/* It was answered, and the answer says that it is not for others. */
const blocked = 'net::ERR_BLOCKED_BY_RESPONSE.NotSameOrigin';

/* The key that only pages of ours can read. */
const keyOf = (page) =>
    page.evaluate(() => localStorage.getItem('rdv.page'));

/* A signed-in browser with a second page, at the other server. */
async function attack({ product, browser }, fn) {
	const evil = await evilServer();
	const home = await browser.signedIn();
	const page = await home.context().newPage();

	await page.goto(evil.origin);
	/* Cookies know no ports: what goes there goes to our port as well. */
	check(evil.seen[0].headers.cookie?.includes('rdv_session='),
	    'control: the cookie is attached');
	try {
		await fn(page, evil, home, product);
	} finally {
		await home.context().close();
		evil.stop();
	}
}

await test('abuse_A01 a foreign page opens no terminal', (all) =>
    attack(all, async (page, _evil, home, product) => {
	const made = await product.session('target');
	const address = product.origin.replace('http', 'ws') +
	    `/ws/terminal/${made.id}`;
	const key = await keyOf(home);
	/* Even with the key, which it cannot have. */
	const open = (where) => where.evaluate(([url, page]) =>
	    new Promise((done) => {
		const ws = new WebSocket(url, ['rdv.v1', `rdv.page.${page}`]);
		ws.onopen = () => {
			ws.close();
			done('open');
		};
		ws.onerror = () => done('refused');
	    }), [address, key]);

	equal(await open(home), 'open', 'control: our own page');
	equal(await open(page), 'refused', 'foreign page');
	await product.closeAll();
}));

await test('abuse_A08 a foreign page changes nothing', (all) =>
    attack(all, async (page, _evil, home, product) => {
	const count = async () =>
	    (await product.api('GET', '/api/folders')).length;
	const before = await count();
	const url = `${product.origin}/api/folders`;
	/* A form's request: sent at once, cookie and all; the answer is kept
	 * from the page. */
	const post = async (kind) => {
		const [req] = await Promise.all([
			page.waitForEvent('requestfailed',
			    (one) => one.url() === url),
			page.evaluate(([to, type]) => fetch(to, {
				method: 'POST', mode: 'no-cors',
				credentials: 'include',
				headers: { 'Content-Type': type },
				body: JSON.stringify({ name: 'foreign' }),
			}).catch(() => undefined), [url, kind]),
		]);
		return req.failure().errorText;
	};

	for (const kind of ['text/plain', 'application/x-www-form-urlencoded'])
		equal(await post(kind), blocked, kind);
	const json = await page.evaluate(([to, key]) =>
	    fetch(to, { method: 'POST', credentials: 'include',
		headers: { 'Content-Type': 'application/json',
		    'X-RDV-Page-Key': key }, body: '{"name":"foreign"}' })
	        .then((res) => res.status, () => 'failed'),
	    [url, await keyOf(home)]);
	equal(json, 'failed', 'preflighted request');
	equal(await count(), before, 'folders');
	const own = await home.evaluate(() => fetch('/api/folders', {
		method: 'POST', headers: {
		    'X-RDV-Page-Key': localStorage.getItem('rdv.page'),
		    'Content-Type': 'application/json' },
		body: '{"name":"own"}',
	}).then((res) => res.json()));
	equal(await count(), before + 1, 'control: our own page');
	await product.api('DELETE', `/api/folders/${own.id}`);
}));

await test('abuse_A10 A14 a foreign page reads nothing', (all) =>
    attack(all, async (page, _evil, _home, product) => {
	const read = await page.evaluate((url) =>
	    fetch(url, { credentials: 'include' })
	        .then((res) => res.text(), () => 'failed'),
	    `${product.origin}/api/sessions`);
	const stream = await page.evaluate((url) =>
	    new Promise((done) => {
		const source = new EventSource(url,
		    { withCredentials: true });
		source.onopen = () => done('open');
		source.onerror = () => {
			source.close();
			done('refused');
		};
	    }), `${product.origin}/api/events`);

	equal([read, stream], ['failed', 'refused'], 'foreign page');
}));

await test('a server on another port gets the cookie and nothing by it', (all) =>
    attack(all, async (page, evil, home, product) => {
	const made = await product.session('target');
	const stolen = [['Host', product.host],
	    ['Cookie', evil.seen[0].headers.cookie]];
	const key = await keyOf(home);
	/* It sends what it likes, as our page would send it. */
	const replay = (method, target, ...more) => product.raw(method, target,
	    [...stolen, ['Origin', product.origin], ...more]);
	const json = '{"name":"stolen"}';
	const change = (...more) => product.raw('POST', '/api/folders',
	    [...stolen, ['Origin', product.origin],
	        ['Content-Type', 'application/json'],
	        ['Content-Length', String(json.length)], ...more], json);
	const socket = (protocols) => replay('GET',
	    `/ws/terminal/${made.id}`, ['Connection', 'Upgrade'],
	    ['Upgrade', 'websocket'], ['Sec-WebSocket-Version', '13'],
	    ['Sec-WebSocket-Key', 'dGhlIHNhbXBsZSBub25jZQ=='],
	    ['Sec-WebSocket-Protocol', protocols]);
	const guess = 'A'.repeat(43);

	equal(await keyOf(page), null, 'what it can read');
	check(!JSON.stringify(evil.seen).includes(key), 'what it was sent');
	for (const target of ['/api/auth/me', '/api/sessions', '/api/events']) {
		equal((await replay('GET', target)).status, 401, target);
		equal((await replay('GET', target,
		    ['X-RDV-Page-Key', guess])).status, 401, target);
	}
	equal((await change()).status, 401, 'change');
	equal((await change(['X-RDV-Page-Key', guess])).status, 401, 'guess');
	equal((await socket('rdv.v1')).status, 401, 'terminal');
	equal((await socket(`rdv.v1, rdv.page.${guess}`)).status, 401,
	    'terminal, guess');
	/* The same bytes with the key are our page. */
	const mine = ['X-RDV-Page-Key', key];
	equal((await replay('GET', '/api/auth/me', mine)).status, 200,
	    'control: request');
	equal((await socket(`rdv.v1, rdv.page.${key}`)).status, 101,
	    'control: terminal');
	const { status, body } = await change(mine);
	equal(status, 201, 'control: change');
	await product.api('DELETE', `/api/folders/${JSON.parse(body).id}`);
	check(!(await product.api('GET', '/api/folders'))
	    .some(({ name }) => name === 'stolen'), 'left behind');
	await product.closeAll();
}));

await test('cookies planted from another port lock nobody out', (all) =>
    attack(all, async (page, evil, home, product) => {
	const made = await product.session('open');

	await page.goto(`${evil.origin}/plant`);
	await page.goto(`${evil.origin}/api/auth/x`);
	const { cookie } = evil.seen.find(({ url }) => url === '/api/auth/x')
	    .headers;
	equal(cookie.match(/rdv_session=planted/g).length, 3,
	    'control: they are there');
	await home.goto(`${product.origin}/#/s/${made.id}`);
	await home.reload();
	await connected(home);
	await type(home, 'echo st${x}ill\n');
	await shows(home, /^still$/);
	await product.closeAll();
}));

await test('abuse_A11 the page cannot be framed, nor driven by messages', (all) =>
    attack(all, async (page, evil, home, product) => {
	const framed = (where, url) => where.evaluate((src) =>
	    new Promise((done) => {
		const frame = document.createElement('iframe');
		frame.onload = () => {
			let text = 'blocked';
			try {
				text = frame.contentDocument.body.textContent;
			} catch {
				/* Another origin: also the error page. */
			}
			done(text);
		};
		frame.src = src;
		document.body.append(frame);
	    }), url);
	const inside = async (url) => {
		await framed(page, url);
		return page.frames().some((f) => f.url() === url);
	};

	equal(await inside(`${evil.origin}/control`), true, 'control');
	equal(await inside(`${product.origin}/`), false, 'our page framed');
	const before = home.url();
	const made = await product.session('unmoved');
	const [popup] = await Promise.all([
		page.waitForEvent('popup'),
		page.evaluate((url) => {
			window.child = window.open(url);
		}, `${product.origin}/#/s/${made.id}`),
	]);
	await popup.waitForSelector('.terminal[data-link="open"]');
	await page.evaluate(() => {
		for (const data of ['exit\n', { type: 'input',
		    data: 'exit\n' }, { type: 'close' }])
			window.child.postMessage(data, '*');
	});
	await popup.evaluate(() => new Promise((done) => {
		addEventListener('message', (ev) =>
		    ev.data === 'last' && done());
		postMessage('last', '*');
	}));
	const now = await product.api('GET', `/api/sessions/${made.id}`);
	equal([now.status, now.run.state], ['active', 'running'], 'session');
	equal(home.url(), before, 'the other tab');
	await product.closeAll();
}));

await test('abuse_A12 no address makes the page talk to another server',
    async ({ product, browser }) => {
	const evil = await evilServer();
	const page = await browser.signedIn();
	const made = await product.session('loyal');
	const tries = [`/?server=${evil.origin}`, `/?gatewayUrl=${evil.origin}`,
	    `/#/s/${made.id}?server=${evil.origin}`,
	    `/#/s/${evil.origin}`, `/#server=${evil.origin}`,
	    `/#code=${evil.origin}`];

	for (const path of tries) {
		await page.goto('about:blank');
		await page.goto(product.origin + path);
		await page.waitForSelector(".live[data-up='true']");
	}
	equal(evil.seen, [], 'requests to the other server');
	await page.evaluate((url) => fetch(url, { mode: 'no-cors' })
	    .catch(() => undefined), evil.origin);
	equal(evil.seen, [], 'even script of ours may not');
	/* That refusal is on the console, as it should be. */
	const said = page.complaints.splice(0);
	check(said.some((text) => /Content Security Policy/.test(text)),
	    said.join());
	await page.context().close();
	await product.closeAll();
	evil.stop();
});

await test('abuse_A04 a rebound name shows nothing of ours',
    async ({ product, browser }) => {
	const context = await browser.context();
	const page = await context.newPage();
	const at = (name) => `http://${name}:${product.port}`;

	const good = await page.goto(at('127.0.0.1'));
	check((await good.text()).includes('<title>rdv</title>'), 'control');
	const res = await page.goto(at('evil.test')).catch(() => null);
	check(res === null || res.status() >= 400, 'status');
	const html = await page.content();
	check(!html.includes('<title>rdv</title>'), 'our page');
	const api = await page.evaluate((url) => fetch(url)
	    .then((r) => r.status, () => 0), `${at('evil.test')}/health`)
	    .catch(() => 0);
	check(api === 0 || api >= 400, `health: ${api}`);
	await context.close();
});

await test('abuse_A07 0.0.0.0 does not lead in', async ({ product, browser }) => {
	const context = await browser.context();
	const page = await context.newPage();
	const res = await page.goto(`http://0.0.0.0:${product.port}/`)
	    .catch(() => null);

	check(res === null || res.status() >= 400,
	    `answered ${res?.status()}`);
	await until(async () => !(await page.content())
	    .includes('<title>rdv</title>'), 'not our page');
	await context.close();
});
