// All of the crash layer: what runs, and what was asked for. Those that take
// longest come first, so that none of them is alone in the end.
import { files } from '../harness/files.mjs';

await files(import.meta.url, [
	'runs', 'git', 'kill', 'outlive', 'resets', 'approvals', 'keys',
]);
