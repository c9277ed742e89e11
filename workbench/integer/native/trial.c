/* SPDX-License-Identifier: Apache-2.0
 *
 * Fault trials of one utterance, one after the other, each from the clean run and back to it.
 *
 * What `element` of a fault counts: WEIGHT, BIAS, SHIFT, ENTRY: the parameter, in C order. HISTORY:
 * the cell [history rows, channels]. ACTIVATION: the code in the frame's [rate, channels].
 * ACCUMULATOR: the sum in the frame's [positions, up, out].
 */
#include <stdlib.h>

#include "convolve.h"
#include "elementwise.h"

static void upset_activation(Model *m, const Fault *f)
{
    Signal *s = m->signal + f->signal;
    int row = f->frame * s->rate + f->element / s->channels, channel = f->element % s->channels;
    store_code(s, row, channel, after(f, code_at(s, s->now, (long)row * s->stride + channel), s->bits));
}

static inline void add_error(Outcome *o, int row, int error)
{
    int size = error < 0 ? -error : error;
    if (!error) return;
    if (o->first < 0) o->first = row;
    if (size > o->max_error) o->max_error = size;
    o->error_energy += (int64_t)error * error;
}

#if WB_VNNI

/* Rows of one 16-bit code, 16 at a time, the last of them one by one. */
static int compare_samples(const Signal *s, Outcome *o)
{
    const int16_t *now = s->now, *clean = s->clean;
    __m512i most = _mm512_setzero_si512(), energy = most;
    int row = s->low;
    for (; row + 16 <= s->high; row += 16) {
        __m512i x = _mm512_cvtepi16_epi32(_mm256_loadu_si256((const __m256i *)(now + row)));
        __m512i y = _mm512_cvtepi16_epi32(_mm256_loadu_si256((const __m256i *)(clean + row)));
        __m512i error = _mm512_abs_epi32(_mm512_sub_epi32(x, y));
        __mmask16 differ = _mm512_test_epi32_mask(error, error);
        if (!differ) continue;
        if (o->first < 0) o->first = row + __builtin_ctz(differ);
        o->differing += __builtin_popcount(differ);
        most = _mm512_max_epi32(most, error);
        /* Products of the even and of the odd lanes; an |error| has 17 bits. */
        __m512i odd = _mm512_srli_epi64(error, 32);
        energy = _mm512_add_epi64(energy, _mm512_mul_epu32(error, error));
        energy = _mm512_add_epi64(energy, _mm512_mul_epu32(odd, odd));
    }
    o->max_error = _mm512_reduce_max_epi32(most);
    o->error_energy = _mm512_reduce_add_epi64(energy);
    return row;
}

#endif

static Outcome compare(const Model *m, int reached)
{
    const Signal *s = m->signal + m->output;
    Outcome o = {reached, -1, 0, 0, 0};
    int row = s->low;
#if WB_VNNI
    if (s->sink && s->channels == 1 && s->bits == 16 && differs(s)) row = compare_samples(s, &o);
#endif
    for (; row < s->high; row++) {
        int64_t before = o.error_energy;
        if (!s->sink && !mask_of(s, row)) continue;
        for (int c = 0; c < s->channels; c++) {
            long element = (long)row * s->stride + c;
            add_error(&o, row, code_at(s, s->now, element) - code_at(s, s->clean, element));
        }
        o.differing += o.error_energy != before;
    }
    return o;
}

static void copy_output(const Model *m, int16_t *output)
{
    const Signal *s = m->signal + m->output;
    for (int row = 0; row < s->rows; row++)
        for (int c = 0; c < s->channels; c++) *output++ = (int16_t)code_at(s, s->now, (long)row * s->stride + c);
}

/* Faults of one trial, sorted by operator; the kinds of one operator as take_faults has them. */
static int run_trial(Model *m, const Fault *fault, int faults, Overlay *overlay)
{
    int next = 0, reached = -1;
    for (int number = faults ? fault[0].operator_ : m->operators; number < m->operators; number++) {
        Operator *op = m->operator_ + number;
        int count = 0, alive = next < faults, stirred;
        for (int i = 0; i < m->signals && !alive; i++)
            alive = differs(m->signal + i) && m->signal[i].last_use >= number;
        if (!alive) break;
        for (; next < faults && fault[next].operator_ == number && fault[next].kind == ACTIVATION; next++)
            upset_activation(m, fault + next);
        while (next + count < faults && fault[next + count].operator_ == number) count++;
        stirred = differs(m->signal + op->source) || count;
        if (op->kind == ADD) stirred |= differs(m->signal + op->other);
        for (int k = 0; k < op->sources; k++) stirred |= differs(m->signal + op->concat[k]);
        if (stirred) {
            if (op->kind == CONV) convolve(m, op, fault + next, count, overlay);
            else run_rows(m, op, fault + next, count);
            if (differs(m->signal + op->target)) reached = number;
        }
        next += count;
    }
    for (; next < faults; next++) upset_activation(m, fault + next);
    return reached;
}

/* Sums of the clean run. Returns the number of the first convolution whose codes come out otherwise
 * than the reference's, -1 if none does. */
int32_t wb_prepare(Model *m)
{
    for (int number = 0; number < m->operators; number++) {
        Operator *op = m->operator_ + number;
        if (op->kind != CONV) continue;
        Signal *x = m->signal + op->source, *y = m->signal + op->target;
        int codes[MOST_COLUMNS];
        for (int p = 0; p < op->positions; p++) {
            long row = (long)p * op->advance - op->history;
            const uint8_t *start = (const uint8_t *)x->now + row * row_bytes(x);
            int32_t *sums = op->clean_sums + (long)p * op->padded;
            full_sums(op, &start, 1, op->apart * row_bytes(x), x->stride / lanes_of(x), sums, x->bits == 16);
            requantise_row(op, sums, codes);
            store_rows(y, (long)p * op->rows_made, op->rows_made, codes);
        }
        if (differs(y)) return number;
    }
    return -1;
}

/* All sums of a convolution of the clean run, computed once more. */
static int64_t sums_again(const Operator *op, const Signal *x)
{
    const uint8_t *rows[MOST_TILE];
    for (int p = 0, count; p < op->positions; p += count) {
        for (count = 0; count < MOST_TILE && p + count < op->positions; count++) {
            long row = (long)(p + count) * op->advance - op->history;
            rows[count] = (const uint8_t *)x->clean + row * row_bytes(x);
        }
        int32_t *sums = op->clean_sums + (long)p * op->padded; /* which they are already */
        full_sums(op, rows, count, op->apart * row_bytes(x), x->stride / lanes_of(x), sums, x->bits == 16);
    }
    return (int64_t)op->positions * op->fold * op->taps * x->channels * op->up * op->out;
}

/* The same few words come and go at every position, so that their weights stay in the nearest cache. */
static int64_t differences_again(const Operator *op, const Signal *x)
{
    Difference d[16];
    int most = op->rows_seen * x->stride / lanes_of(x), count = most < 16 ? most : 16;
    for (int i = 0; i < count; i++) d[i] = (Difference){0x01020304u, 0x01020304u, i};
    for (int p = 0; p < op->positions; p++) {
        int32_t *sums = op->clean_sums + (long)p * op->padded; /* they stay as they are */
        add_differences(op, d, count, sums, sums, x->bits == 16);
    }
    return (int64_t)op->positions * 2 * count * lanes_of(x) * op->columns;
}

/* How fast the kernels can be: work of no consequence for one operator. Returns its multiply-accumulates,
 * 0 for what is no convolution. */
int64_t wb_rehearse(Model *m, int32_t number, int32_t by_differences)
{
    const Operator *op = m->operator_ + number;
    const Signal *x = m->signal + op->source;
    if (op->kind != CONV) return 0;
    return by_differences ? differences_again(op, x) : sums_again(op, x);
}

const char *wb_kernels(void)
{
    return WB_KERNELS;
}

/* Trial t has the faults offset[t] .. offset[t + 1] - 1. output: NULL, or [trials, rows, channels].
 * Returns 0, or 1 when there is no memory. */
int32_t wb_trials(Model *m, const int64_t *offset, const Fault *fault, int64_t trials, Outcome *outcome, int16_t *output)
{
    int64_t most = 1;
    for (int64_t t = 0; t < trials; t++)
        if (offset[t + 1] - offset[t] > most) most = offset[t + 1] - offset[t];
    Overlay *overlay = malloc((size_t)most * sizeof *overlay);
    if (!overlay) return 1;
    const Signal *s = m->signal + m->output;
    for (int64_t t = 0; t < trials; t++) {
        int reached = run_trial(m, fault + offset[t], (int)(offset[t + 1] - offset[t]), overlay);
        outcome[t] = compare(m, reached);
        if (output) copy_output(m, output + t * s->rows * s->channels);
        for (int i = 0; i < m->signals; i++) restore(m->signal + i);
    }
    free(overlay);
    return 0;
}
