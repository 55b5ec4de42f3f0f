// kill -9 of rdvd, and sometimes of [ops], at a random moment while repositories
// are being changed (abuse G20). After each round git finds nothing broken, and
// every commit and the bytes of every file that were ever there are there still.
import crypto from 'node:crypto';
import fs from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { test, waitFor } from '../harness/rdv.mjs';
import { acts, inConflict } from './gitacts.mjs';
import { World } from './gitworld.mjs';
import { Lots, step } from './lots.mjs';

const rounds = Number(process.env.RDV_ROUNDS ?? 12);
// So many rounds have one pair of repositories, which gets slower to look at.
const EPOCH = 25;
const USUAL_MS = 150;

class Soak extends Lots {
	constructor(rdv, seed) {
		super(seed);
		Object.assign(this, { rdv, did: {}, took: {}, killed: { rdvd: 0,
			'[ops]': 0 }, next: this.deck(Object.keys(acts)) });
	}

	// Where it is done: a tree in which nothing is open, or one where it is.
	place(kind, busy) {
		const { world } = this, repo = this.of(world.repos);
		const [own, ...others] = world.trees(repo);
		const free = (t) => !busy.has(t.dir) && t.branch !== undefined &&
			!inConflict(world, t);
		const open = world.repos.flatMap((r) => world.trees(r))
			.filter((t) => inConflict(world, t) && !busy.has(t.dir));
		const list = kind.open ? open : kind.side ? others.filter(free) :
			[own, ...others].filter(free);
		return list.length === 0 ? null : { world, tree: this.of(list),
			main: own, random: this.random, of: this.of };
	}

	// One request that is ready to be sent.
	async prepare(busy) {
		for (let n = 0; n < 60; n++) {
			const name = this.next(), place = this.place(acts[name], busy);
			const go = place && await acts[name].act(place);
			if (!go)
				continue;
			// Whoever is merged into is not written to meanwhile.
			busy.add(place.tree.dir).add(place.main.dir);
			return { name, go };
		}
		throw new Error('nothing can be done');
	}

	// At a random moment, or when a random step of it was written down.
	async kill(acted, name) {
		const old = this.rdv.rdvd, { ops } = this.rdv;
		const usual = this.took[name] ?? USUAL_MS;
		if (this.random() < 0.5)
			await pause(this.random() * 1.2 * usual);
		else
			await this.told(1 + this.upto(5), acted);
		if (this.random() < 0.25) {
			process.kill(ops, 'SIGKILL');
			this.killed['[ops]']++;
			await waitFor('another [ops]', () => this.rdv.ops &&
				this.rdv.ops !== ops);
		}
		const from = fs.statSync(this.rdv.logPath).size;
		process.kill(old, 'SIGKILL');
		this.killed.rdvd++;
		await waitFor('another rdvd', () => this.rdv.rdvd &&
			this.rdv.rdvd !== old);
		// Whoever reads the database beside one that is about to start is in
		// its way.
		await this.rdv.settled(from);
	}

	async told(k, acted) {
		this.stream = step(this.rdv, k);
		await Promise.race([this.stream.over, acted]);
	}

	async round() {
		const busy = new Set(), list = [];
		for (let n = 1 + Math.floor(this.random() * 2); n > 0; n--)
			list.push(await this.prepare(busy));
		this.doing = list.map((l) => l.name).join(', ');
		const begun = Date.now();
		const acted = Promise.all(list.map(async ({ name, go }) => {
			const { word } = await go();
			if (word === 'done')
				this.took[name] = Date.now() - begun;
			this.did[name] ??= {};
			this.did[name][word] = (this.did[name][word] ?? 0) + 1;
		}));
		acted.catch(() => {});
		await this.kill(acted, list[0].name);
		this.stream?.stop();
		await acted;
		await this.rested();
	}

	// Settled takes as long as it takes; what is wrong then stays wrong.
	async rested() {
		let last;
		await waitFor('all is at rest', () => {
			try {
				this.world.check();
				return true;
			} catch (e) {
				last = e;
				return false;
			}
		}, 40000).catch(() => {
			throw last;
		});
	}
}

await test(`G20 ${rounds} rounds of kill -9 amid changes of repositories`,
	async (t) => {
		const rdv = await t.start();
		const seed = Number(process.env.RDV_SEED ||
			crypto.randomBytes(4).readUInt32BE());
		console.log(`     seed ${seed}`);
		const soak = new Soak(rdv, seed);
		for (let n = 0; n < rounds; n++) {
			if (n % EPOCH === 0) {
				soak.world = await World.make(rdv, `world${n}`);
				for (let i = 0; i < 3; i++)
					for (const repo of soak.world.repos)
						await rdv.call('POST', '/api/worktrees', { repo_path:
							repo.dir, branch: `s${i}`, create_branch: true });
			}
			await soak.round().catch((e) => {
				console.log(`     in round ${n + 1}: ${soak.doing}`);
				throw e;
			});
			if ((n + 1) % 50 === 0)
				console.log(`     ${n + 1} rounds`);
		}
		console.log(`     killed ${JSON.stringify(soak.killed)}\n` +
			Object.entries(soak.did).map(([k, v]) =>
				`     ${k}: ${JSON.stringify(v)}`).join('\n'));
	}, 600000 + rounds * 60000);
