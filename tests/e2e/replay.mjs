// What a run has shown, played again: in time, at any place, and as harmless
// as it was live.
import { check, equal, test, until } from './case.mjs';
import { clickRow, dims, openSession, rows, shows, type } from './browser.mjs';

const sh = (script) => ['/bin/sh', '-c', script];

/* A session and its replay, reached by the button of the session's page. */
async function replay({ product, browser }, script, fn, open = openSession) {
	const page = await browser.signedIn();
	const made = await product.api('POST', '/api/sessions', {
		name: 'recorded', command: sh(script), cols: 60, rows: 20 });

	await open(page, made);
	const go = async () => {
		await page.click('.actions >> text=Replay');
		await page.waitForSelector('[data-phase="ready"]');
	};
	await fn(page, made, go);
	equal(page.complaints, [], 'complaints');
	await page.context().close();
	await product.closeAll();
}

/* Stopped, and everything is drawn that belongs there. */
const still = (page) => page.waitForSelector(
    '[data-playing="false"][data-behind="false"]');

/* Whether it was told at once that something is still to be drawn. */
async function seek(page, share) {
	const behind = await page.$eval('.controls input[type="range"]',
	    async (el, part) => {
		el.value = String(Number(el.max) * part);
		el.dispatchEvent(new Event('input', { bubbles: true }));
		for (let i = 0; i < 9; i++)
			await null;
		return el.closest('[data-behind]').dataset.behind;
	}, share);

	await still(page);
	return behind === 'true';
}

await test('a replay plays, pauses, seeks both ways and has its sizes', (all) =>
    /* The page shortens them to a second each: on any machine all are alike. */
    replay(all, 'stty size; sleep 1.1; echo second; sleep 1.1; ' +
        'printf "\\033[?1049h\\033[Hfull screen"; sleep 1.1; ' +
        'printf "\\033[?1049l"; echo last; exec cat',
    async (page, made, go) => {
	await shows(page, /^last$/);
	const { run } = await all.product.api('GET',
	    `/api/sessions/${made.id}`);
	await go();
	equal(new URL(page.url()).hash, `#/replay/${made.run.id}`, 'address');
	await still(page);
	await shows(page, /^last$/);
	/* The page took the size when it came, and it is played. */
	const { cols, rows: lines } = await dims(page);
	equal([cols, lines], [run.cols, run.rows], 'size at the end');
	await seek(page, 0);
	const begin = await dims(page);
	equal([begin.cols, begin.rows], [60, 20], 'size at the beginning');
	check(!(await rows(page)).includes('second'), 'nothing comes early');
	check(await seek(page, 0.85), 'it is behind at first');
	await shows(page, /^full screen/);
	check(!(await rows(page)).includes('second'), 'another screen');
	await seek(page, 0.5);
	await shows(page, /^second$/);
	check(!(await rows(page)).some((r) => r.startsWith('full')), 'back');
	const position = () => page.$eval('.controls input',
	    (el) => Number(el.value));
	const at = await position();
	await page.selectOption('.controls select', '0.5');
	await page.click('.controls .play');
	await until(async () => await position() > at, 'it plays');
	await page.click('.controls .play');
	await still(page);
	const paused = await position();
	check(paused < await page.$eval('.controls input', (el) =>
	    Number(el.max)), 'paused on the way');
	await page.selectOption('.controls select', '16');
	await page.click('.controls .play');
	await shows(page, /^last$/);
	await still(page);
	/* Keys type nothing, here or there. */
	await page.focus('.xterm-helper-textarea');
	await page.keyboard.type('typed');
	await page.click('.back');
	await shows(page, /^last$/);
	check(!(await rows(page)).some((r) => /typed/.test(r)), 'typed');
}));

await test('a pause is skipped, or has its time', (all) =>
    replay(all, 'printf one; sleep 4; printf "\\rtwo"; exec cat',
    async (page, _made, go) => {
	await shows(page, /^two/);
	await go();
	await still(page);
	const max = () => page.$eval('.controls input', (el) =>
	    Number(el.max));
	check(await max() < 3900, `${await max()}`);
	await page.click('.controls .check');
	await until(async () => await max() >= 3900, 'the whole time');
	await shows(page, /^two/);
	await seek(page, 0.5);
	await shows(page, /^one$/);
}));

await test('a closed session has its replay, a forgotten one says so', (all) =>
    replay(all, 'printf done', async (page, made, go) => {
	await go();
	await shows(page, /^done$/);
	await all.product.api('DELETE', `/api/runs/${made.run.id}/log`);
	await page.reload();
	await page.waitForSelector('[data-phase="failed"]');
	await page.waitForSelector('.status >> text=none any more');
	/* The refusal is the one that the page is told. */
	equal(page.complaints.length, 1, 'complaints');
	page.complaints.splice(0);
}, async (page, made) => {
	const { origin } = new URL(page.url());
	await until(async () => (await all.product.api('GET',
	    `/api/sessions/${made.id}`)).run.ended_at !== null, 'its end');
	await all.product.api('DELETE', `/api/sessions/${made.id}`);
	await page.goto(`${origin}/#/s/${made.id}`);
}));

await test('abuse_J11 a hostile recording does no more than it did live',
    (all) => {
	const osc = (url, text) => `\\033]8;;${url}\\033\\\\${text}` +
	    '\\033]8;;\\033\\\\\\n';
	const script = "read go; stty -echo -icanon; printf '" +
	    /* The clipboard, set and asked for; the answer to whom? */
	    '\\033]52;c;ZXZpbA==\\007\\033]52;c;?\\007' +
	    '\\033[c\\033[>c\\033[6n\\033]10;?\\007\\033P$qm\\033\\\\' +
	    /* A title with markup, mail and windows. */
	    '\\033]0;<img src=x onerror=alert(1)> \\342\\200\\256title\\007' +
	    '\\033]9;note\\007\\033]777;notify;a;b\\007\\033[22;0t\\033[21t' +
	    '\\033[8;5;10t' +
	    osc('javascript:alert(1)', 'EVILLINK') +
	    osc('https://u@evil.example/', 'USERLINK') +
	    osc('https://ok.example/a', 'GOODLINK') +
	    "<img src=https://evil.test/x onerror=alert(1)>\\nshown\\n'; " +
	    'exec cat -v';

	return replay(all, script, async (page, made, go) => {
		const { origin } = new URL(page.url());
		await page.context().grantPermissions(
		    ['clipboard-read', 'clipboard-write'], { origin });
		const clip = () => page.evaluate(() =>
		    navigator.clipboard.readText());
		const log = async () => String(
		    await all.product.runLog(made.run.id));
		await type(page, '\n');
		await shows(page, /^shown$/);
		await page.evaluate(() => navigator.clipboard.writeText('mine'));
		/* Live the size's owner answers what may be answered. */
		await until(async () => (await log()).includes('^[[?1;2c'),
		    'control: an answer would be seen');
		const before = await log();
		const dialogs = [];
		page.on('dialog', (d) => dialogs.push(d.message()) && d.dismiss());
		await go();
		await shows(page, /^shown$/);
		await still(page);
		/* Once more, and from its middle. */
		await seek(page, 0);
		await page.click('.controls .play');
		await shows(page, /^shown$/);
		await still(page);
		await page.waitForSelector(".status .title:has-text('<img')");
		const title = await page.textContent('.status .title');
		check(!title.includes('\u202e'), title);
		equal(await clip(), 'mine', 'clipboard');
		await clickRow(page, 'USERLINK');
		await page.waitForSelector('.bar >> text=not a plain web address');
		await page.click('.bar >> text=Dismiss');
		await clickRow(page, 'EVILLINK');
		await clickRow(page, 'GOODLINK');
		const link = page.locator('.bar a.target');
		await link.waitFor();
		equal(await link.getAttribute('href'), 'https://ok.example/a',
		    'control: a good link is offered');
		equal(await page.locator('.bar').count(), 1, 'bars');
		equal(page.context().pages().length, 1, 'pages');
		equal(await page.locator('.session img').count(), 0, 'images');
		equal(dialogs, [], 'dialogs');
		equal(await log(), before, 'nothing was answered');
		equal(all.browser.foreign, [], 'requests to others');
		const now = await dims(page);
		check(now.cols > 10, 'its own size');
	});
});
