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
/* Of each field that chooses or hints, whether its words have the room. */
export const cutWords = (page) => page.$$eval('select, input', (all) => {
	const pen = document.createElement('canvas').getContext('2d');
	return all.filter((el) => el.clientWidth > 0).flatMap((el) => {
		const css = getComputedStyle(el);
		/* And the arrow of one that opens. */
		const room = el.clientWidth - parseFloat(css.paddingLeft) -
		    parseFloat(css.paddingRight) - (el.options ? 16 : 0);
		pen.font = `${css.fontWeight} ${css.fontSize} ${css.fontFamily}`;
		return [...el.options ?? [{ text: el.placeholder }]]
		    .map((o) => o.text ?? '')
		    .filter((text) => pen.measureText(text).width > room);
	});
});

export async function shot(page, name) {
	const dir = process.env.RDV_SHOTS;

	if (dir === undefined)
		return;
	mkdirSync(dir, { recursive: true });
	await page.screenshot({ path: join(dir, `${name}.png`) });
}
