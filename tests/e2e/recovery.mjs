// The daemon is killed while a terminal floods. The page comes back by
// itself, and what it has shown is byte for byte what the program wrote.
import { readFileSync, readdirSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { check, equal, test, until } from './case.mjs';
import {
	connected, details, openSession, recovered, shows, type,
} from './browser.mjs';
import { crc32 } from './crc32.mjs';

/* What `seq 1 n` writes. */
function sequence(n) {
	const parts = [];

	for (let i = 1; i <= n; i += 100_000) {
		const end = Math.min(n, i + 99_999);
		const lines = [];
		for (let k = i; k <= end; k++)
			lines.push(k);
		parts.push(lines.join('\n') + '\n');
	}
	return Buffer.from(parts.join(''));
}

await test('kill -9 of the daemon during a flood loses and doubles nothing',
    async ({ product, browser }) => {
	const lines = 6_000_000;
	const page = await browser.signedIn();
	const made = await product.session('flood',
	    `stty -opost -echo; read go; seq 1 ${lines}; echo; ` +
	    'echo flood-is-over; exec cat');
	const total = sequence(lines);

	await openSession(page, made);
	await type(page, 'go\n');
	for (const part of [0.05, 0.3, 0.6]) {
		await until(async () => (await details(page)).to >=
		    part * total.length, `${part} of it is shown`, 120_000);
		await product.crash();
	}
	const size = await until(async () => {
		const now = await product.api('GET',
		    `/api/sessions/${made.id}`);
		return now.run.log_bytes > total.length &&
		    now.run.log_bytes;
	}, 'the flood is logged', 120_000);
	const shown = await until(async () => {
		const now = await details(page);
		return now.to >= size && now;
	}, 'the page has all of it', 120_000);
	await shows(page, /flood-is-over$/);
	const log = await product.runLog(shown.run);
	check(log.subarray(0, total.length).equals(total),
	    'the log is what the program wrote');
	equal(shown.crc, crc32(log.subarray(shown.from, shown.to)),
	    'checksum of what was shown');
	equal(shown.run, made.run.id, 'in one run');
	check(shown.from < 0.05 * total.length, `from the start: ${shown.from}`);
	check(shown.reconnects >= 1, `${shown.reconnects} reconnects`);
	await type(page, 'and-on-it-goes\n');
	await shows(page, /and-on-it-goes$/);
	await recovered(page);
	await page.context().close();
	await product.closeAll();
});

await test('the list catches up with what happened meanwhile',
    async ({ product, browser }) => {
	const page = await browser.signedIn();

	await page.waitForSelector(".live[data-up='true']");
	const made = await product.session('before the crash');
	await page.waitForSelector(`a[data-session='${made.id}']`);
	await product.crash();
	await product.api('PATCH', `/api/sessions/${made.id}`,
	    { name: 'after the crash' });
	await page.waitForSelector(
	    `a[data-session='${made.id}'] >> text=after the crash`);
	await recovered(page);
	await page.context().close();
	await product.closeAll();
});

await test('an open terminal goes on after a crash, typed keys included',
    async ({ product, browser }) => {
	const page = await browser.signedIn();
	const made = await product.session('steady');

	await openSession(page, made);
	await type(page, 'here=before\n');
	await shows(page, /^ready> here=before$/);
	await product.crash();
	await type(page, 'echo $here-and-after\n');
	await shows(page, /^before-and-after$/);
	await connected(page);
	await recovered(page);
	await page.context().close();
	await product.closeAll();
});

/* nginx's own processes, the master first; of this product alone. */
function nginxes(product) {
	const dir = join(product.home, 'server', 'nginx');

	return readdirSync('/proc').filter((n) => /^\d+$/.test(n)).map(Number)
	    .filter((pid) => {
		try {
			return readlinkSync(`/proc/${pid}/cwd`) === dir &&
			    readFileSync(`/proc/${pid}/comm`, 'utf8') === 'nginx\n';
		} catch {
			return false;
		}
	}).sort((a, b) => a - b);
}

await test('O11 nginx that is stopped or dead is told by the doctor',
    async ({ product }) => {
	const page = async () => JSON.parse((await product.cli('doctor',
	    '--json')).stdout).checks.find((c) => c.name === 'page');
	const told = (state) => until(async () => (await page()).state === state,
	    `the page is ${state}`, 60_000);
	const all = nginxes(product);

	check(all.length >= 2, `${all}`);
	await told('ok');
	all.forEach((pid) => process.kill(pid, 'SIGSTOP'));
	await told('failed');
	all.forEach((pid) => process.kill(pid, 'SIGCONT'));
	await told('ok');
	/* What dies is started again. */
	process.kill(all[0], 'SIGKILL');
	await until(() => nginxes(product).some((pid) => !all.includes(pid)),
	    'another nginx', 60_000);
	await told('ok');
});
