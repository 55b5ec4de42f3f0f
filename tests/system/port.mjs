// Any account of a host can take a port that is free, as that of rdv's page is
// while nginx is down. Nothing that is secret goes to it.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import path from 'node:path';
import { bare, deadline, test } from '../harness/rdv.mjs';
import { System } from '../harness/system.mjs';

const s = await System.start();
const [ann, bob] = s.people;
s.login(ann);

// What that account hears on a port of its own: it answers nothing that helps.
const listens = `
	require('http').createServer((q, r) => {
		q.on('data', (d) => process.stdout.write('heard ' + d));
		q.on('end', () => { r.statusCode = 404; r.end('{}'); });
	}).listen(+process.argv[2], process.argv[1], function () {
		process.stdout.write('port ' + this.address().port + '\\n');
	});`;
async function served(t, who, address = '127.0.0.1', port = 0) {
	const at = { heard: '' };
	const p = spawn('setpriv', [`--reuid=${who.uid}`, `--regid=${who.uid}`,
		'--clear-groups', '--', process.execPath, '-e', listens, address,
		`${port}`],
	{ cwd: '/', env: bare, stdio: ['ignore', 'pipe', 'inherit'] });
	p.stdout.on('data', (d) => { at.heard += d; });
	// With all it has written.
	const closed = once(p, 'close');
	at.end = async () => {
		p.kill('SIGKILL');
		await deadline('it ends', closed);
	};
	t.after(at.end);
	await deadline('it listens', once(p.stdout, 'data'));
	at.port = +/^port (\d+)\n/.exec(at.heard)[1];
	at.heard = '';
	return at;
}

const made = await s.over(ann, 'POST', '/api/sessions',
	{ body: { name: 'hers', command: ['/bin/cat'] } });
const link = await s.over(ann, 'POST', '/api/links',
	{ body: { session_id: made.json.id } });
const secret = link.json.path.split('#')[1];
assert.ok(secret.length > 20);
const attach = (at) => s.as(ann, path.join(s.bin, 'rdv'), ['attach',
	`http://127.0.0.1:${at.port}/s/#${secret}`]);

await test('A13 a link is not given to another account that has the port',
	async (t) => {
		const his = await served(t, bob);
		const refused = attach(his);
		assert.notEqual(refused.status, 0);
		assert.ok(refused.err.includes(`is a port of ${bob.name}`),
			refused.err);
		await his.end();
		assert.equal(his.heard, '');
		// Control: one of her own is asked.
		const hers = await served(t, ann);
		const asked = attach(hers);
		await hers.end();
		assert.doesNotMatch(asked.err, /is a port of/);
		assert.ok(hers.heard.includes(secret), asked.err);
	});

// Nor can anybody keep others from theirs by being there beside it.
await test('A13 of several on a port the one that is reached counts',
	async (t) => {
		const hers = await served(t, ann);
		await served(t, bob, '::1', hers.port);
		const asked = attach(hers);
		await hers.end();
		assert.doesNotMatch(asked.err, /is a port of/);
		assert.ok(hers.heard.includes(secret), asked.err);
		const any = await served(t, bob, '0.0.0.0');
		assert.ok(attach(any).err.includes(`is a port of ${bob.name}`));
	});

await test('all of it ends', async (t) => {
	t.after(() => fs.existsSync(s.scratch) && s.stop());
	assert.equal(await s.stop(), 0);
});
