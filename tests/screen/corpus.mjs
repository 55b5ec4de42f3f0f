// What sequences.mjs writes to a terminal of 20 columns and 6 rows: a name, the
// bytes, and why tmux 3.3 shows something else, when it does.
const CSI = '\x1b[';
export const rows = (n = 6) => Array.from({ length: n }, (_, i) =>
	`${i + 1}${'abcdefghijklmnopqrs'}`).join('\r\n');
const at = (y, x) => `${CSI}${y};${x}H`;
const utf8 = (text) => Buffer.from(text).toString('latin1');
// A screen full of rows, then something.
const on = (text) => `${rows()}${text}`;
// The same with rows 2 to 4 as the scroll region.
const within = (text) => on(`${CSI}2;4r${text}`);
const wide = utf8('日本語');

const none = 'tmux has no such function';
const pending = 'tmux goes back from behind the last column';
const column = 'the cursor stays in its column';
const half = 'tmux leaves the other half';
const c1 = 'tmux knows none of them';

const moves = [
	['CUP beyond the screen', on(`${at(99, 99)}X${at(0, 0)}Y`)],
	['CUP without arguments', on(`${CSI}3HX${CSI};3HY${CSI}HZ`)],
	['HVP', on(`${CSI}2;5fX`)],
	['CUU stops at the margin', within(`${at(4, 3)}${CSI}9AX`)],
	['CUU above the region', within(`${at(1, 3)}${CSI}9AX`)],
	['CUU into the region from below', within(`${at(6, 3)}${CSI}9AX`)],
	['CUD stops at the margin', within(`${at(2, 3)}${CSI}9BX`)],
	['CUD below the region', within(`${at(5, 3)}${CSI}9BX`)],
	['CUF stops at the edge', on(`${at(2, 3)}${CSI}99CX`)],
	['CUB stops at the edge', on(`${at(2, 3)}${CSI}99DX`)],
	['CUB of what has not wrapped yet', on(`${at(2, 20)}X${CSI}DY`), pending],
	['CNL', within(`${at(2, 5)}${CSI}2EX${CSI}9EY`)],
	['CPL', within(`${at(4, 5)}${CSI}2FX${CSI}9FY`)],
	['CHA', on(`${at(3, 3)}${CSI}7GX${CSI}GY${CSI}99GZ`)],
	['HPA', on(`${at(3, 3)}${CSI}7\`X${CSI}99\`Z`)],
	['HPR', on(`${at(3, 3)}${CSI}4aX${CSI}99aZ`), none],
	['VPA', on(`${at(3, 3)}${CSI}5dX${CSI}dY${CSI}99dZ`)],
	['VPR', on(`${at(2, 3)}${CSI}2eX${CSI}99eZ`), none],
	['BS at the edge', on(`${at(3, 2)}\b\b\b\bX`)],
	['BS of what has not wrapped yet', on(`${at(2, 20)}X\bY`), pending],
	['CR of what has not wrapped yet', on(`${at(2, 20)}X\rY`)],
	['LF at the bottom', on(`${at(6, 3)}\nX`)],
	['LF at the margin', within(`${at(4, 3)}\nX\nY`)],
	['LF below the region', within(`${at(6, 3)}\nX\nY`)],
	['VT and FF are LF', on(`${at(5, 3)}\vX\fY`)],
	['NEL', within(`${at(3, 5)}\x1bEX\x1bEY`)],
	['IND', within(`${at(3, 5)}\x1bDX\x1bDY`)],
	['RI', within(`${at(3, 5)}\x1bMX\x1bMY\x1bMZ`)],
	['RI at the top', on(`${at(1, 5)}\x1bMX`)],
	['DECSC and DECRC', on(`${at(2, 4)}${CSI}1;31m\x1b7${at(5, 9)}${CSI}0m` +
		'X\x1b8Y')],
	['DECRC of nothing', on(`${at(3, 3)}\x1b8X`)],
	['SCOSC and SCORC', on(`${at(2, 4)}${CSI}s${at(5, 9)}${CSI}uX`)],
	['DECRC behind the last column', on(`${at(2, 20)}X\x1b7${at(4, 4)}\x1b8Y`)],
	['DECOM', within(`${CSI}?6hX${at(2, 2)}Y${at(9, 9)}Z${CSI}?6lW`)],
	['DECOM is saved', within(`${CSI}?6h\x1b7${CSI}?6l${at(1, 1)}\x1b8X` +
		`${at(1, 1)}Y`), 'DECRC brings no origin mode back'],
	['DECSTBM goes home', on(`${at(5, 5)}${CSI}3;4rX`)],
	['DECSTBM that is none', on(`${at(5, 5)}${CSI}4;3rX${at(6, 1)}\nY`)],
	['DECSTBM of all', within(`${CSI}rX${at(6, 1)}\nY`)],
	['DECSTBM beyond the screen', on(`${CSI}5;99r${at(6, 1)}\nX`)],
];

const tabs = [
	['HT', on(`${at(2, 1)}\tX\tY\tZ`)],
	['HTS', on(`${at(2, 4)}\x1bH${at(3, 1)}\tX\tY`)],
	['TBC of one', on(`${at(2, 9)}${CSI}g${at(3, 1)}\tX`)],
	['TBC of all', on(`${at(2, 9)}${CSI}3g${at(3, 1)}\tX`)],
	['CHT', on(`${at(2, 1)}${CSI}2IX`), none],
	['CBT', on(`${at(2, 19)}${CSI}2ZX${CSI}9ZY`)],
	['HT of what has not wrapped yet', on(`${at(2, 20)}X\tY`)],
];

const edits = [
	['ED to the end', on(`${at(3, 5)}${CSI}J`)],
	['ED to the beginning', on(`${at(3, 5)}${CSI}1J`)],
	['ED of all', on(`${at(3, 5)}${CSI}2JX`)],
	['ED of what is above', on(`\r\n\r\n${CSI}3JX`)],
	['EL to the end', on(`${at(3, 5)}${CSI}KX`)],
	['EL to the beginning', on(`${at(3, 5)}${CSI}1KX`)],
	['EL of all', on(`${at(3, 5)}${CSI}2KX`)],
	['EL of what has not wrapped yet', on(`${at(3, 20)}X${CSI}KY`)],
	['EL with a background', on(`${at(3, 5)}${CSI}44m${CSI}K${CSI}1;41mX`)],
	['ED with a background', on(`${at(3, 5)}${CSI}48;5;200m${CSI}J`)],
	['DECSED leaves what is protected', on(`${at(3, 1)}${CSI}1"qsafe${CSI}0"q` +
		`open${CSI}?2J`), none],
	['DECSEL leaves what is protected', on(`${at(3, 1)}${CSI}1"qsafe${CSI}0"q` +
		`open${CSI}?2K`), none],
	['ECH', on(`${at(3, 5)}${CSI}4XY`)],
	['ECH beyond the edge', on(`${at(3, 5)}${CSI}42m${CSI}99X`)],
	['ICH', on(`${at(3, 5)}${CSI}3@X`)],
	['ICH beyond the edge', on(`${at(3, 5)}${CSI}99@X`),
		'such a number does nothing'],
	['DCH', on(`${at(3, 5)}${CSI}3PX`)],
	['DCH with a background', on(`${at(3, 5)}${CSI}45m${CSI}3P`)],
	['IL', within(`${at(3, 5)}${CSI}LX`), column],
	['IL outside the region', within(`${at(5, 5)}${CSI}LX`), column],
	['IL of many', within(`${at(2, 5)}${CSI}99LX`), column],
	['DL', within(`${at(3, 5)}${CSI}MX`), column],
	['DL outside the region', within(`${at(6, 5)}${CSI}MX`), column],
	['DL with a background', on(`${at(3, 5)}${CSI}43m${CSI}2M`)],
	['SU', within(`${at(3, 5)}${CSI}SX${CSI}9SY`)],
	['SD', within(`${at(3, 5)}${CSI}TX${CSI}9TY`)],
	['IRM', on(`${at(3, 5)}${CSI}4hXYZ${CSI}4lW`)],
	['IRM at the edge', on(`${at(3, 18)}${CSI}4hWXYZ`),
		'nothing is pushed in the next line'],
	['REP', on(`${at(3, 5)}X${CSI}4b${at(4, 1)}${CSI}3b`)],
	['REP around the edge', on(`${at(3, 18)}X${CSI}6b`), 'it ends at the edge'],
	['DECAWM', on(`${at(3, 18)}WXYZ`)],
	['DECAWM off', on(`${CSI}?7l${at(3, 18)}UVWXYZ${CSI}?7hA`),
		'what does not wrap stays so'],
	['a line that wraps at the margin', within(`${at(4, 18)}WXYZ`)],
	['LNM', on(`${CSI}20h${at(3, 5)}\nX${CSI}20l\nY`), none],
	['DECALN', on(`${CSI}2;4r${CSI}31m\x1b#8X`), 'its letters have no colours'],
	['lines go up out of the screen', `${rows(9)}${CSI}AX`],
	['and not out of a region', within(`${at(4, 1)}\n\n\nX`)],
	['a region at the top', on(`${CSI}1;3r${at(3, 1)}\n\nX`)],
];

const looks = [
	['each style', on(`${at(2, 1)}${[1, 2, 3, 4, 5, 7, 8, 9].map((n) =>
		`${CSI}0;${n}m${n}`).join('')}`)],
	['each style off', on(`${at(2, 1)}${CSI}1;2;3;4;5;7;8;9m${[22, 23, 24, 25,
		27, 28, 29].map((n) => `${CSI}${n}m${n}`).join('')}`)],
	['16 colours', on(`${at(1, 1)}${[30, 31, 37, 90, 97, 40, 47, 100, 107]
		.map((n) => `${CSI}0;${n}m${n}`).join('')}`)],
	['256 colours', on(`${at(1, 1)}${CSI}38;5;9ma${CSI}48;5;255mb${CSI}38:5:99mc` +
		`${CSI}48:5:7md`)],
	['true colours', on(`${at(1, 1)}${CSI}38;2;1;2;3ma${CSI}48;2;255;0;9mb` +
		`${CSI}38:2::9:8:7mc`)],
	['colours off', on(`${at(1, 1)}${CSI}31;42ma${CSI}39mb${CSI}49mc`)],
	['kinds of underline', on(`${at(1, 1)}${[0, 1, 2, 3, 4, 5].map((n) =>
		`${CSI}4:${n}m${n}`).join('')}${CSI}21m6${CSI}24m7`)],
	['SGR without an argument', on(`${at(1, 1)}${CSI}1;31ma${CSI}mb${CSI};4mc`)],
	['SGR that is cut short', on(`${at(1, 1)}${CSI}38;5ma${CSI}48;2;1mb` +
		`${CSI}38;7;1mc`), 'half a colour is none'],
	['more arguments than there may be', on(`${at(1, 1)}${CSI}${'1;'.repeat(
		40)}31ma`), 'then there is no sequence'],
	['numbers without end', on(`${CSI}99999999999999999999CX${CSI}4294967297AY`),
		'then there is no sequence'],
	['line drawing', on(`${at(2, 1)}\x1b(0lqkxmj\x1b(Bq\x0e\x1b)0q\x0fq`)],
	['SO without a set', on(`${at(2, 1)}\x0eq\x0fq`)],
	['the character set is saved', on(`${at(2, 1)}\x1b(0\x1b7\x1b(Bq\x1b8q`)],
];

const screens = [
	['the other screen, 47', on(`${CSI}?47hX${at(2, 2)}Y${CSI}?47lZ`)],
	['the other screen, 1047', on(`${CSI}?1047hX${at(2, 2)}Y${CSI}?1047lZ`)],
	['the other screen, 1049', on(`${at(3, 3)}${CSI}?1049hX${at(2, 2)}Y` +
		`${CSI}?1049lZ`)],
	['the other screen twice', on(`${at(3, 3)}${CSI}?1049hX${CSI}?1049hY` +
		`${CSI}?1049lZ`)],
	['seen on the other screen', on(`${CSI}?1049h${CSI}42m${CSI}2J${at(2, 2)}` +
		`${rows(8)}`)],
	['DECSTR', within(`${CSI}1;4;31m${CSI}?6h${CSI}4h${CSI}!pX${at(3, 3)}Y`),
		none],
	['RIS', within(`${CSI}1;31m${CSI}?6h\x1bcX`)],
	['modes of keys and mouse', on(`${CSI}?1h${CSI}?25l${CSI}?1002h${CSI}?1006h` +
		`${CSI}?2004h\x1b=`)],
	['modes that nobody knows', on(`${CSI}?9876h${CSI}77h${CSI}?9876lX`)],
];

const strings = [
	['a title', on(`${at(2, 2)}\x1b]2;a;b\x07X\x1b]0;c\x1b\\Y`)],
	['a title that is cut off', on(`${at(2, 2)}\x1b]2;title\x18X\x1b]2;q\x1aY`)],
	['a string in a string', on(`${at(2, 2)}\x1b]2;a\x1b]2;b\x07X`)],
	['strings of the wrong end', on(`${at(2, 2)}\x1bPabc\x07d\x1b\\X\x1b_q\x1b\\` +
		'Y\x1b^q\x1b\\Z')],
	['a link', on(`${at(2, 2)}\x1b]8;;http://a/\x07link\x1b]8;;\x07X`),
		'xterm.js underlines it'],
	['CAN in a sequence', on(`${at(2, 2)}${CSI}3\x18CX`)],
	['SUB in a sequence', on(`${at(2, 2)}${CSI}3\x1aCX`)],
	['ESC in a sequence', on(`${at(2, 2)}${CSI}3${CSI}2CX`)],
	['controls in a sequence', on(`${at(2, 2)}${CSI}3\n\r\bCX`)],
	['what is no sequence', on(`${at(2, 2)}${CSI}3 qX${CSI}>1qY${CSI}=1;2cZ` +
		`${CSI}?!pV\x1b#3W`)],
	['NUL and DEL', on(`${at(2, 2)}\0X\x7fY\0\0Z`)],
	['C1 in UTF-8', on(`${at(2, 2)}${utf8('\u0085')}X${utf8('\u0084')}Y` +
		`${utf8('\u009b')}3CZ`), c1],
	['C1 as bytes', on(`${at(2, 2)}\x85X\x9b3CY`)],
];

const letters = [
	['wide ones', on(`${at(2, 2)}${wide}X`)],
	['a wide one at the edge', on(`${at(2, 20)}${wide}X`),
		'what it found no room in stays'],
	['a wide one at the edge, no wrap', on(`${CSI}?7l${at(2, 20)}${wide}X`)],
	['half of a wide one written over', on(`${at(2, 2)}${wide}${at(2, 3)}X` +
		`${at(2, 6)}Y`)],
	['wide over half a wide one', on(`${at(2, 2)}${wide}${at(2, 3)}` +
		`${utf8('漢')}`)],
	['half of a wide one erased', on(`${at(2, 2)}${wide}${at(2, 3)}${CSI}X` +
		`${at(3, 2)}${wide}${at(3, 5)}${CSI}K` +
		`${at(4, 2)}${wide}${at(4, 4)}${CSI}1K`), half],
	['ICH amid a wide one', on(`${at(2, 2)}${wide}${at(2, 3)}${CSI}@X`), half],
	['DCH amid a wide one', on(`${at(2, 2)}${wide}${at(2, 3)}${CSI}PX`), half],
	['ICH that pushes half of one out', on(`${at(2, 19)}${utf8('日')}${at(2, 1)}` +
		`${CSI}@X`)],
	['marks', on(`${at(2, 2)}${utf8('e\u0301X a\u0300\u0301\u0302Y')}`)],
	['a mark on nothing', on(`${at(2, 1)}${utf8('\u0301X')}`), 'it is dropped'],
	['a mark behind the last column', on(`${at(2, 20)}X${utf8('\u0301Y')}`)],
	['a mark on a wide one', on(`${at(2, 2)}${utf8('日\u0301X')}`)],
	['emoji', on(`${at(2, 2)}${utf8('😀X👍Y')}`)],
	['emoji that are joined', on(`${at(2, 2)}${utf8('👩\u200d💻X')}`),
		'they are one'],
	['emoji with a skin', on(`${at(2, 2)}${utf8('👍🏽X')}`)],
	['flags', on(`${at(2, 2)}${utf8('🇩🇪X')}`)],
	['a variation of a sign', on(`${at(2, 2)}${utf8('☺\ufe0fX')}`)],
	['from right to left', on(`${at(2, 2)}${utf8('שלום abc مرحبا')}`)],
	['without a width', on(`${at(2, 2)}${utf8('a\u200bb\u2060c\ufeffd')}`)],
	['Korean in parts', on(`${at(2, 2)}${utf8('\u1112\u1161\u11ab한X')}`)],
	['Thai', on(`${at(2, 2)}${utf8('ไทยนี้X')}`)],
	['UTF-8 cut short', on(`${at(2, 2)}\xe6\x97X\xf0\x9fY\xc3Z`)],
	['UTF-8 that is too long', on(`${at(2, 2)}\xc0\xafX\xe0\x80\xafY`)],
	['half a pair', on(`${at(2, 2)}\xed\xa0\x80X`)],
	['beyond Unicode', on(`${at(2, 2)}\xf4\x90\x80\x80X\xf8\x88\x80\x80\x80Y`)],
	['bytes that begin nothing', on(`${at(2, 2)}\xffX\xfeY\x80Z\xbfW`)],
	['a control in a character', on(`${at(2, 2)}\xe6\r\nX\xe6\x1b[3CY`)],
];

export const sequences = [...moves, ...tabs, ...edits, ...looks, ...screens,
	...strings, ...letters];
