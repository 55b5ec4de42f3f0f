// What the abuse tests share: requests written byte by byte, a signed-in page
// without a browser, a command's end and output, and what must be as it was
// when an attack is over.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import net from 'node:net';
import { deadline, fdCount, proc, waitFor, working } from
	'../harness/rdv.mjs';
import { sanitized } from '../harness/sanitizer.mjs';

export const web = '127.0.0.1:7717';
export const origin = `http://${web}`;
// An address of a page, and no limit that a table of refusals would meet.
export const options = {
	args: ['--web', web],
	config: '[auth]\nlogin_tries_per_minute = 100000\n',
};

function complete(text) {
	const end = text.indexOf('\r\n\r\n');
	const head = text.slice(0, end + 2);
	const length = /\r\ncontent-length: (\d+)\r\n/i.exec(head)?.[1];

	return end >= 0 && (/^HTTP\/1.1 (101|204)/.test(head) ||
		/\r\ncontent-type: text\/event-stream/i.test(head) ||
		(length !== undefined && text.length >= end + 4 + +length));
}

export function answer(text) {
	const end = text.indexOf('\r\n\r\n');
	let json = null;
	try { json = JSON.parse(text.slice(end + 4)); } catch { /* not one */ }
	return { status: +(/^HTTP\/1\.1 (\d{3}) /.exec(text)?.[1] ?? 0),
		head: text.slice(0, end + 2), body: text.slice(end + 4), json };
}

// One request whose every header is given: { Name: value, list or null }.
// Status 0 is a connection closed without a word.
export async function ask(rdv, method, target, headers, { body = '',
	sock = rdv.sock } = {}) {
	const lines = Object.entries(headers)
		.filter(([, value]) => value !== null && value !== undefined)
		.flatMap(([name, value]) => [value].flat()
			.map((one) => `${name}: ${one}\r\n`));
	return answer(await rdv.raw(Buffer.from(`${method} ${target} HTTP/1.1\r\n` +
		`${lines.join('')}\r\n${body}`, 'latin1'),
	{ sock, until: complete }));
}

export function refused(r, what, status) {
	assert.ok(status ? r.status === status :
		r.status === 0 || (r.status >= 400 && r.status < 500),
	`${what}: answered ${r.status} ${(r.body ?? r.raw ?? '').slice(0, 200)}`);
}

export const upgrade = { Connection: 'Upgrade', Upgrade: 'websocket',
	'Sec-WebSocket-Version': '13',
	'Sec-WebSocket-Key': 'dGhlIHNhbXBsZSBub25jZQ==' };

// POST /api/auth/login as the page does it: { cookie, key }.
export async function login(rdv, headers = {}) {
	const { code } = await rdv.call('POST', '/api/auth/code');
	const body = JSON.stringify({ code });
	const r = await ask(rdv, 'POST', '/api/auth/login', { Host: web,
		Origin: origin, 'Sec-Fetch-Site': 'same-origin',
		'Content-Type': 'application/json',
		'Content-Length': body.length, ...headers }, { body });
	const found = /\r\nset-cookie: rdv_session=([^;\r]+)/i.exec(r.head);
	assert.ok(found, `sign-in: ${r.status} ${r.body}`);
	return { cookie: found[1], key: r.json.page_key };
}

// What a page of ours says of itself with what it got from login().
export const pair = ({ cookie, key }) => ({ Cookie: `rdv_session=${cookie}`,
	'X-RDV-Page-Key': key });

// The headers of a page of ours, signed in.
export async function page(rdv) {
	return { Host: web, Origin: origin, 'Sec-Fetch-Site': 'same-origin',
		...pair(await login(rdv)) };
}

export const ended = (rdv, id) => waitFor('run ends', async () => {
	const s = await rdv.call('GET', `/api/sessions/${id}`);
	return !['running', 'starting'].includes(s.run.state) && s;
});

export const output = async (rdv, session) => String((await rdv.request('GET',
	`/api/runs/${session.run.id}/log`)).raw);

// A program to its end: { state, exit_code, ..., text }.
export async function run(rdv, command, more = {}) {
	const s = await rdv.session('run', command, more);
	const end = await ended(rdv, s.id);
	return { ...end.run, text: await output(rdv, end) };
}

export const rss = (pid) => +/VmRSS:\s+(\d+)/.exec(
	fs.readFileSync(`/proc/${pid}/status`, 'utf8'))[1] * 1024;

// Afterwards: it still answers, nothing leaked, nobody is a zombie, and memory
// is near where it was.
export async function unharmed(rdv, fn, { bytes = 24 << 20 } = {}) {
	const zombies = () => fs.readdirSync('/proc')
		.filter((n) => /^\d+$/.test(n)).map(proc).filter((p) =>
			p?.state === 'Z' && p.ppid === rdv.main.pid);
	await rdv.call('GET', '/api/user');
	const before = { pid: rdv.rdvd, fds: fdCount(rdv.rdvd),
		memory: rss(rdv.rdvd), kids: working(rdv.main.pid).length };
	await fn();
	await rdv.call('GET', '/api/user');
	assert.equal(rdv.rdvd, before.pid, 'the same daemon');
	if (before.fds !== null)
		await waitFor('descriptors as before', () =>
			fdCount(rdv.rdvd) <= before.fds + 1);
	await waitFor('processes as before', () =>
		working(rdv.main.pid).length <= before.kids &&
		zombies().length === 0);
	// A sanitizer keeps what is freed for a while, to see it used again.
	assert.ok(sanitized() || rss(rdv.rdvd) < before.memory + bytes,
		`memory ${before.memory} -> ${rss(rdv.rdvd)}`);
}

// A connection to play with by hand: everything said so far in .text.
export async function connect(rdv, sock = rdv.sock) {
	const c = net.connect(sock);
	const o = { c, text: '', closed: false, say: (b) => c.write(b) };
	c.on('data', (d) => { o.text += d.toString('latin1'); });
	c.on('error', () => {});
	c.on('close', () => { o.closed = true; });
	await deadline('connection', new Promise((resolve, reject) => {
		c.on('connect', resolve);
		c.on('error', reject);
	}));
	return o;
}
