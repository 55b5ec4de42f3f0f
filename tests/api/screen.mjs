// What a terminal shows, worked out when somebody asks.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import fs from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { test, waitFor } from '../harness/rdv.mjs';
import { Terminal } from '../harness/terminal.mjs';
import { dump, newTerm, write } from '../screen/xterm.mjs';

const screen = (rdv, s, query = '') =>
	rdv.call('GET', `/api/sessions/${s.id}/screen${query}`);
const print = (text, then = 'exec cat') =>
	['/bin/sh', '-c', `printf '${text}'; ${then}`];
const shown = (rdv, s, text) => waitFor(`the screen shows ${text}`,
	async () => {
		const now = await screen(rdv, s);
		return now.content.includes(text) && now;
	});

await test('a screen has text, cursor, title and modes, with nobody attached',
	async (t) => {
		const rdv = await t.start();
		const s = await rdv.session('looks', print('main\\033[?1049h\\033[2J' +
			'\\033[H\\033[1;31mred\\033[0m\\033[3;5Hx\\033]2;a title\\007' +
			'\\033[?2004h\\033[?1002h\\033[?25lend'));
		const now = await shown(rdv, s, 'end');
		const lines = now.content.split('\n');
		assert.deepEqual(lines.slice(0, 3), ['red', '', '    xend']);
		assert.equal(lines.length, now.rows + 1);
		assert.deepEqual(now.cursor, { x: 8, y: 2, visible: false });
		assert.equal(now.title, 'a title');
		assert.equal(now.alternate, true);
		assert.deepEqual(now.modes, ['bracketed-paste', 'wrap', 'mouse-drag']);
		assert.equal(now.run_id, s.run.id);
		const { log_bytes } = (await rdv.call('GET',
			`/api/sessions/${s.id}`)).run;
		assert.equal(now.offset, log_bytes);
		const ansi = await screen(rdv, s, '?format=ansi');
		assert.ok(ansi.content.startsWith('\x1b[0;1;31mred\x1b[0m\n'));
		// From any state to this one: both screens, and what stands behind.
		const all = await screen(rdv, s, '?format=output');
		assert.match(all.content, /^\x18\x1bc.*main.*\x1b\[\?47h.*red.*end/s);
		assert.match(all.content, /\x1b\]2;a title\x1b\\/);
	});

await test('what was written for another size is shown for that size',
	async (t) => {
		const rdv = await t.start();
		const s = await rdv.session('sized', ['/bin/cat']);
		const v = await Terminal.open(rdv, s.id, { query: 'cols=20&rows=5' });
		await v.message('ready');
		v.type(`${'x'.repeat(25)}\r`);
		await shown(rdv, s, 'x'.repeat(20));
		v.send({ type: 'resize', cols: 40, rows: 6 });
		await v.message('size', (m) => m.cols === 40);
		const now = await screen(rdv, s);
		assert.deepEqual([now.cols, now.rows], [40, 6]);
		// Broken at the twentieth column, as it was when it came.
		assert.equal(now.content.split('\n')[0], 'x'.repeat(20));
	});

await test('an ended run shows its last screen, a run with pipes none',
	async (t) => {
		const rdv = await t.start();
		const s = await rdv.session('over', print('the end', 'exit 3'));
		await waitFor('it ends', async () => (await rdv.call('GET',
			`/api/sessions/${s.id}`)).run.state === 'failed');
		assert.match((await screen(rdv, s)).content, /^the end\n/);
		const p = await rdv.call('POST', '/api/sessions', { name: 'pipes',
			command: ['/bin/cat'], io: 'pipes' });
		const no = await rdv.request('GET', `/api/sessions/${p.id}/screen`);
		assert.deepEqual([no.status, no.json.error],
			[409, 'it has no terminal']);
	});

// A viewer that asks for the screen, and xterm.js fed with what it gets.
async function attach(rdv, s, query = '', protocol = 'rdv.v1') {
	const v = await Terminal.open(rdv, s.id,
		{ query: `screen=true${query}`, protocol });
	await v.message('screen', (m) => !m.more);
	return v;
}

async function drawn(v, { cols, rows }) {
	const term = newTerm(cols, rows);
	await write(term, v.screen);
	await write(term, v.output);
	return term;
}

for (const protocol of ['rdv.v1', null])
	await test(`attaching gives the screen and what comes behind it, ${protocol}`,
		async (t) => {
			const rdv = await t.start();
			const s = await rdv.session('long', print('\\033[?2004h\\033[31m' +
				'first', 'seq 30000; printf "last"; exec cat'));
			await shown(rdv, s, 'last');
			const v = await attach(rdv, s, '', protocol);
			const ready = v.messages[0];
			assert.equal(ready.type, 'ready');
			const { offset } = v.messages.find((m) => m.type === 'screen');
			assert.equal(offset, ready.end);
			assert.equal(v.output.length, 0);
			v.type('typed\r');
			await waitFor('echo and answer', () =>
				v.output.toString().match(/typed/g)?.length === 2);
			const restored = await drawn(v, ready);
			const watched = newTerm(ready.cols, ready.rows);
			await write(watched, (await rdv.request('GET',
				`/api/runs/${s.run.id}/log`)).raw);
			assert.deepEqual(dump(restored), dump(watched));
			// In a fraction of what a replay of all of it takes.
			assert.ok(v.screen.length < offset / 4, `${v.screen.length}`);
		});

await test('a client with an offset gets its bytes, one with a wrong one the ' +
	'screen', async (t) => {
	const rdv = await t.start();
	const s = await rdv.session('again', print('one two'));
	await shown(rdv, s, 'two');
	const at = `screen=true&run_id=${s.run.id}&offset=`;
	const good = await Terminal.open(rdv, s.id, { query: `${at}4` });
	await good.shows('two');
	assert.equal(good.screen, '');
	const bad = await Terminal.open(rdv, s.id, { query: `${at}999` });
	await bad.message('screen');
	assert.ok(bad.messages.findIndex((m) => m.type === 'resync') <
		bad.messages.findIndex((m) => m.type === 'screen'));
	assert.match(bad.screen, /one two/);
	// Who wants bytes after all has them.
	bad.send({ type: 'resume', offset: 0 });
	bad.offset = 0;
	await bad.shows('one two');
});

await test('a screen can be asked for again, without lines above', async (t) => {
	const rdv = await t.start();
	const s = await rdv.session('again', print('\\033[?2004h', 'seq 5000; ' +
		'printf last; exec cat'));
	await shown(rdv, s, 'last');
	const v = await attach(rdv, s, '&lines=0');
	assert.doesNotMatch(v.screen, /4970/);
	assert.match(v.screen, /4990/);
	const first = v.screen;
	v.screen = '';
	v.send({ type: 'screen', lines: 0 });
	await waitFor('the second', () => v.messages.filter((m) =>
		m.type === 'screen' && !m.more).length === 2);
	assert.equal(v.screen, first);
	v.screen = '';
	v.send({ type: 'screen' });
	await waitFor('the third', () => v.messages.filter((m) =>
		m.type === 'screen' && !m.more).length === 3);
	assert.match(v.screen, /4000/);
	// The harness checks that output goes on at the offset it named.
	v.type('more\n');
	await v.shows('more');
	await v.close();
});

await test('a run without a terminal has no screen to ask for', async (t) => {
	const rdv = await t.start();
	const s = await rdv.session('pipes', ['cat'], { io: 'pipes' });
	const v = await Terminal.open(rdv, s.id);
	v.send({ type: 'screen' });
	assert.equal((await v.message('error')).code, 'NO_SCREEN');
	await v.close();
});

// The sizes of the chunks that an answer came in, and its body.
async function chunksOf(rdv, target) {
	const sock = net.connect(rdv.sock), parts = [];
	sock.on('data', (d) => parts.push(d));
	sock.write(`GET ${target} HTTP/1.1\r\nHost: localhost\r\n` +
		`Authorization: Bearer ${rdv.token}\r\n\r\n`);
	await once(sock, 'end');
	const raw = Buffer.concat(parts), sizes = [], body = [];
	let at = raw.indexOf('\r\n\r\n') + 4;
	assert.match(raw.subarray(0, at).toString(),
		/^HTTP\/1.1 200 [^]*\r\ncontent-type: application\/json\r\n/i);
	while (sizes.at(-1) !== 0) {
		const from = raw.indexOf('\r\n', at) + 2;
		sizes.push(parseInt(raw.subarray(at, from).toString(), 16));
		body.push(raw.subarray(from, from + sizes.at(-1)));
		at = from + sizes.at(-1) + 2;
	}
	return { sizes, json: JSON.parse(Buffer.concat(body)) };
}

await test('a large screen comes in pieces, and is the one that is attached to',
	async (t) => {
		const rdv = await t.start();
		const s = await rdv.session('large', ['/bin/sh', '-c', 'awk \'BEGIN { ' +
			'for (l = 0; l < 200; l++) { for (c = 0; c < 79; c++) printf ' +
			'"\\033[38;5;%dm\\303\\244", 16 + (l + c) % 200; print "" } }\'; ' +
			'printf last; exec cat']);
		const now = await shown(rdv, s, 'last');
		const v = await attach(rdv, s);
		const { sizes, json } = await chunksOf(rdv,
			`/api/sessions/${s.id}/screen?format=output`);
		assert.equal(json.content, v.screen);
		assert.deepEqual(Object.keys(json), Object.keys(now));
		assert.deepEqual({ ...json, content: '' }, { ...now, content: '' });
		// A byte is six in JSON at most.
		assert.ok(json.content.length > 100000, `${json.content.length}`);
		assert.ok(Math.max(...sizes) <= 6 * 32768, `${sizes}`);
		assert.ok(sizes.length > 6, `${sizes}`);
		await v.close();
	});

await test('an ended run gives its screen, then its end', async (t) => {
	const rdv = await t.start();
	const s = await rdv.session('over', print('the end', 'exit 3'));
	await waitFor('it ends', async () => (await rdv.call('GET',
		`/api/sessions/${s.id}`)).run.state === 'failed');
	const v = await attach(rdv, s);
	assert.equal((await v.message('exit')).code, 3);
	assert.match(v.screen, /the end/);
	assert.equal(await v.ended(), 1000);
});

await test('a checkpoint is made though nobody looks, and survives kill -9',
	async (t) => {
		const rdv = await t.start();
		const s = await rdv.session('kept', print('\\033[?2004hfirst',
			'yes "$(printf "\\033[5A\\033[2;3Hx")" | head -c 5000000; ' +
			'printf "\\033[H\\033[Jlast"; exec cat'));
		const file = path.join(rdv.base, 'server', 'runs', `${s.run.id}.ckpt`);
		await waitFor('a checkpoint', () => fs.existsSync(file));
		const before = await shown(rdv, s, 'last');
		await rdv.again();
		assert.deepEqual(await shown(rdv, s, 'last'), before);
		const emulated = Number(/^rdv_screens_emulated_bytes_total (\d+)$/m
			.exec((await rdv.request('GET', '/metrics')).raw)[1]);
		// The log has five million bytes.
		assert.ok(emulated < 4500000, `${emulated}`);
		// A torn one costs time, nothing else.
		fs.truncateSync(file, 100);
		assert.deepEqual(await screen(rdv, s), before);
	});

const figures = async (rdv) => {
	const { raw } = await rdv.request('GET', '/metrics');
	return Object.fromEntries([...String(raw).matchAll(/^rdv_(\w+) (\d+)$/mg)].map(
		([, name, n]) => [name, Number(n)]));
};

// J02: while nobody looks rdvd answers what has one answer everywhere, and where
// the cursor is; once, in order, and not what it shows.
const questions = ['\\033[c', '\\033[6n', '\\033[?1$p', '\\033[21t',
	'\\033P$qm\\033\\\\', '\\033]10;?\\007', '\\033]52;c;?\\007', '\\005',
	'\\033[18t', '\\033[5n', '\\033[>c', 'asked'].join('');
const asking = ['/bin/sh', '-c', 'stty raw -echo; printf ready; head -c1 ' +
	`>/dev/null; printf '${questions}'; exec cat -v`];
const types = (rdv, s, data) => rdv.call('POST',
	`/api/sessions/${s.id}/input`, { data });

await test('J02 looking at a screen answers no question of its program',
	async (t) => {
		const rdv = await t.start();
		const s = await rdv.session('asks', asking);
		await shown(rdv, s, 'ready');
		await types(rdv, s, '.');
		await shown(rdv, s, '^[[>0;276;0c');
		// Looked at again and again, it says no more than it did.
		for (let i = 0; i < 3; i++)
			await screen(rdv, s);
		await types(rdv, s, '<end>');
		await shown(rdv, s, '<end>');
		assert.match((await screen(rdv, s)).content,
			/^readyasked\^\[\[\?1;2c\^\[\[1;\d+R\^\[\[0n\^\[\[>0;276;0c<end>\n/);
	});

await test('J02 who has the size is who answers, and rdvd does not',
	async (t) => {
		const rdv = await t.start();
		const s = await rdv.session('asks', asking);
		await shown(rdv, s, 'ready');
		const viewer = await Terminal.open(rdv, s.id,
			{ query: 'cols=80&rows=24' });
		await viewer.message('ready', (m) => m.size_owner);
		viewer.type('.');
		await viewer.shows('asked');
		viewer.type('<end>');
		await viewer.shows('<end>');
		assert.match(viewer.output.toString('latin1'), /asked<end>$/);
		await viewer.close();
	});

// Of a log that has to be emulated, and is too short for a checkpoint.
const asksOften = ['/bin/bash', '-c', String.raw`stty raw -echo
ask() { printf "$1"; read -rs -d R; said=\${REPLY#?}; }
yes "$(printf '\e[5A\e[2;3Hx')" | head -c 700000
for ((i = 0; i < 200; i++)); do
	ask "\e[$((i % 20 + 1));5H\e[6n"
	[[ $said == "[$((i % 20 + 1));5" ]] || break
done
ask '\e[9;9H\e[6n\e[?6n'; one=$said; read -rs -d R
printf "\e[2J\e[H$i $one \${REPLY#?} end"; exec cat`.replaceAll('\\$', '$')];

await test('J02 who asks in a loop is answered, and each byte emulated once',
	async (t) => {
		const rdv = await t.start();
		const s = await rdv.session('often', asksOften);
		// Nobody looks meanwhile, as that is emulated too.
		await rdv.call('GET', `/api/sessions/${s.id}/wait?pattern=end&since=0&timeout_ms=60000`);
		const { answers_total: answers, screens_emulated_bytes_total: emulated } =
			await figures(rdv);
		assert.match((await screen(rdv, s)).content,
			/^200 \[9;9 \[\?9;9 end\n/);
		assert.equal(answers, 202);
		assert.ok(emulated > 700000, `${emulated}`);
		assert.ok(emulated < 1400000, `${emulated}`);
	});

// Of all that is emulated there are numbers, and the last who asks is the one
// that is meant: nobody else does here.
const metrics = async (rdv) => {
	const { raw } = await rdv.request('GET', '/metrics');
	return Object.fromEntries(['working', 'unwanted_total', 'total',
		'emulated_bytes_total'].map((name) => [name, Number(new RegExp(
		`^rdv_screens_${name} (\\d+)$`, 'm').exec(raw)[1])]));
};
// Sent and closed before rdvd, which is stopped, has seen any of it: so it has
// the request and its end in the same turn, and the work had no time to end.
async function askAndLeave(rdv, target, ...lines) {
	process.kill(rdv.rdvd, 'SIGSTOP');
	try {
		const c = net.connect(rdv.sock);
		await once(c, 'connect');
		await new Promise((sent) => c.write([`GET ${target} HTTP/1.1`,
			'Host: localhost', `Authorization: Bearer ${rdv.token}`, ...lines,
			'', ''].join('\r\n'), sent));
		c.destroy();
		await once(c, 'close');
	} finally {
		process.kill(rdv.rdvd, 'SIGCONT');
	}
}

await test('D06 a screen that nobody waits for any more is worked out no further',
	async (t) => {
		const most = 6000000;
		const rdv = await t.start();
		const s = await rdv.session('long', print('begin', 'yes "$(printf ' +
			`"\\033[5A\\033[2;3Hx")" | head -c ${most}; printf last; exec cat`));
		const runs = path.join(rdv.base, 'server', 'runs', `${s.run.id}`);
		// Without a checkpoint all of it has to be emulated.
		const quiet = async () => {
			await waitFor('nothing to do', async () =>
				(await metrics(rdv)).working === 0);
			fs.rmSync(`${runs}.ckpt`, { force: true });
			return metrics(rdv);
		};
		await waitFor('all of it', () => fs.statSync(`${runs}.log`).size > most);
		await shown(rdv, s, 'last');
		const ask = `/api/sessions/${s.id}/screen`;
		const open = `/ws/terminal/${s.id}?screen=true`;
		const upgrade = ['Connection: Upgrade', 'Upgrade: websocket',
			'Sec-WebSocket-Version: 13',
			'Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA=='];
		for (const words of [[ask], [open, ...upgrade]]) {
			const before = await quiet();
			await askAndLeave(rdv, ...words);
			await waitFor('it is given up', async () =>
				(await metrics(rdv)).unwanted_total > before.unwanted_total);
			const after = await metrics(rdv);
			assert.equal(after.working, 0);
			assert.equal(after.total, before.total);
			assert.ok(after.emulated_bytes_total - before.emulated_bytes_total <
				most, words[0]);
		}
		// The control: who stays has all of it emulated, and his answer.
		const before = await quiet();
		assert.match((await screen(rdv, s)).content, /last/);
		const after = await metrics(rdv);
		assert.equal(after.total, before.total + 1);
		assert.equal(after.unwanted_total, before.unwanted_total);
		assert.ok(after.emulated_bytes_total - before.emulated_bytes_total >=
			most);
	});
