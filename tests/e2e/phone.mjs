// The page at phone width, under a finger.
import { check, equal, test, until } from './case.mjs';
import { connected, rows, shows, type } from './browser.mjs';

const phone = {
	viewport: { width: 360, height: 740 }, hasTouch: true, isMobile: true,
	deviceScaleFactor: 2,
};

async function drag(page, from, to) {
	const cdp = await page.context().newCDPSession(page);
	const touch = (kind, y) => cdp.send('Input.dispatchTouchEvent', {
		type: kind, touchPoints: kind === 'touchEnd' ? []
		    : [{ x: 180, y }],
	});

	await touch('touchStart', from);
	for (let i = 0; i <= 20; i++)
		await touch('touchMove', from + (to - from) * i / 20);
	await touch('touchEnd', to);
}

await test('a phone shows the list, then one session, nothing cut off',
    async ({ product, browser }) => {
	const made = await product.session('pocket');
	const page = await browser.signedIn(phone);
	const fits = async (where) => check(await page.evaluate(() =>
	    document.documentElement.scrollWidth <= innerWidth), where);

	await page.tap(`a[data-session='${made.id}']`);
	await connected(page);
	equal(await page.isVisible('.sidebar'), false, 'list beside');
	await fits('session');
	equal(await page.$$eval('.keys button', (all) => all.filter((one) => {
		const box = one.getBoundingClientRect();
		const range = document.createRange();
		range.selectNodeContents(one);
		const text = range.getBoundingClientRect();
		const left = text.left - box.left;
		return Math.abs(left - (box.right - text.right)) > 1 || left < 2;
	}).map((one) => one.textContent)), [], 'keys with words off centre');
	await page.tap('text=More');
	await fits('session unfolded');
	check(await page.isVisible('.actions >> text=Rename'), 'actions');
	await page.tap('.back');
	await page.waitForSelector('.main', { state: 'hidden' });
	await fits('list');
	await page.tap("header a:has-text('New session')");
	await fits('form');
	await page.context().close();
	await product.closeAll();
});

await test('touch keys type and a finger scrolls back',
    async ({ product, browser }) => {
	const made = await product.session('fingers');
	const page = await browser.signedIn(phone);

	await page.tap(`a[data-session='${made.id}']`);
	await connected(page);
	await type(page, 'seq 1 300\n');
	await shows(page, /^300$/);
	await drag(page, 200, 600);
	await until(async () => !(await rows(page)).includes('300'),
	    'scrolled back');
	await type(page, 'cat\n');
	await shows(page, /^ready> cat$/);
	await page.tap('.keys >> text=Ctrl');
	await type(page, 'c');
	await shows(page, /^\^C/);
	await page.tap('.keys >> text=↑');
	await page.context().close();
	await product.closeAll();
});
