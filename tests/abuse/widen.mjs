// I22: what a confined program may is not its own to change. It writes to each
// file that rdv takes an authority from, plants others where one might be looked
// for, and asks for more with the token of its own run: the next run is held by
// exactly what the first was held by.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { Rdv, test, waitFor } from '../harness/rdv.mjs';
import { options, run } from './lib.mjs';

const rdv = await Rdv.start(options);
const work = path.join(rdv.home, 'work');
fs.mkdirSync(work);

const authority = ['server/config.toml', 'server/rdv.db', 'cli-token',
	'server/service-token', 'audit'].map((n) => path.join(rdv.base, n));
// Names that a careless reader of settings would find from its directory.
const planted = ['rdv.toml', 'helper.toml', 'config.toml', '.rdv/config.toml',
	'.rdv/helper.toml'];
const wider = '[default]\nprofiles = ["login"]\n[server]\nlog_level = "debug"\n';

const script = [
	...authority.map((p) => `(printf %s '${wider}' >> ${p}) && echo wrote ${p}`),
	`(mkdir ${rdv.base}/new) && echo wrote ${rdv.base}/new`,
	`(mv ${rdv.base}/server ${rdv.base}/old) && echo moved`,
	'mkdir -p .rdv',
	...planted.map((n) => `(printf %s '${wider}' > ${n}) && echo planted ${n}`),
	'ls -a', 'true'].join('\n');

const state = () => authority.map((p) => {
	const st = fs.lstatSync(p);
	// The database grows by what rdv itself writes.
	return [p, st.ino, st.mode, st.uid, /\.(toml|token)$/.test(p) &&
		fs.readFileSync(p, 'latin1')];
});

const settings = async () => {
	const from = rdv.log().length;
	process.kill(rdv.rdvd, 'SIGHUP');
	await waitFor('settings read', () =>
		/mod=house msg="settings read/.test(rdv.log().slice(from)));
};

await test('I22 a run changes nothing that says what it may', async () => {
	const ask = (profile, command) => run(rdv, ['/bin/sh', '-c', command],
		{ profile, io: 'pipes', project_path: work });
	const control = await ask('login', `mkdir ${rdv.base}/seen && echo wrote`);
	assert.match(control.text, /^wrote$/m, 'control: its user may');
	fs.rmdirSync(path.join(rdv.base, 'seen'));
	const before = state();
	// Landlock alone holds the one, a root of its own the other as well.
	for (const profile of ['script', 'agent']) {
		const first = await ask(profile, script);
		for (const n of planted)
			assert.ok(fs.readFileSync(path.join(work, n), 'utf8')
				.includes(wider), `control: ${n} is in its directory`);
		await settings();
		const second = await ask(profile, script);
		for (const { text } of [first, second])
			assert.doesNotMatch(text, /^(wrote|moved)/m, profile);
		assert.equal(first.policy.profile, profile);
		assert.deepEqual(second.policy, first.policy);
		assert.deepEqual(state(), before);
	}
});

await rdv.stop();
