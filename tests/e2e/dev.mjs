// Dev servers in the page of a workspace: their script, start and stop, where
// they listen, and what they say, live.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { check, equal, test, until } from './case.mjs';
import { recovered } from './browser.mjs';
import { fits, shot } from './page.mjs';
import { end, made, openWorkspace, phone } from './spaces.mjs';

const node = JSON.stringify(process.execPath);
const server = `exec ${node} -e '
	const fs = require("fs");
	require("net").createServer().listen(0, "127.0.0.1", function () {
		console.log("port", this.address().port);
	});
	setInterval(() => {
		if (!fs.existsSync("more")) return;
		fs.rmSync("more");
		for (let i = 0; i < 300; i++) console.log("more", i);
	}, 20)'`;
const press = (page, word) =>
	page.click(`.devs button:text-is('${word}'):enabled`);
const said = (page, text) =>
	page.waitForSelector(`.output .line .text:text-is('${text}')`);

await test('a dev server is given its script, started, read and stopped',
    async ({ product, browser }) => {
	const { ws, trees: [tree] } = await made(product, 'serve');
	const page = await browser.signedIn();
	const running = ".devs li[data-state='running']";

	await openWorkspace(page, ws);
	equal(await page.locator('.devs').count(), 0, 'without a script');
	await page.click(".head button:text-is('Dev servers')");
	await page.fill('dialog textarea', server);
	await page.click("dialog button:text-is('Save')");
	/* A refusal stands where the click was. */
	await page.route('**/dev-servers', (route) =>
	    route.request().method() === 'POST' ? route.fulfill({ status: 503,
		contentType: 'application/json',
		body: '{"error":"it is too much","code":"BUSY"}' })
	    : route.continue());
	await press(page, 'Start');
	await page.waitForSelector('.devs .refusal >> text=it is too much');
	await page.unroute('**/dev-servers');
	await press(page, 'Start');
	const place = await page.textContent(`${running} code`);
	check(/^127\.0\.0\.1:\d+$/.test(place), place);
	equal(await page.locator('.devs .refusal, .devs code a').count(), 0,
	    'no refusal, no link');
	await shot(page, 'dev');
	await page.click(`${running} a`);
	await said(page, `port ${place.split(':')[1]}`);
	await page.waitForSelector(".output[data-live='true']");
	/* What it says comes by itself, and its end is in sight. */
	writeFileSync(join(tree, 'more'), '');
	await said(page, 'more 299');
	check(await page.$eval('.output .content', (el) => el.scrollTop > 1000),
	    'at its end');
	/* Also where the page is drawn before it hears of that. */
	await page.$eval('.output .content', (el) => {
		el.scrollTop = 0;
		window.dispatchEvent(new HashChangeEvent('hashchange'));
	});
	await page.evaluate(() => new Promise((done) =>
	    requestAnimationFrame(() => requestAnimationFrame(done))));
	equal(await page.$eval('.output .content', (el) => el.scrollTop), 0,
	    'where somebody has scrolled to');
	await product.crash();
	writeFileSync(join(tree, 'more'), '');
	await until(async () => page.$eval('.output .content', (el) =>
	    el.scrollHeight >= 601 * 20), 'more, after a break');
	equal(await page.$eval('.output .content', (el) => el.scrollTop), 0,
	    'who reads stays where he is');
	await recovered(page);
	await page.click(".meta a:text-is('The workspace')");
	await press(page, 'Stop');
	await page.waitForSelector(".devs li[data-state='killed'] >> " +
	    'text=stopped');
	equal(await page.locator('.devs code').count(), 0, 'ports');
	await page.click('.devs li a');
	await page.waitForSelector(".output[data-live='false']");
	/* One that fails says how. */
	await product.api('PATCH', `/api/repos/${ws.repos[0].repo_id}`,
	    { dev_server_script: 'echo no; exit 3' });
	await page.click(".meta a:text-is('The workspace')");
	await press(page, 'Start');
	await page.waitForSelector('.devs li >> text=exit 3');
	/* And one that could not be begun, why. */
	await product.api('PATCH', `/api/repos/${ws.repos[0].repo_id}`,
	    { dev_server_script: server, working_dir: 'nowhere' });
	await press(page, 'Start');
	await page.waitForSelector('.devs >> text=/nowhere/');
	equal(page.complaints.filter((t) => !/ (503|4\d\d) /.test(t)), [],
	    'complaints');
	page.complaints.splice(0);
	await end(product, page, ws);
});

await test('dev servers of several repositories, on a phone',
    async ({ product, browser }) => {
	const { ws } = await made(product, 'serve-one', 'serve-two');
	const page = await browser.signedIn(phone);

	for (const { repo_id } of ws.repos)
		await product.api('PATCH', `/api/repos/${repo_id}`,
		    { dev_server_script: server });
	await openWorkspace(page, ws);
	await page.tap(".devs button:text-is('Start')");
	await until(async () => await page.locator('.devs li code').count() === 2,
	    'two of them');
	equal(await page.$$eval('.devs li strong', (all) =>
	    all.map((el) => el.textContent)), ['serve-one', 'serve-two'],
	'whose they are');
	check(await fits(page), 'wide');
	await shot(page, 'phone-dev');
	await product.api('POST', `/api/workspaces/${ws.id}/dev-servers/stop`);
	await page.waitForSelector('.devs code', { state: 'detached' });
	equal(page.complaints, [], 'complaints');
	await end(product, page, ws);
});
