// Signing in by address, and what the cookie it leaves is good for.
import { connected, forgiveOutage, shows, type } from './browser.mjs';
import { check, equal, test, until } from './case.mjs';

async function cookieOf(page) {
	const all = await page.context().cookies();

	return all.find((one) => one.name === 'rdv_session');
}

const keyOf = (page) =>
    page.evaluate(() => localStorage.getItem('rdv.page'));

function me(product, cookie, key) {
	return product.raw('GET', '/api/auth/me', [
		['Host', product.host], ['Sec-Fetch-Site', 'same-origin'],
		['Cookie', `rdv_session=${cookie}`], ['X-RDV-Page-Key', key],
	]);
}

await test('the address signs in and leaves no code behind',
    async ({ product, browser }) => {
	const context = await browser.context();
	const page = await browser.page(context);
	const seen = [];

	/* What stands in the address bar when the code is being sent. */
	await page.route('**/api/auth/login', async (route) => {
		seen.push(page.url());
		await route.continue();
	});
	const url = await product.url();
	await page.goto(url);
	await page.waitForSelector('.desk');
	equal(seen, [`${product.origin}/`], 'address while signing in');
	equal(page.url(), `${product.origin}/`, 'address afterwards');
	const length = await page.evaluate(() => history.length);
	await page.goBack();
	check(!page.url().includes('code='), `history: ${page.url()}`);
	check(length <= 2, `history of ${length}`);
	await page.close();
	await context.close();
});

await test('the cookie is HttpOnly, SameSite=Strict and for the whole site',
    async ({ browser }) => {
	const page = await browser.signedIn();
	const cookie = await cookieOf(page);

	equal([cookie.httpOnly, cookie.sameSite, cookie.path],
	    [true, 'Strict', '/'], 'flags');
	equal(await page.evaluate(() => document.cookie), '',
	    'what script sees');
	check(cookie.value.length >= 40, 'it is long');
	await page.context().close();
});

await test('a code works once', async ({ product, browser }) => {
	const url = await product.url();
	const first = await browser.page(await browser.context());
	const second = await browser.page(await browser.context());

	await first.goto(url);
	await first.waitForSelector('.desk');
	await second.goto(url);
	check(/used before/.test(await second.textContent('.signin .trouble')),
	    'the reason');
	equal(await cookieOf(second), undefined, 'cookie of the second');
	/* The browser itself reports the refusals on the console. */
	second.complaints.splice(0);
	await second.fill('#code', await product.url());
	await second.click('text=Sign in >> nth=-1');
	await second.waitForSelector('.desk');
	await first.context().close();
	await second.context().close();
});

await test('abuse_A15 signing in kills the cookie that was there before',
    async ({ product, browser }) => {
	const page = await browser.signedIn();
	const old = (await cookieOf(page)).value;
	const oldKey = await keyOf(page);

	equal((await me(product, old, oldKey)).status, 200, 'old, before');
	/* Only the fragment differs: the page stays, and signs in anew. */
	await page.goto(await product.url());
	await until(async () => await keyOf(page) !== oldKey,
	    'the key changed');
	const fresh = (await cookieOf(page)).value;
	const key = await keyOf(page);
	check(fresh !== old, 'the cookie changed');
	equal((await me(product, old, oldKey)).status, 401, 'old, after');
	equal((await me(product, fresh, oldKey)).status, 401, 'old key');
	equal((await me(product, fresh, key)).status, 200, 'new');
	await page.context().close();
});

await test('what was asked before a sign-in does not end it',
    async ({ product, browser }) => {
	const page = await browser.signedIn();
	const old = await keyOf(page);
	const held = [];

	await page.route('**/api/folders', (route) => {
		held.push(route);
	});
	await product.session('listed');
	await until(() => held.length > 0, 'a list is asked for');
	await page.goto(await product.url());
	await until(async () => await keyOf(page) !== old, 'the key changed');
	/* With the key it was asked with; given up, it is not asked at all. */
	await page.unroute('**/api/folders');
	for (const route of held)
		await route.continue().catch(() => undefined);
	await page.waitForSelector('.desk >> text=listed');
	equal(page.complaints, [], 'complaints');
	await page.context().close();
	await product.closeAll();
});

await test('nor does what was not given up, and is refused after it',
    async ({ product, browser }) => {
	const page = await browser.signedIn();
	const old = await keyOf(page);
	const held = [];

	await page.route('**/api/approvals?*', (route) => {
		held.push(route);
	});
	await page.reload();
	await until(() => held.length > 0, 'what is asked is asked for');
	await Promise.all([
		page.waitForResponse((res) => res.status() === 200 &&
		    res.url().endsWith('/api/auth/me')),
		page.goto(await product.url()),
	]);
	check(await keyOf(page) !== old, 'the key changed');
	await page.waitForSelector('.desk');
	await Promise.all([
		page.waitForResponse((res) => res.status() === 401),
		page.unroute('**/api/approvals?*'),
		...held.map((route) => route.continue().catch(() => undefined)),
	]);
	/* Of the next one it hears, and is told then. */
	await product.session('heard of');
	await page.waitForSelector('.desk >> text=heard of');
	check(page.complaints.splice(0).every((text) => / 401 /.test(text)),
	    'complaints');
	await page.context().close();
	await product.closeAll();
});

await test('abuse_A15 a chosen cookie is not adopted',
    async ({ product, browser }) => {
	const context = await browser.context();
	const chosen = 'rdv_' + 'A'.repeat(43);

	await context.addCookies([{ name: 'rdv_session', value: chosen,
	    url: product.origin }]);
	const page = await browser.page(context);
	await page.goto(await product.url());
	await page.waitForSelector('.desk');
	check((await cookieOf(page)).value !== chosen, 'replaced');
	equal((await me(product, chosen, await keyOf(page))).status, 401,
	    'chosen');
	await context.close();
});

await test('signing out ends the session of this browser',
    async ({ product, browser }) => {
	const page = await browser.signedIn();
	const { value } = await cookieOf(page);
	const key = await keyOf(page);

	equal((await me(product, value, key)).status, 200, 'before');
	await page.click('text=Sign out');
	await page.waitForSelector('.signin');
	await until(async () => await keyOf(page) === null, 'the key is gone');
	equal((await me(product, value, key)).status, 401, 'after');
	page.complaints.splice(0);
	await page.context().close();
});

await test('the page key survives a reload and serves a second tab',
    async ({ product, browser }) => {
	const made = await product.session('kept');
	const page = await browser.signedIn();
	const key = await keyOf(page);
	const address = `${product.origin}/#/s/${made.id}`;

	check(/^[\w-]{43}$/.test(key), `key of ${key?.length} characters`);
	await page.goto(address);
	await page.reload();
	await connected(page);
	const second = await browser.page(page.context());
	await second.goto(address);
	await connected(second);
	await type(second, 'echo t${x}wo\n');
	await shows(page, /^two$/);
	equal(await keyOf(second), key, 'key of the second tab');
	await page.context().close();
	await product.closeAll();
});

await test('a cookie without its key is asked to sign in again',
    async ({ product, browser }) => {
	const page = await browser.signedIn();
	const { value } = await cookieOf(page);
	const key = await keyOf(page);

	await page.evaluate(() => localStorage.clear());
	await page.reload();
	await page.waitForSelector('.signin');
	equal((await cookieOf(page)).value, value, 'the cookie is there');
	equal((await me(product, value, key)).status, 200, 'and counts');
	await page.evaluate((one) => localStorage.setItem('rdv.page', one),
	    key);
	await page.reload();
	await page.waitForSelector('.desk');
	page.complaints.splice(0);
	await page.context().close();
});

await test('signing in in one tab signs in the others',
    async ({ product, browser }) => {
	const first = await browser.page(await browser.context());
	const second = await browser.page(first.context());

	await first.goto(product.origin);
	await first.waitForSelector('.signin');
	await second.goto(await product.url());
	await second.waitForSelector('.desk');
	await first.waitForSelector('.desk');
	/* Again, which ends what the first one lives by. */
	const made = await product.session('both');
	await first.goto(`${product.origin}/#/s/${made.id}`);
	await connected(first);
	await Promise.all([
		first.waitForResponse((res) => res.status() === 200 &&
		    res.url().endsWith('/api/auth/me')),
		second.goto(await product.url()),
	]);
	await connected(first);
	await type(first, 'echo th${x}ere\n');
	await shows(first, /^there$/);
	/* What either asked for with the key it had before. */
	forgiveOutage(first);
	forgiveOutage(second);
	await first.context().close();
	await product.closeAll();
});

await test('a sign-in in another tab counts for who was just being asked',
    async ({ product, browser }) => {
	const first = await browser.page(await browser.context());
	const second = await browser.page(first.context());
	const held = [];

	await first.route('**/api/auth/me', (route) => {
		held.push(route);
	});
	await first.goto(product.origin);
	await until(() => held.length > 0, 'who it is is asked');
	await second.goto(await product.url());
	await second.waitForSelector('.desk');
	await Promise.all([
		first.waitForResponse((res) => res.status() === 401),
		first.unroute('**/api/auth/me'),
		...held.map((route) => route.continue().catch(() => undefined)),
	]);
	await first.waitForSelector('.desk');
	forgiveOutage(first);
	await first.context().close();
});

await test('a server that is away is waited for, and asks nobody to sign in',
    async ({ product, browser }) => {
	const page = await browser.signedIn();
	const away = (status, fields) => page.route('**/api/auth/me', (route) =>
	    status === 0 ? route.abort() : route.fulfill({ status, ...fields }));

	for (const status of [502, 0]) {
		await away(status);
		await page.reload();
		await page.waitForSelector("h1:text-is('rdv does not answer')");
		equal(await page.locator('#code').count(), 0, 'a sign-in');
		await page.unroute('**/api/auth/me');
		/* By itself. */
		await page.waitForSelector('.desk');
	}
	await away(503);
	await page.reload();
	await page.waitForSelector("h1:text-is('rdv does not answer')");
	await page.unroute('**/api/auth/me');
	await page.click("button:text-is('Ask now')");
	await page.waitForSelector('.desk');
	/* What it says itself is believed. */
	await page.click("footer button:text-is('Sign out')");
	await page.waitForSelector("h1:text-is('Sign in')");
	await page.fill('#code', 'https://rdv.example/#what');
	await page.waitForSelector('.hint >> text=That is no sign-in link.');
	page.complaints.splice(0);
	await page.context().close();
});

await test('a sign-in link that is opened while rdvd is away is used later',
    async ({ product, browser }) => {
	const page = await browser.page(await browser.context());
	const sent = [];
	const kept = () => page.evaluate(() => JSON.stringify([
	    { ...localStorage }, { ...sessionStorage }, location.href]));
	const url = await product.url(), code = url.replace(/.*#code=/, '');

	await page.route('**/api/auth/login', (route) => {
		sent.push(route.request().postDataJSON().code);
		return sent.length < 3 ? route.abort() : route.continue();
	});
	await page.goto(url);
	await page.waitForSelector('text=/Leave this page open/');
	check(!(await kept()).includes(code), 'kept in the page alone');
	await page.waitForSelector('.desk');
	equal(sent, [code, code, code], 'what was sent');
	forgiveOutage(page);
	await page.context().close();
});
