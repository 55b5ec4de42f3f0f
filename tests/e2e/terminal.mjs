// One terminal: programs, keys, colours, sizes and pastes.
import { createHash } from 'node:crypto';
import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { check, equal, test, until } from './case.mjs';
import {
	clickRow, dims, openSession, paste, rows, shows, sized, type,
} from './browser.mjs';

async function withShell({ product, browser }, fn) {
	const page = await browser.signedIn();
	const made = await product.session('shell');

	await openSession(page, made);
	await shows(page, /^ready>/);
	await fn(page, made);
	await page.context().close();
	await product.closeAll();
}

await test('vim edits a file', (all) => withShell(all, async (page) => {
	const file = join(all.product.dir, 'note.txt');

	writeFileSync(file, 'first line\nsecond line\n');
	await type(page, `vi -u NONE ${file}\n`);
	await shows(page, /^first line$/);
	await shows(page, /^~$/);
	await type(page, 'ggOtyped in the browser: é漢');
	await page.keyboard.press('Escape');
	await type(page, ':wq\n');
	await until(() => readFileSync(file, 'utf8') ===
	    'typed in the browser: é漢\nfirst line\nsecond line\n',
	    'the file has the new line');
	await shows(page, /^ready>/);
}));

await test('less pages with keys and wheel', (all) =>
    withShell(all, async (page) => {
	const file = join(all.product.dir, 'long.txt');
	const lines = Array.from({ length: 500 }, (_, i) => `line ${i + 1}`);

	writeFileSync(file, lines.join('\n') + '\n');
	await type(page, `less ${file}\n`);
	await shows(page, /^line 1$/);
	await page.keyboard.press('Space');
	await until(async () => !(await rows(page)).includes('line 1'),
	    'the next page');
	await page.keyboard.press('g');
	await shows(page, /^line 1$/);
	await page.hover('.xterm-screen');
	await page.mouse.wheel(0, 400);
	await until(async () => !(await rows(page)).includes('line 1'),
	    'the wheel scrolled');
	await page.keyboard.press('q');
	await shows(page, /^ready>/);
}));

await test('htop draws its screen', (all) => withShell(all, async (page) => {
	await type(page, 'htop\n');
	await shows(page, /Load average/);
	await shows(page, /F10\s*Quit/);
	await page.keyboard.press('q');
	await shows(page, /^ready>/);
}));

await test('a program that asks for the mouse gets it', (all) =>
    withShell(all, async (page) => {
	await type(page, 'stty -icanon -echo; ' +
	    "printf '\\033[?1000h\\033[?1006hmouse\\n'; cat -v\n");
	await shows(page, /^mouse$/);
	await page.waitForSelector('.xterm.enable-mouse-events');
	const { cols, rows: lines } = await dims(page);
	const box = await page.locator('.xterm-screen').boundingBox();
	await page.mouse.click(box.x + box.width / cols * 9.5,
	    box.y + box.height / lines * 4.5);
	await shows(page, /\^\[\[<0;10;5M\^\[\[<0;10;5m/);
}));

await test('256 colours and true colour', (all) => withShell(all, async (page) => {
	const colour = (text) => page.evaluate((wanted) => {
		const all = document.querySelectorAll('.xterm-rows span');
		const one = [...all].find((el) => el.textContent === wanted);
		return one && getComputedStyle(one).color;
	}, text);

	await type(page, "printf '\\033[38;5;196mAAA\\033[0m " +
	    "\\033[38;5;46mBBB\\033[0m \\033[38;2;255;100;7mCCC\\033[0m\\n'\n");
	await shows(page, /^AAA BBB CCC$/);
	equal([await colour('AAA'), await colour('BBB'), await colour('CCC')],
	    ['rgb(255, 0, 0)', 'rgb(0, 255, 0)', 'rgb(255, 100, 7)'],
	    'colours');
}));

await test('UTF-8 arrives whole, also in pieces', (all) =>
    withShell(all, async (page) => {
	await type(page, "for i in 1 2 3 4 5 6 7 8; do printf '\\346'; " +
	    "printf '\\274'; printf '\\242'; done; printf ' \\303'; " +
	    "sleep 0.1; printf '\\251 \\360\\237'; sleep 0.1; " +
	    "printf '\\214\\261 end\\n'\n");
	await shows(page, /^漢{8}\s*é\s*🌱\s*end$|^(漢\s?){8} ?é 🌱 ?end$/);
	// Whose second byte is 0x80, and each part when the one before is drawn.
	await type(page, "stty -echo; printf 'x\\342\\200'; read a; " +
	    "printf '\\224y\\342'; read a; printf '\\200\\231z\\n'; stty echo\n");
	await shows(page, /^x$/);
	await type(page, '\n');
	await shows(page, /^x—y$/);
	await type(page, '\n');
	await shows(page, /^x—y’z$/);
	await type(page, 'echo naïve ☕ | od -An -tx1\n');
	await shows(page, /6e 61 c3 af 76 65 20 e2 98 95 0a/);
}));

await test('the program learns the size, also when it changes', (all) =>
    withShell(all, async (page) => {
	const first = await sized(page);

	await type(page, 'stty size\n');
	await shows(page, new RegExp(`^${first.rows} ${first.cols}$`));
	await page.setViewportSize({ width: 900, height: 500 });
	await until(async () => {
		const now = await dims(page);
		return now.cols < first.cols && now.rows < first.rows;
	}, 'the page shrank');
	const second = await sized(page);
	await type(page, "trap 'stty size' WINCH; stty size\n");
	await shows(page, new RegExp(`^${second.rows} ${second.cols}$`));
}));

await test('abuse_H11 ten megabytes are pasted whole', (all) =>
    withShell(all, async (page) => {
	const file = join(all.product.dir, 'pasted');
	const line = '0123456789abcdef'.repeat(63) + ' é漢\n';
	const text = line.repeat(Math.ceil(10_000_000 / line.length));
	const want = createHash('sha256').update(text).digest('hex');

	await type(page, `stty -echo; cat >${file}; sha256sum <${file}\n`);
	await until(() => {
		try {
			return readFileSync(file).length === 0;
		} catch {
			return false;
		}
	}, 'cat waits');
	await paste(page, text);
	await until(() => readFileSync(file).length >=
	    Buffer.byteLength(text), 'all of it arrived', 120_000);
	await page.focus('.xterm-helper-textarea');
	await page.keyboard.press('Control+d');
	await shows(page, new RegExp(want), 'its checksum');
}));

await test('abuse_H09 a program that does not read stops the paste, not the page',
    (all) => withShell(all, async (page, made) => {
	const megabytes = 'x'.repeat(4_000_000);

	await type(page, 'stty raw -echo; printf "deaf\\r\\n"; ' +
	    'exec sleep 1000\n');
	await shows(page, /^deaf$/);
	await paste(page, megabytes);
	await page.waitForSelector('.bar >> text=The program is not reading');
	const before = await page.textContent('.bar');
	check(/ of 4\.0 MB sent/.test(before), before);
	await page.click('.bar >> text=Cancel');
	await page.waitForSelector('.bar', { state: 'detached' });
	const now = await all.product.api('GET', `/api/sessions/${made.id}`);
	equal(now.run.state, 'running', 'the program');
	/* Another session is not held up by it. */
	const other = await all.product.session('other');
	await openSession(page, other);
	await type(page, 'echo still-$((6 * 7))\n');
	await shows(page, /^still-42$/);
}));

await test('abuse_H11 the end marker inside a paste is harmless', (all) =>
    withShell(all, async (page) => {
	await type(page, 'stty -icanon -echo; ' +
	    "printf '\\033[?2004hbracketed\\n'; cat -v\n");
	await shows(page, /^bracketed$/);
	await paste(page, 'one\x1b[201~two');
	await shows(page, /^\^\[\[200~one.*\[201~two\^\[\[201~$/);
	/* cat -v writes the replacement as M-bM-^PM-^[ */
	const text = (await rows(page)).join('\n');
	equal(text.match(/(?<!M-)\^\[\[201~/g).length, 1, 'end markers');
}));

await test('abuse_J03 a click on a link shows where it leads, and only web links',
    (all) => withShell(all, async (page) => {
	const osc = (url, text) => `\\033]8;;${url}\\033\\\\${text}` +
	    '\\033]8;;\\033\\\\';
	const click = (text) => clickRow(page, text);

	await type(page, `printf '${osc('https://ok.example/a', 'GOODLINK')}` +
	    `\\n${osc('javascript:alert(1)', 'EVILLINK')}\\n` +
	    `${osc('https://u@evil.example/', 'USERLINK')}\\n'\n`);
	await shows(page, /^GOODLINK$/);
	await click('GOODLINK');
	const link = page.locator('.bar a.target');
	await link.waitFor();
	equal([await link.getAttribute('href'), await link.textContent(),
	    await link.getAttribute('rel')],
	    ['https://ok.example/a', 'https://ok.example/a',
	    'noopener noreferrer'], 'link');
	await page.click('.bar >> text=Cancel');
	await click('USERLINK');
	await page.waitForSelector('.bar >> text=not a plain web address');
	await page.click('.bar >> text=Dismiss');
	await click('EVILLINK');
	await click('GOODLINK');
	await link.waitFor();
	equal(await page.locator('.bar').count(), 1, 'bars');
	equal(page.context().pages().length, 1, 'pages');
}));

await test('abuse_J04 a title is cleaned and cut', (all) =>
    withShell(all, async (page) => {
	await type(page, "printf '\\033]0;<b>x</b> \\342\\200\\256 %01000d" +
	    "\\007' 7\n");
	await page.waitForSelector(".status .title:has-text('<b>x</b>')");
	const title = await page.textContent('.status .title');
	check(title.length <= 120 && !title.includes('\u202e'), title);
}));

/* The last question has an answer: what comes before it is all there is. */
await test('abuse_J02 the page says nothing that a program could have chosen',
    (all) => withShell(all, async (page, made) => {
	const asked = ['P$qm\\033\\\\', 'P$qr\\033\\\\', 'P+q544e\\033\\\\',
	    '[20t', '[21t', '[>q', '[18t', '[1;1;1;1;1;1*y', ']52;c;?\\007',
	    ']0;theirs\\007', ']l?\\007', 'Z', '[x'];
	const log = async () => String(
	    await all.product.runLog(made.run.id));

	await type(page, "stty -icanon -echo; printf '\\005" +
	    asked.map((q) => `\\033${q}`).join('') + "\\033[c'; cat -v\n");
	await until(async () => (await log()).includes('^[[?1;2c'),
	    'the answer to the last');
	equal((await log()).split('^[').length, 2, await log());
}));

await test("abuse_J01 the clipboard stays out of a program's reach", (all) =>
    withShell(all, async (page) => {
	const origin = new URL(page.url()).origin;

	await page.context().grantPermissions(
	    ['clipboard-read', 'clipboard-write'], { origin });
	const clip = () => page.evaluate(() =>
	    navigator.clipboard.readText());
	await page.evaluate(() => navigator.clipboard.writeText('mine'));
	equal(await clip(), 'mine', 'control');
	await type(page, 'stty -icanon -echo; ' +
	    "printf '\\033]52;c;ZXZpbA==\\007\\033]52;c;?\\007set\\n'; cat -v\n");
	await shows(page, /^set$/);
	await type(page, 'x');
	await shows(page, /^x$/);
	equal(await clip(), 'mine', 'clipboard');
}));

await test('abuse_J01 a session that may write the clipboard says so', (all) =>
    withShell(all, async (page, made) => {
	const origin = new URL(page.url()).origin;

	await page.context().grantPermissions(
	    ['clipboard-read', 'clipboard-write'], { origin });
	const clip = () => page.evaluate(() =>
	    navigator.clipboard.readText());
	await page.click('.details summary');
	const check = page.locator('.panel >> text=Let its programs');
	await check.click();
	await page.waitForSelector('.panel input:checked');
	await until(async () => (await all.product.api('GET',
	    `/api/sessions/${made.id}`)).clipboard, 'the switch is on');
	await page.click('.details summary');
	await type(page, "printf '\\033]52;c;dGhlaXJz\\007set\\n'\n");
	await page.waitForSelector('.bar >> text=6 bytes were put on the ' +
	    'clipboard by shell');
	equal(await clip(), 'theirs', 'clipboard');
	await page.click('.bar >> text=Dismiss');
	/* From a program that copies, and from here to a program. */
	await all.product.api('POST', `/api/sessions/${made.id}/clipboard`,
	    { data: 'copied' });
	await until(async () => await clip() === 'copied', 'the copy');
	await page.evaluate(() => navigator.clipboard.writeText('mine é'));
	await page.click('.details summary');
	await page.click('.panel >> text=Send the clipboard to it');
	await page.waitForSelector('.bar >> text=7 bytes are there');
	const sent = await all.product.request('GET',
	    `/api/sessions/${made.id}/clipboard`);
	equal(sent.body.toString(), 'mine é', 'what was sent');
	equal(await clip(), 'mine é', 'and it stays here');
	/* Off again, also for a page that is open. */
	await check.click();
	await until(async () => !(await all.product.api('GET',
	    `/api/sessions/${made.id}`)).clipboard, 'the switch is off');
	await page.click('.details summary');
	await type(page, "printf '\\033]52;c;ZXZpbA==\\007over\\n'\n");
	await shows(page, /^over$/);
	equal(await clip(), 'mine é', 'nothing more');
}));

await test('abuse_J04 a notification is a line of text beside the terminal',
    (all) => withShell(all, async (page) => {
	await type(page, "printf '\\033]9;\\342\\200\\256<img src=x>\\r done\\007'\n");
	await page.waitForSelector('.bar >> text=It says: <img src=x> done');
	equal(await page.locator('.bar img').count(), 0, 'markup');
	await page.click('.bar >> text=Dismiss');
	/* Those of the past are not said again. */
	await type(page, "printf 'all\\n'\n");
	await shows(page, /^all$/);
	await page.reload();
	await shows(page, /^all$/);
	equal(await page.locator('.bar >> text=It says').count(), 0, 'bars');
}));

/* What speaks for rdv stands outside of what a program can draw on. */
await test('abuse_J07 a dialog that a program draws stays in its frame',
    (all) => withShell(all, async (page) => {
	await type(page, "printf '\\033[?1049h\\033[2J\\033[HApprove? [Yes]'" +
	    "; sleep 1000\n");
	await shows(page, /^Approve\? \[Yes\]/);
	const box = (selector) => page.locator(selector).first().boundingBox();
	const frame = await box('.glass .frame');
	const drawn = await box('.xterm-screen');
	const edge = await page.locator('.glass .frame').first().evaluate((e) => {
		const s = getComputedStyle(e);
		return [s.overflow, getComputedStyle(e.closest('.glass')).overflow];
	});
	check(drawn.x >= frame.x && drawn.y >= frame.y &&
	    drawn.x + drawn.width <= frame.x + frame.width + 1 &&
	    drawn.y + drawn.height <= frame.y + frame.height + 1,
	JSON.stringify([frame, drawn, edge]));
	for (const own of ['.head', '.status', '.sidebar']) {
		const b = await box(own);
		check(b.x >= frame.x + frame.width || b.y >= frame.y +
		    frame.height || b.x + b.width <= frame.x ||
		    b.y + b.height <= frame.y, `${own} ${JSON.stringify(b)}`);
	}
}));

await test('abuse_J06 noise leaves the page and the terminal usable', (all) =>
    withShell(all, async (page) => {
	await type(page, 'head -c 300000 /dev/urandom; ' +
	    "printf '\\033c\\033[0mstill %s\\n' here; stty sane\n");
	await shows(page, /^still here$/);
	await page.click('.details summary');
	await page.waitForSelector('.panel dl');
}));

/* In bytes, when nothing that is not needed is kept any more. */
async function heap(cdp) {
	await cdp.send('HeapProfiler.collectGarbage');
	return (await cdp.send('Runtime.getHeapUsage')).usedSize;
}

const SIZE = 1.5 * (1 << 20);

await test('abuse_J05 an image is neither drawn nor kept nor written, and ends',
    (all) => withShell(all, async (page) => {
	const file = join(all.product.dir, 'images');
	const much = (text) => text.repeat(SIZE / text.length);
	const images = {
		sixel: `\x1bPq"1;1;99999;99999#1;2;100;0;0${much('#1~-')}\x1b\\`,
		iterm: '\x1b]1337;File=name=cHdu;inline=1;width=99999;' +
		    `height=99999;size=6291456:${much('QUJD')}\x07`,
		kitty: '\x1b_Ga=T,f=24,s=99999,v=99999,t=d;' +
		    `${much('QUJD')}\x1b\\`,
		transfer: `\x1b]1337;File=name=cHdu;inline=0:QUJD\x07`,
	};
	const drawn = () => page.locator('.desk').evaluate((el) =>
	    el.querySelectorAll('img, canvas, svg, video, object').length);
	const cdp = await page.context().newCDPSession(page);
	const before = [await drawn(), await heap(cdp)];
	const files = readdirSync(all.product.dir);
	const saved = [];

	page.on('download', (one) => saved.push(one.url()));
	writeFileSync(file, '\x1bcbegin\r\n' + Object.entries(images).map(
	    ([name, image]) => `<${image}${name}>\r\n`).join('') + 'behind\r\n');
	await type(page, `stty -echo; cat ${file}; read x\n`);
	await shows(page, /^behind$/);
	equal((await rows(page)).slice(0, 7), ['begin', '<sixel>', '<iterm>',
	    '<kitty>', '<transfer>', 'behind', ''], 'rows');
	equal(await drawn(), before[0], 'drawn');
	const more = await heap(cdp) - before[1];
	check(more < SIZE, `${more} bytes are kept`);
	equal(saved, [], 'saved');
	equal(readdirSync(all.product.dir).filter((f) => !files.includes(f)),
	    ['images'], 'written');
	/* Who comes later may begin in the middle of one, which has its end. */
	await page.reload();
	await shows(page, /^behind$/);
	equal(await drawn(), before[0], 'drawn again');
}));

/* Half of each is more than is shown of a log that is not shown whole. */
const halves = { sixel: ['\\033Pq#1~', '\\033\\\\'], kitty: ['\\033_Ga=T,f=24;',
    '\\033\\\\'], iterm: ['\\033]1337;File=inline=1:', '\\007'] };

await test('abuse_J05 who comes in the middle of an image sees none of it',
    async ({ product, browser }) => {
	const half = join(product.dir, 'half'), page = await browser.signedIn();
	const payload = 'QUJD'.repeat(SIZE / 8);

	writeFileSync(half, payload);
	for (const [name, [begin, end]] of Object.entries(halves)) {
		const made = await product.session(name, 'stty -echo; ' +
		    `printf 'begin\\n${begin}'; cat ${half}; read x; ` +
		    `cat ${half}; printf '${end}behind\\n'; read x; exit 3`);
		const read = () => product.api('GET', `/api/sessions/${made.id}`);
		const goOn = () => product.api('POST',
		    `/api/sessions/${made.id}/exec`, { command: 'x' });
		const none = async (when) => check(!(await rows(page)).some(
		    (row) => row.includes('QUJD')), `${name}, ${when}: ` +
		    (await rows(page)).join('\n'));

		await until(async () => (await read()).run.log_bytes >
		    payload.length, 'half of it');
		await openSession(page, made);
		await shows(page, /^begin$/);
		await none('half');
		await page.reload();
		await shows(page, /^begin$/);
		await goOn();
		await shows(page, /^behind$/);
		await none('whole');
		await goOn();
		await page.waitForSelector('.bar.ended');
		await product.api('DELETE', `/api/sessions/${made.id}`);
		await page.waitForSelector(".past[data-phase='shown']");
		await shows(page, /^behind$/);
		await none('over');
	}
	await page.context().close();
	await product.closeAll();
});
