// What is asked of any page, whatever it shows.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { equal } from './assert.mjs';

export const fits = (page) => page.evaluate(() =>
	document.documentElement.scrollWidth <= innerWidth);

// A browser complains of each answer that is a refusal; of nothing else here.
export function refusals(page) {
	equal(page.complaints.filter((text) => !/status of 4\d\d/.test(text)), [],
	    'complaints');
	page.complaints.splice(0);
}

// A picture for people, where RDV_SHOTS says that somebody wants them.
export async function shot(page, name) {
	const dir = process.env.RDV_SHOTS;

	if (dir === undefined)
		return;
	mkdirSync(dir, { recursive: true });
	await page.screenshot({ path: join(dir, `${name}.png`) });
}
