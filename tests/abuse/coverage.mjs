// Every abuse case has a test or a reason, and docs/abuse.md says which.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { root, test } from '../harness/rdv.mjs';
import { found, named, page, write } from './table.mjs';
import { promised, shown, testNames } from './promised.mjs';

await test('every promised abuse case has a test', () => {
	assert.deepEqual(named("await test('A01 A02 x (A03)', f)\ntest_A04(int)\n" +
		'// A05\nabuse_A06_A07_x(void **state)\n'),
	['A01', 'A02', 'A03', 'A06', 'A07'], 'control');
	const have = found();
	assert.deepEqual(promised.filter((id) => !have[id]), []);
	assert.ok(promised.length >= 90, `${promised.length}`);
});

await test('the table of abuse cases is as the tests are', () => {
	const text = fs.readFileSync(page, 'utf8');
	const now = write(text);
	assert.deepEqual(now.faults, []);
	assert.equal(text, now.text, 'run: node tests/abuse/table.mjs');
	// Control: a test that is gone, a case that is gone, a reason that is empty.
	assert.match(write(text, { ...found(), E03: undefined }).faults.join(),
		/E03: neither/);
	assert.match(write(text.replace(/^\| F18 .*\n/m, '')).faults.join(),
		/in order: F18/);
	assert.match(write(text.replace(/(\| B08 .*?\*none:\* ).*\|/, '$1|'))
		.faults.join(), /B08: neither/);
});

await test('what is shown under another name is there', () => {
	for (const [id, list] of Object.entries(shown))
		for (const t of list) {
			const [where, name] = t.split(' ');
			const file = path.join(root, 'tests', `${where.replace(/^priv\//,
				'priv/test_')}.c`);
			assert.ok(testNames(fs.readFileSync(file, 'utf8'))
				.some((n) => n.startsWith(name)), `${id}: ${t}`);
		}
});
