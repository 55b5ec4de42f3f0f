// The abuse cases that are promised, and that each is named by a test: in the
// name of a test of these layers, or of a C test. A reference in a comment is
// none.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { root, test } from '../harness/rdv.mjs';
import { promised, testNames } from './promised.mjs';

function files(dir) {
	return fs.readdirSync(dir, { withFileTypes: true }).flatMap((e) =>
		e.name === 'node_modules' ? [] : e.isDirectory() ?
			files(path.join(dir, e.name)) : [path.join(dir, e.name)]);
}

// IDs in the names of tests.
const named = (text) => testNames(text).flatMap((n) =>
	n.match(/(?<![A-Za-z0-9])[A-Q]\d\d(?!\d)/g) ??
	n.match(/[A-Q]\d\d(?=_|$)/g) ?? []);

await test('every promised abuse case has a test', () => {
	assert.deepEqual(named("await test('A01 A02 x (A03)', f)\ntest_A04(int)\n" +
		'// A05\nabuse_A06_A07_x(void **state)\n'),
	['A01', 'A02', 'A03', 'A06', 'A07'], 'control');
	const have = new Set(files(path.join(root, 'tests'))
		.filter((f) => /\.(mjs|c)$/.test(f))
		.flatMap((f) => named(fs.readFileSync(f, 'utf8'))));
	assert.deepEqual(promised.filter((id) => !have.has(id)), []);
	assert.ok(promised.length >= 75, `${promised.length}`);
});
