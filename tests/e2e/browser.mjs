// The browser, and what a test does with a page: sign in, open a session,
// type, and read the terminal's rows. Everything a page complains about on
// its console is collected; so is every request it makes.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium } from 'playwright-core';
import { check, until } from './assert.mjs';

const flags = [
	'--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run',
	'--disable-background-networking', '--disable-component-update',
	'--disable-sync', '--disable-dev-shm-usage',
	/* A name that leads here, for the rebinding case. */
	'--host-resolver-rules=MAP evil.test 127.0.0.1',
];

export class Browser {
	constructor(product) {
		this.product = product;
		this.complaints = [];
		this.foreign = [];
	}

	async start() {
		this.tmp = mkdtempSync(join(tmpdir(), 'rdv-chromium-'));
		this.chromium = await chromium.launch({
			executablePath: process.env.CHROMIUM ??
			    '/usr/bin/chromium',
			headless: true, args: flags,
			env: { PATH: process.env.PATH, HOME: this.tmp,
			    TMPDIR: this.tmp, LANG: 'C.UTF-8' },
		});
	}

	async stop() {
		await this.chromium?.close();
		if (this.tmp !== undefined)
			rmSync(this.tmp, { recursive: true, force: true });
	}

	async context(options = {}) {
		const context = await this.chromium.newContext({
			viewport: { width: 1200, height: 760 },
			colorScheme: 'dark', ...options,
		});

		context.setDefaultTimeout(30_000);
		return context;
	}

	async page(context) {
		const page = await context.newPage();

		page.complaints = [];
		page.on('console', (msg) => {
			if (msg.type() === 'error' || msg.type() === 'warning')
				page.complaints.push(`${msg.text()} ${msg.location().url}`);
		});
		page.on('pageerror', (err) =>
		    page.complaints.push(String(err)));
		page.on('request', (req) => {
			const url = new URL(req.url());
			if (url.host !== this.product.host)
				this.foreign.push(req.url());
		});
		page.on('close', () => this.keep(page));
		return page;
	}

	keep(page) {
		this.complaints.push(...page.complaints.splice(0));
	}

	/* A page that has signed in by address, in a context of its own. */
	async signedIn(options) {
		const context = await this.context(options);
		const page = await this.page(context);

		await page.goto(await this.product.url());
		await page.waitForSelector('.desk');
		return page;
	}
}

/* What a page says while the server is deliberately away. */
const outage = /WebSocket connection|Failed to load resource/;

/* It has noticed that rdvd was away, and hears of everything again. */
export async function recovered(page) {
	await page.waitForSelector(".live[data-up='true']");
	forgiveOutage(page);
}

export function forgiveOutage(page) {
	const left = page.complaints.filter((text) => !outage.test(text));

	page.complaints.splice(0, page.complaints.length, ...left);
}

export async function openSession(page, session) {
	const { origin } = new URL(page.url());

	await page.goto(`${origin}/#/s/${session.id}`);
	await connected(page);
}

export function connected(page) {
	return page.waitForSelector('.terminal[data-link="open"]');
}

export function rows(page) {
	return page.$$eval('.xterm-rows > div', (all) => all.map((row) =>
	    row.textContent.replace(/\u00a0/g, ' ').trimEnd()));
}

/* Waits until a row of the terminal matches. */
export async function shows(page, pattern, what = String(pattern)) {
	let last = [];
	await until(async () => {
		last = await rows(page);
		return last.some((row) => pattern.test(row));
	}, what).catch((err) => {
		throw new Error(`${err.message}; the screen is\n` +
		    last.filter((row) => row !== '').join('\n'));
	});
}

export async function type(page, text) {
	await page.focus('.xterm-helper-textarea');
	await page.keyboard.type(text);
}

/* Pastes as the browser does: through the clipboard event. */
export function paste(page, text) {
	return page.evaluate((data) => {
		const clipboardData = new DataTransfer();
		clipboardData.setData('text/plain', data);
		document.querySelector('.xterm-helper-textarea')
		    .dispatchEvent(new ClipboardEvent('paste', {
			clipboardData, bubbles: true, cancelable: true,
		    }));
	}, text);
}

/* Once the page has the size it has room for, which it finds when it is drawn. */
export async function sized(page) {
	await page.waitForSelector(
	    '.terminal[data-owner="true"][data-settled="true"]');
	return dims(page);
}

export async function dims(page) {
	const text = await page.textContent('.status .dims');
	const found = /(\d+) × (\d+)/.exec(text);

	check(found, `no size in ${text}`);
	return { cols: Number(found[1]), rows: Number(found[2]) };
}

/* On the third character of the row that begins so. */
export async function clickRow(page, text) {
	const at = (await rows(page)).findIndex((r) => r.startsWith(text));
	const { cols, rows: lines } = await dims(page);
	const box = await page.locator('.xterm-screen').boundingBox();
	const x = box.x + box.width / cols * 2.5;
	const y = box.y + box.height / lines * (at + 0.5);

	await page.mouse.move(x - 5, y - 2);
	await page.mouse.move(x, y);
	await page.mouse.click(x, y);
}

/* The numbers behind 'Details', which opening looks up anew. */
export async function figures(page) {
	return page.$eval('.details', async (el) => {
		const frame = () => new Promise(requestAnimationFrame);

		for (const open of [false, true]) {
			el.open = open;
			await frame();
			await frame();
		}
		return [...el.querySelectorAll('.panel dl > div')].map((row) =>
		    row.querySelector('dd').textContent);
	});
}

export async function details(page) {
	const list = await figures(page);

	return {
		run: list[0], from: Number(list[1]), to: Number(list[2]),
		crc: parseInt(list[3], 16), reconnects: Number(list[4]),
		twice: Number(list[5]), gaps: Number(list[6]),
	};
}
