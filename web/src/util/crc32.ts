/* SPDX-License-Identifier: MIT */
/*
 * CRC-32 (ISO-HDLC, as gzip and zip use it) of the bytes a terminal was
 * shown. It lets a person, and a test, compare what reached the screen with
 * what the run's log holds: a lost or doubled byte changes it.
 */

function makeTable(): Uint32Array {
	const table = new Uint32Array(256);

	for (let n = 0; n < 256; n++) {
		let c = n;
		for (let k = 0; k < 8; k++)
			c = c & 1 ? 0xedb88320 ^ (c >>> 1) : c >>> 1;
		table[n] = c >>> 0;
	}
	return table;
}

const table = makeTable();

/* Start with 0 and feed the result back in for the next piece. */
export function crc32(crc: number, bytes: Uint8Array): number {
	let c = ~crc;

	for (let i = 0; i < bytes.length; i++)
		c = table[(c ^ bytes[i]!) & 0xff]! ^ (c >>> 8);
	return ~c >>> 0;
}
