// "Notify me": the page subscribes, what arrives is shown by its worker. The
// push service is the one thing that is not there; a push is handed to the
// worker as the browser would.
import { equal, test, until } from './case.mjs';

const fake = () => {
	let made = null;
	const json = {
		endpoint: 'https://updates.push.services.mozilla.com/e2e',
		keys: { auth: 'A'.repeat(22), p256dh: 'BCVxsr7N_eNgVRqvHtD0zTZsEc6-' +
			'VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4' },
	};

	PushManager.prototype.getSubscription = async () => made;
	PushManager.prototype.subscribe = async (options) => {
		window.asked = options;
		made = { options: { applicationServerKey: null },
			toJSON: () => json, unsubscribe: async () => {
				made = null;
			} };
		return made;
	};
	Notification.requestPermission = async () => 'granted';
};

await test('a browser is told, and shows no word of what is asked',
    async ({ product, browser }) => {
	const page = await browser.signedIn();
	const context = page.context();
	const devices = async () =>
	    (await product.api('GET', '/api/push/devices')).items;

	await context.grantPermissions(['notifications']);
	await page.addInitScript(fake);
	await page.reload();
	await page.click('text=Notify me');
	await until(async () => (await devices()).length === 1,
	    'a device');
	const { key } = await product.api('GET', '/api/push/key');
	equal(await page.evaluate(() => window.asked),
	    { userVisibleOnly: true, applicationServerKey: key }, 'asked');
	await until(() => page.isChecked('label:has-text("Notify me") input'),
	    'on');

	const cdp = await context.newCDPSession(page);
	const found = new Promise((done) => {
		cdp.on('ServiceWorker.workerRegistrationUpdated', (ev) =>
		    ev.registrations[0] && done(ev.registrations[0].registrationId));
	});
	await cdp.send('ServiceWorker.enable');
	const registrationId = await found;
	const push = () => cdp.send('ServiceWorker.deliverPushMessage', {
		origin: `http://${product.host}`, registrationId,
		data: '{"v":1,"kind":"tool","approval":"a"}',
	});
	const shown = () => page.evaluate(async () => {
		const reg = await navigator.serviceWorker.ready;
		return (await reg.getNotifications()).map((n) => [n.title, n.tag]);
	});
	/* The browser drops what it is handed before the worker is in force. */
	await until(async () => {
		await push();
		return (await shown()).length === 1;
	}, 'a notification');
	equal(await shown(), [['A run asks leave for a command', 'a']], 'shown');

	await page.click('text=Notify me');
	await until(async () => (await devices()).length === 0,
	    'no device');
	await context.close();
});
