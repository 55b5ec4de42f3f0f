// The service token is replaced under way: nginx takes the new one, and nobody
// who comes through it notices. Without a browser: requests are written one by one.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import WebSocket from 'ws';
import { descendants, test } from '../harness/rdv.mjs';
import { check, equal, until } from './assert.mjs';
import { Product } from './product.mjs';

const TURNS = 4;

async function signIn(product) {
	const { code } = await product.api('POST', '/api/auth/code');
	const body = JSON.stringify({ code });
	const page = [['Host', product.host], ['Origin', product.origin],
		['Sec-Fetch-Site', 'same-origin']];
	const res = await product.raw('POST', '/api/auth/login', [...page,
		['Content-Type', 'application/json'],
		['Content-Length', String(body.length)]], body);
	const found = /\r\nset-cookie: (rdv_session=[^;\r]+)/i.exec(res.head);

	check(found, `sign-in: ${res.status} ${res.body}`);
	return { page, cookie: found[1], key: JSON.parse(res.body).page_key };
}

/* Workers of nginx that take requests; one that was told to end takes none. */
function workers(product) {
	const master = Number(readFileSync(join(product.home,
		'server/nginx/nginx.pid'), 'utf8'));
	const title = (pid) => {
		try {
			return readFileSync(`/proc/${pid}/cmdline`, 'utf8');
		} catch {
			return '';
		}
	};
	return descendants(master).map((p) => p.pid).filter((pid) =>
		/worker process(?! is shutting)/.test(title(pid)));
}

/* Ready, open, and what it was told. */
async function terminal(product, session, { cookie, key }) {
	const ws = new WebSocket(`ws://${product.host}/ws/terminal/${session.id}`,
		['rdv.v1', `rdv.page.${key}`], { headers: { Cookie: cookie,
			Origin: product.origin } });
	const seen = { ws, text: '', closed: null };

	ws.on('message', (data) => { seen.text += data; });
	ws.on('close', (code) => { seen.closed = code; });
	ws.on('error', (err) => { seen.closed = String(err); });
	await until(() => seen.closed !== null ||
	    seen.text.includes('"ready"'), 'a terminal');
	equal(seen.closed, null, 'open');
	return seen;
}

await test('C13 nobody behind nginx notices that its token is another',
	async () => {
		const product = new Product();
		const conf = join(product.home, 'server/nginx/service-token.conf');
		const own = join(product.home, 'server/service-token');
		const has = () => readFileSync(conf, 'utf8').includes(
			readFileSync(own, 'utf8').trim());
		const seen = {};
		let going = true;

		try {
			await product.start();
			const signed = await signIn(product);
			const session = await product.session('held', 'exec cat');
			const t = await terminal(product, session, signed);
			const ask = async () => {
				const res = await product.raw('GET', '/api/auth/me', [
					...signed.page, ['Cookie', signed.cookie],
					['X-RDV-Page-Key', signed.key]]);
				seen[res.status] = (seen[res.status] ?? 0) + 1;
			};
			const streams = [1, 2, 3].map(async () => {
				while (going)
					await ask();
			});
			for (let i = 0; i < TURNS; i++) {
				const before = readFileSync(own, 'utf8');
				const old = workers(product);
				check(old.length > 0, 'workers');
				const cli = await product.cli('token', 'rotate-service');
				equal(cli.status, 0, cli.stderr);
				check(readFileSync(own, 'utf8') !== before, 'another');
				await until(has, 'nginx is told');
				check(!readFileSync(conf, 'utf8').includes(
					before.trim()), 'gone');
				/* The next one finds nginx with this one. */
				await until(() => {
					const now = workers(product);
					return now.length > 0 &&
					    !now.some((pid) => old.includes(pid));
				}, 'nginx has it');
				const n = seen[200] ?? 0;
				await until(() => (seen[200] ?? 0) > n + 20 ||
				    Object.keys(seen).length > 1, 'requests go on');
			}
			going = false;
			await Promise.all(streams);
			check(Object.keys(seen).join() === '200' && seen[200] > 80,
			    JSON.stringify(seen));
			t.ws.send(JSON.stringify({ type: 'input', data: 'here\r' }));
			await until(() => t.closed !== null ||
			    t.text.includes('here'), 'the terminal goes on');
			equal(t.closed, null, 'the terminal');
			t.ws.close();
		} catch (err) {
			err.stack += `\n${JSON.stringify(seen)}${product.log()}`;
			throw err;
		} finally {
			going = false;
			await product.stop();
		}
	});
