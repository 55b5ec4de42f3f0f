// Who looks at a terminal, as its viewers and the owner are told.
import assert from 'node:assert/strict';
import { Rdv, test, waitFor } from '../harness/rdv.mjs';
import { Terminal } from '../harness/terminal.mjs';

const WEB = '127.0.0.1:8443', ORIGIN = `http://${WEB}`;
const rdv = await Rdv.start({ args: ['--web', WEB] });
const me = await rdv.call('GET', '/api/user');
const s = await rdv.session('watched', ['/bin/cat']);
const viewers = (id = s.id) => rdv.call('GET', `/api/sessions/${id}/viewers`);
const open = (query = 'presence=true&tail=0', more = {}) =>
	Terminal.open(rdv, s.id, { query, ...more });
const last = (t) => t.messages.findLast((m) => m.type === 'presence');
const told = (t, what, accept) => waitFor(what, () => last(t) !== undefined &&
	accept(last(t)) && last(t));

async function byLink(body, query = '') {
	const made = await rdv.call('POST', '/api/links',
		{ session_id: s.id, ...body });
	const { token } = await rdv.call('POST', '/api/links/open',
		{ secret: made.secret }, { token: null,
			headers: { Host: WEB, Origin: ORIGIN } });
	const t = await open(`token=${token}&presence=true&tail=0${query}`,
		{ token: null, headers: { Host: WEB, Origin: ORIGIN } });
	return { t, made };
}

await test('viewers are told who comes, who goes and who types', async () => {
	const own = await open('presence=true&tail=0&cols=100&rows=30');
	const { viewer } = await own.message('ready');
	const first = await told(own, 'alone', (m) => m.total === 1 &&
		m.viewers[0].size_owner);
	assert.deepEqual(Object.keys(first.viewers[0]).sort(), ['cols', 'guest',
		'id', 'mode', 'name', 'rows', 'since', 'size_owner', 'typing']);
	assert.deepEqual([first.viewers[0].id, first.viewers[0].name,
		first.viewers[0].guest, first.viewers[0].mode,
		first.viewers[0].cols, first.viewers[0].rows],
	[viewer, me.name, false, 'write', 100, 30]);
	const ann = await byLink({ label: '<b>Ann</b>' });
	const bo = await byLink({ label: 'Bo', mode: 'write' },
		'&cols=40&rows=12&keep_size=true');
	const three = await told(own, 'three', (m) => m.total === 3 &&
		m.viewers[2].cols === 40);
	assert.deepEqual(three.viewers.map((v) => [v.name, v.guest, v.mode,
		v.size_owner]), [[me.name, false, 'write', true],
		['<b>Ann</b>', true, 'read', false], ['Bo', true, 'write', false]]);
	await told(ann.t, 'those who came by a link too', (m) => m.total === 3);
	assert.ok(!JSON.stringify(last(ann.t)).includes(ann.made.id),
		'no ids of links');
	// Told again should it have been forgotten before it was told.
	await waitFor('who types', () => {
		if (!last(own).viewers[2]?.typing)
			bo.t.type('x');
		return last(ann.t).viewers[2]?.typing && !last(ann.t).viewers[0].typing;
	});
	await told(ann.t, 'and stops', (m) => !m.viewers[2].typing);
	bo.t.send({ type: 'take_size' });
	await told(own, 'takes the size', (m) => m.viewers[2].size_owner &&
		!m.viewers[0].size_owner);
	assert.equal((await own.message('size', (m) => m.cols === 40)).owner, false);
	await bo.t.close();
	await told(own, 'goes, and hands it on', (m) => m.total === 2 &&
		m.viewers[0].size_owner);
	await waitFor('its size', () => own.messages.findLast((m) =>
		m.type === 'size').cols === 100);
	await Promise.all([ann.t.close(), own.close()]);
});

await test('who does not ask is told nothing, and is there all the same',
	async () => {
		const quiet = await open('tail=0');
		assert.equal((await quiet.message('ready')).viewer, undefined);
		const loud = await open();
		await told(loud, 'two', (m) => m.total === 2);
		quiet.type('marker\n');
		await quiet.shows('marker');
		assert.equal(last(quiet), undefined);
		await loud.close();
		await quiet.close();
	});

await test('the route says who looks, with the links they came by', async () => {
	await waitFor('nobody', async () => (await viewers()).total === 0);
	const ann = await byLink({ label: 'Ann' });
	await ann.t.message('ready');
	const own = await open();
	await own.message('ready');
	const list = await viewers();
	assert.equal(list.total, 2);
	assert.deepEqual(list.viewers.map((v) => [v.name, v.link_id]),
		[['Ann', ann.made.id], [me.name, null]]);
	assert.ok(list.viewers.every((v) => v.since > Date.now() - 600000 &&
		v.since <= Date.now() + 1000));
	await rdv.call('DELETE', `/api/links/${ann.made.id}`);
	await waitFor('sent away', async () => (await viewers()).total === 1);
	await told(own, 'told', (m) => m.total === 1);
	await own.close();
	assert.equal((await rdv.request('GET', '/api/sessions/' +
		'01900000-0000-7000-8000-000000000000/viewers')).status, 404);
	const over = await rdv.session('over', ['/bin/true']);
	await waitFor('its end', async () => (await rdv.call('GET',
		`/api/sessions/${over.id}`)).run.state === 'completed');
	assert.deepEqual(await viewers(over.id), { total: 0, viewers: [] });
});

await test('a crowd is listed to a bound and counted beyond it', async () => {
	const many = [];
	for (let i = 0; i < 40; i++)
		many.push(await open());
	const m = await told(many[39], 'all of them', (p) => p.total === 40);
	assert.equal(m.viewers.length, 32);
	assert.equal((await viewers()).viewers.length, 40);
	await waitFor('told to the first', () => last(many[0]).total === 40);
	// Gathered: the first has not heard of each of the others.
	assert.ok(many[0].messages.filter((x) => x.type === 'presence').length < 40);
	await Promise.all(many.map((t) => t.close()));
});

await rdv.stop();
