// Workspaces: the list, the form, what differs, files, commits, and the end of
// one.
import { existsSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { check, equal, test, until } from './case.mjs';
import { connected, recovered, shows, type } from './browser.mjs';
import { end, file, made, openWorkspace, phone, repository, row, sh } from
    './spaces.mjs';

const shown = (page, path) => page.$$eval(`${file(path)} .line .text`,
    (all) => all.map((el) => el.textContent));

await test('a workspace is made with the form, renamed and pinned',
    async ({ product, browser }) => {
	const page = await browser.signedIn();
	const dirs = ['form-one', 'form-two'].map((n) => repository(product, n));

	await page.click('.tabs >> text=Workspaces');
	await page.click("header a:has-text('New workspace')");
	for (const dir of dirs) {
		await page.fill('#work-path', dir);
		await page.click("button:text-is('Add')");
		await page.waitForSelector(`.repos li:has-text('${dir}') ` +
		    'input:checked');
	}
	await page.fill('#work-name', 'Two <b>at</b> once');
	await page.fill(".repos [aria-label='Start form-one from']", 'nowhere');
	await page.click('text=Make workspace');
	await page.waitForSelector('.refusal >> text=/form-one: there is no ' +
	    'branch nowhere/');
	equal(await page.inputValue('#work-name'), 'Two <b>at</b> once', 'kept');
	await page.fill(".repos [aria-label='Start form-one from']", 'main');
	await page.click('text=Make workspace');
	await page.waitForSelector(".work h1:text-is('Two <b>at</b> once')");
	const id = new URL(page.url()).hash.slice(4);
	const now = () => product.api('GET', `/api/workspaces/${id}`);
	equal((await now()).repos.map((p) => [p.name, p.base]),
	    [['form-one', 'main'], ['form-two', null]], 'repositories');
	await page.click(".head button:text-is('Rename')");
	await page.fill('#dialog-name', 'renamed');
	await page.click('dialog >> text=Save');
	await page.waitForSelector(".work h1:text-is('renamed')");
	await page.click(".head button:text-is('Pin')");
	await page.waitForSelector(".head button:text-is('Unpin')");
	await page.waitForSelector(`${row({ id })} .when:text-is('pinned')`);
	equal([(await now()).name, (await now()).pinned], ['renamed', true],
	    'on the server');
	page.complaints.splice(0);
	await end(product, page, { id });
});

await test('what differs is live, and costs what has changed',
    async ({ product, browser }) => {
	const { ws, trees: [tree] } = await made(product, 'live');
	const page = await browser.signedIn();
	const asked = [];

	await openWorkspace(page, ws);
	await page.waitForSelector('.sum >> text=Nothing differs.');
	await page.waitForSelector(`${row(ws)} >> text=no changes`);
	await page.waitForSelector(".live[data-up='true']");
	page.on('request', (req) => asked.push(new URL(req.url()).pathname));
	sh(tree, 'echo ten >>a; echo new >b');
	await page.waitForSelector(`${file('b')} >> text=+1`);
	await page.waitForSelector(`${row(ws)} .counts >> text=+2`);
	await page.click(`${file('a')} button`);
	await until(async () => (await shown(page, 'a')).includes('ten'),
	    'the line');
	sh(tree, 'echo eleven >>a');
	await until(async () => (await shown(page, 'a')).includes('eleven'),
	    'the next line');
	sh(tree, 'git checkout -q a');
	await page.waitForSelector(file('a'), { state: 'detached' });
	equal(await page.textContent(`${file('b')} .letter`), '?', 'other');
	check(asked.every((path) => path === '/api/worktrees/diff' ||
	    path === '/api/worktrees/watch'), asked.join(' '));
	equal(page.complaints, [], 'complaints');
	await end(product, page, ws);
});

await test('of very many files the first stand there before all are known',
    async ({ product, browser }) => {
	const { ws, trees: [tree] } = await made(product, 'very-many');
	const page = await browser.signedIn();
	const follows = [], asked = [];

	/* git trusts what the index says of files that are older than it. */
	sh(tree, 'for i in $(seq 1000 1599); do echo $i >f$i; done; git add .; ' +
	    `git commit -qm many; git -C ${join(product.dir, 'very-many')} ` +
	    `merge -q ${ws.branch} >/dev/null 2>&1; ` +
	    "touch -d '1 hour ago' * src/deep/*; git update-index -q --refresh; " +
	    'for i in $(seq 1000 1599); do echo more >>f$i; done');
	page.on('request', (req) => {
		const { pathname, searchParams } = new URL(req.url());
		if (pathname === '/api/worktrees/diffstat')
			asked.push(`${searchParams.get('limit')} ` +
			    searchParams.get('first'));
	});
	await page.routeWebSocket(/worktrees\/diff/, (held) =>
	    follows.push(held));
	await page.goto(`${product.origin}/#/w/${ws.id}`);
	await page.reload();
	await page.waitForSelector(".sum[data-partial='true'] >> " +
	    'text=At least 501 files');
	equal(await page.locator('.file').count(), 500, 'the first of them');
	await page.click(`${file('f1000')} button`);
	await until(async () => (await shown(page, 'f1000')).includes('more'),
	    'what differs in one');
	await page.click(".views button:text-is('Commit')");
	await page.waitForSelector('dialog .sum:has-text("600 files")');
	equal(asked.slice(-2), ['500 true', '2000 true'], 'the first at once');
	await page.selectOption('#commit-what', 'some');
	await page.waitForSelector("dialog [aria-label='f1599']");
	await page.keyboard.press('Escape');
	for (const held of follows)
		held.connectToServer();
	await page.waitForSelector(".content section[data-live='true'] " +
	    '.sum:has-text("600 files")');
	equal(await page.locator('.sum[data-partial]').count(), 0, 'all');
	check((await shown(page, 'f1000')).includes('more'), 'it stays open');
	equal(page.complaints, [], 'complaints');
	await end(product, page, ws);
});

await test('a change that leaves the counts as they are is shown',
    async ({ product, browser }) => {
	const { ws, trees: [tree] } = await made(product, 'again');
	const page = await browser.signedIn();

	sh(tree, 'echo one >>a');
	await openWorkspace(page, ws);
	await page.click(`${file('a')} button`);
	await until(async () => (await shown(page, 'a')).includes('one'), 'one');
	sh(tree, 'sed -i s/one/two/ a');
	await until(async () => (await shown(page, 'a')).includes('two'), 'two');
	await end(product, page, ws);
});

await test('what differs is followed on when rdvd comes back',
    async ({ product, browser }) => {
	const { ws, trees: [tree] } = await made(product, 'back');
	const page = await browser.signedIn();

	await openWorkspace(page, ws);
	await page.waitForSelector("section[data-live='true']");
	await product.crash();
	sh(tree, 'echo after >>a');
	await page.waitForSelector(file('a'));
	await page.waitForSelector("section[data-live='true']");
	await page.waitForSelector(`${row(ws)} .counts >> text=+1`);
	await recovered(page);
	equal(page.complaints, [], 'complaints');
	await end(product, page, ws);
});

await test('a worktree that vanished is followed again when it is back',
    async ({ product, browser }) => {
	const { ws, trees: [tree] } = await made(product, 'vanish');
	const page = await browser.signedIn();

	await openWorkspace(page, ws);
	renameSync(tree, `${tree}-away`);
	await page.waitForSelector('.content .refusal');
	renameSync(`${tree}-away`, tree);
	sh(tree, 'echo after >>a');
	await page.waitForSelector(file('a'));
	await page.waitForSelector("section[data-live='true']");
	equal(page.complaints.filter((text) =>
	    !/status of 404|WebSocket connection/.test(text)), [], 'complaints');
	page.complaints.splice(0);
	await end(product, page, ws);
});

await test('what cannot be had of older commits leaves the others',
    async ({ product, browser }) => {
	const { ws, trees: [tree] } = await made(product, 'older');
	const page = await browser.signedIn();
	const commits = () => page.locator('.commits li').count();

	sh(tree, 'for i in $(seq 70); do git commit -q --allow-empty -m $i; ' +
	    'done');
	await openWorkspace(page, ws);
	await page.click('.views >> text=Commits');
	await page.waitForSelector('.commits li');
	equal(await commits(), 50, 'a page');
	await page.route('**/api/worktrees/log?*offset=50*', (route) =>
	    route.fulfill({ status: 503, contentType: 'application/json',
		body: '{"error":"it is too much","code":"BUSY"}' }));
	await page.click("button:text-is('Older')");
	await page.waitForSelector('.content .refusal >> text=it is too much');
	equal(await commits(), 50, 'they stay');
	await page.unroute('**/api/worktrees/log?*offset=50*');
	await page.click("button:text-is('Older')");
	await until(async () => await commits() === 70, 'all of them');
	equal(await page.locator('.content .refusal').count(), 0, 'no refusal');
	page.complaints.splice(0);
	await end(product, page, ws);
});

await test('a diff has its colours, in one column or two',
    async ({ product, browser }) => {
	const { ws, trees: [tree] } = await made(product, 'colours');
	const page = await browser.signedIn();

	sh(tree, 'sed -i "s/return 0/return 1/" src/deep/m.c; git mv a moved');
	await openWorkspace(page, ws);
	await page.click(`${file('src/deep/m.c')} button`);
	await page.waitForSelector(".line[data-mark='-'] " +
	    ".tok-keyword:text-is('return')");
	await page.waitForSelector(".line[data-mark='+'] .tok-comment");
	await page.check('text=Side by side');
	await page.waitForSelector(".beside > :first-child " +
	    ".line[data-mark='-'] .tok-keyword");
	await page.waitForSelector(".beside > :last-child " +
	    ".line[data-mark='+'] .tok-keyword");
	await page.click(`${file('moved')} button`);
	await page.waitForSelector(`${file('moved')} >> text=Renamed, and`);
	equal(page.complaints, [], 'complaints');
	await end(product, page, ws);
});

await test('abuse_F06 abuse_J08 abuse_J10 names and lines are shown as they are',
    async ({ product, browser }) => {
	const { ws, trees: [tree] } = await made(product, 'odd');
	const page = await browser.signedIn();
	const mark = '<img src=x onerror=alert(1)>';
	const names = [mark, '\xff\xfe\x1b[31m', 'x\xe2\x80\xaegpj.exe',
	    '__proto__'];

	for (const name of names)
		writeFileSync(Buffer.from(`${tree}/${name}`, 'latin1'),
		    `${mark}\n\u202e\x1b[31m\n`);
	await openWorkspace(page, ws);
	const told = () => page.$$eval('.file .names', (all) =>
	    all.map((el) => el.textContent).sort());
	await until(async () => (await told()).length === 4, 'four files');
	equal(await told(), [mark, '\\xff\\xfe\\x1b[31m', '__proto__',
	    'xU+202Egpj.exe'].sort(), 'names');
	for (const button of await page.$$('.file h3 button')) {
		await button.click();
		await button.evaluate((el) => el.closest('.file').id = 'now');
		await page.waitForSelector('#now .line');
		equal(await page.$$eval('#now .line .text', (all) =>
		    all.map((el) => el.textContent).slice(1)),
		[mark, 'U+202E\\x1b[31m'], 'lines');
		equal(await page.locator('#now .line .odd').count(), 2, 'odd');
		await button.click();
		await button.evaluate((el) =>
		    el.closest('.file').removeAttribute('id'));
	}
	/* As files of a commit, too. */
	writeFileSync(join(product.dir, 'subject'), '<i>\u202e\n');
	sh(tree, `git add -A; git commit -q -F ${product.dir}/subject`);
	await page.click('.views >> text=Files');
	await page.click('.entry .odd >> text=\\xff');
	await page.waitForSelector(".opened .line >> text='[31m'");
	equal(await page.textContent('.opened .sum .path'),
	    '\\xff\\xfe\\x1b[31m', 'its name');
	await page.reload();
	await page.waitForSelector(".opened .line >> text='[31m'");
	await page.click('.views >> text=Commits');
	equal(await page.textContent('.commits .name'), '<i>U+202E', 'subject');
	equal(await page.locator('.desk img, .desk i').count(), 0, 'elements');
	equal(page.complaints, [], 'complaints');
	await end(product, page, ws);
});

await test('a long file is drawn in part, and one too long is not',
    async ({ product, browser }) => {
	const { ws, trees: [tree] } = await made(product, 'long');
	const page = await browser.signedIn();

	sh(tree, 'seq 30000 >long.js; for i in $(seq 2500); do echo >f$i; ' +
	    'done; truncate -s 300M lock');
	await openWorkspace(page, ws);
	await page.waitForSelector('.sum >> text=2502 files');
	/* As many are followed as a message holds; the others come in pages. */
	check(await page.locator('.file').count() <= 2000, 'at first');
	await until(async () => {
		await page.evaluate(() => document.querySelector(
		    '.content button.part:enabled')?.click());
		return await page.locator('.file').count() === 2502;
	}, 'all of them');
	await page.click(`${file('lock')} button`);
	await page.waitForSelector(`${file('lock')} >> text=Not shown`);
	await page.click(`${file('long.js')} h3 button`);
	await page.click("button:text-is('More of it')");
	const said = page.locator('text=/^The first \\d{5} lines. The rest/');
	await said.waitFor();
	const last = /\d{5}/.exec(await said.textContent())[0];
	check(await page.locator('.line').count() < 800, 'lines drawn');
	await said.scrollIntoViewIfNeeded();
	await until(async () => (await shown(page, 'long.js'))
	    .includes(last), 'the last');
	check(await page.locator('.line').count() < 800, 'lines drawn');
	equal(page.complaints, [], 'complaints');
	await end(product, page, ws);
});

await test('files and commits of a worktree', async ({ product, browser }) => {
	const { ws, trees: [tree] } = await made(product, 'past');
	const page = await browser.signedIn();

	await openWorkspace(page, ws);
	await page.click('.views >> text=Files');
	await page.click('.entry button >> text="src"');
	await page.click('.entry button >> text="deep"');
	await page.click('.entry a >> text="m.c"');
	await page.waitForSelector(".opened .tok-keyword:text-is('return')");
	/* A commit is in all of them by itself. */
	sh(tree, 'echo "int f(void);" >>src/deep/m.c; echo >src/deep/new; ' +
	    'git add .; git commit -q -m once');
	await page.waitForSelector('.opened .line:has-text("int f")');
	await page.waitForSelector('.entry a >> text="new"');
	sh(tree, 'git reset -q --hard HEAD^');
	await page.waitForSelector('.entry a >> text="new"',
	    { state: 'detached' });
	await page.click('.views >> text=Commits');
	await page.waitForSelector('text=No commits beyond main.');
	sh(tree, 'echo more >>a; git commit -q -a -m "the second" -m "body"');
	await page.waitForSelector('.commits >> text=the second');
	equal(await page.locator('.commits li').count(), 1, 'since its base');
	await page.selectOption('.views select', 'false');
	await page.waitForSelector('.commits >> text=the first');
	await page.click('.commits >> text=the second');
	await page.waitForSelector('.about h2 >> text="the second"');
	equal((await page.textContent('.about .body')).trim(), 'body', 'body');
	await page.click(`${file('a')} button`);
	await until(async () => (await shown(page, 'a')).includes('more'),
	    'its diff');
	await page.goBack();
	await page.waitForSelector('.commits');
	equal(page.complaints, [], 'complaints');
	await end(product, page, ws);
});

await test('what is refused is told for each repository, and not forced',
    async ({ product, browser }) => {
	const { ws, trees: [one, two] } = await made(product, 'no-one', 'no-two');
	const page = await browser.signedIn();
	const refused = () => page.$$eval('dialog .refusal li', (all) =>
	    all.map((el) => el.textContent));

	writeFileSync(join(two, 'a'), 'unsaved\n');
	await openWorkspace(page, ws);
	await page.click(".head button:text-is('Archive')");
	await page.check('dialog input');
	await page.click("dialog button:text-is('Archive')");
	await page.waitForSelector('dialog .refusal');
	const [why, ...others] = await refused();
	check(/^no-two: it has uncommitted changes/.test(why), why);
	equal(others, [], 'nothing else');
	check(existsSync(one) && existsSync(two), 'both are there');
	await page.keyboard.press('Escape');
	await page.waitForSelector('dialog', { state: 'detached' });
	/* A mark alone; and back. */
	await page.click(".head button:text-is('Archive')");
	await page.click("dialog button:text-is('Archive')");
	await page.waitForSelector("h2:text-is('It is archived')");
	await page.click(".head button:text-is('Restore')");
	await page.waitForSelector('.sum');
	/* To the trash only by the button that says so. */
	await page.click(".head button:text-is('Delete')");
	await page.click("dialog button:text-is('Delete')");
	await page.waitForSelector('dialog .refusal');
	check(existsSync(two), 'still there');
	await page.click('dialog >> text=To the trash');
	await page.waitForSelector("h1:text-is('Pick a workspace')");
	await page.waitForSelector(row(ws), { state: 'detached' });
	check(!existsSync(two), 'gone');
	const trash = await product.api('GET', '/api/worktrees/trash');
	check(JSON.stringify(trash).includes(two), 'in the trash');
	page.complaints.splice(0);
	await page.context().close();
});

await test('a terminal is opened in a worktree', async ({ product, browser }) => {
	const { ws, trees } = await made(product, 'term-one', 'term-two');
	const page = await browser.signedIn();

	await openWorkspace(page, ws);
	await page.click('.trees >> text=term-two');
	await page.waitForSelector('.trees [aria-current] >> text=term-two');
	await page.click(".views button:text-is('Terminal')");
	await connected(page);
	await type(page, 'basename "$PWD"; git branch --show-current\n');
	await shows(page, new RegExp(`^${ws.branch}$`));
	const [session] = await product.api('GET', '/api/sessions');
	equal(session.project_path, trees[1], 'where');
	await page.goto(`${product.origin}/#/w/${ws.id}`);
	await page.click(`.inside a:text-is('${session.name}')`);
	await connected(page);
	await end(product, page, ws);
});

await test('on a phone the list leads to a page and back',
    async ({ product, browser }) => {
	const { ws, trees: [tree] } = await made(product, 'phone');
	const page = await browser.signedIn(phone);
	const fits = () => page.evaluate(() =>
	    document.documentElement.scrollWidth <= innerWidth);

	sh(tree, `echo '${'long '.repeat(100)}' >>a`);
	await page.tap('.tabs >> text=Workspaces');
	await page.tap(row(ws));
	await page.waitForSelector(file('a'));
	check(!await page.isVisible('.sidebar'), 'one of the two');
	await page.tap(`${file('a')} button`);
	await page.waitForSelector('.line');
	check(!await page.isVisible('text=Side by side'), 'no room for two');
	check(await fits(), 'changes fit');
	await page.tap('.views >> text=Files');
	await page.tap('.entry a >> text="a"');
	await page.waitForSelector('.opened .line');
	check(!await page.isVisible('.dirs'), 'a file alone');
	check(await fits(), 'a file fits');
	await page.tap('.up');
	await page.waitForSelector('.dirs', { state: 'visible' });
	await page.tap('.back');
	await page.waitForSelector('.sidebar', { state: 'visible' });
	await page.tap("header a:has-text('New workspace')");
	await page.waitForSelector('.repos li');
	check(await fits(), 'the form fits');
	await end(product, page, ws);
});

await test('workspaces by the keyboard alone', async ({ product, browser }) => {
	const { ws, trees: [tree] } = await made(product, 'keys');
	const page = await browser.signedIn();
	const at = () => page.evaluate(() =>
	    document.activeElement?.textContent ?? '');
	const reach = (pattern) => until(async () => {
		if (pattern.test(await at()))
			return true;
		await page.keyboard.press('Tab');
		return false;
	}, `focus on ${pattern}`);

	sh(tree, 'echo ten >>a');
	await page.goto(`${product.origin}/#/w`);
	await page.waitForSelector(row(ws));
	await page.focus('.brand');
	await reach(/^keys/);
	await page.keyboard.press('Enter');
	await page.waitForSelector(file('a'));
	await reach(/^Ma/);
	await page.keyboard.press('Enter');
	await page.waitForSelector('.line');
	await page.keyboard.press('Tab');
	equal(await page.evaluate(() =>
	    document.activeElement?.className), 'code', 'the code scrolls');
	await page.focus(".head button:text-is('Delete')");
	await page.keyboard.press('Enter');
	await page.waitForSelector('dialog');
	await page.keyboard.press('Escape');
	await page.waitForSelector('dialog', { state: 'detached' });
	check(existsSync(tree), 'after Escape');
	await end(product, page, ws);
});
