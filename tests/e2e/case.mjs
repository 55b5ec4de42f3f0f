// Cases of this layer share one product and one browser, which the first case
// starts; otherwise they are the harness's tests. After a failure the
// product's log is shown and its sessions are closed, so that one failure
// does not become many.
import { finish, test as run } from '../harness/rdv.mjs';
import { Browser } from './browser.mjs';
import { Product } from './product.mjs';

export { check, equal, until } from './assert.mjs';

const product = new Product();
const browser = new Browser(product);
let started = null;

async function start() {
	product.agent();
	await product.start();
	await browser.start();
}

export function test(name, fn) {
	return run(name, async () => {
		started ??= start();
		await started;
		try {
			return await fn({ product, browser });
		} catch (err) {
			err.stack += `\n${product.log()}`;
			await product.closeAll().catch(() => undefined);
			throw err;
		}
	});
}

/* Under a name that every selection selects. */
export async function end() {
	const only = process.env.RDV_ONLY ?? '';

	await run(`the end ${only}`.trim(), async () => {
		await browser.stop();
		await product.stop();
	});
	finish();
}
