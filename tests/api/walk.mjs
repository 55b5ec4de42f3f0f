// Every route row, from the document that is made of the rows: what is refused
// without a credential, with too small a scope, by method, by type and by body.
// The positive control of each refusal is the same call with one thing changed.
import assert from 'node:assert/strict';
import { Rdv, test } from '../harness/rdv.mjs';

const NOBODY = '01900000-0000-7000-8000-000000000000';
const METHODS = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'];

const rdv = await Rdv.start();
const doc = await rdv.call('GET', '/api/openapi.json');
const rows = Object.entries(doc.paths).flatMap(([pattern, ops]) =>
	Object.entries(ops).map(([method, op]) => ({ method:
		method.toUpperCase(), pattern, op, scopes: op['x-rdv-scopes'],
		target: pattern.replace(/\{[^}]+\}/g, NOBODY),
		body: op.requestBody?.content?.['application/json']?.schema })));
const named = (r) => `${r.method} ${r.pattern}`;
const each = (list, fn) => list.map(async (r) => {
	try {
		await fn(r);
	} catch (e) {
		e.message = `${named(r)}: ${e.message}`;
		throw e;
	}
});
// A WebSocket is asked for with an upgrade: tests/api/terminal.mjs.
const closed = rows.filter((r) => r.scopes.length > 0 &&
	!r.pattern.startsWith('/ws'));

async function refusal(r, status, code, options) {
	const a = await rdv.request(r.method, r.target, options);
	assert.equal(a.status, status, String(a.raw));
	if (code)
		assert.equal(a.json.code, code);
	assert.ok(a.json.error.length > 0);
	assert.match(a.json.request_id, /./);
	return a;
}

await test('the document knows the routes of the contract', () => {
	const have = new Set(rows.map(named));
	for (const want of ['GET /health', 'GET /metrics', 'GET /api/sessions',
		'POST /api/sessions', 'GET /api/sessions/{id}',
		'PATCH /api/sessions/{id}', 'DELETE /api/sessions/{id}',
		'POST /api/sessions/{id}/suspend', 'POST /api/sessions/{id}/resume',
		'POST /api/sessions/{id}/exec', 'GET /api/sessions/{id}/scrollback',
		'POST /api/sessions/reorder', 'PUT /api/sessions/{id}/folder',
		'GET /api/folders', 'POST /api/folders', 'GET /api/folders/{id}',
		'PATCH /api/folders/{id}', 'DELETE /api/folders/{id}',
		'GET /api/folders/{id}/children', 'GET /api/folders/{id}/context',
		'POST /api/folders/reorder', 'GET /api/worktrees',
		'POST /api/worktrees', 'DELETE /api/worktrees',
		'GET /api/worktrees/status', 'POST /api/worktrees/check',
		'GET /api/tokens', 'POST /api/tokens', 'GET /api/tokens/{id}',
		'DELETE /api/tokens/{id}', 'GET /api/events', 'GET /api/user',
		'GET /ws/terminal/{session_id}'])
		assert.ok(have.has(want), want);
});

await test('every closed route: 401 without a credential', () =>
	Promise.all(each(closed, (r) => refusal(r, 401, 'MISSING_TOKEN',
		{ token: null, body: r.body ? {} : undefined }))));

await test('every closed route: 401 with a wrong credential', () =>
	Promise.all(each(closed, (r) => refusal(r, 401, 'INVALID_TOKEN',
		{ token: `rdv_${'A'.repeat(43)}`, body: r.body ? {} : undefined })
		.catch(async (e) => {
			// So many guesses meet the limit; that is a refusal as well.
			await refusal(r, 429, 'RATE_LIMITED',
				{ token: `rdv_${'A'.repeat(43)}` }).catch(() => { throw e; });
		}))));

await test('every closed route: 403 below its scope (C12)', async () => {
	const { id } = await rdv.session('bound', ['/bin/cat']);
	for (const scope of ['read', 'run', 'approve', 'service']) {
		const made = await rdv.request('POST', '/api/tokens', { body:
			{ name: scope, scopes: [scope],
				...scope === 'run' && { session_id: id } } });
		// A token makes no token with more than it has itself.
		if (scope === 'service') {
			assert.equal(made.status, 403);
			continue;
		}
		const token = made.json.rawKey;
		const may = [scope];
		await Promise.all(each(closed.filter((r) => !r.scopes.some((s) =>
			may.includes(s))), (r) => refusal(r, 403, 'ACCESS_DENIED',
			{ token, body: r.body ? {} : undefined })));
		await Promise.all(each(closed.filter((r) => r.method === 'GET' &&
			r.scopes.some((s) => may.includes(s)) &&
			!/events|log$|^\/ws/.test(r.pattern)), async (r) => {
			const a = await rdv.request('GET', r.target, { token });
			assert.notEqual(a.status, 401, String(a.raw));
			assert.notEqual(a.status, 403, String(a.raw));
		}));
	}
});

await test('every closed route: the ways the document names, no others',
	async () => {
		const { id } = await rdv.call('GET', '/api/user');
		const service = { 'X-RDV-Service-Token': rdv.serviceToken() };
		for (const r of rows.filter((x) => !/events|log$|^\/ws/.test(x.pattern))) {
			const op = doc.paths[r.pattern][r.method.toLowerCase()];
			const ways = op.security.map((w) => Object.keys(w).join('+'));
			const body = r.body ? { no_such_field: 1 } : undefined;
			const ask = (headers) => rdv.request(r.method, r.target,
				{ token: null, body, headers });

			if (r.scopes.length === 0) {
				assert.deepEqual(ways, [], r.pattern);
				continue;
			}
			assert.ok(ways.includes('bearer') &&
				ways.includes('cookie+page'));
			assert.equal((await ask(service)).status, 401, r.pattern);
			const got = (await ask({ ...service, 'X-RDV-User-ID': id })).status;
			assert.equal(got === 403, !ways.includes('service+user'),
				`${r.method} ${r.pattern}: ${got} ${ways}`);
			// A body that need not be there is a body that may be absent.
			if (r.body)
				assert.equal(op.requestBody.required,
					(r.body.required ?? []).length > 0, r.pattern);
		}
	});

await test('every path: 405 with Allow for the other methods', () =>
	Promise.all(Object.entries(doc.paths).flatMap(([pattern, ops]) =>
		METHODS.filter((m) => !(m.toLowerCase() in ops)).map(async (m) => {
			const a = await rdv.request(m, pattern.replace(/\{[^}]+\}/g,
				NOBODY), { body: m === 'GET' ? undefined : {} });
			// Another pattern may own that path and method.
			if (a.status !== 405)
				return assert.ok(rows.some((r) => r.method === m &&
					r.pattern !== pattern), `${m} ${pattern}: ${a.status}`);
			assert.match(a.headers.allow, /GET|POST|PUT|PATCH|DELETE/);
		}))));

await test('every body: 415 for another type, 400 for no JSON', () =>
	Promise.all(each(rows.filter((r) => r.body), async (r) => {
		const token = r.scopes.length > 0 ? rdv.token : null;
		const headers = { ...(token ? {} : { Origin: 'http://localhost' }) };
		for (const type of ['text/plain', 'application/x-www-form-urlencoded',
			'application/jsonp', 'multipart/form-data; boundary=x']) {
			const a = await rdv.request(r.method, r.target, { token, body: '{}',
				headers: { ...headers, 'Content-Type': type } });
			assert.ok(a.status === 415 || (!token && a.status === 403),
				`${type}: ${a.status}`);
		}
		if (token)
			await refusal(r, 400, 'INVALID_JSON', { body: '{"a":' });
	})));

await test('every body: 422 naming the field', () =>
	Promise.all(each(rows.filter((r) => r.body && r.scopes.length > 0),
		async (r) => {
			if (!r.body.required?.length) {
				const a = await refusal(r, 422, 'UNKNOWN_FIELD',
					{ body: { no_such_field: 1 } });
				assert.match(JSON.stringify(a.json), /no_such_field/);
			}
			for (const name of r.body.required ?? []) {
				const b = await rdv.request(r.method, r.target, { body: {} });
				assert.equal(b.status, 422, String(b.raw));
				assert.ok(JSON.stringify(b.json).includes(
					r.body.required[0]) || JSON.stringify(b.json)
					.includes(name));
			}
			// An absent required field is told first.
			for (const [name, schema] of Object.entries(r.body.properties))
				if ((r.body.required ?? []).every((x) => x === name) &&
					[schema.type].flat()[0] === 'string')
					await refusal(r, 422, 'WRONG_TYPE',
						{ body: { [name]: { a: 1 } } });
		})));

await test('every body: 413 over the limit', async () => {
	const huge = JSON.stringify({ name: 'x'.repeat(3 << 20) });
	for (const r of rows.filter((x) => x.body && x.scopes.length > 0)) {
		const a = await rdv.request(r.method, r.target, { body: huge });
		assert.equal(a.status, 413, named(r));
	}
	assert.equal((await rdv.request('GET', '/api/user')).status, 200);
});

await test('every id: nobody\'s and no id are the same 404 (C14)', () =>
	Promise.all(each(rows.filter((r) => r.pattern.includes('{') &&
		!r.pattern.startsWith('/ws') && !r.body), async (r) => {
		const a = await rdv.request(r.method, r.target);
		const b = await rdv.request(r.method, r.pattern.replace(/\{[^}]+\}/g,
			'not-an-id'));
		assert.equal(a.status, 404, String(a.raw));
		assert.equal(b.status, 404, String(b.raw));
		assert.equal(a.json.error, b.json.error);
	})));

await test('unknown paths are 404 with the error object', async () => {
	for (const target of ['/', '/api', '/api/', '/apix/sessions',
		'/api/sessions/x/y/z', '/API/sessions', '/health/x']) {
		const a = await rdv.request('GET', target);
		assert.equal(a.status, 404, target);
		assert.equal(a.json.code, 'NOT_FOUND');
	}
});

await test('GET and HEAD change nothing (A09)', async () => {
	const seq = async () => (await rdv.call('GET',
		'/api/events?since=0&limit=1000')).items.length;
	const before = await seq();
	for (const r of rows.filter((x) => x.method === 'GET' &&
		!/events|log$|^\/ws/.test(x.pattern)))
		for (const method of ['GET', 'HEAD'])
			await rdv.request(method, r.target);
	assert.equal(await seq(), before);
	await rdv.call('POST', '/api/folders', { name: 'control' });
	assert.equal(await seq(), before + 1, 'a change is an event');
});

await rdv.stop();
