// 64 clients begin, stop and follow up the same conversations, cancel and edit
// what waits and decide what is asked: each of their answers is right in one
// order, that in which rdv says that it happened.
import assert from 'node:assert/strict';
import { test } from '../harness/rdv.mjs';
import { Agents } from '../harness/agent.mjs';
import { Linear } from '../harness/linear.mjs';

const a = await Agents.start();

await test('64 clients at once: there is an order that explains it', async () => {
	const more = { config: { approvals: true } };
	const one = await a.conversation([await a.repository()], more);
	const two = await a.conversation([await a.repository()], more);
	const beside = await a.call('POST', '/api/conversations', { workspace_id:
		one.w.id, agent: 'CLAUDE_CODE', profile: 'login', ...more });
	const all = new Linear((...args) => a.request(...args),
		[one, two, { ...beside, w: one.w }]);
	const said = await all.run(64, 12);
	console.log(`     ${JSON.stringify(said)}`);
	// It was no quiet afternoon.
	for (const n of ['begun', 'busy', 'cancelled', 'too_late', 'decided', 'late'])
		assert.ok(said[n] > 0, n);
	await a.model([one, two]);
	assert.deepEqual((await a.call('POST', '/api/integrity')).findings, []);
});

await a.stop();
