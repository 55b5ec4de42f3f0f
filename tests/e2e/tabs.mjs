// Several views of one session, and coming back to it.
import { check, equal, test, until } from './case.mjs';
import {
	connected, details, dims, openSession, rows, shows, sized, type,
} from './browser.mjs';
import { crc32 } from './crc32.mjs';

async function twoTabs({ product, browser }, fn) {
	const first = await browser.signedIn();
	const made = await product.session('shared');
	const second = await browser.page(first.context());

	await openSession(first, made);
	await shows(first, /^ready>/);
	await second.goto(`${product.origin}/#/s/${made.id}`);
	await connected(second);
	await fn(first, second, made);
	await first.context().close();
	await product.closeAll();
}

await test('two tabs show one session, and both may type', (all) =>
    twoTabs(all, async (first, second) => {
	await shows(second, /^ready>/);
	await type(first, 'echo from-$((1 + 0))-first\n');
	await shows(second, /^from-1-first$/);
	await type(second, 'echo from-$((1 + 1))-second\n');
	await shows(first, /^from-2-second$/);
}));

// A window that takes the size loses its bar, and has room for one more row: its
// size is the one that stays.
async function settled(page) {
	let last = '', same = 0;

	await until(async () => {
		const now = JSON.stringify(await dims(page));
		same = now === last ? same + 1 : 0;
		last = now;
		return same >= 25 && await page.locator('.bar.size').count() === 0;
	}, 'its size stays');
	return dims(page);
}

await test('one tab sets the size; another takes it over', (all) =>
    twoTabs(all, async (first, second) => {
	const owner = (page) => page.getAttribute('.terminal', 'data-owner');
	const owners = async () =>
	    [await owner(first), await owner(second)].sort().join();

	await until(async () => await owners() === 'false,true',
	    'exactly one owner');
	const [big, small] = await owner(first) === 'true'
	    ? [first, second] : [second, first];
	await small.setViewportSize({ width: 800, height: 480 });
	await small.waitForSelector('.bar.size');
	const before = await sized(big);
	await until(async () => JSON.stringify(await dims(small)) ===
	    JSON.stringify(before), "the other's size is shown");
	await small.click('text=Use this window');
	await until(async () => await owner(small) === 'true' &&
	    await owner(big) === 'false', 'ownership moved');
	await until(async () => (await dims(small)).cols < before.cols,
	    'the small size holds');
	const after = await settled(small);
	await until(async () => JSON.stringify(await dims(big)) ===
	    JSON.stringify(after), 'the other follows');
	await type(small, 'stty size\n');
	await shows(small, new RegExp(`^${after.rows} ${after.cols}$`));
}));

await test('closing the larger tab gives the smaller one its size back',
    (all) => twoTabs(all, async (small, big) => {
	const owner = (page) => page.getAttribute('.terminal', 'data-owner');
	const own = 'text=Use this window';
	const same = (a, b) => JSON.stringify(a) === JSON.stringify(b);

	await until(async () => await owner(big) === 'true', 'the newest owns');
	await small.setViewportSize({ width: 800, height: 480 });
	await small.click(own);
	await until(async () => await owner(small) === 'true', 'the small owns');
	const before = await settled(small);
	await big.click(own);
	await until(async () => (await dims(small)).cols > before.cols,
	    'the large size is in force');
	await big.close();
	await until(async () => await owner(small) === 'true' &&
	    same(await dims(small), before), 'its own size');
	await small.waitForSelector('.bar.size', { state: 'detached' });
	await type(small, 'stty size\n');
	await shows(small, new RegExp(`^${before.rows} ${before.cols}$`));
}));

await test('a question of a program is answered once, and not by the past',
    (all) => twoTabs(all, async (first, second) => {
	await type(first, "stty -icanon -echo; printf '\\033[c'; " +
	    'echo asked; cat -v\n');
	await shows(first, /^asked/);
	await shows(first, /\^\[\[\?1;2c/);
	await second.reload();
	await connected(second);
	await shows(second, /^asked/);
	await first.reload();
	await connected(first);
	await type(first, 'mark\n');
	await shows(first, /mark/);
	const answers = (await rows(first)).join('').split('^[[?1;2c');
	equal(answers.length - 1, 1, 'answers');
}));

await test('a reload comes back to the same terminal without a gap',
    async ({ product, browser }) => {
	const page = await browser.signedIn();
	const made = await product.session('reloaded');

	await openSession(page, made);
	await type(page, 'for i in 1 2 3 4 5; do echo line-$i; done\n');
	await shows(page, /^line-5$/);
	await type(page, 'sleep 0.3; echo while-$((6 * 7))-away\n');
	const address = page.url();
	await page.reload();
	await connected(page);
	equal(page.url(), address, 'address');
	await shows(page, /^while-42-away$/);
	const text = (await rows(page)).filter((r) =>
	    /^line-\d$|^while-42-away$/.test(r));
	equal(text, ['line-1', 'line-2', 'line-3', 'line-4', 'line-5',
	    'while-42-away'], 'rows');
	/* The prompt behind it may still be on its way. */
	const { from, gaps } = await until(async () => {
		const { run } = await product.api('GET',
		    `/api/sessions/${made.id}`);
		const now = await details(page);
		return now.to === run.log_bytes && now;
	}, 'all of it is shown');
	equal(gaps, 0, 'gaps');
	check(from > 0, 'the screen came, and not the log');
	await page.context().close();
	await product.closeAll();
});

await test('of a long history the screen comes, and 2000 lines above it',
    async ({ product, browser }) => {
	const page = await browser.signedIn();
	const made = await product.session('long',
	    "i=0; while [ $i -lt 40000 ]; do i=$((i + 1)); " +
	    "printf '\\033[31mline\\033[0m %s é漢\\n' $i; done; " +
	    'echo end; exec cat');
	const size = await until(async () => {
		const log = await product.runLog(made.run.id);
		return log.includes('end\r\n') && log.length;
	}, 'it is written');

	await openSession(page, made);
	await shows(page, /^end$/);
	const { from, crc } = await until(async () => {
		const now = await details(page);
		return now.to === size && now;
	}, `all ${size} bytes`);
	check(from > 0, 'not from its beginning');
	const log = await product.runLog(made.run.id);
	equal(crc, crc32(log.subarray(from)), 'checksum');
	/* To the top of what is kept, by the scroll bar. */
	await page.hover('.xterm-screen');
	const bar = await page.locator('.scrollbar.vertical .slider')
	    .boundingBox();
	const x = bar.x + bar.width / 2;
	await page.mouse.move(x, bar.y + bar.height / 2);
	await page.mouse.down();
	await page.mouse.move(x, 0, { steps: 20 });
	await page.mouse.up();
	const top = await until(async () => {
		const [first] = await rows(page);
		return !/ (39\d{3}|40000) /.test(first) && first;
	}, 'the top');
	check(/^line 37\d{3} é ?漢$/.test(top), `begins with ${top}`);
	await page.context().close();
	await product.closeAll();
});

await test('a screen is there each time it is opened, quiet or busy',
    async ({ product, browser }) => {
	const page = await browser.signedIn();
	const quiet = await product.session('quiet',
	    'seq -f q%gq 1 300; printf quiet-end; exec cat');
	const busy = await product.session('busy', 'printf "\\033[?1049h' +
	    '\\033[5;3Hheld"; i=0; while i=$((i + 1)); do ' +
	    'printf "\\033[7;1H%s\\033[K" $i; sleep 0.01; done');

	for (let round = 0; round < 5; round++) {
		await openSession(page, quiet);
		await shows(page, /^quiet-end$/);
		await shows(page, /^q300q$/);
		await page.reload();
		await connected(page);
		await shows(page, /^quiet-end$/);
		check((await details(page)).from > 0, 'not the log');
		await openSession(page, busy);
		await shows(page, /^ {2}held$/);
		await page.reload();
		await connected(page);
		await shows(page, /^ {2}held$/);
		const at = (await details(page)).to;
		await until(async () => (await details(page)).to > at,
		    'it goes on');
		equal((await details(page)).gaps, 0, 'gaps');
	}
	await page.context().close();
	await product.closeAll();
});

await test('a second tab that signs in does not disturb the first',
    async ({ product, browser }) => {
	const page = await browser.signedIn();
	const other = await browser.signedIn();
	const made = await product.session('apart');

	await openSession(page, made);
	await other.context().close();
	await type(page, 'echo still-$((2 * 4))\n');
	await shows(page, /^still-8$/);
	await page.waitForSelector(".live[data-up='true']");
	await page.context().close();
	await product.closeAll();
});
