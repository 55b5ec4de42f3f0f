// Clients that take nothing, and clients that come and go without a word.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { once } from 'node:events';
import { Rdv, patience, test, waitFor } from '../harness/rdv.mjs';
import { Terminal } from '../harness/terminal.mjs';
import { sanitized } from '../harness/sanitizer.mjs';
import { connect, options, rss, unharmed, upgrade } from './lib.mjs';

const rdv = await Rdv.start({ ...options, config: `${options.config}
[terminal]
viewer_stall_ms = ${patience(2000)}
` });
const auth = `Host: localhost\r\nAuthorization: Bearer ${rdv.token}\r\n`;
const opening = (id, query = '') => `GET /ws/terminal/${id}${query} HTTP/1.1` +
	`\r\n${auth}Sec-WebSocket-Protocol: rdv.v1\r\n${Object.entries(upgrade)
		.map((h) => `${h[0]}: ${h[1]}\r\n`).join('')}\r\n`;

await test('D05 a viewer that takes nothing is dropped, others see all', () =>
	unharmed(rdv, async () => {
		const lines = 200000;
		const s = await rdv.session('flood', ['/bin/sh', '-c',
			`read go; seq -f '%015.0f' ${lines}`]);
		// So many that what is queued for them would be seen.
		const stuck = [];
		for (let i = 0; i < 8; i++) {
			stuck.push(await connect(rdv, rdv.term));
			stuck[i].say(opening(s.id));
			await waitFor('ready', () => stuck[i].text.includes('"ready"'));
			stuck[i].c.pause();
		}
		const good = await Terminal.open(rdv, s.id, { query: 'offset=0' });
		await good.message('ready');
		const before = rss(rdv.rdvd);
		good.type('\n');
		let most = 0;
		const look = setInterval(() => {
			most = Math.max(most, rss(rdv.rdvd));
		}, 20);
		const exit = await good.message('exit')
			.finally(() => clearInterval(look));
		// Behind the echo of the line that set it off.
		const text = String(good.output).slice(-17 * lines);
		assert.equal(exit.state, 'completed');
		assert.ok(good.output.length >= 17 * lines, 'complete');
		assert.ok(text.endsWith(`${String(lines).padStart(15, '0')}\r\n`));
		assert.equal(new Set(text.trim().split('\r\n')).size, lines);
		assert.ok(sanitized() || most < before + (12 << 20),
			`${before} -> ${most}`);
		// The stuck ones are ended although they take not even that, and
		// can come back where they were.
		await waitFor('dropped', async () => (await rdv.call('GET',
			'/health')).metrics.websocket_connections === 0);
		for (const o of stuck)
			o.c.resume();
		await waitFor('closed', () => stuck.every((o) => o.closed));
		const back = await Terminal.open(rdv, s.id, { query:
			`offset=${17 * 1000}&run_id=${s.run.id}` });
		await waitFor('the rest', () => back.output.length ===
			good.output.length - 17 * 1000);
		assert.ok(back.output.equals(good.output.subarray(17 * 1000)));
		await back.close();
		await rdv.call('DELETE', `/api/sessions/${s.id}`);
	}));

await test('D02 refusals fill no log and wash nothing out of one', () =>
	unharmed(rdv, async () => {
		const audit = () => fs.readFileSync(path.join(rdv.base,
			'server/audit.log'), 'utf8');
		const told = () => audit().split('\n').length - 1;
		const made = await rdv.call('POST', '/api/tokens', { name: 'seen' });
		const before = { log: rdv.log().length, audit: audit().length };
		const many = 20000;
		const o = await connect(rdv);
		o.say('GET /api/sessions HTTP/1.1\r\nHost: localhost\r\n\r\n'
			.repeat(many - 1));
		o.say('GET /api/sessions HTTP/1.1\r\nHost: localhost\r\n' +
			'Connection: close\r\n\r\n');
		await waitFor('answers', () => o.closed, 60000);
		assert.equal(o.text.match(/HTTP\/1.1 401 /g).length, many);
		assert.ok(rdv.log().length < before.log + 256 * 1024);
		assert.ok(audit().length < before.audit + 512 * 1024);
		assert.ok(told() >= 1000, 'control: most are told of one by one');
		// The next line says how many it does not show: of the revocation, of
		// who tells it once a minute, or of a refusal that had its turn again.
		await rdv.call('DELETE', `/api/tokens/${made.id}`);
		assert.match(audit(), /event=token.revoke /);
		const left = [...audit().matchAll(/ left_out=(\d+)$/gm)]
			.reduce((sum, m) => sum + +m[1], 0);
		assert.ok(left + told() >= many, `${left} + ${told()}`);
	}));

const stream = (last) => `GET /api/events HTTP/1.1\r\n${auth}` +
	`Accept: text/event-stream\r\n${last ? `Last-Event-ID: ${last}\r\n` : ''}` +
	'\r\n';
const ids = (text) => [...text.matchAll(/^id: (\d+)$/gm)].map((m) => +m[1]);

await test('D05 a stream that is not read delays nobody and loses nothing',
	() => unharmed(rdv, async () => {
		// So many that what waits for all of them would be seen.
		const deaf = [];
		for (let i = 0; i < 64; i++) {
			deaf.push(await connect(rdv));
			deaf[i].say(stream());
			await waitFor('stream', () => deaf[i].text.includes('200 OK'));
			deaf[i].c.pause();
		}
		const before = rss(rdv.rdvd);
		const good = await connect(rdv);
		good.say(stream());
		await waitFor('stream', () => good.text.includes('200 OK'));
		const folder = await rdv.call('POST', '/api/folders', { name: 'f' });
		const count = 3000;
		for (let n = 0; n < count; n += 100)
			await Promise.all(Array.from({ length: 100 }, (_, i) =>
				rdv.call('PATCH', `/api/folders/${folder.id}`,
					{ name: `${n + i} ${'x'.repeat(90)}` })));
		await waitFor('every event', () => ids(good.text).length >= count + 1);
		const all = ids(good.text);
		assert.deepEqual(all, all.map((_, i) => all[0] + i), 'no gap');
		const more = rss(rdv.rdvd) - before;
		assert.ok(sanitized() || more < 64 * 150000,
			`${more} bytes for 64`);
		// Whatever a stuck one has got, its end is where it can resume.
		deaf[0].c.resume();
		const again = await connect(rdv);
		again.say(stream(all[9]));
		await waitFor('the rest', () => ids(again.text).at(-1) === all.at(-1));
		assert.deepEqual(ids(again.text), all.slice(10));
		for (const o of [...deaf, good, again])
			o.c.destroy();
	}));

await test('D06 10 000 that connect and drop leave nothing behind', () =>
	unharmed(rdv, async () => {
		const s = await rdv.session('target', ['/bin/cat']);
		const body = '{"name":"half';
		const kinds = [[rdv.sock, '\r'], [rdv.sock, 'GET /api/us'],
			[rdv.sock, `GET /api/user HTTP/1.1\r\n${auth}\r\n`],
			[rdv.sock, `POST /api/folders HTTP/1.1\r\n${auth}Content-Type: ` +
				`application/json\r\nContent-Length: 100\r\n\r\n${body}`],
			[rdv.sock, stream()], [rdv.term, opening(s.id)],
			[rdv.term, Buffer.concat([Buffer.from(opening(s.id)),
				Buffer.from([0x82, 0xfe, 1])])],
			[rdv.term, opening(s.id, '?tail=1000')]];
		// Half of them wait until something is under way; a request that
		// is not whole has nothing to wait for.
		const one = async (n) => {
			const [sock, text] = kinds[n % kinds.length];
			const c = net.connect(sock);
			c.on('error', () => {});
			await once(c, 'connect');
			c.write(text);
			if (n % 16 >= 8 && /\r\n\r\n$/.test(text))
				await Promise.race([once(c, 'data'), once(c, 'close')]);
			c.destroy();
		};
		for (let n = 0; n < 10000; n += 50)
			await Promise.all(Array.from({ length: 50 }, (_, i) =>
				one(n + i)));
		const t = await Terminal.open(rdv, s.id);
		await t.message('ready');
		t.type('alive\n');
		await t.shows('alive');
		await t.close();
		await rdv.call('DELETE', `/api/sessions/${s.id}`);
		await waitFor('no viewer is counted', async () => (await rdv.call('GET',
			'/health')).metrics.websocket_connections === 0);
	}));

await rdv.stop();
