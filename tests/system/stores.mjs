// What may have become of a host's stores while nobody ran (N07): each is told,
// gives nobody anything, and rdv goes on when it is as it was.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import fs from 'node:fs';
import path from 'node:path';
import { test, waitFor } from '../harness/rdv.mjs';
import { System } from '../harness/system.mjs';

const s = await System.start();
const [ann] = s.people;
s.login(ann);
const at = (name) => path.join(s.root, 'var/lib', name);
const harms = {
	cut: (b) => b.subarray(0, b.length >> 1),
	empty: () => Buffer.alloc(0),
	longer: (b) => Buffer.concat([b, b]),
	'with a bit changed': (b) => Buffer.from(b).fill(b[20] ^ 0x80, 20, 21),
};
const start = () => s.over(ann, 'POST', '/api/sessions',
	{ body: { name: 'x', command: ['/bin/true'] } });
const web = (token) => s.request('GET', '/api/auth/me', { token: null,
	headers: { 'X-RDV-Service-Token': token, 'X-RDV-User-ID': ann.id } });

async function down() {
	const gone = once(s.main, 'exit');
	s.main.kill('SIGTERM');
	await gone;
}

// With that file harmed in each way: what it was, what it is, what was said.
async function each(name, fn, ways = Object.keys(harms)) {
	for (const what of ways) {
		await down();
		const good = fs.readFileSync(at(name)), from = s.log().length;
		fs.writeFileSync(at(name), harms[what](good));
		await fn({ what: `${name} ${what}`, good,
			said: () => s.log().slice(from) });
	}
}

await test('N07 nginx\'s token that was harmed is none, nor is a part of it',
	async () => {
		ann.id = (await s.over(ann, 'GET', '/api/user')).json.id;
		const read = () => fs.readFileSync(at('rdv-helper/service-token'),
			'latin1').trim();
		assert.equal((await web(read())).status, 200, 'control');
		await each('rdv-helper/service-token', async ({ what, good, said }) => {
			const bad = read();
			await s.up();
			assert.match(said(), /service-token was damaged/, what);
			const now = read();
			assert.equal(now.length, 44);
			for (const old of [good.toString('latin1').trim(), bad])
				if (/^[\x21-\x7e]+$/.test(old))
					assert.equal((await web(old)).status, 401, what);
			assert.equal((await web(now)).status, 200, what);
		});
	});

for (const name of ['mac.key', 'sign.key'])
	await test(`N07 without its ${name} nothing is put on record, nor done`,
		() => each(`rdv-helper/audit/${name}`, async ({ what, good, said }) => {
			await s.up();
			const r = await start();
			assert.notEqual(r.status, 201, `${what}: ${r.raw}`);
			assert.match(r.json.error, /audit: keys/, what);
			assert.match(said(), /keys: [^;]+; acts are refused/, what);
			assert.equal((await s.over(ann, 'GET', '/health')).json.status,
				'degraded', what);
			// As it was, it serves: and a byte of it is in no log.
			await down();
			fs.writeFileSync(at(`rdv-helper/audit/${name}`), good);
			await s.up();
			assert.equal((await start()).status, 201, what);
			assert.equal(s.log().includes(good.toString().trim()), false);
		}));

await test('N07 the public key is what the secret one says', () =>
	each('rdv-helper/audit/sign.pub', async ({ what, good }) => {
		await s.up();
		assert.equal((await start()).status, 201, what);
		assert.deepEqual(fs.readFileSync(at('rdv-helper/audit/sign.pub')),
			good, what);
	}));

await test('N07 what is not understood of the tokens or the rows starts nothing',
	async () => {
		for (const name of ['rdv-helper/tokens', 'rdv/server/rdv.db'])
			await each(name, async ({ what, good, said }) => {
				// It is tried again and again, and never ready.
				const up = s.up().then(() => 'ready', () => 'not');
				await waitFor(`${what} is told`, () =>
					said().includes(path.basename(name)));
				await down();
				assert.equal(await up, 'not', what);
				fs.writeFileSync(at(name), good);
				await s.up();
				assert.equal((await start()).status, 201, what);
			}, ['cut']);
	});

await test('N07 tokens as they once were bring back none', async (t) => {
	t.after(() => s.stop());
	const old = fs.readFileSync(at('rdv-helper/tokens'));
	const [{ id }] = (await s.over(ann, 'GET', '/api/tokens')).json;
	const was = ann.token;
	assert.equal((await s.over(ann, 'DELETE', `/api/tokens/${id}`)).status, 204);
	s.login(ann);
	await down();
	fs.writeFileSync(at('rdv-helper/tokens'), old);
	await s.up();
	await waitFor('the answer', async () => (await s.over(ann, 'GET',
		'/api/user', { token: was })).status === 401);
	// The one since then is known to rdvd alone, and starts nothing.
	assert.notEqual((await start()).status, 201);
});
