// What is done in a worktree with the page: commits and what was discarded,
// and each refusal where it was asked for.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { check, equal, test } from './case.mjs';
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
function refusals(page) {
	equal(page.complaints.filter((text) => !/status of 4\d\d/.test(text)), [],
	    'complaints');
	page.complaints.splice(0);
}

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
	await send(page, 'Look again');
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
