// Group O: what is acknowledged is there after any end, what is not is absent
// or whole, and a state that cannot be trusted is left as it is.
import assert from 'node:assert/strict';
import crypto from 'node:crypto';
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import path from 'node:path';
import { Rdv, bare, bin, deadline, test, waitFor } from '../harness/rdv.mjs';
import { connect, options, output, unharmed } from './lib.mjs';

const file = (rdv, name = 'rdv.db') => path.join(rdv.base, 'server', name);
const sql = (rdv, text) => execFileSync('sqlite3', ['-cmd', '.timeout 10000',
	file(rdv), text], { encoding: 'utf8' });
const names = async (rdv) => (await rdv.call('GET', '/api/folders'))
	.map((f) => f.name);
const folder = (rdv, name) => rdv.request('POST', '/api/folders',
	{ body: { name } });
const answers = (rdv) => waitFor('it answers', async () => (await rdv.request(
	'GET', '/api/user').catch(() => null))?.status === 200);
async function down(rdv) {
	const gone = once(rdv.main, 'exit');
	rdv.main.kill('SIGTERM');
	await gone;
}

await test('O06 kill -9 during writes loses nothing acknowledged', async (t) => {
	const rdv = await t.start(options);
	const acknowledged = new Set(), tried = new Set();
	for (let round = 0; round < 12; round++) {
		const all = Array.from({ length: 24 }, async (_, i) => {
			const name = `r${round}-${i}`;
			tried.add(name);
			const r = await folder(rdv, name).catch(() => null);
			if (r?.status === 201)
				acknowledged.add(name);
		});
		if (round % 3)
			await Promise.any(all);
		process.kill(rdv.rdvd, 'SIGKILL');
		await Promise.all(all);
		await answers(rdv);
	}
	const have = await names(rdv);
	assert.ok(acknowledged.size > 0, 'control: some were acknowledged');
	for (const name of acknowledged)
		assert.ok(have.includes(name), `${name} is lost`);
	assert.equal(new Set(have).size, have.length, 'none is doubled');
	for (const name of have)
		assert.ok(tried.has(name), name);
	// A row and its event are one: neither is without the other.
	assert.equal(sql(rdv, `SELECT count(*) FROM folder f WHERE (SELECT count(*)
		FROM event e WHERE e.subject = f.id) <> 1;`), '0\n');
	assert.equal(sql(rdv, 'PRAGMA integrity_check;'), 'ok\n');
});

await test('O07 D09 no room: a clear refusal, and it goes on by itself',
	async (t) => {
		const rdv = await t.start(options);
		const s = await rdv.session('writes', ['/bin/sh', '-c',
			'stty -echo; read x; seq 1 20000; echo end; exec cat']);
		const limit = (n) => execFileSync('prlimit', ['--pid',
			String(rdv.rdvd), `--fsize=${n}:`]);
		const kept = [];
		for (let i = 0; i < 5; i++) {
			assert.equal((await folder(rdv, `before${i}`)).status, 201);
			kept.push(`before${i}`);
		}
		await unharmed(rdv, async () => {
			// No file may grow beyond what the log of the database has.
			limit(4096);
			for (let i = 0; i < 20; i++) {
				const r = await folder(rdv, `full${i}`);
				assert.ok([201, 503, 507].includes(r.status),
					`${r.status} ${r.raw}`);
				if (r.status === 201)
					kept.push(`full${i}`);
				else
					assert.match(r.json.error, /could not be stored and was not made/);
			}
			assert.ok(kept.length < 25, 'control: it was full');
			assert.deepEqual((await names(rdv)).sort(), [...kept].sort());
			// A terminal waits for room, and loses nothing.
			await rdv.request('POST', `/api/sessions/${s.id}/exec`,
				{ body: { command: 'x' } });
			for (let i = 0; i < 20; i++)
				await rdv.call('GET', '/api/user');
			limit('unlimited');
			await waitFor('writes again', async () =>
				(await folder(rdv, 'after')).status === 201);
			kept.push('after');
		});
		await waitFor('all of its output', async () =>
			(await output(rdv, s)).endsWith('end\r\n'));
		assert.equal(await output(rdv, s), Array.from({ length: 20000 },
			(_, i) => `${i + 1}\r\n`).join('') + 'end\r\n');
		const have = async () => [...new Set(await names(rdv))].sort();
		assert.deepEqual(await have(), [...new Set(kept)].sort());
		process.kill(rdv.rdvd, 'SIGKILL');
		await answers(rdv);
		assert.deepEqual(await have(), [...new Set(kept)].sort());
		assert.equal(sql(rdv, 'PRAGMA integrity_check;'), 'ok\n');
	});

// Files that hold something: looking at a database makes an empty log.
const picture = (dir) => fs.readdirSync(dir).filter((n) =>
	/^rdv\.db(-wal)?$/.test(n) && fs.statSync(path.join(dir, n)).size > 0)
	.map((n) => [n, crypto.createHash('sha256')
	.update(fs.readFileSync(path.join(dir, n))).digest('hex')]);

// What is done to the state while nobody runs, and what is said about it.
const harms = {
	'newer (O12)': [(rdv) => sql(rdv, `INSERT INTO schema_migration
		VALUES (9999, 'future', 'x', 1);`), /newer/i],
	'another history': [(rdv) => sql(rdv, `UPDATE schema_migration
		SET sha256 = 'x';`), /not the one of this program/],
	'cut in half': [(rdv) => fs.truncateSync(file(rdv),
		fs.statSync(file(rdv)).size / 2), /corrupt|malformed|check|damaged/i],
	'cut to nothing': [(rdv) => fs.truncateSync(file(rdv), 0),
		/empty|corrupt|truncat|check|damaged/i],
	'not a database': [(rdv) => fs.writeFileSync(file(rdv),
		'x'.repeat(8192)), /not a database|corrupt|check|damaged/i],
	'a page of noise': [(rdv) => {
		const fd = fs.openSync(file(rdv), 'r+');
		fs.writeSync(fd, Buffer.alloc(4096, 0xa5), 0, 4096, 4096);
		fs.closeSync(fd);
	}, /corrupt|malformed|check|damaged/i],
	'a directory': [(rdv) => { fs.rmSync(file(rdv));
		fs.mkdirSync(file(rdv)); }, /not a regular file/i],
	'open to all': [(rdv) => fs.chmodSync(rdv.base, 0o755), /0700/],
	'read-only directory': [(rdv) => fs.chmodSync(path.join(rdv.base,
		'server'), 0o500), /0700|not permitted/i],
};

for (const [what, [harm, said]] of Object.entries(harms))
	await test(`O07 O12 a state that is ${what} is refused, untouched`,
		async (t) => {
			const rdv = await t.start(options);
			assert.equal((await folder(rdv, 'kept')).status, 201);
			await down(rdv);
			const server = path.join(rdv.base, 'server');
			const keep = `${server}.keep`;
			fs.cpSync(server, keep, { recursive: true });
			harm(rdv);
			const was = what === 'a directory' ? [] : picture(server);
			const r = spawnSync(bin('rdv-helper'), ['--base', rdv.base],
				{ encoding: 'utf8', timeout: 20000, env: bare });
			assert.equal(r.status, 77, `${r.status} ${r.stderr}`);
			assert.match(r.stderr, said, r.stderr);
			if (what !== 'a directory')
				assert.deepEqual(picture(server), was);
			// Control: the state as it was starts, and has what it had.
			fs.chmodSync(rdv.base, 0o700);
			fs.chmodSync(server, 0o700);
			fs.rmSync(server, { recursive: true });
			fs.renameSync(keep, server);
			await rdv.up();
			assert.deepEqual(await names(rdv), ['kept']);
		});

await test('O08 a database held by somebody else delays, and wedges nothing',
	async (t) => {
		const rdv = await t.start(options);
		const cli = spawn('sqlite3', [file(rdv)],
			{ stdio: ['pipe', 'pipe', 'inherit'] });
		let said = '';
		cli.stdout.on('data', (d) => { said += d; });
		const over = once(cli, 'exit');
		cli.stdin.write('BEGIN IMMEDIATE; SELECT \'held\';\n');
		await waitFor('held', () => said.includes('held'));
		const [r] = await Promise.all([folder(rdv, 'waits'),
			...Array.from({ length: 20 }, () => rdv.call('GET', '/api/user'))]);
		assert.ok([201, 409, 503].includes(r.status), `${r.status} ${r.raw}`);
		cli.stdin.write('ROLLBACK; SELECT \'free\';\n');
		await waitFor('free', () => said.includes('free'));
		assert.equal((await folder(rdv, 'goes')).status, 201);
		// A reader that stays, as a backup would, does not delay the end.
		cli.stdin.write('BEGIN; SELECT count(*) || \' rows\' FROM folder;\n');
		await waitFor('reading', () => said.includes('rows'));
		assert.equal((await folder(rdv, 'beside')).status, 201);
		await deadline('it ends', down(rdv));
		cli.stdin.end('COMMIT;\n');
		await over;
		await rdv.up();
		const have = await names(rdv);
		assert.ok(have.includes('goes') && have.includes('beside'));
		assert.equal(have.includes('waits'), r.status === 201);
	});

await test('O09 a stream of events goes on where it was, or says it cannot',
	async (t) => {
		const rdv = await t.start(options);
		const open = async (last, more = '') => {
			const o = await connect(rdv);
			o.say(`GET /api/events${more} HTTP/1.1\r\nHost: localhost\r\n` +
				`Authorization: Bearer ${rdv.token}\r\n` +
				'Accept: text/event-stream\r\n' + (last === undefined ? '' :
				`Last-Event-ID: ${last}\r\n`) + '\r\n');
			await waitFor('an answer', () => o.text.includes('\r\n\r\n'));
			return o;
		};
		const ids = (o) => [...o.text.matchAll(/^id: (\d+)$/gm)]
			.map((m) => +m[1]);
		for (let i = 0; i < 10; i++)
			await folder(rdv, `e${i}`);
		const { items } = await rdv.call('GET', '/api/events?since=0&limit=1000');
		const seqs = items.map((e) => +e.seq);
		const last = seqs.at(-1);
		const from = await open(seqs[3]);
		await waitFor('the rest', () => ids(from).at(-1) === last);
		assert.deepEqual(ids(from), seqs.slice(4));
		// Across a kill -9: what came meanwhile comes, and nothing twice.
		process.kill(rdv.rdvd, 'SIGKILL');
		await answers(rdv);
		assert.equal((await folder(rdv, 'later')).status, 201);
		const again = await open(last);
		await waitFor('later', () => ids(again).length > 0);
		assert.equal(ids(again)[0], last + 1);
		for (const [id, more] of [[last + 1000000], ['x'], [-1], ['1'.repeat(30)],
			[undefined, `?since=${last + 1000000}`]]) {
			const o = await open(id, more);
			assert.match(o.text, /^HTTP\/1\.1 4(00|22) /, `${id} ${more}`);
		}
		// Too old: the rows are gone, and the stream says from where it goes.
		await down(rdv);
		sql(rdv, `DELETE FROM event WHERE seq < ${last};`);
		await rdv.up();
		const old = await open(seqs[0]);
		await waitFor('reset', () => /^event: reset$/m.test(old.text));
		assert.match(old.text, new RegExp(`data: .*"oldest":"?${last}\\b`));
		await waitFor('the rest', () => ids(old).includes(last + 1));
		for (const o of [from, again, old])
			o.c.destroy();
	});
