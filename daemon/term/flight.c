/* SPDX-License-Identifier: MIT */
/*
 * Over a flood instead of through it. The log is looked through for how far
 * there is nothing in it but lines (daemon/emu/skip.h); then the last lines of
 * that, as many as are kept, are all that is emulated. Invariant: where a job
 * lands a line begins, so many lines before the first byte that is no plain one
 * that all there was before is gone.
 */
#include "daemon/term/flight.h"

#include <stdlib.h>
#include <string.h>

#include "daemon/emu/skip.h"
#include "daemon/term/term.h"
#include "lib/xalloc.h"

/*
 * So many bytes that are looked through are a unit of effort, though they take
 * twice as long: a checkpoint of a flood costs as much as any other, and is
 * nearer to its end than it need be.
 */
#define LOOKS 16
/* Less than this is emulated as fast. */
#define WORTH (512u << 10)
/* Lines longer than this on average are not looked for. */
#define BACK_MAX (4u << 20)
/* The pen is looked for within this, then within twice as much. */
#define PEN_MIN (64u << 10)

static bool
read_at(const struct screen_job *j, uint64_t off, uint8_t *p, size_t len)
{
	return runlog_read(&j->term->log, off, p, len) == (long)len;
}

/*
 * Behind the `lines`th end of a line before `end`, or an earlier one that
 * followed a carriage return. 0: not found.
 */
static uint64_t
find_back(const struct screen_job *j, uint64_t end, unsigned lines)
{
	uint8_t *block = j->term->ts->step;
	uint64_t floor = end - j->at > BACK_MAX ? end - BACK_MAX : j->at;
	const uint8_t *nl;
	size_t len;

	while (end > floor) {
		len = end - floor < FLIGHT_BYTES ? (size_t)(end - floor)
						 : FLIGHT_BYTES;
		end -= len;
		if (!read_at(j, end, block, len))
			return 0;
		while ((nl = memrchr(block, '\n', len)) != NULL) {
			len = (size_t)(nl - block);
			lines -= lines > 0;
			if (lines == 0 && len > 0 && nl[-1] == '\r')
				return end + len + 1;
		}
	}
	return 0;
}

/* Where the endless line begins; false: nobody knows in which column. */
static bool
find_margin(const struct screen_job *j, uint64_t *at)
{
	uint8_t p[2];
	size_t n;

	if (!skip_to_margin(j->emu, &n))
		return false;
	*at = j->odd > 0 ? j->odd : j->at + n;
	if (j->odd == 0)
		return true;
	return j->odd >= j->at + 2 && read_at(j, j->odd - 2, p, 2) &&
	       (p[1] == '\r' || (p[0] == '\r' && p[1] == '\n'));
}

/*
 * Text that is one line to whoever wrote it is as many as it fills on the
 * screen: where one of those begins, `lines` of them before `end` and the whole
 * screen behind the first. 0: it is not so long.
 */
static uint64_t
find_wrapped(const struct screen_job *j, uint64_t end, unsigned lines)
{
	struct emu_look look;
	uint64_t at, fit;

	if (!find_margin(j, &at) || end <= at)
		return 0;
	emu_look(j->emu, &look);
	fit = (end - at) / look.cols;
	return fit < lines + look.rows ? 0 : at + (fit - lines) * look.cols;
}

/* By then the cursor is in the last row, wherever it was. */
static bool
is_down(const struct screen_job *j, uint64_t to)
{
	uint8_t *block = j->term->ts->step;
	uint64_t at = j->at;
	struct emu_look look;
	size_t len, n = 0;

	emu_look(j->emu, &look);
	for (; at < to && at - j->at < BACK_MAX; at += len) {
		len = to - at < FLIGHT_BYTES ? (size_t)(to - at) : FLIGHT_BYTES;
		if (!read_at(j, at, block, len))
			return false;
		for (size_t i = 0; i < len && n < look.rows; i++)
			n += block[i] == '\n';
		if (n >= look.rows)
			return true;
	}
	return false;
}

/*
 * The pen at `to`: as it is when no sequence came, else by the last ones before
 * that, as far back as there is one that sets it anew.
 */
static bool
set_pen(struct screen_job *j, uint64_t to)
{
	uint64_t end = j->sequence < to ? j->sequence : to;
	size_t len = PEN_MIN / 2;
	uint8_t *p = NULL;
	bool ok = j->sequence == 0, whole = false;

	while (!ok && !whole && len < BACK_MAX) {
		len *= 2;
		whole = end - j->at <= len;
		if (whole)
			len = (size_t)(end - j->at);
		p = xreallocarray(p, len, 1);
		ok = read_at(j, end - len, p, len) &&
		     skip_pen(j->emu, p, len, whole);
	}
	free(p);
	return ok;
}

static void
fly(struct screen_job *j, uint64_t end)
{
	struct emu_look look;
	unsigned lines;
	uint64_t to;
	bool down;

	if (end - j->at < WORTH)
		return;
	emu_look(j->emu, &look);
	lines = EMU_HISTORY + look.rows + 1;
	to = find_wrapped(j, end, lines);
	down = to > 0;
	if (!down)
		to = find_back(j, end, lines);
	if (to < j->at + WORTH / 2 || !(down || is_down(j, to)) ||
	    !set_pen(j, to))
		return;
	skip_jump(j->emu);
	j->at = to;
}

/* What was looked at once is not looked at again. */
static void
land(struct screen_job *j)
{
	j->looking = false;
	j->look_at =
	    j->ahead > j->at + FLIGHT_BYTES ? j->ahead : j->at + FLIGHT_BYTES;
	fly(j, j->ahead);
}

/*
 * How far what was read for `ahead` is plain. An endless line is nothing but
 * printable and then looked at once, not from either end.
 */
static size_t
look_through(struct screen_job *j, const uint8_t *p, size_t len)
{
	size_t begin = skip_printable(p, len), last = 0, n, odd;

	n = skip_plain(p + begin, len - begin, &last);
	if (last > 0)
		j->sequence = j->ahead + begin + last;
	odd = skip_unprintable(p + begin, n);
	if (odd > 0)
		j->odd = j->ahead + begin + odd;
	return begin + n;
}

bool
flight_step(struct screen_job *j, uint64_t end)
{
	uint8_t *block = j->term->ts->step;
	size_t len, n;

	if (!j->looking) {
		if (j->at < j->look_at || end - j->at < WORTH ||
		    !skip_possible(j->emu))
			return false;
		j->looking = true;
		j->ahead = j->at;
		j->sequence = j->odd = 0;
	}
	len = end - j->ahead < FLIGHT_BYTES ? (size_t)(end - j->ahead)
					    : FLIGHT_BYTES;
	if (!read_at(j, j->ahead, block, len)) {
		land(j);
		return true;
	}
	n = look_through(j, block, len);
	j->term->ts->stats.looked += n;
	j->effort += n / LOOKS;
	j->ahead += n;
	/* A sequence that the block cut is looked at whole in the next. */
	if (j->ahead == end || n + 64 < len || n == 0)
		land(j);
	return true;
}
