// K01 from inside: a confined program that knows all there is to know about its
// own request goes for the credentials of its user, who may decide it.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { bin, Rdv, test } from '../harness/rdv.mjs';
import { options, run } from './lib.mjs';

const rdv = await Rdv.start(options);
const work = path.join(rdv.home, 'work');
fs.mkdirSync(work);
const asks = await rdv.session('asks', ['/bin/cat']);
let keys = 0;

// One that is pending, and every way to decide it that a shell has.
async function pending() {
	const { id } = await rdv.call('POST', `/api/sessions/${asks.id}/approvals`,
		{ key: `k${++keys}`, tool: 'Bash', command: 'x', wait_ms: 0 });
	const { digest } = await rdv.call('GET', `/api/approvals/${id}`);
	const rdvs = [bin('rdv'), 'rdv'].map((program) =>
		`HOME='${rdv.home}' RDV_HOME='${rdv.base}' '${program}'`);
	const files = ['cli-token', 'server/service-token', 'server/rdv.db'];
	return { id, script: [
		...files.map((n) => `(head -c 9 '${rdv.base}/${n}' >/dev/null) && ` +
			`echo read ${n}`),
		...rdvs.flatMap((r) => [`${r} token new mine --scope approve && ` +
			'echo made a token', `${r} session bypass '${asks.id}' on && ` +
			'echo bypassed', `${r} approvals approve '${id}' --digest ` +
			`'${digest}' && echo approved`, `${r} approvals deny '${id}' ` +
			'&& echo denied']), 'true'].join('\n') };
}
const state = async (id) => (await rdv.call('GET', `/api/approvals/${id}`))
	.state;
const ask = (profile, command) => run(rdv, ['/bin/sh', '-c', command],
	{ profile, io: 'pipes', project_path: work });

await test('abuse_K01 a confined program cannot approve itself', async () => {
	for (const profile of ['script', 'agent']) {
		const { id, script } = await pending();
		const { text } = await ask(profile, script);
		assert.doesNotMatch(text, /^(read|made|bypassed|approved|denied)/m,
			`${profile}: ${text}`);
		assert.equal(await state(id), 'pending', profile);
	}
	assert.equal((await rdv.call('GET', `/api/sessions/${asks.id}/bypass`)).on,
		false);
	// Control: of its user's own programs each of these works, but one: the
	// token that asked is this one, and another one was made.
	const { id, script } = await pending();
	const { text } = await ask('login', script);
	assert.match(text, /^read cli-token$/m);
	assert.match(text, /^made a token$/m);
	assert.match(text, /^bypassed$/m);
	assert.equal(await state(id), 'pending', 'it asked itself');
	const other = (await rdv.call('POST', '/api/tokens', { name: 'other',
		scopes: ['run'], session_id: asks.id })).rawKey;
	await rdv.call('DELETE', `/api/sessions/${asks.id}/bypass`);
	const theirs = (await rdv.request('POST',
		`/api/sessions/${asks.id}/approvals`, { token: other, body: { key: 'o',
			tool: 'Bash', command: 'x', wait_ms: 0 } })).json.id;
	const { digest } = await rdv.call('GET', `/api/approvals/${theirs}`);
	await ask('login', `HOME='${rdv.home}' RDV_HOME='${rdv.base}' ` +
		`'${bin('rdv')}' approvals approve '${theirs}' --digest '${digest}'`);
	assert.equal(await state(theirs), 'approved');
});

await rdv.stop();
