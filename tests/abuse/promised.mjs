// The abuse cases that are promised: each has a test, which coverage.mjs checks,
// that turns red when the guard is off, which bite.mjs does. Other cases may have
// tests, too; docs/abuse.md has all of them.
const range = (group, ...parts) => parts.flatMap(([first, last = first]) =>
	Array.from({ length: last - first + 1 }, (_, i) =>
		group + String(first + i).padStart(2, '0')));

export const promised = [
	...range('A', [1, 10], [13, 16]), ...range('B', [6, 7], [11]),
	...range('C', [1, 6], [9, 14], [16, 17]), ...range('D', [1, 9]),
	...range('E', [1, 15]), ...range('F', [1, 12], [16, 18]),
	...range('G', [1, 10], [12, 13]), ...range('H', [1, 20]),
	...range('I', [8, 16], [18, 22], [24]), 'J09', 'J11',
	...range('K', [1, 16]), ...range('L', [1, 3], [6, 12]),
	...range('N', [1, 2], [7, 8]), ...range('O', [1, 9], [11, 13]),
	...range('P', [1, 6]),
];

// Tests of a case that are named after what they look at.
const picture = ['priv/probe golden_'], filter = 'unit/security/test_filter';
export const shown = {
	B02: ['unit/cli/test_proxy headers_are_chosen'],
	B09: ['unit/cli/test_proxy headers_are_chosen'],
	B10: ['unit/cli/test_proxy headers_are_chosen'],
	H20: ['priv/reach memory_of_others'],
	I01: picture, I02: [`${filter} foreign_architecture`], I03: picture,
	I04: [`${filter} namespaces`], I05: [`${filter} abuse_H06_ioctl`],
	I06: picture, I07: picture, I10: [`${filter} socket_families`],
	I13: ['priv/fault test_kernel_without_landlock'],
	I17: ['priv/fault test_old_landlock'], I18: picture, I19: picture,
	I24: ['priv/fault fault_at_every_stage'],
	L12: ['unit/cli/test_client only_our_private_socket'],
};

// The names of the tests in a text: test('A01 ...'), abuse_A01_name(void **state).
export const testNames = (text) => [...text.matchAll(
	/\btest\(\s*['"`](.*?)['"`],|^(\w+)\(void \*\*state\)/gms)]
	.map((m) => m[1] ?? m[2]);
