// What [audit] has of an rdv, when it is one chain.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import path from 'node:path';
import { bin } from '../harness/rdv.mjs';

export function audited(rdv) {
	const audit = (word) => execFileSync(bin('rdv'), ['audit', word,
		path.join(rdv.base, 'audit'), '--json'], { encoding: 'utf8',
		maxBuffer: 1 << 28 });
	const found = JSON.parse(audit('verify'));
	assert.ok(found.ok && found.macs && found.last > 0, 'audit log');
	return audit('export').trim().split('\n').map((l) => JSON.parse(l));
}
