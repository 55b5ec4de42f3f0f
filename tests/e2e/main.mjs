/* SPDX-License-Identifier: MIT */
/*
 * Starts the product and the browser, runs every case, and stops what it
 * started, whatever happened in between.
 */

import { runAll } from "./case.mjs";
import { Browser } from "./browser.mjs";
import { Product } from "./product.mjs";
import "./signin.mjs";
import "./sessions.mjs";
import "./terminal.mjs";
import "./tabs.mjs";
import "./phone.mjs";
import "./refusals.mjs";
import "./hostile.mjs";
import "./recovery.mjs";
import "./policy.mjs";

const product = new Product();
const browser = new Browser(product);
let count = { passed: 0, failed: 1, skipped: 0 };

async function onFailure() {
	console.log(product.log().replace(/^/gm, "     | "));
	await product.closeAll();
}

try {
	await product.start();
	await browser.start();
	count = await runAll(process.argv.slice(2), { product, browser },
	    onFailure);
} catch (err) {
	console.log(`FAIL start\n     ${err.stack}`);
	console.log(product.log());
} finally {
	await browser.stop();
	await product.stop();
}
console.log(`${count.passed} passed, ${count.failed} failed, ` +
    `${count.skipped} skipped`);
process.exitCode = count.failed > 0 ? 1 : 0;
