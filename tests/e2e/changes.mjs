// What is done in a worktree with the page: commits, what was discarded, merges
// and rebases with their conflicts, and each refusal where it was asked for.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { check, equal, test } from './case.mjs';
import { refusals } from './page.mjs';
import { end, file, made, openWorkspace, phone, sh } from './spaces.mjs';

const person = 'git config user.name Ann; git config user.email a@b.example';
const press = (page, word) => page.click(`.views button:text-is('${word}')`);
const send = (page, word) =>
	page.click(`dialog button:text-is('${word}')`);
const gone = (page) =>
	page.waitForSelector('dialog', { state: 'detached' });
const git = (dir, words) => sh(dir, `git ${words}`).trim();
const fits = (page) => page.evaluate(() => {
	const box = document.querySelector('dialog')?.getBoundingClientRect();
	return document.documentElement.scrollWidth <= innerWidth &&
	    (box === undefined || box.right <= innerWidth && box.left >= 0);
});

/* Refused requests are complaints of the console, and nothing else is. */
await test('a commit of all, of checked files, and of what is staged',
    async ({ product, browser }) => {
	const { ws, trees: [tree] } = await made(product, 'commit');
	const page = await browser.signedIn();
	const names = () => git(tree, 'show --format= --name-only').split('\n');

	sh(tree, 'echo ten >>a; echo new >b; rm src/deep/m.c; echo c >c');
	await openWorkspace(page, ws);
	await press(page, 'Commit');
	await page.fill('#commit-message', 'words\n\nand <b>more</b>\n');
	await send(page, 'Commit');
	await page.waitForSelector('dialog .refusal >> text=/user\\.email/');
	equal(git(tree, 'log --format=%s -1'), 'the first', 'nothing made');
	/* What was written is still there. */
	sh(tree, person);
	await page.selectOption('#commit-what', 'some');
	check(await page.isDisabled("dialog button:text-is('Commit')"), 'none');
	await page.check("dialog [aria-label='src/deep/m.c']");
	await send(page, 'Commit');
	await gone(page);
	equal(git(tree, 'log --format=%B -1'), 'words\n\nand <b>more</b>', 'text');
	equal(git(tree, 'show --format= --name-status'), 'D\tsrc/deep/m.c',
	    'the checked one');
	sh(tree, 'git add b');
	await press(page, 'Commit');
	await page.fill('#commit-message', 'staged');
	await page.selectOption('#commit-what', 'staged');
	await send(page, 'Commit');
	await gone(page);
	equal(names(), ['b'], 'what was staged');
	await press(page, 'Commit');
	await page.fill('#commit-message', 'all');
	await send(page, 'Commit');
	await gone(page);
	equal(names(), ['a', 'c'], 'all');
	equal(git(tree, 'status --porcelain'), '', 'clean');
	/* Now there is nothing, and that is said. */
	await press(page, 'Commit');
	await page.fill('#commit-message', 'none');
	await send(page, 'Commit');
	await page.waitForSelector('dialog .refusal >> text=/nothing/i');
	refusals(page);
	await end(product, page, ws);
});

await test('what nobody has looked at is not committed, and hooks are told',
    async ({ product, browser }) => {
	const { ws, trees: [tree] } = await made(product, 'moved');
	const page = await browser.signedIn();

	sh(tree, `${person}; echo ten >>a`);
	await openWorkspace(page, ws);
	await press(page, 'Commit');
	await page.waitForSelector('dialog .counts');
	sh(tree, 'git commit -q --allow-empty -m "by another"');
	await page.fill('#commit-message', 'mine');
	await send(page, 'Commit');
	await page.waitForSelector('dialog .refusal');
	equal(git(tree, 'log --format=%s -1'), 'by another', 'not committed');
	const hook = git(tree, 'rev-parse --git-common-dir');
	writeFileSync(join(hook, 'hooks/pre-commit'), '#!/bin/sh\nexit 1\n',
	    { mode: 0o755 });
	/* By what was refused nothing is committed from then on. */
	check(await page.$eval("dialog button:text-is('Look again')",
	    async (el) => {
		const { form } = el;
		el.click();
		for (let i = 0; i < 9; i++)
			await null;
		return form.querySelector('.primary').disabled;
	}), 'it waits for what there is');
	await page.waitForSelector('dialog .refusal', { state: 'detached' });
	await send(page, 'Commit');
	await gone(page);
	equal(git(tree, 'log --format=%s -1'), 'mine', 'committed');
	await page.waitForSelector('.notice >> text=/not run: pre-commit/');
	refusals(page);
	await end(product, page, ws);
});

await test('discarded are the checked files, and they come back',
    async ({ product, browser }) => {
	const { ws, trees: [tree] } = await made(product, 'discard');
	const page = await browser.signedIn(phone);
	const text = (name) => readFileSync(join(tree, name), 'utf8');

	sh(tree, 'echo ten >>a; echo new >b; echo more >>src/deep/m.c');
	await openWorkspace(page, ws);
	await page.tap(".views button:text-is('Discard')");
	await page.waitForSelector("dialog [aria-label='b']");
	check(await page.isDisabled("dialog button:text-is('Discard')"),
	    'nothing is chosen');
	await page.check("dialog [aria-label='a']");
	await page.check("dialog [aria-label='b']");
	check(await fits(page), 'it fits');
	await send(page, 'Discard 2 files');
	await page.waitForSelector("dialog [aria-label='b']",
	    { state: 'detached' });
	await page.waitForSelector(file('b'), { state: 'detached' });
	equal(git(tree, 'status --porcelain'), 'M src/deep/m.c', 'the other');
	await send(page, 'Close');
	await page.tap(".views button:text-is('Discard')");
	await page.waitForSelector('.kept >> text=2 files');
	/* Not over what was made since. */
	writeFileSync(join(tree, 'b'), 'newer\n');
	await send(page, 'Restore');
	await page.waitForSelector('dialog .refusal');
	equal(text('b'), 'newer\n', 'what is there stays');
	sh(tree, 'rm b');
	await send(page, 'Restore');
	await page.waitForSelector('dialog .kept', { state: 'detached' });
	equal([text('b'), /ten/.test(text('a'))], ['new\n', true], 'back');
	refusals(page);
	await end(product, page, ws);
});

await test('a branch is merged, as it is or as one commit',
    async ({ product, browser }) => {
	const { ws, trees: [tree] } = await made(product, 'merge');
	const page = await browser.signedIn();

	sh(tree, `${person}; for i in 1 2; do echo $i >>a; ` +
	    'git commit -qam "$i"; done');
	await openWorkspace(page, ws);
	await press(page, 'Merge');
	await page.waitForSelector('dialog .hint >> text=/It has 2 commits/');
	/* What came since is no part of what was said. */
	sh(tree, 'git commit -q --allow-empty -m later');
	const main = git(tree, 'rev-parse main');
	await send(page, 'Merge');
	await page.waitForSelector('dialog .refusal');
	equal(git(tree, 'rev-parse main'), main, 'not merged');
	await send(page, 'Look again');
	await page.waitForSelector('dialog .hint >> text=/It has 3 commits/');
	await page.check('dialog .check input');
	await page.fill('#merge-message', 'as one');
	await send(page, 'Merge');
	await gone(page);
	await page.waitForSelector('.notice >> text=Merged into main.');
	equal(git(tree, `log --format=%s ${main}..main`), 'as one', 'one');
	equal(git(tree, 'rev-parse main'), git(tree, 'rev-parse HEAD'), 'both');
	await press(page, 'Merge');
	await page.fill('#merge-with', 'nowhere');
	await send(page, 'Merge');
	await page.waitForSelector('dialog .refusal >> text=/nowhere/');
	await page.fill('#merge-with', 'main');
	await send(page, 'Merge');
	await page.waitForSelector('.notice >> text=nothing to merge');
	refusals(page);
	await end(product, page, ws);
});

/* Main and the branch say two things of two files. */
const clash = (tree) => sh(tree, `${person}; sed -i s/^2$/two/ a; ` +
    'echo s >n; git add .; git commit -qm side; ' +
    'cd "$(git rev-parse --path-format=absolute --git-common-dir)/.."; ' +
    'sed -i s/^2$/zwei/ a; echo m >n; git add .; git commit -qm main');

for (const [where, options] of [['', undefined], [' on a phone', phone]])
	await test(`a conflict is shown, settled and gone on with${where}`,
	    async ({ product, browser }) => {
		const { ws, trees: [tree] } = await made(product,
		    options ? 'clash-phone' : 'clash');
		const page = await browser.signedIn(options);
		const at = (name) => `.clash[data-path='${name}']`;
		const version = (name) => page.textContent(
		    `${at('a')} [data-version='${name}'] .code`);

		clash(tree);
		await openWorkspace(page, ws);
		await press(page, 'Rebase');
		await page.waitForSelector('dialog .hint');
		await send(page, 'Rebase');
		await gone(page);
		await page.waitForSelector('.midway >> text=2 files are in');
		await page.click('.midway >> text=Continue');
		await page.waitForSelector('.midway .refusal');
		await page.click(`${at('a')} [aria-expanded]`);
		await page.waitForSelector(`${at('a')} [data-version='base'] .line`);
		await page.waitForSelector(
		    `${at('a')} [data-version='working'] .line`);
		equal([/zwei/.test(await version('ours')),
		    /two/.test(await version('theirs')),
		    /<<<<<<</.test(await version('working')),
		    /zwei|two/.test(await version('base'))],
		[true, true, true, false], 'versions');
		check(await fits(page), 'it fits');
		await page.click(`${at('a')} >> text=Take theirs`);
		await page.waitForSelector(at('a'), { state: 'detached' });
		await page.click(`${at('n')} [aria-expanded]`);
		writeFileSync(join(tree, 'n'), 'by hand\n');
		await page.waitForSelector(`${at('n')} >> text=by hand`);
		await page.click(`${at('n')} >> text=Take as it is`);
		await page.waitForSelector('.midway >> text=No file is in');
		await page.click('.midway >> text=Continue');
		await page.waitForSelector('.midway', { state: 'detached' });
		equal([git(tree, 'log --format=%s main..'),
		    /two/.test(readFileSync(join(tree, 'a'), 'utf8')),
		    readFileSync(join(tree, 'n'), 'utf8'),
		    git(tree, 'status --porcelain')],
		['side', true, 'by hand\n', ''], 'done');
		refusals(page);
		await end(product, page, ws);
	});

await test('what is open is given up or skipped when one is sure',
    async ({ product, browser }) => {
	const { ws, trees: [tree] } = await made(product, 'abort');
	const page = await browser.signedIn();

	clash(tree);
	const before = git(tree, 'rev-parse HEAD');
	await openWorkspace(page, ws);
	for (const [word, sure] of [['Abort', 'Give up'], ['Skip', 'Skip it']]) {
		await press(page, 'Rebase');
		await send(page, 'Rebase');
		await gone(page);
		await page.click(`.midway button:text-is('${word}')`);
		await send(page, 'Cancel');
		await gone(page);
		check(git(tree, 'status').includes('rebase'), 'still open');
		await page.click(`.midway button:text-is('${word}')`);
		await send(page, sure);
		await page.waitForSelector('.midway', { state: 'detached' });
		equal(git(tree, 'rev-parse HEAD'), word === 'Abort' ? before
		    : git(tree, 'rev-parse main'), word);
		sh(tree, `git reset -q --hard ${before}`);
	}
	/* Begun in a terminal it is shown all the same, and its end is. */
	sh(tree, 'git merge -q main || true');
	await page.waitForSelector('.midway >> text=Open: merge');
	sh(tree, 'git merge --abort');
	await page.waitForSelector('.midway', { state: 'detached' });
	refusals(page);
	await end(product, page, ws);
});
