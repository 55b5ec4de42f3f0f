// What two terminals show, cell by cell: characters, widths, colours and style.
// Of tmux it is known by what its capture-pane -e prints for a terminal, which
// is xterm.js here.
import { newTerm, write } from './xterm.mjs';

const styles = ['Bold', 'Dim', 'Italic', 'Underline', 'Blink', 'Inverse',
	'Invisible', 'Strikethrough'];

// A colour of a palette by its number: the first 16 have two names.
const colour = (cell, which) => cell[`is${which}Default`]() ? '' :
	`${cell[`is${which}RGB`]() ? '#' : ''}${cell[`get${which}Color`]()}`;

// Whatever is blank shows as a blank. Nothing is left of a colour that has
// nothing to draw.
function look(cell) {
	const style = styles.filter((s) => cell[`is${s}`]());
	const text = cell.getChars() || ' ';
	const drawn = text !== ' ' || style.some((s) => ['Underline', 'Inverse',
		'Strikethrough'].includes(s));
	return [text, cell.getWidth(), drawn ? colour(cell, 'Fg') : '',
		colour(cell, 'Bg'), ...drawn ? style : []].join('|');
}

// The lines on the screen, each a list of cells. Which of them have no character
// shows in nothing, but see below.
export function cells(term) {
	const buffer = term.buffer.active;
	return Array.from({ length: term.rows }, (_, y) => {
		const line = buffer.getLine(buffer.baseY + y);
		return Array.from({ length: term.cols }, (_, x) => {
			const cell = line.getCell(x);
			return { look: look(cell), empty: cell.getWidth() > 0 &&
				cell.getChars() === '' };
		});
	});
}

// The same of text as capture-pane -epN gives it: lines of a screen, of which
// line drawing is between SO and SI. It tells nothing of cells without a
// character behind the last one with one, whatever background they have.
export async function captured(text, cols, rows) {
	const term = newTerm(cols, rows);
	await write(term, Buffer.from(`\x1b)0\x1b[?7l${text.split('\n')
		.slice(0, rows).join('\r\n')}`));
	const found = cells(term);
	term.dispose();
	return found.map((line) => line.slice(0, 1 +
		line.findLastIndex((c) => !c.empty)));
}

// Where that is unlike a screen, in words; nothing when it is not.
export const unlike = (found, there) => found.flatMap((line, y) => {
	const x = line.findIndex((c, i) => i < there[y].length ?
		c.look !== there[y][i].look : !c.empty);
	const from = (cs) => cs.slice(x, x + 9).map((c) => c.look).join(' ');
	return x < 0 ? [] : [`${y + 1}, ${x + 1} has ${from(line)}, in tmux ${
		from(there[y])}`];
}).join('\n    ');
