// All of the abuse layer, one file for each boundary.
import { files } from '../harness/files.mjs';

await files(import.meta.url, [
	'coverage', 'web', 'ticket', 'links', 'http', 'flood', 'volume',
	'local', 'modes', 'moments', 'revoked', 'helper', 'files',
	'widen', 'approvals', 'git', 'changes', 'clones', 'races', 'process', 'out', 'secrets',
	'store', 'backup', 'upgrade', 'upgradeload',
]);
