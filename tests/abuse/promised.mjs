// The abuse cases that are promised. coverage.mjs checks that each is named by
// a test, bite.mjs that its test turns red when the guard is off.
const range = (group, ...parts) => parts.flatMap(([first, last = first]) =>
	Array.from({ length: last - first + 1 }, (_, i) =>
		group + String(first + i).padStart(2, '0')));

export const promised = [
	...range('A', [1, 10], [13, 16]), ...range('B', [6, 7], [11]),
	...range('C', [1, 6], [10, 12], [14], [16, 17]), ...range('D', [1, 6]),
	...range('E', [2, 7], [10, 15]), ...range('F', [1, 7], [17]),
	...range('G', [1, 8], [13]), ...range('H', [1, 3], [5, 10], [12, 17], [19]),
	'J09', 'N01', ...range('O', [1, 9], [12]), 'D09',
];

// The names of the tests in a text: test('A01 ...'), abuse_A01_name(void **state).
export const testNames = (text) => [...text.matchAll(
	/\btest\(\s*['"`](.*?)['"`],|^(\w+)\(void \*\*state\)/gms)]
	.map((m) => m[1] ?? m[2]);
