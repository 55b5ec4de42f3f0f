// A link joined from a terminal, by somebody who has no rdv of his own: through
// nginx, as a page would.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bin, descendants } from '../harness/rdv.mjs';
import { Pane } from '../harness/pane.mjs';
import { check, equal, test, until } from './case.mjs';

async function withGuest({ product }, fn) {
	const home = mkdtempSync(join(tmpdir(), 'rdv-guest-'));
	const pane = new Pane({ home, base: join(home, 'none') });
	const made = await product.session('lent',
	    'stty -echo; printf ready; exec cat');
	const link = async (more) => {
		const l = await product.api('POST', '/api/links',
		    { session_id: made.id, ...more });
		return { ...l, url: product.origin + l.path };
	};

	try {
		await fn({ product, pane, made, link, home });
	} finally {
		pane.end();
		rmSync(home, { recursive: true, force: true });
		await product.closeAll();
	}
}

const clear = async (pane) => {
	pane.run('send-keys', '-R');
	pane.line("clear; echo cle''ared");
	await pane.shows('cleared');
};
const typed = (product, made) => product.runLog(made.run.id).then(String);

await test('abuse_A13 a link is joined from a terminal, and is seen by nobody',
    (all) => withGuest(all, async ({ product, pane, made, link }) => {
	const looks = await link({ mode: 'read' });
	const size = async () => {
		const { cols, rows } = await product.api('GET',
		    `/api/sessions/${made.id}/screen`);
		return [cols, rows];
	};
	const was = await size();

	pane.attach(`'${looks.url}'`);
	await pane.shows('ready');
	// What others on this host can see of its command line.
	const shell = Number(pane.run('display-message', '-p', '#{pane_pid}'));
	const lines = descendants(shell).map((p) =>
	    readFileSync(`/proc/${p.pid}/cmdline`, 'latin1'));
	equal(lines.filter((l) => l.startsWith(bin('rdv'))).length, 1, 'attached');
	check(lines.every((l) => !l.includes(looks.secret)), 'no secret');
	// It only looks; and the size is left alone.
	pane.line('not sent');
	await pane.detach();
	equal(await size(), was, 'the size');
	const types = await link({ mode: 'write' });
	await clear(pane);
	pane.line(`${bin('rdv')} attach --link -; echo "status $?"`);
	await pane.shows('link:');
	pane.line(types.url);
	await pane.shows('ready');
	check(!pane.screen().includes(types.secret), 'not shown');
	pane.line('sent');
	await until(async () => /ready\s*sent/.test(await typed(product, made)),
	    'it is typed');
	check(!(await typed(product, made)).includes('not sent'), 'only that');
	equal(await size(), was, 'the size');
	await pane.detach();
}));

await test('abuse_C13 a link that is revoked ends a terminal by it',
    (all) => withGuest(all, async ({ product, pane, link, home }) => {
	const l = await link({ mode: 'write' });
	const file = join(home, 'link');

	writeFileSync(file, `${l.url}\n`, { mode: 0o600 });
	pane.line(`${bin('rdv')} attach --link - <${file}; echo "status $?"`);
	await pane.shows('ready');
	pane.line('typed');
	await pane.shows('typed');
	await product.api('DELETE', `/api/links/${l.id}`);
	await pane.shows('the link leads nowhere');
	await pane.shows('status 1');
	await clear(pane);
	pane.attach(`'${l.url}'`);
	await pane.shows('the link leads nowhere');
	await pane.shows('status 1');
	await clear(pane);
	pane.attach(`'${l.url.replace(/\/\/[^/]*/, '//rdv.example')}'`);
	await pane.shows("only this host's own");
	await pane.shows('status 1');
}));

await test('who came by a link comes back when rdvd does',
    (all) => withGuest(all, async ({ product, pane, made, link }) => {
	const l = await link({ mode: 'write' });

	pane.attach(`'${l.url}'`);
	await pane.shows('ready');
	pane.line('one');
	await pane.shows('one');
	await product.crash();
	await product.api('POST', `/api/sessions/${made.id}/exec`,
	    { command: 'two' });
	await pane.shows('two');
	pane.line('three');
	await pane.shows('three');
	equal(pane.screen().match(/readyone\s+two\s+three/g)?.length, 1,
	    'every line once');
	await pane.detach();
}));
