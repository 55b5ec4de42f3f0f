// A terminal shown to others by links: three people, one of them on a phone.
import { check, equal, test, until } from './case.mjs';
import {
	connected, dims, forgiveOutage, openSession, rows, shows, sized, type,
} from './browser.mjs';

const phone = {
	viewport: { width: 360, height: 740 }, hasTouch: true, isMobile: true,
	deviceScaleFactor: 2,
};

async function linkFrom(page, { label, write = false, past = false }) {
	await page.click('.actions >> text=Share');
	await page.fill('#share-label', label);
	if (write)
		await page.check('text=May type, as you');
	if (past)
		await page.check('text=Sees what was before');
	await page.click('text=Make a link');
	const url = await until(async () => await page.inputValue('#share-url')
	    .catch(() => null), 'the link');
	await page.click('dialog >> text=Done');
	return url;
}

async function guest(browser, url, options) {
	const page = await browser.page(await browser.context(options));

	await page.goto(url);
	await connected(page);
	return page;
}

const owner = (page) => page.getAttribute('.terminal', 'data-owner');
const shot = async (page, name) => process.env.RDV_SHOTS &&
    page.screenshot({ path: `${process.env.RDV_SHOTS}/${name}.png` });

await test('abuse_A13 a link shows one terminal, and what is behind # goes',
    async ({ product, browser }) => {
	const made = await product.session('lent');
	const page = await browser.signedIn();

	await openSession(page, made);
	const url = await linkFrom(page, { label: 'Ann' });
	check(/\/s\/#[\w-]{43}$/.test(url), url);
	const secret = url.split('#')[1];
	const eyes = await guest(browser, url);
	equal(eyes.url(), `${product.origin}/s/`, 'address');
	equal(await eyes.locator('.sidebar').count(), 0, 'no list');
	equal(await eyes.textContent('.head h1'), 'lent');
	check((await eyes.textContent('.pill')).includes('you may look'), 'mode');
	await shows(eyes, /^ready>/);
	await type(eyes, 'echo never\n');
	await type(page, 'echo from-$((1 + 1))-owner\n');
	await shows(eyes, /^from-2-owner$/);
	check(!(await rows(page)).some((r) => /never/.test(r)), 'nothing typed');
	// Loaded again it is there again, by what this tab keeps alone.
	await eyes.reload();
	await connected(eyes);
	equal(await eyes.evaluate(() => [localStorage.length, document.cookie]),
	    [0, ''], 'nothing for other tabs');
	// Nobody was told what makes it good but rdvd, in a body.
	check(!(await eyes.evaluate(() => performance.getEntries()
	    .map((e) => e.name).join())).includes(secret), 'requests');
	equal(await eyes.evaluate(() => fetch('/api/sessions')
	    .then((r) => r.status)), 401, 'nothing else');
	forgiveOutage(eyes);
	await eyes.context().close();
	await page.context().close();
	await product.closeAll();
});

await test('abuse_C12 a guest sees the screen, and the past where it was said',
    async ({ product, browser }) => {
	const made = await product.session('old');
	const page = await browser.signedIn();
	// All rows up to the top, page by page: each is drawn before the next.
	const past = async (p) => {
		const seen = [];

		await p.focus('.xterm-helper-textarea');
		for (let now = await rows(p), was = null;
		    JSON.stringify(now) !== JSON.stringify(was);) {
			seen.push(...now);
			was = now;
			await p.keyboard.press('Shift+PageUp');
			await p.evaluate(() => new Promise((done) =>
			    requestAnimationFrame(() => requestAnimationFrame(done))));
			now = await rows(p);
		}
		return seen;
	};
	// A page that has just come may still go to its end by itself.
	const scrolls = async (p, row) => {
		const seen = [];

		await until(async () => seen.push(...await past(p)) > 0 &&
		    seen.includes(row), `scrolls to ${row}`);
		return seen;
	};

	await openSession(page, made);
	await type(page, 'seq -f n%gn 1 200; echo the-$((1 + 1))-end\n');
	await shows(page, /^the-2-end$/);
	const now = await guest(browser, await linkFrom(page, { label: 'now' }));
	await shows(now, /^the-2-end$/);
	await shows(now, /^n200n$/);
	await type(page, 'echo and-$((1 + 2))-more\n');
	await shows(now, /^and-3-more$/);
	// Lines that scroll off from now on are there.
	await type(page, 'seq -f m%gm 1 200\n');
	await shows(now, /^m200m$/);
	check(!(await scrolls(now, 'm1m')).includes('n1n'), 'nothing from before');
	const all = await guest(browser, await linkFrom(page,
	    { label: 'all', past: true }));
	await shows(all, /^m200m$/);
	await scrolls(all, 'n1n');
	await now.context().close();
	await all.context().close();
	await page.context().close();
	await product.closeAll();
});

await test('abuse_C13 a revoked link sends away who came by it',
    async ({ product, browser }) => {
	const made = await product.session('withdrawn');
	const page = await browser.signedIn();

	await openSession(page, made);
	const url = await linkFrom(page, { label: '<b>Bo</b>', write: true });
	const hands = await guest(browser, url);
	await shows(hands, /^ready>/);
	await type(hands, 'echo from-$((1 + 2))-guest\n');
	await shows(page, /^from-3-guest$/);
	await page.click('.actions >> text=Share');
	equal(await page.textContent('.links .who'), '<b>Bo</b>', 'as text');
	await until(async () => /used/.test(await page.textContent(
	    '.links .aside')), 'counted');
	await shot(page, 'share-dialog');
	await page.click('.links >> text=Revoke');
	await hands.waitForSelector('text=This link leads nowhere');
	equal(await hands.locator('.terminal').count(), 0, 'terminal');
	await page.waitForSelector('.links li', { state: 'detached' });
	await hands.reload();
	await hands.waitForSelector('text=This link leads nowhere');
	forgiveOutage(hands);
	await hands.context().close();
	await page.context().close();
	await product.closeAll();
});

await test('abuse_J10 who else looks is shown outside the frame, as text',
    async ({ product, browser }) => {
	const made = await product.session('company');
	const page = await browser.signedIn();
	const chips = (p) => p.$$eval('.others li', (all) => all.map((li) =>
	    [li.textContent, li.dataset.guest, li.dataset.typing]));

	await openSession(page, made);
	equal(await chips(page), [], 'alone');
	const url = await linkFrom(page, { label: '<i>Bo</i>', write: true });
	const bo = await guest(browser, url);
	await page.waitForSelector('.others li');
	equal(await chips(page), [['<i>Bo</i>', 'true', 'false']], 'the guest');
	equal(await page.locator('.frame .others, .others i').count(), 0,
	    'neither in the frame nor as markup');
	check(/by a link, may type/.test(await page.getAttribute('.others li',
	    'title')), 'what the guest may');
	await bo.waitForSelector('.others li[data-guest="false"]');
	// Until it was told: a slow machine may have forgotten it by then.
	await until(async () => {
		await type(bo, 'x');
		return (await chips(page))[0]?.[2] === 'true';
	}, 'typing');
	await shot(page, 'chips');
	await until(async () => (await chips(page))[0]?.[2] === 'false',
	    'no more');
	await bo.context().close();
	await page.waitForSelector('.others', { state: 'detached' });
	await page.context().close();
	await product.closeAll();
});

await test('a phone shows the whole of a large terminal and shrinks nobody',
    async ({ product, browser }) => {
	const made = await product.session('wide');
	const page = await browser.signedIn();

	await openSession(page, made);
	const looks = await linkFrom(page, { label: 'Ann' });
	const before = await sized(page);
	// Who is shown no past makes the terminal no larger in any direction.
	const types = await linkFrom(page, { label: 'Bo on a phone',
		write: true, past: true });
	const other = await guest(browser, looks);
	const pocket = await guest(browser, types, phone);
	equal(await owner(page), 'true', 'the owner of the size');
	equal(await dims(pocket), before, 'its size is shown');
	equal(await dims(other), before, 'to all');
	await type(page, `stty size; printf "%${before.cols}s\\n" the-end\n`);
	await shows(pocket, new RegExp(`^${before.rows} ${before.cols}$`));
	await shows(pocket, /^ {30,}the-end$/);
	// All of it, or letters as small as they get and the rest by a finger.
	const seen = await pocket.evaluate(() => {
		const screen = document.querySelector('.xterm-screen');
		const frame = document.querySelector('.frame');
		return { wide: screen.getBoundingClientRect().width,
		    room: frame.clientWidth, pan: frame.scrollWidth,
		    font: parseFloat(getComputedStyle(document.querySelector(
		        '.xterm-rows')).fontSize) };
	});
	check(seen.wide <= seen.room || (seen.font <= 5 &&
	    seen.pan >= seen.wide), JSON.stringify(seen));
	check(await pocket.evaluate(() => document.documentElement
	    .scrollWidth <= innerWidth), 'the page itself does not move');
	await shot(pocket, 'phone-follows');
	await shot(other, 'guest-looks');
	// Asked for, its own size it is; and back when it leaves.
	await pocket.tap('text=Use this window');
	await until(async () => await owner(pocket) === 'true', 'taken over');
	const small = await until(async () => {
		const now = await dims(page);
		return now.cols < before.cols && now;
	}, 'the others follow');
	check(small.cols >= 30 && small.cols < 80, JSON.stringify(small));
	await until(async () => JSON.stringify(await dims(other)) ===
	    JSON.stringify(await dims(pocket)), 'all of them');
	await shot(pocket, 'phone-owns');
	await shot(page, 'owner-follows');
	await pocket.context().close();
	await until(async () => await owner(page) === 'true' &&
	    JSON.stringify(await dims(page)) === JSON.stringify(before),
	'it is handed on');
	await other.context().close();
	await page.context().close();
	await product.closeAll();
});

await test('abuse_C12 a guest without the past has the size it is given',
    async ({ product, browser }) => {
	const made = await product.session('small');
	const page = await browser.signedIn({
		viewport: { width: 900, height: 500 } });
	const drawn = (p) => p.locator('.xterm-rows > div').count();

	await openSession(page, made);
	await shows(page, /^ready>/);
	const before = await sized(page);
	const large = await guest(browser, await linkFrom(page,
	    { label: 'Bo', write: true }));
	await large.click('text=Use this window');
	await until(async () => await owner(large) === 'true', 'taken over');
	// Which is no larger, whatever its own window has room for.
	await type(large, 'stty size\n');
	await shows(large, new RegExp(`^${before.rows} ${before.cols}$`));
	equal(await dims(large), before, 'as the server says');
	await until(async () => await drawn(large) === before.rows,
	    'as many rows are drawn');
	await shot(large, 'guest-owns');
	// A smaller one it may have.
	await large.setViewportSize({ width: 700, height: 400 });
	await until(async () => (await dims(large)).rows < before.rows,
	    'smaller');
	await until(async () => JSON.stringify(await dims(page)) ===
	    JSON.stringify(await dims(large)), 'for all');
	await until(async () => await drawn(large) === (await dims(large)).rows,
	    'rows that are drawn');
	await large.context().close();
	await page.context().close();
	await product.closeAll();
});
