// Push, fetch and pull in the page of a workspace, with a real remote: what
// they say before and after, each refusal with what can be done about it, and
// progress that can be cancelled.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { GitServer } from '../api/gitserver.mjs';
import { check, equal, test } from './case.mjs';
import { fits, refusals } from './page.mjs';
import { end, openWorkspace, phone, repository, sh } from './spaces.mjs';

const person = 'git config user.name Ann; git config user.email a@b.example';
const git = (dir, words) => sh(dir, `git ${words}`).trim();
const press = (page, word) =>
	page.click(`.remote button:text-is('${word}'):enabled`);
const send = (page, word) => page.click(`dialog button:text-is('${word}')`);
const gone = (page, what) =>
	page.waitForSelector(what, { state: 'detached' });
const says = (page, text) =>
	page.waitForSelector(`.remote >> text=${text}`);
const failed = (page, code) =>
	page.waitForSelector(`.remote .refusal[data-code='${code}']`);

/* A workspace of a repository whose remote somebody else works with, too. */
async function joined(product, name, root = product.dir) {
	const top = repository(product, name);
	const up = join(root, `${name}.git`), their = join(product.dir,
	    `${name}-their`);

	sh(product.dir, `git clone -q --bare ${top} ${up}; ` +
	    `git clone -q ${up} ${their}; git -C ${up} config ` +
	    `http.receivepack true; git -C ${top} remote add origin ${up}`);
	sh(their, person);
	const { id } = await product.api('POST', '/api/repos', { path: top });
	const ws = await product.api('POST', '/api/workspaces', { name,
		repos: [id], bases: { [id]: 'main' } });
	const [{ path: tree, branch }] = ws.repos;
	sh(tree, `${person}; echo ten >>a; git commit -qam mine`);
	return { ws, tree, branch, top, up, their };
}

/* Somebody else's commit there. */
function theirs(their, branch, file) {
	sh(their, `git fetch -q; git checkout -q -B ${branch} ` +
	    `origin/${branch}; echo x >>${file}; git add ${file}; ` +
	    `git commit -qm 'by <b>another</b>'; git push -q origin ${branch}`);
	return git(their, 'rev-parse HEAD');
}

await test('a branch is pushed, fetched and pulled',
    async ({ product, browser }) => {
	const { ws, tree, branch, up, their } = await joined(product, 'carry');
	const page = await browser.signedIn();

	await openWorkspace(page, ws);
	await says(page, 'No upstream yet');
	await says(page, 'Not fetched by rdv yet');
	await press(page, 'Push');
	await says(page, `Even with origin/${branch}.`);
	await says(page, 'Pushed to origin.');
	equal(git(up, `rev-parse ${branch}`), git(tree, 'rev-parse HEAD'),
	    'there');
	sh(tree, 'echo eleven >>a; git commit -qam more');
	await says(page, '1 commit to push');
	await press(page, 'Push');
	await says(page, `Even with origin/${branch}.`);
	const id = theirs(their, branch, 'n');
	await press(page, 'Fetch');
	await says(page, '1 commit to pull');
	await says(page, 'Fetched just now.');
	await press(page, 'Pull');
	await says(page, 'Pulled from origin.');
	await says(page, `Even with origin/${branch}.`);
	equal(git(tree, 'rev-parse HEAD'), id, 'forward');
	await page.click('.remote >> text=Hide');
	await gone(page, '.remote .over');
	equal(page.complaints, [], 'complaints');
	await end(product, page, ws);
});

for (const [where, options] of [['', undefined], [' on a phone', phone]])
	await test(`what a remote has is replaced by its name alone${where}`,
	    async ({ product, browser }) => {
		const { ws, tree, branch, up, their } = await joined(product,
		    options ? 'lease-phone' : 'lease');
		const page = await browser.signedIn(options);
		const there = () => git(up, `rev-parse ${branch}`);

		sh(tree, `git push -q -u origin ${branch}`);
		const first = theirs(their, branch, 'n');
		sh(tree, 'git commit -q --amend -m amended');
		await openWorkspace(page, ws);
		await press(page, 'Push');
		await failed(page, 'FORCE_PUSH_REQUIRED');
		await press(page, 'Fetch');
		await says(page, 'Fetched from origin.');
		await press(page, 'Push');
		await failed(page, 'FORCE_PUSH_REQUIRED');
		await press(page, 'Replace…');
		await page.waitForSelector(
		    `dialog >> text=Replace ${first.slice(0, 9)}`);
		await page.waitForSelector('dialog >> text=by <b>another</b>');
		await page.waitForSelector('dialog >> text=2 commits that');
		equal(await page.evaluate(() => document.activeElement
		    .textContent), 'Cancel', 'the keyboard');
		check(await fits(page), 'it fits');
		await page.keyboard.press('Enter');
		await gone(page, 'dialog');
		equal(there(), first, 'one key replaces nothing');
		/* What nobody has looked at stays, though it was fetched. */
		await press(page, 'Replace…');
		await page.waitForSelector(
		    `dialog >> text=Replace ${first.slice(0, 9)}`);
		const second = theirs(their, branch, 'n');
		sh(tree, 'git fetch -q');
		await send(page, `Replace ${first.slice(0, 9)}`);
		await failed(page, 'LEASE_STALE');
		equal(there(), second, 'it stays');
		await press(page, 'Fetch');
		await says(page, 'Fetched from origin.');
		await press(page, 'Push');
		await failed(page, 'FORCE_PUSH_REQUIRED');
		await press(page, 'Replace…');
		await send(page, `Replace ${second.slice(0, 9)}`);
		await says(page, 'Pushed to origin.');
		equal(there(), git(tree, 'rev-parse HEAD'), 'replaced');
		refusals(page);
		await end(product, page, ws);
	});

await test('a refusal says what can be done, and does it',
    async ({ product, browser }) => {
	const { ws, tree, branch, top, up, their } = await joined(product,
	    'refuse');
	const page = await browser.signedIn();

	sh(tree, `git push -q -u origin ${branch}; echo dirty >>a; ` +
	    'git commit -q --allow-empty -m empty');
	await openWorkspace(page, ws);
	await says(page, '1 commit to push');
	await press(page, 'Push');
	await failed(page, 'HAS_UNCOMMITTED_CHANGES');
	equal(git(up, `log --format=%s -1 ${branch}`), 'mine', 'not sent');
	await press(page, 'Push what is committed');
	await says(page, 'Pushed to origin.');
	equal(git(up, `log --format=%s -1 ${branch}`), 'empty', 'sent');
	sh(tree, 'git checkout -q a; git commit -q --allow-empty -m ours');
	theirs(their, branch, 'n');
	await press(page, 'Pull');
	await failed(page, 'DIVERGED');
	await says(page, '1 commit to push, 1 commit to pull');
	await press(page, 'Rebase…');
	equal(await page.inputValue('#merge-with'), `origin/${branch}`, 'onto');
	await send(page, 'Rebase');
	await gone(page, 'dialog');
	await page.waitForSelector(`.notice >> text=Now on origin/${branch}.`);
	await says(page, `1 commit to push (origin/${branch}).`);
	sh(top, 'git remote set-url origin http://127.0.0.1:1/x.git');
	await press(page, 'Fetch');
	await failed(page, 'NETWORK_FAILED');
	sh(top, `git remote set-url origin ${up}`);
	await press(page, 'Try again');
	await says(page, 'Fetched from origin.');
	await gone(page, '.remote .refusal');
	refusals(page);
	await end(product, page, ws);
});

await test('how far it is is shown, and it can be cancelled',
    async ({ product, browser }) => {
	const root = join(product.dir, 'served');
	mkdirSync(root);
	const server = await GitServer.start(root);
	const { ws, tree, branch, top, up } = await joined(product, 'slow',
	    root);
	const page = await browser.signedIn(phone);

	git(top, `remote set-url origin ${server.url}/slow.git`);
	await openWorkspace(page, ws);
	await says(page, 'No upstream yet');
	const waits = server.hold(true);
	await press(page, 'Push');
	await page.waitForSelector('.at-work progress');
	await says(page, 'Pushing: ');
	check(await page.isDisabled(".remote button:text-is('Fetch')"), 'busy');
	await waits;
	/* Whoever comes now sees it, too. */
	await page.reload();
	await says(page, 'Pushing: ');
	check(await fits(page), 'it fits');
	await press(page, 'Cancel');
	await says(page, 'Cancelled. Nothing was changed.');
	server.release();
	equal(git(up, 'branch --format="%(refname:short)"'), 'main',
	    'nothing arrived');
	await press(page, 'Push');
	await says(page, `Even with origin/${branch}.`);
	equal(git(up, `rev-parse ${branch}`), git(tree, 'rev-parse HEAD'),
	    'there');
	equal(page.complaints, [], 'complaints');
	await end(product, page, ws);
	await server.stop();
});

await test('without a remote there is nothing of one',
    async ({ product, browser }) => {
	const { ws, top } = await joined(product, 'alone');
	const page = await browser.signedIn();

	await openWorkspace(page, ws);
	await page.waitForSelector('.remote');
	git(top, 'remote remove origin');
	const asked = page.waitForResponse((res) => res.url().endsWith('/git'));
	await page.reload();
	await asked;
	await page.waitForSelector('.sum');
	equal(await page.locator('.remote').count(), 0, 'no strip');
	equal(page.complaints, [], 'complaints');
	await end(product, page, ws);
});
