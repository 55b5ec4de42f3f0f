// Agents and their variants: made, refused with the field that is wrong, and
// chosen where a conversation begins.
import { check, equal, test, until } from './case.mjs';
import { cutWords, fits, refusals, shot } from './page.mjs';
import { end, made, phone } from './spaces.mjs';

const config = async (product) =>
	(await product.api('GET', '/api/agents/config')).executors;
const put = async (product, to) => {
	const executors = await config(product);

	to(executors);
	await product.api('PUT', '/api/agents/config', { executors });
};
const claude = (fields) => ({ CLAUDE_CODE: fields });
const field = (name) =>
	`.row:has(label:text-is('${name}')) :is(input, select, textarea)`;

await test('a variant is made, refused by its field, copied and deleted',
    async ({ product, browser }) => {
	const page = await browser.signedIn();
	const mine = "[data-agent='CLAUDE_CODE']";
	const of = (name) => `${mine} [data-variant='${name}']`;

	await page.goto(`${product.origin}/#/w`);
	await page.click("footer a:text-is('Agents')");
	await page.waitForSelector("[data-agent='ACP']");
	await page.click(`${mine} button:text-is('New variant')`);
	await page.fill(`${of('')} ${field('Name')}`, 'Fast one');
	await page.fill(`${of('')} ${field('model')}`, 'haiku');
	await page.selectOption(`${of('')} ${field('effort')}`, 'low');
	await page.selectOption(`${of('')} ${field('approvals')}`, 'true');
	await page.fill(`${of('')} ${field('env')}`, 'A_KEY');
	await page.click(`${of('')} button:text-is('Save')`);
	await page.waitForSelector(`${of('')} .trouble:has-text('env: has to be ` +
	    "NAME=value')");
	await page.fill(`${of('')} ${field('env')}`, 'A_KEY=s3=x\nB=');
	await page.selectOption(`${of('')} ${field('disable_api_key')}`, 'true');
	await page.click(`${of('')} button:text-is('Save')`);
	/* By the server, of what has the keyboard then. */
	await page.waitForSelector(`${of('')} .trouble:has-text('disable_api_key')`);
	equal(await page.evaluate(() => [document.activeElement.id,
	    document.activeElement.ariaInvalid]),
	['variant-CLAUDE_CODE--disable_api_key', 'true'], 'the keyboard');
	await shot(page, 'variant-refused');
	await page.selectOption(`${of('')} ${field('disable_api_key')}`, '');
	await page.click(`${of('')} button:text-is('Save')`);
	await page.click(`${of('FAST_ONE')} summary`);
	equal((await config(product)).CLAUDE_CODE.FAST_ONE, claude({
	    approvals: true, model: 'haiku', effort: 'low',
	    env: { A_KEY: 's3=x', B: '' } }), 'stored');
	/* What may be a key is not shown before somebody wants it. */
	check(!(await page.textContent(of('FAST_ONE'))).includes('s3'), 'a key');
	await page.click(`${of('FAST_ONE')} button:text-is('Show 2')`);
	equal(await page.inputValue(`${of('FAST_ONE')} ${field('env')}`),
	    'A_KEY=s3=x\nB=', 'its environment');
	await page.click(`${of('FAST_ONE')} button:text-is('Copy')`);
	for (const name of ['FAST_ONE', 'fast one', '__proto__', '-']) {
		await page.fill(`${of('')} ${field('Name')}`, name);
		await page.click(`${of('')} button:text-is('Save')`);
		await page.waitForSelector(`${of('')} .trouble:has-text('Name')`);
		await page.fill(`${of('')} ${field('Name')}`, '');
		await page.fill(`${of('')} ${field('model')}`, 'opus');
	}
	await page.fill(`${of('')} ${field('Name')}`, 'SLOW');
	await page.click(`${of('')} button:text-is('Save')`);
	await page.waitForSelector(of('SLOW'));
	/* What was changed elsewhere meanwhile is not lost. */
	await put(product, (e) => { e.CLAUDE_CODE.FAST_ONE.CLAUDE_CODE.x_new = 1; });
	await page.fill(`${of('FAST_ONE')} ${field('model')}`, 'mine');
	await page.click(`${of('FAST_ONE')} button:text-is('Save')`);
	await page.waitForSelector(`${of('FAST_ONE')} .refusal >> ` +
	    'text=/changed elsewhere/');
	/* Nor by what is saved beside it, and what was typed stays. */
	await page.click(`${of('SLOW')} summary`);
	await page.fill(`${of('SLOW')} ${field('model')}`, 'sonnet');
	await page.click(`${of('SLOW')} button:text-is('Save')`);
	await page.waitForSelector(`${of('SLOW')} >> text=Saved.`);
	await page.click(`${of('SLOW')} summary`);
	equal(await page.inputValue(`${of('FAST_ONE')} ${field('model')}`),
	    'mine', 'what was typed');
	await page.reload();
	await page.click(`${of('FAST_ONE')} summary`);
	await page.waitForSelector(`${of('FAST_ONE')} >> ` +
	    'text=Kept as they are: x_new');
	await page.fill(`${of('FAST_ONE')} ${field('model')}`, 'mine');
	await page.keyboard.press('Enter');
	await until(async () => {
		const { FAST_ONE: { CLAUDE_CODE: f } } =
		    (await config(product)).CLAUDE_CODE;
		return f.model === 'mine' && f.x_new === 1;
	}, 'both changes');
	/* Who was told of it may put his in its place. */
	await put(product, (e) => { e.CLAUDE_CODE.FAST_ONE.CLAUDE_CODE.model = 'x'; });
	await page.fill(`${of('FAST_ONE')} ${field('model')}`, 'mine again');
	await page.keyboard.press('Enter');
	await page.waitForSelector(`${of('FAST_ONE')} .refusal >> ` +
	    'text=/model x/');
	await page.click(`${of('FAST_ONE')} button:text-is('Save')`);
	await page.waitForSelector(`${of('FAST_ONE')} >> text=Saved.`);
	equal((await config(product)).CLAUDE_CODE.FAST_ONE.CLAUDE_CODE.model,
	    'mine again', 'put in its place');
	await page.click(`${of('SLOW')} summary`);
	await page.click(`${of('SLOW')} button:text-is('Delete')`);
	await page.click("dialog button:text-is('Delete variant')");
	await page.waitForSelector(of('SLOW'), { state: 'detached' });
	equal(await page.locator(`${of('DEFAULT')} button:text-is('Delete')`)
	    .count(), 0, 'ours cannot be deleted');
	await put(product, (e) => { delete e.CLAUDE_CODE.FAST_ONE; });
	refusals(page);
	await page.context().close();
});

await test('a conversation begins with a variant, a model and who is asked',
    async ({ product, browser }) => {
	const { ws } = await made(product, 'chosen');
	const page = await browser.signedIn(phone);
	const now = async () => (await product.api('GET',
	    `/api/conversations?workspace_id=${ws.id}`)).items[0];

	await put(product, (e) => {
		e.CLAUDE_CODE.FAST = claude({ model: 'haiku', effort: 'low' });
	});
	await page.goto(`${product.origin}/#/c/new/${ws.id}`);
	await page.waitForSelector("#talk-agent option[value='CLAUDE_CODE']",
	    { state: 'attached' });
	equal([await page.inputValue('#talk-agent'),
	    await page.locator("#talk-agent option[value='ACP']").count()],
	['CLAUDE_CODE', 0], 'an agent that nobody made known');
	await page.selectOption('#talk-agent', 'AMP');
	equal([await page.locator('#talk-model_id').count(),
	    await page.$$eval('#talk-policy option', (all) =>
	        all.map((o) => o.value))], [0, ['', 'AUTO']], 'what it has');
	await page.selectOption('#talk-agent', 'CLAUDE_CODE');
	equal(await cutWords(page), [], 'words that are cut off');
	await page.tap("input[value='login']");
	await page.fill('#talk-first', 'say Done');
	await page.selectOption('#talk-variant', 'FAST');
	equal([await page.getAttribute('#talk-model_id', 'placeholder'),
	    await page.inputValue('#talk-policy')], ['haiku', ''],
	'what the variant says');
	equal(await page.$$eval('#talk-policy option', (all) =>
	    all.map((o) => o.value)), ['', 'AUTO', 'SUPERVISED', 'PLAN'],
	'its own');
	/* None is sent unless one is chosen. */
	const sent = [];
	page.on('request', (r) => r.method() === 'POST' &&
	    r.url().endsWith('/api/conversations') && sent.push(r.postDataJSON()));
	await page.fill('#talk-agent_id', 'reviewer');
	await page.selectOption('#talk-reasoning_id', 'max');
	check(await fits(page), 'wide');
	await shot(page, 'phone-variant');
	/* Deleted meanwhile: said where it was chosen. */
	await put(product, (e) => { delete e.CLAUDE_CODE.FAST; });
	await page.tap("button:text-is('Begin')");
	await page.waitForSelector('#talk-variant-why');
	equal(await page.locator('form > .refusal').count(), 0, 'told once');
	equal('permission_policy' in sent[0], false, 'a policy nobody chose');
	await page.selectOption('#talk-policy', 'SUPERVISED');
	await put(product, (e) => {
		e.CLAUDE_CODE.FAST = claude({ model: 'haiku', effort: 'low' });
	});
	await page.tap("button:text-is('Begin')");
	await page.waitForSelector('.talk[data-conversation]');
	equal((await now()).config, { model: 'haiku',
	    agent: 'reviewer', effort: 'max', plan: false, approvals: true,
	    dangerously_skip_permissions: false }, 'by what it is run');
	await page.waitForSelector('.entries >> text=Done');
	await put(product, (e) => { delete e.CLAUDE_CODE.FAST; });
	refusals(page);
	await end(product, page, ws);
});
