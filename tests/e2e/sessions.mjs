// The list, the form and the buttons.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { check, equal, test, until } from './case.mjs';
import {
	connected, dims, openSession, rows, shows, sized, type,
} from './browser.mjs';

const shell = "exec env PS1='ready> ' sh -i";

async function fillForm(page, fields) {
	await page.click("header a:has-text('New session')");
	for (const [id, value] of Object.entries(fields))
		await page.fill(`#new-${id}`, value);
}

function row(name) {
	return `.sidebar a[data-session]:has(.name:text-is('${name}'))`;
}

await test('a session in a directory is made with the form',
    async ({ product, browser }) => {
	const page = await browser.signedIn();

	await fillForm(page, { name: 'in a directory',
	    directory: product.dir, command: shell });
	await page.click('text=Start session');
	await connected(page);
	await type(page, 'pwd; echo $((40 + 2))\n');
	await shows(page, new RegExp(`^${product.dir}$`));
	await shows(page, /^42$/);
	check(/^#\/s\/[0-9a-f-]{36}$/.test(new URL(page.url()).hash),
	    page.url());
	await page.waitForSelector(`${row('in a directory')} .word` +
	    ":text-is('running')");
	await page.context().close();
	await product.closeAll();
});

await test('of many sessions the one that is open is in sight',
    async ({ product, browser }) => {
	const made = [];

	for (let i = 1; i <= 40; i++)
		made.push(await product.session(`one of many ${i}`));
	const page = await browser.signedIn();
	const seen = (id) => page.$eval('.list', (list, id) => {
		const row = list.querySelector(`a[data-session='${id}']`)
		    .getBoundingClientRect();
		const box = list.getBoundingClientRect();
		return row.top > box.top - 1 && row.bottom < box.bottom + 1;
	}, id);
	const [first, last] = [made[0].id, made[39].id];

	/* By its address, and then as the newest, which stands last. */
	await page.waitForSelector(`a[data-session='${last}']`,
	    { state: 'attached' });
	equal([await seen(first), await seen(last)], [true, false], 'at first');
	await page.goto(`${product.origin}/#/s/${last}`);
	await page.reload();
	await connected(page);
	await until(() => seen(last), 'the last one');
	await page.click(`a[data-session='${last}']`);
	await page.$eval('.list', (list) => list.scrollTo(0, 0));
	equal(await seen(last), false, 'scrolled away');
	await fillForm(page, { name: 'newest', directory: product.dir });
	await page.click('text=Start session');
	await page.waitForSelector(`${row('newest')}[aria-current]`);
	await until(() => seen(new URL(page.url()).hash.slice(4)), 'newest');
	await page.context().close();
	await product.closeAll();
});

await test('a session in a new worktree is made with the form',
    async ({ product, browser }) => {
	const page = await browser.signedIn();
	const repo = join(product.dir, 'repo');
	const git = (...args) => execFileSync('git', ['-C', repo,
	    '-c', 'user.name=t', '-c', 'user.email=t@example.org', ...args]);

	mkdirSync(repo);
	git('init', '-q', '-b', 'main');
	git('commit', '-q', '--allow-empty', '-m', 'first');
	await page.click("header a:has-text('New session')");
	await page.click('text=In a new worktree');
	await page.fill('#new-name', 'in a worktree');
	await page.fill('#new-repository', repo);
	await page.fill('#new-branch', 'try-1');
	await page.fill('#new-base', 'main');
	await page.fill('#new-command', shell);
	await page.click('text=Start session');
	await connected(page);
	await type(page, 'git rev-parse --abbrev-ref HEAD\n');
	await shows(page, /^try-1$/);
	equal(await page.textContent('.head .branch'), 'try-1', 'branch');
	await page.context().close();
	await product.closeAll();
});

await test('a refused form says why and keeps its values',
    async ({ product, browser }) => {
	const page = await browser.signedIn();
	const before = await product.api('GET', '/api/sessions');

	await fillForm(page, { name: 'nowhere',
	    directory: join(product.dir, 'missing') });
	await page.click('text=Start session');
	await until(async () => (await page.textContent(
	    '.new-session .trouble')).length > 10, 'a reason');
	equal(await page.inputValue('#new-name'), 'nowhere', 'name');
	equal((await product.api('GET', '/api/sessions')).length,
	    before.length, 'sessions');
	page.complaints.splice(0);
	await page.context().close();
});

await test('what changes elsewhere appears in the list by itself',
    async ({ product, browser }) => {
	const page = await browser.signedIn();

	await page.waitForSelector(".live[data-up='true']");
	const made = await product.session('from elsewhere');
	await page.waitForSelector(row('from elsewhere'));
	await product.api('PATCH', `/api/sessions/${made.id}`,
	    { name: 'renamed elsewhere' });
	await page.waitForSelector(row('renamed elsewhere'));
	await product.api('DELETE', `/api/sessions/${made.id}`);
	await page.waitForSelector(row('renamed elsewhere'),
	    { state: 'detached' });
	await page.context().close();
});

await test('an ended session says how it ended and runs again',
    async ({ product, browser }) => {
	const page = await browser.signedIn();
	const made = await product.session('short', 'echo hello; exit 3');

	await page.goto(`${product.origin}/#/s/${made.id}`);
	await page.waitForSelector(`${row('short')} .word:text-is('exit 3')`);
	await shows(page, /^hello$/);
	check((await page.textContent('.bar.ended'))
	    .includes('Failed with exit code 3'), 'cause');
	const { run } = await product.api('GET', `/api/sessions/${made.id}`);
	await page.click('text=Run again');
	await until(async () => {
		const now = await product.api('GET',
		    `/api/sessions/${made.id}`);
		return now.run.id !== run.id && now.run.state === 'failed';
	}, 'another run ended');
	await page.waitForSelector('.bar.ended');
	await page.context().close();
	await product.closeAll();
});

await test('rename, suspend, resume and close', async ({ product, browser }) => {
	const page = await browser.signedIn();
	const made = await product.session('working title');
	const now = () => product.api('GET', `/api/sessions/${made.id}`);

	await openSession(page, made);
	await page.click('.actions >> text=Rename');
	await page.fill('#dialog-name', '<b>final</b> title');
	await page.click('dialog >> text=Save');
	await page.waitForSelector("h1:text-is('<b>final</b> title')");
	await type(page, 'echo kept\n');
	await shows(page, /^kept$/);
	await page.click('text=Suspend');
	await page.waitForSelector(".rest h2:text-is('Suspended')");
	equal((await now()).run.state, 'running', 'while suspended');
	await page.click('.rest >> text=Resume');
	await connected(page);
	await shows(page, /^kept$/);
	await page.click('.actions >> text=Close');
	await page.click('dialog >> text=Close session');
	await page.waitForSelector(".past[data-phase='shown']");
	await shows(page, /^kept$/);
	check((await page.textContent('.bar.ended')).startsWith('Closed. '),
	    'cause');
	equal((await now()).status, 'closed', 'status');
	await page.context().close();
});

/* A program that draws by coordinates, and ends with status 7. */
const drawing = "stty -echo; read go; stty size; i=0; " +
    "while [ $i -lt 60 ]; do i=$((i + 1)); echo line-$i; done; " +
    "printf '\\033[31mred\\033[0m kept-%s\\033[c\\033[6n\\n' $((6 * 7)); " +
    "printf '%0*d|\\n' $(($(stty size | cut -d' ' -f2) - 1)) 0; exit 7";

await test('an ended session is shown in its last size, after a reload too',
    async ({ product, browser }) => {
	const page = await browser.signedIn();
	const made = await product.session('drawn', drawing);

	await openSession(page, made);
	await type(page, 'go\n');
	await page.waitForSelector('.bar.ended');
	await page.waitForSelector(".terminal[data-link='ended']");
	/* The page may have found its own only while the program ran. */
	const { run } = await product.api('GET', `/api/sessions/${made.id}`);
	const size = { cols: run.cols, rows: run.rows };
	equal(await dims(page), size, 'size beside the bar');
	await page.setViewportSize({ width: 700, height: 420 });
	await page.reload();
	await page.waitForSelector(".terminal[data-link='ended']");
	equal(await dims(page), size, 'size');
	/* As many rows as there is room for, and the last one is seen. */
	await until(async () => (await rows(page)).length < size.rows, 'fewer rows');
	await until(() => page.$eval('.frame', (frame) =>
	    frame.scrollHeight <= frame.clientHeight), 'nothing below');
	/* A full row is one row, in a window that has not the room for it. */
	await shows(page, new RegExp(`^0{${size.cols - 1}}\\|$`));
	await page.context().close();
	await product.closeAll();
});

await test('a closed session keeps its output, to be read and not touched',
    async ({ product, browser }) => {
	const page = await browser.signedIn();
	const made = await product.session('past', drawing);
	const kept = async () => {
		await page.waitForSelector(".past[data-phase='shown']");
		await shows(page, /^red kept-42$/);
		await shows(page, new RegExp(`^0{${size.cols - 1}}\\|$`));
		equal(await dims(page), size, 'size');
		equal(await page.textContent('.bar.ended span'),
		    'Closed. Failed with exit code 7.', 'cause');
	};

	await openSession(page, made);
	const size = await sized(page);
	await type(page, 'go\n');
	await page.waitForSelector('.bar.ended');
	await product.api('DELETE', `/api/sessions/${made.id}`);
	await kept();
	await page.setViewportSize({ width: 1000, height: 500 });
	await page.reload();
	await kept();
	/* To the top, by the keyboard; and nobody listens to what is typed. */
	await page.focus('.xterm-helper-textarea');
	await page.keyboard.type('nothing');
	await page.keyboard.press('Shift+PageUp');
	await page.keyboard.press('Shift+PageUp');
	await page.keyboard.press('Shift+PageUp');
	await shows(page, /^line-1$/);
	check(!(await rows(page)).some((row) => row.includes('nothing')),
	    'typed into the past');
	equal(page.complaints, [], 'complaints');
	await page.click('text=Run again');
	await connected(page);
	check(!page.url().includes(made.id), 'a new session');
	await page.context().close();
	await product.closeAll();
});

await test('a closed session that wrote nothing says so',
    async ({ product, browser }) => {
	const page = await browser.signedIn();
	const made = await product.session('silent', 'exec sleep 1000');

	await openSession(page, made);
	await product.api('DELETE', `/api/sessions/${made.id}`);
	await page.waitForSelector(".rest:has(h2:text-is('Closed')) " +
	    ">> text='Ended by SIGHUP: the session was closed. " +
	    "It wrote nothing.'");
	await page.context().close();
});

await test('folders: make, fill, rename, remove', async ({ product, browser }) => {
	const page = await browser.signedIn();
	const made = await product.session('filed');

	await page.click('text=New folder');
	await page.fill('#dialog-name', 'drawer');
	await page.click('dialog >> text=Save');
	await page.waitForSelector('.folder summary >> text=drawer');
	await openSession(page, made);
	await page.selectOption('.actions select', { label: 'drawer' });
	await page.waitForSelector('.folder .sessions >> text=filed');
	const drawer = ".folder:has(> summary:has-text('drawer'))";
	await page.hover(`${drawer} summary`);
	await page.click(`${drawer} .tools >> text=Remove`);
	await page.click("dialog button:text-is('Remove folder')");
	await page.waitForSelector(drawer, { state: 'detached' });
	await page.waitForSelector(row('filed'));
	await page.context().close();
	await product.closeAll();
});

await test('the keyboard alone is enough', async ({ product, browser }) => {
	const first = await product.session('one');
	const second = await product.session('two');
	const page = await browser.signedIn();
	const inside = (where) => until(() => page.evaluate((selector) =>
	    document.activeElement?.closest(selector) !== null, where),
	    `focus in ${where}`);

	await openSession(page, first);
	await inside('.terminal');
	await page.keyboard.press('Control+F6');
	await inside(`a[data-session="${first.id}"]`);
	await page.keyboard.press('Tab');
	await inside(`a[data-session="${second.id}"]`);
	await page.keyboard.press('Enter');
	await page.waitForSelector(`.session[data-session="${second.id}"] ` +
	    '.terminal[data-link="open"]');
	await inside('.terminal');
	await page.keyboard.type('echo by-$((1 + 1))-keys\n');
	await shows(page, /^by-2-keys$/);
	await page.focus('.actions button:has-text("Close")');
	await page.keyboard.press('Enter');
	await inside('dialog');
	await page.keyboard.press('Escape');
	await page.waitForSelector('dialog', { state: 'detached' });
	equal((await product.api('GET', `/api/sessions/${second.id}`)).status,
	    'active', 'after Escape');
	await page.context().close();
	await product.closeAll();
});

await test('abuse_J10 markup in a name, a branch or a path stays text',
    async ({ product, browser }) => {
	const page = await browser.signedIn();
	const name = '<img src=x onerror=alert(1)>';
	const dir = join(product.dir, '<svg onload=alert(2)>');

	if (!existsSync(dir))
		mkdirSync(dir);
	const made = await product.session(name, shell,
	    { project_path: dir });
	await openSession(page, made);
	equal(await page.textContent('.head h1'), name, 'heading');
	equal(await page.getAttribute(`a[data-session="${made.id}"]`, 'title'),
	    name, 'the whole name, however narrow the list');
	equal(await page.locator('.desk img, .desk svg').count(), 0,
	    'elements made from names');
	check((await page.title()).startsWith(name), 'title');
	await page.context().close();
	await product.closeAll();
});

await test('abuse_J10 markup in a folder, a branch, an error stays text, and ' +
    'would not run', async ({ product, browser }) => {
	const page = await browser.signedIn();
	const mark = (n) => `<img/src=x/onerror=document.title=${n}>`;
	const repo = join(product.dir, 'marked');
	const git = (...args) => execFileSync('git', ['-C', repo,
	    '-c', 'user.name=t', '-c', 'user.email=t@example.org', ...args]);
	const folder = await product.api('POST', '/api/folders',
	    { name: mark(1) });

	mkdirSync(repo);
	git('init', '-q', '-b', 'main');
	git('commit', '-q', '--allow-empty', '-m', 'first');
	await page.click("header a:has-text('New session')");
	await page.click('text=In a new worktree');
	await page.fill('#new-name', 'marked');
	await page.fill('#new-repository', repo);
	await page.fill('#new-branch', mark(2));
	await page.fill('#new-base', 'main');
	await page.fill('#new-command', shell);
	await page.click('text=Start session');
	await connected(page);
	equal(await page.textContent('.head .branch'), mark(2), 'branch');
	await until(async () => (await page.textContent('.sidebar'))
	    .includes(mark(1)), 'folder');
	/* What the server says of what it was given. */
	await fillForm(page, { name: 'nowhere',
	    directory: join(product.dir, mark(3)) });
	await page.click('text=Start session');
	await until(async () => (await page.textContent(
	    '.new-session .trouble')).length > 10, 'a reason');
	equal(await page.locator('.desk img').count(), 0, 'elements');
	/* Were it markup, it would run nothing. */
	await page.evaluate(() => {
		const box = document.createElement('div');
		const script = document.createElement('script');

		globalThis.ran = [];
		document.addEventListener('securitypolicyviolation', (ev) =>
		    ran.push(ev.effectiveDirective));
		script.textContent = 'ran.push("script")';
		box.innerHTML = '<svg onload="ran.push(1)"></svg>';
		document.body.append(box, script);
	});
	const ran = await until(() => page.evaluate(() =>
	    ran.length === 2 && ran), 'both were tried');
	equal(ran.sort(), ['script-src-attr', 'script-src-elem'], 'refused');
	check(page.complaints.splice(0).every((text) =>
	    /Content Security Policy|Failed to load/.test(text)), 'complaints');
	await page.context().close();
	await product.closeAll();
	await product.api('DELETE', `/api/folders/${folder.id}`);
});
