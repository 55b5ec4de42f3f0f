// How pages fit: nothing is cut off or covered, on a phone or beside the list.
import { check, equal, test } from './case.mjs';
import { end, made, openWorkspace, phone, sh } from './spaces.mjs';

/* What lies there belongs to it, and not to something above it. */
const uncovered = (page, selector) => page.$eval(selector, (el) => {
	const box = el.getBoundingClientRect();
	const hit = document.elementFromPoint(box.left + 4,
	    box.top + box.height / 2);

	return hit !== null && (el.contains(hit) || hit.contains(el));
});
/* As wide as its words. */
const whole = (page, selector) => page.$eval(selector, (el) => {
	const probe = el.cloneNode(true);

	probe.style.cssText = 'position:absolute;width:auto;max-width:none';
	el.parentNode.append(probe);
	const want = probe.offsetWidth;
	probe.remove();
	return el.offsetWidth >= want;
});

await test('what unfolds on a phone covers nothing but a terminal',
    async ({ product, browser }) => {
	const { ws, trees: [tree] } = await made(product, 'fold-one', 'fold-two');
	const page = await browser.signedIn(phone);
	const run = await product.api('POST', `/api/workspaces/${ws.id}/runs`,
	    { script: 'echo the first line' });

	sh(tree, 'echo ten >>a');
	await openWorkspace(page, ws);
	await page.tap("button:text-is('More')");
	for (const what of ['.trees a', '.views nav a', '.sum'])
		check(await uncovered(page, what), `${what} is covered`);
	await page.tap(".views button:text-is('Commit')");
	await page.waitForSelector('dialog #commit-what');
	check(await whole(page, '#commit-what'), 'a choice is cut off');
	await page.goto(`${product.origin}/#/w/${ws.id}/run/${run.id}`);
	await page.waitForSelector('.output .line .text');
	check(await uncovered(page, '.output .line .text'), 'the first line');
	const s = await product.session('over');
	await page.goto(`${product.origin}/#/s/${s.id}`);
	await page.waitForSelector('.terminal[data-link="open"]');
	const high = () => page.$eval('.frame', (el) => el.clientHeight);
	const before = await high();
	await page.tap("button:text-is('More')");
	await page.waitForSelector(".head[data-open='true']");
	equal(await high(), before, 'the terminal keeps its size');
	await end(product, page, ws);
});

await test('a name has its room beside what can be done',
    async ({ product, browser }) => {
	const { ws } = await made(product, 'a-name-that-takes-its-place');
	const page = await browser.signedIn({ viewport:
	    { width: 1000, height: 700 } });

	await openWorkspace(page, ws);
	check(await page.$eval('.work h1', (el) => el.scrollWidth <=
	    el.clientWidth || el.clientWidth > 200), 'the name');
	check(await page.evaluate(() => document.documentElement.scrollWidth <=
	    innerWidth), 'wide');
	await page.goto(`${product.origin}/#/w/new`);
	await page.waitForSelector('.repos .name');
	check(await page.$eval('.repos .name', (el) => el.offsetHeight < 30),
	    'a repository in two lines');
	await end(product, page, ws);
});

await test('the keyboard goes past the list, and out from either',
    async ({ product, browser }) => {
	const page = await browser.signedIn();
	const s = await product.session('by keys');
	const at = () => page.evaluate(() =>
	    document.activeElement.textContent.trim());

	await page.goto(`${product.origin}/#/w/new`);
	await page.waitForSelector('#work-name');
	await page.reload();
	await page.waitForSelector('#work-name');
	await page.keyboard.press('Tab');
	equal(await at(), 'Skip the list', 'first');
	check(await page.isVisible('.skip'), 'seen when it has the keyboard');
	await page.keyboard.press('Enter');
	await page.keyboard.press('Tab');
	equal(await page.evaluate(() => document.activeElement.closest('main')
	    !== null), true, 'in the page');
	equal(new URL(page.url()).hash, '#/w/new', 'the address stays');
	/* The same below both lists. */
	for (const list of ['#/w', '#/']) {
		await page.goto(`${product.origin}/${list}`);
		for (const word of ['Approvals', 'Agents', 'Sign out'])
			await page.waitForSelector(`footer >> text=${word}`);
	}
	check(await page.$eval('.sidebar footer', (el) =>
	    el.scrollWidth <= el.clientWidth), 'cut off');
	await product.api('DELETE', `/api/sessions/${s.id}`);
	equal(page.complaints, [], 'complaints');
	await page.context().close();
});
