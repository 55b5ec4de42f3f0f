// Folders: a tree that keeps what is in it.
import assert from 'node:assert/strict';
import { Rdv, test } from '../harness/rdv.mjs';

const rdv = await Rdv.start();
const make = (name, parent_id) => rdv.call('POST', '/api/folders',
	{ name, ...(parent_id && { parent_id }) });

await test('a tree: children, context, moves, no cycles', async () => {
	const a = await make('a'), b = await make('b', a.id);
	const c = await make('c', b.id);
	assert.deepEqual((await rdv.call('GET', `/api/folders/${a.id}/children`))
		.map((f) => f.id), [b.id]);
	const ctx = await rdv.call('GET', `/api/folders/${c.id}/context`);
	assert.deepEqual(ctx.ancestors.map((f) => f.name).sort(), ['a', 'b']);
	const cycle = await rdv.request('PATCH', `/api/folders/${a.id}`,
		{ body: { parent_id: c.id } });
	assert.equal(cycle.status >= 400 && cycle.status < 500, true);
	const up = await rdv.call('PATCH', `/api/folders/${c.id}`,
		{ parent_id: null });
	assert.equal(up.parent_id, null);
	const nobody = await rdv.request('POST', '/api/folders', { body: {
		name: 'x', parent_id: '01900000-0000-7000-8000-000000000000' } });
	assert.equal(nobody.status >= 400 && nobody.status < 500, true);
});

await test('deleting a folder moves what is in it up', async () => {
	const a = await make('outer'), b = await make('inner', a.id);
	const c = await make('leaf', b.id);
	const s = await rdv.session('kept', ['/bin/cat'], { folder_id: b.id });
	assert.equal(s.folder_id, b.id);
	assert.equal((await rdv.request('DELETE', `/api/folders/${b.id}`)).status,
		204);
	assert.equal((await rdv.call('GET', `/api/folders/${c.id}`)).parent_id,
		a.id);
	assert.equal((await rdv.call('GET', `/api/sessions/${s.id}`)).folder_id,
		a.id);
});

await test('reorder is whole or not at all', async () => {
	const x = await make('x'), y = await make('y');
	await rdv.call('POST', '/api/folders/reorder', { folder_ids: [y.id, x.id] });
	const order = (await rdv.call('GET', '/api/folders')).map((f) => f.id);
	assert.ok(order.indexOf(y.id) < order.indexOf(x.id));
	const bad = await rdv.request('POST', '/api/folders/reorder', { body: {
		folder_ids: [x.id, '01900000-0000-7000-8000-000000000000', y.id] } });
	assert.ok(bad.status >= 400 && bad.status < 500);
	assert.deepEqual((await rdv.call('GET', '/api/folders')).map((f) => f.id),
		order);
});

await test('a session moves between folders and out of them', async () => {
	const f = await make('place');
	const s = await rdv.session('mover', ['/bin/cat']);
	for (const key of ['folder_id', 'folderId']) {
		assert.deepEqual(await rdv.call('PUT', `/api/sessions/${s.id}/folder`,
			{ [key]: f.id }), { success: true });
		assert.equal((await rdv.call('GET', `/api/sessions/${s.id}`))
			.folder_id, f.id);
		await rdv.call('PUT', `/api/sessions/${s.id}/folder`, { [key]: null });
		assert.equal((await rdv.call('GET', `/api/sessions/${s.id}`))
			.folder_id, null);
	}
});

await rdv.stop();
