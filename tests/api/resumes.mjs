// How an agent goes on with what was before: by its own conversation, or, when
// it lost that, by what rdv has of it in words.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { test, waitFor } from '../harness/rdv.mjs';
import { Agents } from '../harness/agent.mjs';

const a = await Agents.start();
const said = path.join(a.dir, 'said'), lost = path.join(a.dir, 'lost');
// It has session/load and tells the past when it loads, as that is to be.
fs.writeFileSync(path.join(a.dir, 'gemini'), `#!${process.execPath}
const fs = require('fs');
let session = 's' + process.pid;
const say = (o) => process.stdout.write(JSON.stringify({ jsonrpc: '2.0', ...o }) + '\\n');
const tell = (text) => say({ method: 'session/update', params: { sessionId: session,
	update: { sessionUpdate: 'agent_message_chunk', content: { type: 'text', text } } } });
require('readline').createInterface({ input: process.stdin }).on('line', (l) => {
	const { id, method, params } = JSON.parse(l);
	fs.appendFileSync(${JSON.stringify(said)}, JSON.stringify({ method, params }) + '\\n');
	if (method === 'initialize')
		return say({ id, result: { protocolVersion: 1, agentCapabilities: { loadSession: true } } });
	if (method === 'session/load' && fs.existsSync(${JSON.stringify(lost)}))
		return say({ id, error: { code: -32603, message: 'Internal error',
			data: { details: 'nothing of that is there' } } });
	if (method === 'session/load') {
		session = params.sessionId;
		tell('the past');
	}
	if (method !== 'session/prompt')
		return say({ id, result: { sessionId: session } });
	const text = params.prompt[0].text;
	tell('answer to ' + text.split('\\n').at(-1).slice(0, 20));
	if (!/hang/.test(text))
		say({ id, result: { stopReason: 'end_turn' } });
}).on('close', () => process.exit(0));
`, { mode: 0o755 });
const fresh = async () => a.conversation([await a.repository()],
	{ agent: 'GEMINI', config: { yolo: false } });
const calls = () => fs.readFileSync(said, 'utf8').trim().split('\n')
	.map((l) => JSON.parse(l));
const entries = async (t) => (await a.call('GET',
	`/api/runs/${(await a.turn(t)).run_id}/entries`)).items;
const texts = (list) => list.map((i) => i.entry.content);

await test('an agent goes on with its own conversation', async () => {
	const c = await fresh();
	const one = await a.over(await a.begin(c, 'one'));
	assert.equal(one.summary, 'answer to one');
	const two = await a.over(await a.begin(c, 'two'));
	assert.equal(two.agent_session, one.agent_session);
	const [load, prompt] = calls().slice(-2);
	assert.deepEqual([load.method, load.params.sessionId], ['session/load',
		one.agent_session]);
	assert.equal(prompt.params.prompt[0].text, 'two');
	assert.deepEqual(texts(await entries(two)), ['answer to two']);
});

await test('one that lost it is told what was before', async (t) => {
	const c = await fresh();
	const one = await a.over(await a.begin(c, 'one'));
	await a.over(await a.begin(c, 'two'));
	fs.writeFileSync(lost, '');
	t.after(() => fs.rmSync(lost));
	const three = await a.over(await a.begin(c, 'three'));
	assert.equal(three.state, 'completed');
	assert.notEqual(three.agent_session, one.agent_session);
	const { prompt: [{ text }] } = calls().at(-1).params;
	const places = ['User: one', 'You: answer to one', 'User: two',
		'You: answer to two', 'three'].map((s) => text.indexOf(s));
	assert.deepEqual(places, [...places].sort((x, y) => x - y), text);
	assert.ok(!places.includes(-1), text);
	assert.equal(text.split('three').length, 2, text);
});

await test('rdvd is killed: the same log is read in the same way', async () => {
	const c = await fresh();
	await a.over(await a.begin(c, 'one'));
	const t = await a.begin(c, 'hang');
	await waitFor('it has answered', async () => (await a.turn(t)).run_id &&
		(await entries(t)).length > 0);
	const before = await entries(t);
	assert.deepEqual(texts(before), ['answer to hang']);
	await a.rdv.again();
	await a.request('POST', `/api/turns/${t.id}/stop`);
	await a.over(t);
	assert.deepEqual(texts(await entries(t)).slice(0, 1), texts(before));
	assert.ok(!texts(await entries(t)).includes('the past'));
});

await a.stop();
