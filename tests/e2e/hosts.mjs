// auth.allowed_hosts: rdv under another name, as through a tunnel or a proxy with
// TLS. A product of its own, without a browser: what a browser would send under
// each name is written byte by byte, through nginx and past it.
import { existsSync, readFileSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { test } from '../harness/rdv.mjs';
import { check, equal, until } from './assert.mjs';
import { Product } from './product.mjs';

const hosts = ['Dev.Example', 'tls.example:8443', 'localhost:9000'];
const setting = (list) => `[auth]\nallowed_hosts = ${JSON.stringify(list)}\n`;

/* nginx refuses with a page of its own, rdvd with a code. */
const code = (res) => /"code":"(\w+)"/.exec(res.body)?.[1];

async function withProduct(config, fn) {
	const product = new Product();
	const file = product.configure(config);

	try {
		await product.start();
		await fn(product, file);
	} catch (err) {
		err.stack += `\n${product.log()}`;
		throw err;
	} finally {
		await product.stop();
	}
}

/* What a page sends that was loaded from `origin`, before it signs in. */
const from = (origin) => [['Host', new URL(origin).host], ['Origin', origin],
	['Sec-Fetch-Site', 'same-origin']];

async function signIn(product, origin) {
	const { code: once } = await product.api('POST', '/api/auth/code');
	const body = JSON.stringify({ code: once });
	const res = await product.raw('POST', '/api/auth/login', [
		...from(origin), ['Content-Type', 'application/json'],
		['Content-Length', String(body.length)]], body);
	const found = /\r\nset-cookie: rdv_session=([^;\r]+)/i.exec(res.head);

	check(found, `${origin}: ${res.status} ${res.body}`);
	return [['Cookie', `rdv_session=${found[1]}`],
		['X-RDV-Page-Key', JSON.parse(res.body).page_key]];
}

const socket = [['Connection', 'Upgrade'], ['Upgrade', 'websocket'],
	['Sec-WebSocket-Version', '13'],
	['Sec-WebSocket-Key', 'dGhlIHNhbXBsZSBub25jZQ==']];

async function works(product, session, origin) {
	const cookie = await signIn(product, origin);
	const body = JSON.stringify({ name: 'f' });
	const page = await product.raw('GET', '/', [['Host',
	    new URL(origin).host]]);

	check(page.status === 200 && page.body.includes('<!doctype html>'),
	    `${origin}: page ${page.status}`);
	equal((await product.raw('GET', '/api/sessions',
	    [...from(origin), ...cookie])).status, 200, `${origin}: GET`);
	equal((await product.raw('GET', `/ws/terminal/${session.id}`,
	    [...from(origin), ...cookie, ...socket])).status, 101,
	`${origin}: terminal`);
	const made = await product.raw('POST', '/api/folders', [...from(origin),
		...cookie, ['Content-Type', 'application/json'],
		['Content-Length', String(body.length)]], body);
	equal(made.status, 201, `${origin}: POST`);
	await product.api('DELETE', `/api/folders/${JSON.parse(made.body).id}`);
	return cookie;
}

/* At nginx by nginx, and at rdvd by rdvd, with all that a page of ours has. */
async function refused(product, cookie, headers, status, codeOfRdvd) {
	const what = headers.map((h) => h.join(' ')).join(', ');
	const at = await product.raw('GET', '/api/sessions',
	    [...headers, ...cookie]);
	const past = await product.raw('GET', '/api/sessions',
	    [...headers, ...cookie], '', 'api.sock');

	equal(at.status, status, `nginx: ${what}`);
	equal(code(at), undefined, `nginx itself: ${what}`);
	equal(past.status, status, `rdvd: ${what}`);
	equal(code(past), codeOfRdvd, `rdvd: ${what}`);
}

await test('abuse_A04 A05 only the names that were allowed are served',
    () => withProduct(setting(hosts), async (product) => {
	const session = await product.session('seen', 'exec cat');
	const ours = ['http://dev.example', 'https://dev.example',
	    'https://tls.example:8443', 'http://localhost:9000',
	    product.origin];
	let cookie;

	for (const origin of ours)
		cookie = await works(product, session, origin);
	for (const host of ['evil.example', 'dev.example.', 'xdev.example',
	    'dev.example.evil.test', 'devxexample', 'tls.example',
	    'dev.example:8443', 'localhost:9001'])
		for (const origin of [`http://${host}`, product.origin])
			await refused(product, cookie, [['Host', host],
			    ['Origin', origin],
			    ['Sec-Fetch-Site', 'same-origin']], 421,
			'MISDIRECTED_REQUEST');
	for (const origin of ['https://evil.example', 'http://dev.example.',
	    'https://dev.example.evil.test', 'https://devxexample',
	    'https://tls.example', 'null', 'https://DEV.EXAMPLE',
	    'wss://dev.example'])
		for (const host of ['dev.example', product.host])
			await refused(product, cookie, [['Host', host],
			    ['Origin', origin]], 403, 'ORIGIN_REFUSED');
	await works(product, session, 'https://dev.example');
	await product.closeAll();
}));

await test('abuse_A04 what is no host never reaches nginx', async () => {
	for (const bad of ['a"; } server { listen 81; } #', 'a;', 'a b', 'a\n',
		'~^.*$', '*.example', '$host', 'a\\', '@PORT@', '']) {
		const product = new Product();
		const file = product.configure(setting(['ok.example', bad]));
		const up = await product.cli('up');
		const went = existsSync(join(product.home, 'server/nginx'));

		await product.stop();
		equal(up.status, 1, bad);
		check(up.stderr.includes(`${file}:2: auth.allowed_hosts: has ` +
		    'an entry that is not valid (number 2:'), up.stderr);
		check(!went, `${bad}: written`);
	}
	await withProduct(setting(['ok.example']), async (product) => {
		check(readFileSync(join(product.home,
		    'server/nginx/nginx.conf'), 'utf8')
		    .includes('"~^ok\\.example$" 1;'), 'control: written');
	});
});

await test('nginx started again has the names of now, or the last good ones',
    () => withProduct('', async (product, file) => {
	const status = async (Host) => (await product.raw('GET', '/health',
	    [['Host', Host]])).status;
	const again = async () => {
		const path = join(product.home, 'server/nginx/nginx.pid');
		const read = () => existsSync(path) ?
		    Number(readFileSync(path, 'utf8')) : 0;
		const pid = read();

		process.kill(pid, 'SIGKILL');
		await until(() => read() > 0 && read() !== pid,
		    'another nginx');
	};

	equal(await status('new.example'), 421, 'before');
	product.configure(setting(['new.example']));
	process.kill((await product.api('GET', '/api/status')).pid, 'SIGHUP');
	await again();
	await until(async () => await status('new.example') === 200, 'after');
	product.configure(`${setting(['other.example'])}nonsense = 1\n`);
	await again();
	equal(await status('new.example'), 200, 'still');
	equal(await status('other.example'), 421, 'of a wrong file nothing');
	check(product.log().includes(`nginx keeps its settings: ${file}:3: ` +
	    'auth.nonsense: no such setting'), 'said');
	/* Made by the next rdvd; this one has its token where it was. */
	product.configure(`[auth]\nservice_token_file = "${file}.token"\n`);
	await again();
	await signIn(product, product.origin);
	check(product.log().includes('nginx keeps its settings: ' +
	    'cannot write nginx\'s configuration: No such file'), 'said too');
}));

await test('the log is written where the settings say', async () => {
	const product = new Product();
	const at = join(product.dir, 'of my own.log');

	product.configure(`[server]\nlog_file = "${at}"\n`);
	try {
		await product.start();
		check(/msg="ready /.test(readFileSync(at, 'utf8')), 'started');
		check(!existsSync(join(product.home, 'server/server.log')),
		    'and nowhere else');
		/* It is moved away and opened anew. */
		renameSync(at, `${at}.old`);
		process.kill((await product.api('GET', '/api/status')).pid,
		    'SIGHUP');
		await until(() => existsSync(at) && readFileSync(at, 'utf8')
		    .includes('settings read again'), 'opened anew');
	} finally {
		await product.stop();
	}
	const other = new Product();
	other.configure(`[server]\nlog_file = "${at}"\n`);
	const up = await other.cli('up');
	await other.stop();
	equal(up.status, 1, 'its directory is gone');
	check(up.stderr.includes(`${at}: No such file`), up.stderr);
});

await test('nginx takes the service token from where it was put', async () => {
	const product = new Product();
	const at = join(product.home, 'token');

	product.configure(`[auth]\nservice_token_file = "${at}"\n`);
	try {
		await product.start();
		const conf = readFileSync(join(product.home,
		    'server/nginx/service-token.conf'), 'utf8');
		check(conf.includes(readFileSync(at, 'utf8').trim()), 'token');
		await signIn(product, product.origin);
	} finally {
		await product.stop();
	}
});
