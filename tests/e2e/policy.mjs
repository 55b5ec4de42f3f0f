// The content security policy, and the sum of what all pages before had to
// say: nothing.
import { readFileSync } from 'node:fs';
import { check, equal, test } from './case.mjs';

await test('the policy is strict and the page is served with care',
    async ({ product }) => {
	const { head } = await product.raw('GET', '/', [
		['Host', product.host], ['Connection', 'close'],
	]);
	const policy = /\r\ncontent-security-policy: ([^\r]*)/i.exec(head)?.[1];

	equal(policy, readFileSync('web/CSP.txt', 'utf8').trim(), 'policy');
	for (const part of [`default-src 'none'`, `script-src 'self'`,
	    `style-src 'self'`, `base-uri 'none'`, `form-action 'none'`,
	    `frame-ancestors 'none'`, `connect-src 'self'`])
		check(policy.split(/;\s*/).includes(part), part);
	check(!/unsafe|\*|https?:|wss?:/.test(policy), policy);
	check(/\r\nx-content-type-options: nosniff/i.test(head), 'nosniff');
	check(/\r\nreferrer-policy: no-referrer/i.test(head), 'referrer');
});

await test('the policy stops inline script and style (control)',
    async ({ browser }) => {
	const page = await browser.signedIn();

	await page.evaluate(() => {
		const script = document.createElement('script');
		script.textContent = 'window.inline = true';
		const style = document.createElement('style');
		style.textContent = 'body { display: none }';
		document.body.append(script, style);
	});
	equal(await page.evaluate(() => [typeof window.inline,
	    getComputedStyle(document.body).display]),
	    ['undefined', 'block'], 'effect');
	const said = page.complaints.splice(0);
	check(said.filter((text) => /Content Security Policy/.test(text))
	    .length >= 2, said.join());
	await page.context().close();
});

await test('no page complained and none asked another server',
    ({ browser }) => {
	equal(browser.complaints, [], 'console errors and policy violations');
	equal(browser.foreign, [], 'requests elsewhere');
});
