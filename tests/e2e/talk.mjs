// A conversation with an agent, which is a program of ours that speaks as Claude
// Code does: what it says is live, what it asks is decided with the keyboard,
// and what waits is edited.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { check, equal, test, until } from './case.mjs';
import { recovered } from './browser.mjs';
import { shot } from './page.mjs';
import { end, made, phone, sh } from './spaces.mjs';

let gates = 0;

/* What a prompt waits for. */
function gate(product) {
	const path = join(product.dir, `gate-${++gates}`);

	return { path, open: () => writeFileSync(path, '') };
}

async function conversation(product, ws, config = { approvals: true }) {
	return product.api('POST', '/api/conversations', { workspace_id: ws.id,
	    agent: 'CLAUDE_CODE', profile: 'login', config });
}

const say = (product, c, prompt) => product.api('POST',
    `/api/conversations/${c.id}/turns`, { prompt, queue: true });

const idle = (product, c) => until(async () => {
	const now = await product.api('GET', `/api/conversations/${c.id}`);

	return now.waiting === 0 && now.at_work === undefined;
}, 'all is done');

async function open(page, c) {
	const { origin } = new URL(page.url());

	await page.goto(`${origin}/#/c/${c.id}`);
	await page.waitForSelector(`.talk[data-conversation="${c.id}"]`);
}

/*
 * Nothing is at work there, so many messages wait, and the page says so of the
 * last turn. Before a turn has begun it rests as well.
 */
async function rested(product, page, waiting = 0) {
	const id = await page.getAttribute('.talk', 'data-conversation');
	const at = `/api/conversations/${id}`;

	await until(async () => {
		const now = await product.api('GET', at);

		return now.waiting === waiting && now.at_work === undefined;
	}, 'its rest');
	const { items: [turn] } = await product.api('GET', `${at}/turns?limit=1`);
	await page.waitForSelector('.talk[data-working="false"] ' +
	    `.turn[data-turn="${turn.id}"][data-state="${turn.state}"]`);
}

const ann = 'git config user.name ann; git config user.email ann@example.org';
const focus = (page) => page.evaluate(() =>
    document.activeElement.textContent.trim());

await test('a conversation: live, denied, approved, queued, reloaded',
    async ({ product, browser }) => {
	const { ws } = await made(product, 'talk');
	const page = await browser.signedIn();
	const first = gate(product), { told } = product.claude;

	await page.goto(`${product.origin}/#/c/new/${ws.id}`);
	await page.waitForSelector("#talk-agent option[value='CLAUDE_CODE']",
	    { state: 'attached' });
	await page.selectOption('#talk-agent', 'CLAUDE_CODE');
	await page.click("input[value='login']");
	await page.fill('#talk-first', 'say Hello **there** <b>x</b>\n' +
	    `wait ${first.path}\nask make \u202egpj.x\nask git log -3\nsay Done`);
	await shot(page, 'create');
	await page.click("button:text-is('Begin')");
	/* While the agent goes on. */
	await page.waitForSelector(".entries strong:text-is('there')");
	equal(await page.locator('.entries b').count(), 0, 'markup');
	await page.waitForSelector('.talk[data-working="true"]');
	await page.click('.transcript > .content');
	/* What is there stays as it is while more comes. */
	await page.$eval('.entries', (el) => {
		window.redrawn = 0;
		for (const li of el.children)
			new MutationObserver((all) => {
				window.redrawn += all.length;
			}).observe(li, { subtree: true, childList: true,
			    attributes: true, characterData: true });
	});
	first.open();
	await page.waitForSelector('.ask >> text=U+202E');
	equal(await focus(page), 'Deny', 'the focus');
	check(await page.isVisible('.ask >> text=/direction of text/'), 'warned');
	equal(await page.locator(".ask button:text-is('Always…')").count(), 0,
	    'rules for what is not what it seems');
	await shot(page, 'asked');
	await page.keyboard.press('Enter');
	await until(() => told().includes('make \u202egpj.x: deny'), 'denied');

	await page.waitForSelector(".ask .exact:text-is('git log -3')");
	await page.click("button:text-is('Approve once')");
	await until(() => told().includes('git log -3: allow'), 'approved');
	await rested(product, page);
	await page.waitForSelector(".steps >> text=Commit");
	equal(await page.evaluate(() => window.redrawn), 0, 'drawn again');

	const second = gate(product);
	await page.fill('#talk-prompt', `wait ${second.path}\nask ls\nhang`);
	await page.keyboard.press('Control+Enter');
	await page.waitForSelector('.talk[data-working="true"]');
	for (const text of ['say one', 'say two']) {
		await page.fill('#talk-prompt', text);
		await page.click("button:text-is('Queue')");
		await page.waitForSelector(`.queue >> text=${text}`);
	}
	await page.click("[aria-label='Edit: say two']");
	await page.keyboard.press('Escape');
	await page.click("[aria-label='Edit: say two']");
	await page.fill("[aria-label='The message']", 'say 2 edited');
	await page.click("button:text-is('Save')");
	await page.waitForSelector('.queue >> text=say 2 edited');
	await page.click("[aria-label='Cancel: say one']");
	await page.waitForSelector(".queue h2:has-text('Waiting: 1')");
	/* Somebody types: the focus stays, and what is asked is announced. */
	await page.focus('#talk-prompt');
	second.open();
	await page.waitForSelector(".ask .exact:text-is('ls')");
	equal(await page.evaluate(() => document.activeElement.id),
	    'talk-prompt', 'who types');
	check(/Bash asks: ls/.test(await page.textContent("[role='alert'].unseen")),
	    'announced');
	await page.keyboard.press('Escape');
	equal(await focus(page), 'Deny', 'by Escape');
	await page.keyboard.press('Escape');
	equal(await page.evaluate(() => document.activeElement.id),
	    'talk-prompt', 'and back');
	await shot(page, 'queued');
	/* All of it is there again, and so is what is asked. */
	await page.reload();
	await page.waitForSelector(".ask .exact:text-is('ls')");
	await until(async () => await page.locator('.turn').count() === 2,
	    'both turns');
	await page.click("button:text-is('Stop')");
	await page.waitForSelector('.turn[data-state="killed"]');
	await rested(product, page, 1);
	await until(async () => await page.locator('.ask:not(.told)').count() === 0,
	    'nothing asked');
	check(!told().includes('ls: allow'), 'nothing was granted');
	/* What waits goes on by hand. */
	await page.click("button:text-is('Start the first now')");
	await page.waitForSelector(".prose:has-text('2 edited')");
	await rested(product, page);
	await page.click('.steps a >> nth=-1');
	await page.waitForSelector('.output .line .text');
	const [file] = await Promise.all([page.waitForEvent('download'),
	    page.click('button:has-text("Download")')]);
	check(readFileSync(await file.path(), 'utf8').includes('"2 edited"'),
	    'its output as a file');
	await shot(page, 'output');
	equal(page.complaints, [], 'complaints');
	await page.goto(`${product.origin}/#/w/${ws.id}`);
	await page.waitForSelector(".inside a:has-text('talk')");
	await end(product, page, ws);
});

await test('a decision of somebody else is told, and a rule is made',
    async ({ product, browser }) => {
	const { ws } = await made(product, 'others-decide');
	const c = await conversation(product, ws);
	const page = await browser.signedIn(phone);

	await open(page, c);
	await say(product, c, 'ask make a\nask make b\nask make b\nsay Done');
	await page.waitForSelector(".ask .exact:text-is('make a')");
	const [{ id }] = (await product.api('GET',
	    `/api/approvals?session_id=${c.id}&state=pending`)).items;
	const { digest } = await product.api('GET', `/api/approvals/${id}`);
	await product.api('POST', `/api/approvals/${id}/decision`,
	    { verdict: 'approve', digest });
	await page.waitForSelector('.ask.told >> text=/It was approved/');
	await page.waitForSelector(".ask .exact:text-is('make b')");
	await shot(page, 'phone-asked');
	await page.tap("button:text-is('Dismiss')");
	await page.tap("button:text-is('Always…')");
	await shot(page, 'phone-rule');
	await page.tap("button:text-is('Always allow')");
	/* The second one is not asked any more. */
	await rested(product, page);
	const { items } = await product.api('GET',
	    `/api/approvals?session_id=${c.id}`);
	equal(items.map((a) => a.state), ['approved', 'approved', 'approved'],
	    'decisions');
	check(await page.evaluate(() =>
	    document.documentElement.scrollWidth <= innerWidth), 'wide');
	await shot(page, 'phone');
	await page.goto(`${product.origin}/#/asks`);
	await page.waitForSelector(".rules li:has-text('make b')");
	await shot(page, 'rules');
	await page.tap("[aria-label='Remove: allow Bash']");
	await page.waitForSelector('.rules >> text=There is none.');
	await end(product, page, ws);
});

const raw = (o) => `raw ${JSON.stringify(o)}`;
const used = (id, name, input) => raw({ type: 'assistant', message: {
	id: `msg-${id}`, role: 'assistant', model: 'fake',
	content: [{ type: 'tool_use', id, name, input }] } });
const came = (id, content) => raw({ type: 'user', message: { role: 'user',
	content: [{ type: 'tool_result', tool_use_id: id, content }] } });

await test('questions and plans; tools are folded; what needs a person',
    async ({ product, browser }) => {
	const { ws } = await made(product, 'kinds');
	const c = await conversation(product, ws), { told } = product.claude;
	const page = await browser.signedIn({ colorScheme: 'light' });
	const many = Array.from({ length: 9 }, (_, i) => `out ${i}`).join('\n');

	await say(product, c, [
		'say ## A plan\u2028', used('a', 'TodoWrite', { todos: [
			{ content: 'one', status: 'completed' },
			{ content: 'two', status: 'in_progress' }] }),
		came('a', 'ok'), raw({ type: 'stream_event', event: {
			type: 'message_delta', usage: { input_tokens: 1200,
			    output_tokens: 34 } } }),
		used('b', 'Edit', { file_path: 'a', old_string: 'x\n',
		    new_string: 'y\nz\n' }), came('b', 'ok'),
		used('c', 'Bash', { command: 'seq 9' }), came('c', many),
		`asks AskUserQuestion ${JSON.stringify({ questions: [
			{ question: 'Which <b>?', header: 'W', multiSelect: false,
			    options: [{ label: 'left', description: 'L' },
			        { label: 'right', description: 'R' }] }] })}`,
		`asks ExitPlanMode ${JSON.stringify({ plan: '1. **do** it' })}`,
		'say Done'].join('\n'));
	await page.goto(`${product.origin}/#/asks`);
	await page.waitForSelector(".ask legend:text-is('Which <b>?')");
	await page.click(".asking a:text-is('1 asks you')");
	check(await page.isDisabled("button:text-is('Answer')"), 'unanswered');
	await page.click('.whose a');
	await page.waitForSelector(".heading:has-text('A plan') .odd");
	/* Folded, but for what a person should see. */
	equal(await page.$$eval('.tool', (all) => all.map((el) => [
	    el.querySelector('.name').textContent, el.open])), [
		['TodoWrite', true], ['Edit', false], ['Bash', false],
		['AskUserQuestion', true]], 'folded');
	await page.waitForSelector('.tool .counts >> text=+2');
	check(/^1,234 of [\d,]+ tokens$/.test(
	    await page.textContent('.meta .tokens')), 'usage');
	await page.click(".tool summary:has-text('seq 9')");
	await page.waitForSelector('.tool pre >> text=out 8');
	await page.click(".tool summary:has-text('Edit')");
	await page.waitForSelector(".patch [data-mark='-']");
	await shot(page, 'kinds');
	await page.check(".ask label:has-text('right') input");
	await page.click("button:text-is('Answer')");
	await until(() => told().includes(
	    'AskUserQuestion: allow {"Which <b>?":"right"}'), 'the answer');
	await page.waitForSelector(".ask .prose strong:text-is('do')");
	await page.fill("[aria-label='Why it is denied']", 'not yet');
	await shot(page, 'plan');
	await page.click('.ask .deny');
	await until(() => told().includes('ExitPlanMode: deny'), 'the plan');
	await rested(product, page);
	await say(product, c, raw({ type: 'assistant', error:
	    'authentication_failed', message: { id: 'x', role: 'assistant',
	    content: [{ type: 'text', text: 'Invalid API key' }] } }) +
	    '\nfail Invalid API key');
	await page.waitForSelector(".needs pre:text-is('claude /login')");
	await shot(page, 'needs');
	await page.click("button:text-is('Open a terminal for it')");
	await page.waitForSelector('.terminal');
	equal(page.complaints, [], 'complaints');
	await end(product, page, ws);
});

await test('of several repositories each commit says whose it is',
    async ({ product, browser }) => {
	const { ws, trees } = await made(product, 'whose-one', 'whose-two');
	const c = await conversation(product, ws);
	const page = await browser.signedIn();

	for (const tree of trees)
		sh(tree, ann);
	await open(page, c);
	await say(product, c, 'say Done');
	await rested(product, page);
	for (const name of ['whose-one', 'whose-two'])
		await page.waitForSelector(
		    `.steps li:has-text('Commit of ${name} nothing to do')`);
	equal(page.complaints, [], 'complaints');
	await end(product, page, ws);
});

await test('a long turn begins when it is scrolled to',
    async ({ product, browser }) => {
	const { ws } = await made(product, 'deep');
	const c = await conversation(product, ws);
	const page = await browser.signedIn();

	await say(product, c, Array.from({ length: 130 }, (_, i) =>
	    used(`d${i}`, 'Read', { file_path: `f${i}` })).join('\n'));
	await idle(product, c);
	await open(page, c);
	await page.waitForSelector('.brief >> text=f129');
	equal(await page.locator('.said').count(), 0, 'the prompt');
	await until(async () => {
		await page.$eval('.transcript > .content', (el) => {
			el.scrollTop = 0;
		});
		return await page.locator('.said').count() === 1;
	}, 'the prompt');
	equal(await page.locator('.brief').count(), 130, 'entries');
	equal(await page.textContent('.top'), 'The beginning', 'above');
	await end(product, page, ws);
});

await test('an agent that asks nobody is seen until its turn is over',
    async ({ product, browser }) => {
	const { ws } = await made(product, 'unasked');
	const c = await conversation(product, ws,
	    { dangerously_skip_permissions: true });
	const page = await browser.signedIn(), held = gate(product);
	const bar = (text) =>
	    page.waitForSelector(`.bypassed >> text="${text}"`);

	await open(page, c);
	equal(await page.locator('.bypassed').count(), 0, 'a bar');
	await product.api('PUT', `/api/sessions/${c.id}/bypass`);
	await bar('Tools are used here without asking you.');
	await say(product, c, `wait ${held.path}\nsay done`);
	await bar('The agent that is at work asks nobody.');
	equal(await page.locator('.bypassed button').count(), 1, 'a way out');
	held.open();
	await rested(product, page);
	await bar('Tools are used here without asking you.');
	await page.click("button:text-is('Ask again')");
	await page.waitForSelector('.bypassed', { state: 'detached' });
	await end(product, page, ws);
});

await test('it goes back to before a turn',
    async ({ product, browser }) => {
	const { ws, trees: [tree] } = await made(product, 'back-to');
	const c = await conversation(product, ws);
	const page = await browser.signedIn();

	sh(tree, ann);
	await open(page, c);
	for (const n of ['one', 'two']) {
		await say(product, c, `write ${n} x\nsay Wrote ${n}`);
		await page.waitForSelector(`.prose:has-text("Wrote ${n}")`);
		await rested(product, page);
	}
	/* What force would not help against is told, and no force is offered. */
	sh(tree, 'touch $(git rev-parse --git-dir)/index.lock');
	await page.click("button:text-is('Go back to before this') >> nth=1");
	await page.click("dialog button:text-is('Go back')");
	await page.waitForSelector('dialog .refusal >> text=/index.lock/');
	equal(await page.textContent('dialog button.danger'), 'Go back', 'force');
	sh(tree, 'rm $(git rev-parse --git-dir)/index.lock; echo y >two');
	await page.click("dialog button:text-is('Go back')");
	await page.waitForSelector('dialog .refusal >> text=/not committed/');
	await shot(page, 'reset');
	await page.click("dialog button:text-is('Go back all the same')");
	await page.waitForSelector('.turn[data-dropped="true"]');
	equal(sh(tree, 'ls one two 2>/dev/null || true').trim(), 'one', 'files');
	equal(await page.$$eval('.turn', (all) => all.map((el) =>
	    el.dataset.dropped)), ['false', 'true'], 'turns');
	equal(page.complaints.filter((t) => !/ 409 /.test(t)), [], 'complaints');
	page.complaints.splice(0);
	await end(product, page, ws);
});

await test('a long conversation shows its end, and keeps its place',
    async ({ product, browser }) => {
	const { ws } = await made(product, 'longtalk');
	const c = await conversation(product, ws);
	const page = await browser.signedIn();
	const last = 4;

	for (let n = 0; n <= last; n++)
		await say(product, c, `say turn ${n} ${'word '.repeat(1200)}`);
	await idle(product, c);
	const asked = [];
	page.on('request', (req) => asked.push(new URL(req.url()).pathname));
	await open(page, c);
	await page.waitForSelector(`.entries >> text=/^turn ${last} /`);
	check(asked.filter((p) => /entries/.test(p)).length < 8, 'too much');
	const at = (n) => page.evaluate((text) => {
		const row = [...document.querySelectorAll('.said')]
		    .find((el) => el.textContent.startsWith(text));
		return row?.getBoundingClientRect().top;
	}, `say turn ${n} `);
	/* Where the reader is while older ones are put above. */
	const before = await page.locator('.turn').count();
	check(before <= last, 'all at once');
	const top = await page.$eval('.transcript > .content', (el) => {
		el.scrollTop = 500;
		const row = document.elementFromPoint(700, 200)
		    .closest('.turn').querySelector('.said');
		return { n: /turn (\d+)/.exec(row.textContent)[1],
		    at: row.getBoundingClientRect().top };
	});
	await until(async () => await page.locator('.turn').count() > before,
	    'older ones');
	check(Math.abs(await at(top.n) - top.at) < 3, 'it moved');
	await page.click("button:text-is('To the end')");
	await product.crash();
	await say(product, c, 'say after the crash');
	await page.waitForSelector(".entries >> text=/after the crash/");
	await rested(product, page);
	await recovered(page);
	equal(page.complaints, [], 'complaints');
	await end(product, page, ws);
});
