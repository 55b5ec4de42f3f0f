// The door of a confined agent's run: what is to be had there, by whom, and for
// how long. A process of the same account finds it by /proc.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { Rdv, deadline, skip, test, waitFor } from '../harness/rdv.mjs';

const rdv = await Rdv.start();
const work = path.join(rdv.home, 'work');
fs.mkdirSync(work);
const { features } = (await rdv.call('GET', '/api/status')).helper;
const roots = features.includes('user_namespaces') && process.getuid() !== 0;
const without = () => skip('this host gives no root of its own');

const environ = (pid) => {
	try {
		return fs.readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0');
	} catch {
		return [];
	}
};

// A session, and its door as it is seen from outside.
async function agent(command = ['/bin/sleep', '10000']) {
	const s = await rdv.session('agent', command, { profile: 'agent',
		project_path: work });
	if (!roots)
		return { s };
	const pid = await waitFor('its program', () =>
		rdv.all('sh').concat(rdv.all('sleep')).find((p) => environ(p.pid)
			.includes(`RDV_SESSION_ID=${s.id}`))?.pid);
	const dir = path.join('/proc', String(pid), 'root', 'run/rdv');
	return { s, pid, sock: `${dir}/api.sock`,
		token: fs.readFileSync(`${dir}/token`, 'utf8') };
}

const at = (door, method, target, options = {}) => rdv.request.call(
	{ sock: door.sock }, method, target, { token: door.token, ...options });
const status = (door, s = door.s, body = { status: 'waiting' }, options) =>
	at(door, 'POST', `/api/sessions/${s.id}/agent-status`,
		{ body, ...options });
const get = (s) => rdv.call('GET', `/api/sessions/${s.id}`);
const end = (s) => rdv.request('DELETE', `/api/sessions/${s.id}`);

await test('rdv hook tells what an agent is at, from inside', async () => {
	if (!roots)
		return without();
	const { s } = await agent(['/bin/sh', '-c', 'echo "{}" | ' +
		'/run/rdv/rdv hook claude notification; echo done $?; exec sleep 10000']);
	await waitFor('what it is at', async () =>
		(await get(s)).agent_status === 'waiting');
	const run = (await get(s)).run.id;
	assert.ok((await rdv.call('GET', `/api/runs/${run}`)).guards
		.includes('door'), 'its record says so');
	await end(s);
});

await test('C14 a door answers its own token and no other', async () => {
	if (!roots)
		return without();
	const a = await agent(), b = await agent();
	assert.match(a.token, /^rdv_[\w-]{43}$/);
	assert.equal((await status(a)).status, 204);
	assert.equal((await status(a, a.s, undefined, { token: null })).status, 401);
	for (const token of [b.token, rdv.token, rdv.serviceToken(), 'rdv_x'])
		assert.equal((await status(a, a.s, { status: 'idle' }, { token }))
			.status, 401, token);
	assert.equal((await get(a.s)).agent_status, 'waiting');
	// That of a run opens nothing else, where the others do.
	const out = { s: a.s, sock: rdv.sock, token: a.token };
	assert.equal((await status(out)).status, 401);
	assert.equal((await status({ ...out, token: rdv.token })).status, 204);
	// Another session is not there, also not by the other way to name one.
	assert.equal((await status(a, b.s)).status, 404);
	await end(a.s);
	await end(b.s);
});

await test('C14 no door leads further', async () => {
	if (!roots)
		return without();
	const a = await agent(), id = a.s.id;
	const run = (await get(a.s)).run.id;
	for (const [method, target, body] of [
		['GET', '/health'], ['GET', '/api/openapi.json'], ['GET', '/metrics'],
		['GET', '/api/user'], ['GET', '/api/sessions'], ['GET', '/api/events'],
		['POST', '/api/tokens', {}], ['POST', '/api/login', {}],
		['POST', '/api/links/open', {}],
		['POST', `/api/sessions/${id}/ticket`, {}],
		['POST', `/api/sessions/${id}/input`, { data: 'x' }],
		['POST', `/api/sessions/${id}/exec`, { command: 'x' }],
		['GET', `/api/sessions/${id}/runs`], ['GET', `/api/runs/${run}`],
		['DELETE', `/api/sessions/${id}`],
		['GET', `/ws/terminal/${id}`],
		// Not even by the methods that it has.
		['DELETE', '/api/user'], ['PUT', '/api/sessions']])
		for (const token of [a.token, rdv.token])
			assert.equal((await at(a, method, target, { body, token })).status,
				404, target);
	assert.equal((await at(a, 'GET', `/api/sessions/${id}`)).status, 200);
	await end(a.s);
});

await test('K01 it asks for its own run alone, and decides nothing', async () => {
	if (!roots)
		return without();
	const a = await agent(), b = await agent();
	const other = (await get(b.s)).run.id, own = (await get(a.s)).run.id;
	const wish = (run_id) => ({ body: { key: 'k', tool: 'Bash',
		command: 'make', wait_ms: 60000, run_id } });
	const where = `/api/sessions/${a.s.id}/approvals`;
	assert.equal((await at(a, 'POST', where, wish(other))).status, 404);
	assert.equal((await at(a, 'POST', `${where}/withdraw`,
		{ body: { key: 'k', run_id: other } })).status, 404);
	// Without a word of it, its own is meant.
	const waits = at(a, 'POST', where, wish(undefined));
	const { id, run_id } = await waitFor('what it asks', async () =>
		(await rdv.call('GET', '/api/approvals?state=pending')).items[0]);
	assert.equal(run_id, own);
	const decide = `/api/approvals/${id}/decision`;
	const { digest } = await rdv.call('GET', `/api/approvals/${id}`);
	const body = { verdict: 'deny', digest };
	assert.equal((await at(a, 'POST', decide, { body })).status, 404);
	await rdv.call('POST', decide, body);
	assert.equal((await waits).json.state, 'denied');
	await end(a.s);
	await end(b.s);
});

await test('rdv approvals ask waits for leave, from inside', async () => {
	if (!roots)
		return without();
	for (const [verdict, left] of [['approve', 'left 0'], ['deny', 'left 1']]) {
		const { s } = await agent(['/bin/sh', '-c', '/run/rdv/rdv approvals ask ' +
			'--tool Bash -- make; echo left $?; exec sleep 10000']);
		const { id } = await waitFor('what it asks', async () =>
			(await rdv.call('GET', '/api/approvals?state=pending')).items[0]);
		const { digest } = await rdv.call('GET', `/api/approvals/${id}`);
		await rdv.call('POST', `/api/approvals/${id}/decision`,
			{ verdict, digest });
		await waitFor(left, async () => (await rdv.request('GET',
			`/api/sessions/${s.id}/scrollback`)).raw.includes(left));
		await end(s);
	}
});

await test('another rdvd serves the same door', async () => {
	if (!roots)
		return without();
	const a = await agent(), b = await agent();
	await rdv.again();
	assert.equal((await status(a)).status, 204);
	assert.equal((await status(a, a.s, undefined, { token: b.token })).status,
		401);
	process.kill(rdv.ops, 'SIGKILL');
	await rdv.again();
	assert.equal((await status(b)).status, 204);
	await end(a.s);
	await end(b.s);
});

await test('with the run all that was open by it ends', async () => {
	if (!roots)
		return without();
	const a = await agent();
	const held = net.connect(a.sock);
	held.on('error', () => {});
	await new Promise((done) => held.once('connect', done));
	const closed = new Promise((done) => held.once('close', done));
	await end(a.s);
	await deadline('the connection ends', closed, 30000);
	assert.equal(fs.existsSync(a.sock), false);
	const none = await rdv.request('POST',
		`/api/sessions/${a.s.id}/agent-status`,
		{ body: { status: 'idle' }, token: a.token });
	assert.equal(none.status, 401);
});

await test('D02 what comes by a door keeps nobody else out', async () => {
	if (!roots)
		return without();
	const a = await agent(), held = [];
	for (let i = 0; i < 8; i++)
		await new Promise((done, fail) => held.push(net.connect(a.sock)
			.once('connect', done).once('error', fail)));
	await waitFor('one is too many', async () =>
		(await rdv.raw('', { sock: a.sock })).includes(' 503 '));
	assert.equal((await rdv.request('GET', '/api/user')).status, 200);
	for (const c of held)
		c.destroy();
	await waitFor('there is room again', async () =>
		(await status(a)).status === 204);
	await end(a.s);
});

await test('no other profile has one', async () => {
	const s = await rdv.session('plain', ['/bin/sh', '-c',
		'echo "<$RDV_API_SOCKET|$RDV_TOKEN_FILE>"; exec sleep 10000'],
	{ profile: 'script', project_path: work });
	await waitFor('what it says', async () => (await rdv.request('GET',
		`/api/sessions/${s.id}/scrollback`)).raw.includes('api.sock|>'));
	await end(s);
});

await rdv.stop();
