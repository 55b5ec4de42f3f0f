// Sessions in tmux, from the page: one is made, and one that nobody here had is
// adopted.
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { equal, test, until } from './case.mjs';
import { connected, shows, type } from './browser.mjs';

function tmux(product, ...args) {
	return execFileSync('tmux', ['-S', join(product.home, 'run/tmux.sock'),
		'-N', ...args], { encoding: 'utf8' });
}

await test('a session is kept in tmux, and an orphan becomes one',
    async ({ product, browser }) => {
	const page = await browser.signedIn();
	const open = () => page.click("header a:has-text('New session')");

	await open();
	await page.fill('#new-name', 'kept');
	await page.fill('#new-command', "exec env PS1='ready> ' sh -i");
	await page.check("input[name='tmux']");
	equal(await page.locator('.orphans').count(), 0, 'none yet');
	await page.click('text=Start session');
	await connected(page);
	await shows(page, /^ready>/);
	await type(page, 'echo $((40 + 2))\n');
	await shows(page, /^42$/);
	await page.waitForSelector(".meta .kind:text-is('tmux')");

	tmux(product, 'new-session', '-d', '-s', 'left <b>over</b>',
	    'echo still here; exec cat');
	await open();
	await page.click(".orphans button:has-text('Adopt')");
	await connected(page);
	await shows(page, /^still here$/);
	await page.waitForSelector("h1:text-is('left <b>over</b>')");
	await open();
	await page.waitForSelector('form.new-session');
	equal(await page.locator('.orphans').count(), 0, 'none is left');
	await page.context().close();
	await product.closeAll();
	await until(() => !/left|rdv-[0-9a-f]{8}-/.test(tmux(product,
	    'list-sessions', '-F', '#{session_name}')), 'tmux has none of them');
});
