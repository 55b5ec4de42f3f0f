// Keys that are shown before the server has answered. The line is slow because
// the page's WebSocket is: each way takes half of the delay. What has come can be
// held back there; the page's clock stands still then, so that however busy the
// machine is, no guess is given up while it is being looked at.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { check, equal, test } from './case.mjs';
import { dims, figures, openSession, rows, shows, type } from './browser.mjs';

/* Runs in the page, before its own script. The timers are the line: no test
 * waits for one. */
function slowLine({ delay, frozen }) {
	const real = performance.now.bind(performance);
	const { prototype } = WebSocket;
	const { send } = prototype;
	const { set } = Object.getOwnPropertyDescriptor(prototype, 'onmessage');
	let held = null, lost = 0, since = frozen ? 0 : null;

	performance.now = () => (since ?? real()) - lost;
	prototype.send = function (data) {
		window.setTimeout(() => send.call(this, data), delay / 2);
	};
	Object.defineProperty(prototype, 'onmessage', { set(fn) {
		set.call(this, fn && ((ev) => window.setTimeout(() => {
			if (held === null)
				fn(ev);
			else
				held.push(() => fn(ev));
		}, delay / 2)));
	} });
	window.line = {
		hold() {
			held = [];
			since ??= real();
		},
		release() {
			const all = held;
			held = null;
			if (!frozen) {
				lost += real() - since;
				since = null;
			}
			for (const one of all)
				one();
		},
	};
	/* What was ever drawn. */
	window.drawn = [];
	document.addEventListener('DOMContentLoaded', () => {
		new MutationObserver((all) => {
			for (const { addedNodes } of all)
				for (const node of addedNodes)
					if (node.parentNode?.className === 'guesses')
						window.drawn.push(node.dataset.text);
		}).observe(document.body, { childList: true, subtree: true });
	});
}

async function onLine({ product, browser }, line, fn) {
	const context = await browser.context();

	await context.addInitScript(slowLine, line);
	const page = await browser.page(context);
	await page.goto(await product.url());
	await page.waitForSelector('.desk');
	await openSession(page, await product.session('echo'));
	await shows(page, /^ready>/);
	await fn(page);
	await context.close();
	await product.closeAll();
}

const hold = (page) => page.evaluate(() => window.line.hold());
const release = (page) => page.evaluate(() => window.line.release());
const drawn = (page) => page.evaluate(() => window.drawn.splice(0));
const guess = (page, text) =>
	page.locator(`.guesses .guess[data-text="${text}"]`);

/* From a key to its echo, ms, or NaN. */
const roundTrip = async (page) => parseFloat((await figures(page)).at(-1));

/* Types until an echo was seen in time; returns what is on the line. */
async function proved(page) {
	let line = '';

	while (true) {
		const key = 'xz'[line.length % 2];
		await type(page, key);
		line += key;
		await shows(page, new RegExp(`^ready> ${line}$`));
		const ms = await roundTrip(page);
		if (!Number.isNaN(ms))
			return { line, ms };
		check(line.length < 20, 'no echo is ever measured');
	}
}

/* How many frames after the key its guess is there. */
async function framesTo(page, key) {
	await page.evaluate((text) => {
		const there = `.guesses .guess[data-text="${text}"]`;
		window.frames_ = new Promise((done) => {
			addEventListener('keydown', () => {
				let n = 0;
				const look = () => {
					n++;
					if (document.querySelector(there) !== null)
						done(n);
					else
						requestAnimationFrame(look);
				};
				requestAnimationFrame(look);
			}, { capture: true, once: true });
		});
	}, key);
	await page.keyboard.press(key);
	return page.evaluate(() => window.frames_);
}

await test('on a slow line a key is shown within one frame, then the truth',
    (all) => onLine(all, { delay: 300 }, async (page) => {
	const { line, ms } = await proved(page);

	check(ms >= 300, `the line is not slow: ${ms} ms`);
	await page.focus('.xterm-helper-textarea');
	await hold(page);
	equal(await framesTo(page, 'n'), 1, 'frames');
	const mark = guess(page, 'n');
	equal(await mark.evaluate((el) =>
	    [getComputedStyle(el).textDecorationLine,
	        getComputedStyle(el, '::before').content]),
	    ['underline', '"n"'], 'how it looks');
	const { cols } = await dims(page);
	const screen = await page.locator('.xterm-screen').boundingBox();
	const box = await mark.boundingBox();
	const want = screen.x + screen.width / cols * `ready> ${line}`.length;
	check(Math.abs(box.x - want) < 1, `at ${box.x}, not ${want}`);
	check(!(await rows(page)).some((row) => row.includes('n')),
	    'the terminal itself has it');
	equal(await page.locator('.guesses').evaluate((el) =>
	    [el.textContent, el.getAttribute('aria-hidden')]),
	    ['', 'true'], 'what can be found and read out');
	await release(page);
	await shows(page, new RegExp(`^ready> ${line}n$`));
	await mark.waitFor({ state: 'detached' });
	/* Guessed away as well. */
	await hold(page);
	await page.keyboard.press('Backspace');
	await page.waitForSelector('.guesses .cover', { state: 'attached' });
	await release(page);
	await shows(page, new RegExp(`^ready> ${line}$`));
	await page.waitForSelector('.guesses span', { state: 'detached' });
}));

await test('on a slow line secrets and commands of an editor are not shown',
    (all) => onLine(all, { delay: 300 }, async (page) => {
	const file = join(all.product.dir, 'note.txt');

	writeFileSync(file, 'LOREM\nIPSUM\n');
	await proved(page);
	await type(page, 'k');
	check((await drawn(page)).includes('k'), 'control: a guess');
	await page.keyboard.press('Control+u');
	await type(page, "stty -echo; printf 'Secret: '; read s; " +
	    'stty echo; echo "got-$s"\n');
	await shows(page, /^Secret: *$/);
	await type(page, 'QWZ\n');
	await shows(page, /got-QWZ$/);
	const secret = (await drawn(page)).filter((one) => /[QWZ]/.test(one));
	equal(secret, [], 'of the secret');
	await type(page, `vi -u NONE ${file}\n`);
	await shows(page, /^LOREM$/);
	await drawn(page);
	await type(page, 'jlLMIx');
	await page.keyboard.press('Escape');
	await type(page, ':q!\n');
	await shows(page, /^ready> *$/);
	equal(await drawn(page), [], 'of the editor');
}));

/* A busy machine is a slow line; here the page's clock says that it is not. */
await test('on a fast line nothing is drawn, unless it is asked for',
    (all) => onLine(all, { delay: 0, frozen: true }, async (page) => {
	equal((await proved(page)).ms, 0, 'ms');
	await type(page, 'nothing');
	await shows(page, /nothing$/);
	equal(await drawn(page), [], 'drawn');
	await page.selectOption('.echo select', 'always');
	/* One echo after the other: both at once prove as much as one. */
	await type(page, 'a');
	await shows(page, /nothinga$/);
	await type(page, 'b');
	await shows(page, /nothingab$/);
	await hold(page);
	await type(page, 'c');
	check((await drawn(page)).includes('c'), 'always');
	await release(page);
	await page.reload();
	await shows(page, /nothingabc$/);
	await page.click('.details summary');
	equal(await page.inputValue('.echo select'), 'always', 'kept');
	await page.selectOption('.echo select', 'never');
	await type(page, 'de');
	await shows(page, /nothingabcde$/);
	equal(await drawn(page), [], 'never');
}));
