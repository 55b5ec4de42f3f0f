// kill -9 of rdvd at any moment while programs ask, and two people decide the
// same thing differently. An independent account of all that was answered has to
// agree with what rdv says afterwards: decided once, told once at most, and what
// was acknowledged is there.
import assert from 'node:assert/strict';
import { setTimeout as pause } from 'node:timers/promises';
import { test, waitFor } from '../harness/rdv.mjs';

const ROUNDS = Number(process.env.RDV_ROUNDS ?? 20), ASKERS = 3;

// Whatever answer there is in the end; null ones are those that broke.
async function persist(rdv, ask) {
	return waitFor('an answer', async () => {
		const r = await ask().catch(() => null);
		return r !== null && r.status !== 503 && r;
	});
}

// Asks until it is over, and counts how often it was given leave.
async function asker(rdv, { s, token, key }, seen) {
	for (;;) {
		const r = await persist(rdv, () => rdv.request('POST',
			`/api/sessions/${s.id}/approvals`, { token, body: { key,
				tool: 'Bash', command: key, wait_ms: 60000 } }));
		if (r.status === 409) {
			assert.equal(r.json.code, 'ALREADY_TOLD', String(r.raw));
			assert.equal(r.json.details.granted, false);
			seen.lost = true;
			return r.json.details;
		}
		assert.equal(r.status, 200, String(r.raw));
		seen.id = r.json.id;
		if (r.json.state !== 'pending') {
			seen.granted += r.json.granted;
			return r.json;
		}
	}
}

async function decider(rdv, id, verdict, token, won) {
	const { digest } = (await persist(rdv, () => rdv.request('GET',
		`/api/approvals/${id}`))).json;
	let broke = false;
	const r = await waitFor('a decision', async () => {
		const a = await rdv.request('POST', `/api/approvals/${id}/decision`,
			{ token, body: { verdict, digest } }).catch(() => null);
		broke ||= a === null;
		return a !== null && a.status !== 503 && a;
	});
	if (r.status === 200)
		won.push(verdict);
	else
		assert.equal(r.json.code, 'ALREADY_DECIDED', String(r.raw));
	return broke;
}

async function newest(rdv, since) {
	for (;;) {
		const { items } = await rdv.call('GET',
			`/api/events?since=${since}&limit=500`);
		since = items.at(-1)?.seq ?? since;
		if (items.length < 500)
			return since;
	}
}

// A list shows what is not durable yet; an event is told of what is.
async function asked(rdv, who) {
	const r = await rdv.request('GET', '/api/approvals?state=pending' +
		`&session_id=${who.s.id}`).catch(() => null);
	const id = r?.json?.items?.[0]?.id;
	const told = id && await rdv.request('GET',
		`/api/events?since=${who.since}&limit=500`).catch(() => null);
	return told?.json?.items?.some((e) => e.subject === id) && id;
}

async function one(rdv, who, judges) {
	const seen = { granted: 0 }, won = [];
	const told = asker(rdv, who, seen);
	const id = await waitFor('what is asked', () => asked(rdv, who));
	// Acknowledged: from now on it is there, whatever is killed.
	await Promise.all(['approve', 'deny'].map((verdict, i) =>
		decider(rdv, id, verdict, judges[i], won)));
	const said = await told;
	const row = (await persist(rdv, () => rdv.request('GET',
		`/api/approvals/${id}`))).json;
	assert.ok(['approved', 'denied'].includes(row.state), row.state);
	assert.ok(won.length <= 1, 'two are told that theirs counts');
	if (won.length > 0)
		assert.equal({ approve: 'approved', deny: 'denied' }[won[0]],
			row.state);
	assert.equal(row.attempts.filter((a) => a.outcome === 'decided').length, 1);
	assert.deepEqual([said.id, said.state], [id, row.state]);
	assert.ok(row.delivered_at);
	assert.equal(seen.granted,
		row.state === 'approved' && !seen.lost ? 1 : 0);
	return seen.lost ? 'lost' : row.state;
}

await test('abuse_K07 abuse_K08 approvals across kill -9', async (t) => {
	const rdv = await t.start();
	const make = async (body) => (await rdv.call('POST', '/api/tokens',
		{ name: 'x', ...body })).rawKey;
	const judges = [await make({ scopes: ['approve'] }),
		await make({ scopes: ['full'] })];
	const all = [], outcomes = {};
	let since = 0;
	for (let i = 0; i < ASKERS; i++) {
		const s = await rdv.session(`asks ${i}`, ['/bin/cat']);
		all.push({ s, token: await make({ scopes: ['run'],
			session_id: s.id }) });
	}
	for (let n = 0; n < ROUNDS; n++) {
		const old = await waitFor('rdvd', () => rdv.rdvd);
		since = await newest(rdv, since);
		const ends = all.map((who) => one(rdv,
			{ ...who, since, key: `k${n}` }, judges));
		const killed = pause(Math.random() * 25).then(() =>
			process.kill(old, 'SIGKILL'));
		for (const end of await Promise.all(ends))
			outcomes[end] = (outcomes[end] ?? 0) + 1;
		await killed;
		await waitFor('a new rdvd', () => rdv.rdvd && rdv.rdvd !== old);
	}
	console.log(`     ${JSON.stringify(outcomes)}`);
});
