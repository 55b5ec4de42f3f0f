// What is done to an rdv at some moment: kill -9 of rdvd, of [ops] and of both,
// an upgrade, which is of rdv-helper and rdvd at once, and upgrades in which
// somebody is killed or the new rdvd is no good.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { build, descendants, waitFor } from '../harness/rdv.mjs';
import { upgrade } from '../harness/upgrade.mjs';

// At most so long after a moment something else happens, in ms.
const SOON = 40;
const soon = (random) => pause(random() * SOON);

// Whoever is no more there has ended meanwhile, which is as good.
function killed(pid) {
	try {
		process.kill(pid, 'SIGKILL');
	} catch (e) {
		assert.equal(e.code, 'ESRCH');
	}
}

// In that order, and at once or not.
const kill = (...names) => async (rdv, random) => {
	const pids = names.map((n) => rdv[n]);
	for (const [i, pid] of pids.entries()) {
		if (i > 0 && random() < 0.5)
			await soon(random);
		killed(pid);
	}
	return names;
};

const both = ['rdvd', 'ops'];
// A program that was refused when it was tried has replaced nobody.
const others = (said) => /^upgraded |serves again$/.test(said) ? both : [];

async function plain(rdv) {
	rdv.installed.next();
	const said = await upgrade(rdv);
	assert.match(said, /^upgraded .* terminals=\d+$/);
	assert.ok(+/\d+$/.exec(said)[0] >= rdv.terminals, said);
	return both;
}

// The new one is killed while the upgrade is counted, or is over already.
const amid = (name) => async (rdv, random) => {
	rdv.installed.next();
	const old = rdv[name], over = upgrade(rdv);
	const next = await waitFor('the next one', () => rdv[name] &&
		rdv[name] !== old && rdv[name]);
	await soon(random);
	killed(next);
	const said = await over;
	assert.match(said, /^upgraded |^refused .* serves again$/);
	return both;
};

function tries(pid) {
	try {
		return fs.readFileSync(`/proc/${pid}/cmdline`, 'latin1')
			.includes('\0--try');
	} catch {
		return false;
	}
}

// Who looks whether it could take over is killed, or what it has started for
// that, when there still is one.
async function tried(rdv, random) {
	rdv.installed.next();
	let over = null;
	const done = upgrade(rdv).then((said) => { over = said; });
	const found = await waitFor('who tries', () => over !== null ? [] :
		descendants(rdv.main.pid).filter((p) => tries(p.pid)).slice(-1));
	if (random() < 0.5)
		await pause(random() * SOON / 4);
	found.forEach((p) => killed(p.pid));
	await done;
	assert.match(over, /^upgraded |^refused /);
	return others(over);
}

async function bad(rdv, random) {
	const mode = random() < 0.5 ? 'crash' : 'few';
	rdv.installed.next();
	rdv.installed.write('rdvd', fs.readFileSync(path.join(build,
		'tests/badrdvd')));
	rdv.installed.write('mode', mode);
	assert.match(await upgrade(rdv), /^refused .* serves again$/, mode);
	return both;
}

// Each gives the names of those that are others now.
export const acts = {
	'kill rdvd': kill('rdvd'),
	'kill [ops]': kill('ops'),
	'kill rdvd, then [ops]': kill('rdvd', 'ops'),
	'kill [ops], then rdvd': kill('ops', 'rdvd'),
	upgrade: plain,
	'upgrade, kill the new rdvd': amid('rdvd'),
	'upgrade, kill the new [ops]': amid('ops'),
	'upgrade, kill who tries': tried,
	'upgrade to a bad rdvd and back': bad,
};
