// The policy binds what people do over their sockets and through the proxy, and
// a new one binds whoever is there.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { test } from '../harness/rdv.mjs';
import { System } from '../harness/system.mjs';

const s = await System.start();
const [ann, bob] = s.people;

ann.work = path.join(ann.home, 'work');
fs.mkdirSync(ann.work);
fs.chownSync(ann.work, ann.uid, ann.uid);

const begin = (who, name) => s.over(who, 'POST', '/api/sessions',
	{ body: { name, command: ['/bin/true'] } });

await test('what the policy does not grant is refused, with its rule (F17)',
	async () => {
		for (const who of [ann, bob]) {
			s.login(who);
			assert.equal((await begin(who, 'free')).status, 201, 'control');
		}
		await s.reload(`[user.${bob.name}]\nprofiles = ["script"]\n`);
		const no = await begin(bob, 'bound');
		assert.notEqual(no.status, 201);
		assert.match(`${no.raw}`, new RegExp(`\\[user\\.${bob.name}\\]`));
		assert.equal((await begin(ann, 'free')).status, 201);
	});

await test('a profile has the network the policy gives it, and no more (F17)',
	async () => {
		s.login(ann);
		const ask = (network) => s.over(ann, 'POST', '/api/sessions', { body: {
			name: 'net', command: ['/bin/true'], profile: 'script',
			project_path: ann.work, network } });
		const had = async (network) =>
			(await ask(network)).json.run?.policy.network;
		assert.equal(await had(), 'full');
		await s.reload('[profile.script]\nnetwork = "none"\n');
		assert.equal(await had(), 'none', 'by itself');
		assert.equal(await had('none'), 'none');
		const no = await ask('full');
		assert.equal(no.status, 403);
		assert.match(no.json.error, /\[profile\.script\] network \(.*:\d+\)/);
		await s.reload('');
		assert.equal(await had('full'), 'full', 'control');
	});

await test('a file that is wrong leaves the policy of before', async () => {
	await s.reload('[user.x]\nwhatever = 1\n', 'both stay as they were');
	assert.notEqual((await begin(bob, 'bound')).status, 201);
	assert.equal((await begin(ann, 'free')).status, 201);
	await s.reload('');
	assert.equal((await begin(bob, 'free')).status, 201);
});

await test('the web acts for whom the policy says (E01)', async () => {
	const service = fs.readFileSync(path.join(s.root,
		'var/lib/rdv-helper/service-token'), 'utf8').trim();
	const { id } = (await s.over(bob, 'GET', '/api/user')).json;
	const byProxy = () => s.request('POST', '/api/sessions', {
		token: service, headers: { 'X-RDV-User-ID': id },
		body: { name: 'web', command: ['/bin/true'] } });
	assert.equal((await byProxy()).status, 201, 'control');
	await s.reload(`[user.${bob.name}]\nweb = false\n`,
		`serving user=${bob.name} `);
	const r = await byProxy();
	assert.equal(r.status, 403);
	assert.equal(r.json.code, 'UNKNOWN_USER');
	assert.equal((await begin(bob, 'own')).status, 201);
});

await test('all of it ends', async (t) => {
	t.after(() => fs.existsSync(s.scratch) && s.stop());
	assert.equal(await s.stop(), 0);
});
