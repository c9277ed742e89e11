/* SPDX-License-Identifier: Apache-2.0
 *
 * Frames of one device: a program, some of whose parameters may differ, from histories of its own.
 *
 * Sums are computed whole with the clean weights, and what each edit changes is added: exact, since sums
 * are modulo 2**32. While a convolution runs, its history lies in the padding rows before its source.
 */
#include "elementwise.h"
#include "melbands.h"
#include "requantise.h"
#include "synthesis.h"

/* A parameter that differs. element: as of a Fault. value: what the device holds. */
typedef struct {
    int32_t operator_, kind, element, value;
} Edit;

static inline void add(int32_t *sum, uint32_t more)
{
    *sum = (int32_t)((uint32_t)*sum + more);
}

static void put_rows(const Signal *s, long row, int rows, const int32_t *y)
{
    for (int r = 0; r < rows; r++, row++, y += s->channels)
        for (int i = 0; i < s->channels; i++) set_code((Signal *)s, row * s->stride + i, y[i]);
}

/* Rows first .. last - 1 of x as operands, from `first` on; the same bytes where no excess is added to codes. */
static const uint8_t *operands_of(const Model *m, const Signal *x, long first, long last)
{
    long count = (last - first) * x->stride;
    const int8_t *narrow = (const int8_t *)x->now + first * x->stride;
    if (x->bits == 16) return (const uint8_t *)x->now + first * row_bytes(x);
    if (is_wide(x)) {
        int16_t *to = (int16_t *)m->operand[1];
        for (long i = 0; i < count; i++) to[i] = narrow[i];
        return m->operand[1];
    }
    if (!WB_EXCESS) return (const uint8_t *)narrow;
    for (long i = 0; i < count; i++) m->operand[0][i] = (uint8_t)(narrow[i] + WB_EXCESS);
    return m->operand[0];
}

static void add_weight(const Operator *op, const Signal *x, const Edit *e, int first, int count, int32_t *sums)
{
    int i = e->element % op->fan_in, tap = e->element / op->fan_in % op->taps;
    int column = e->element / op->fan_in / op->taps, group = column % op->out / (op->out / op->groups);
    uint32_t difference = (uint32_t)e->value - (uint32_t)op->weight[e->element];
    for (int r = 0; r < count; r++)
        for (int k = 0; k < op->fold; k++) {
            long row = (long)(first + r) * op->advance + (long)k * op->stride + (long)tap * op->dilation - op->history;
            uint32_t code = (uint32_t)code_at(x, x->now, row * x->stride + group * op->fan_in + i);
            add(sums + (long)r * op->padded + k * op->up * op->out + column, difference * code);
        }
}

static void add_bias(const Operator *op, const Edit *e, int count, int32_t *sums)
{
    uint32_t difference = (uint32_t)e->value - (uint32_t)op->bias[e->element];
    for (int r = 0; r < count; r++)
        for (int u = 0; u < op->rows_made; u++)
            add(sums + (long)r * op->padded + u * op->out + e->element, difference);
}

static void store(const Model *m, const Operator *op, Signal *y, int p, const int32_t *sums, const Edit *edit, int edits)
{
    requantise_row(op, sums, m->codes);
    for (int e = 0; e < edits; e++)
        for (int u = 0; edit[e].kind == SHIFT && u < op->rows_made; u++) {
            int column = u * op->out + edit[e].element;
            m->codes[column] = requantised(sums[column], edit[e].value, op);
        }
    put_rows(y, (long)p * op->rows_made, op->rows_made, m->codes);
}

static void run_conv(const Model *m, const Operator *op, int frames, const Edit *edit, int edits)
{
    const Signal *x = m->signal + op->source;
    Signal *y = m->signal + op->target;
    const uint8_t *operand = operands_of(m, x, -op->history, (long)frames * x->rate);
    int positions = frames * op->per_frame, most = tile_rows(op), shifts = 0;
    for (int e = 0; e < edits; e++) shifts += edit[e].kind == SHIFT;
    for (int first = 0, count; first < positions; first += count) {
        count = positions - first < most ? positions - first : most;
        full_sums(op, x, operand + 4L * first * op->advance * x->words, m->sums);
        for (int e = 0; e < edits; e++) {
            if (edit[e].kind == WEIGHT) add_weight(op, x, edit + e, first, count, m->sums);
            else if (edit[e].kind == BIAS) add_bias(op, edit + e, count, m->sums);
        }
        if (!shifts && is_direct(op, y)) store_sums(op, y, first, count, m->sums);
        else for (int r = 0; r < count; r++) store(m, op, y, first + r, m->sums + (long)r * op->padded, edit, edits);
    }
}

static void put_entries(Operator *op, const Edit *edit, int edits)
{
    for (int e = 0; e < edits; e++) op->entry[edit[e].element] = (int16_t)edit[e].value;
}

static void restore_entries(Operator *op, const Edit *edit, int edits)
{
    for (int e = 0; e < edits; e++) op->entry[edit[e].element] = op->clean_entry[edit[e].element];
}

static void run_elementwise(Model *m, Operator *op, int frames, const Edit *edit, int edits)
{
    const Signal *y = m->signal + op->target;
    int shift = op->kind == RESCALE ? op->shift[0] : 0;
    if (!edits && is_flat(m, op)) {
        if (y->bits == 16) flat_rows_of_width(m, op, NULL, 0, 0, (long)frames * y->rate, 1);
        else flat_rows_of_width(m, op, NULL, 0, 0, (long)frames * y->rate, 0);
        return;
    }
    if (op->kind != RESCALE) put_entries(op, edit, edits);
    else for (int e = 0; e < edits; e++) shift = edit[e].value;
    for (int row = 0; row < frames * y->rate; row++) {
        compute_row(m, op, row, shift, m->codes);
        put_rows(y, row, 1, m->codes);
    }
    if (op->kind != RESCALE) restore_entries(op, edit, edits);
}

/* What a frame is spoken after, as it lies in a state. */
typedef struct {
    int16_t wave[WB_POINTS], tail[WB_FADE];
    int32_t phase, step, noise;
} Spoken;

/* Speak; `states` begins with a Spoken, which is replaced by that after the last frame. */
static void run_synthesis(Model *m, Operator *op, int frames, const Edit *edit, int edits, uint8_t *states)
{
    const Signal *x = m->signal + op->source, *y = m->signal + op->target;
    Spoken spoken;
    Tables tables;
    int16_t samples[WB_HOP];
    memcpy(&spoken, states, sizeof spoken);
    Words words = {(uint32_t)spoken.noise, (uint32_t)spoken.phase, (uint32_t)spoken.step};
    for (int i = 0; i < WB_POINTS; i++) op->now_period->pair[i] = pair_of(spoken.wave[i], spoken.wave[(i + 1) & 255]);
    memcpy(op->now_period->tail, spoken.tail, sizeof spoken.tail);
    put_entries(op, edit, edits);
    take_tables(&tables, op->entry);
    restore_entries(op, edit, edits);
    for (int frame = 0; frame < frames; frame++) {
        const int16_t *controls = (const int16_t *)x->now + (long)frame * x->stride;
        Period *before = op->now_period + frame, *now = before + 1;
        Voice v = next_voice(&tables, controls, &words);
        make_period(&tables, &v, controls, now);
        make_samples(&tables, &v, before->pair, before->tail, now, samples);
        for (int n = 0; n < WB_HOP; n++) ((int16_t *)y->now)[((long)frame * WB_HOP + n) * y->stride] = samples[n];
    }
    for (int i = 0; i < WB_POINTS; i++) spoken.wave[i] = (int16_t)op->now_period[frames].pair[i];
    memcpy(spoken.tail, op->now_period[frames].tail, sizeof spoken.tail);
    spoken.noise = (int32_t)words.noise;
    spoken.phase = (int32_t)words.phase;
    spoken.step = (int32_t)words.step;
    memcpy(states, &spoken, sizeof spoken);
}

/* Hear; `states` begins with the past samples, which are replaced by those after the last frame. */
static void run_melbands(const Model *m, Operator *op, int frames, const Edit *edit, int edits, uint8_t *states)
{
    const Signal *x = m->signal + op->source, *y = m->signal + op->target;
    Filters filters;
    int16_t window[2 * WB_POINTS];
    int32_t codes[WB_MEL_BANDS];
    put_entries(op, edit, edits);
    take_filters(&filters, op->entry);
    restore_entries(op, edit, edits);
    memcpy(window, states, 2 * WB_MEL_PAST);
    for (int frame = 0; frame < frames; frame++) {
        take_samples(x, (long)frame * WB_MEL_HOP, WB_MEL_HOP, window + WB_MEL_PAST);
        hear_window(&filters, window, codes);
        put_rows(y, frame, 1, codes);
        memmove(window, window + WB_MEL_HOP, 2 * WB_MEL_PAST);
    }
    memcpy(states, window, 2 * WB_MEL_PAST);
}

static void take_input(const Signal *s, int rows, const int32_t *codes)
{
    if (s->bits == 32) memcpy(s->now, codes, 4 * (size_t)rows);
    else put_rows(s, 0, rows, codes);
}

static void write_codes(const Signal *s, int rows, int16_t *to)
{
    for (int row = 0; row < rows; row++)
        for (int c = 0; c < s->channels; c++) *to++ = (int16_t)code_at(s, s->now, (long)row * s->stride + c);
}

/* Run `frames` frames, `at_once` of them together, which is the room of the model's signals.
 *
 * given: of each signal, its codes if it is an input, else NULL. record: of each signal, where its codes go,
 * or NULL. edit: sorted by operator. states: what all operators remember, one after the other, the history of a
 * convolution as its rows are stored; replaced by those after the last frame. */
void wb_stream(Model *m, int32_t frames, int32_t at_once, const int32_t *const *given, int16_t *const *record,
               const Edit *edit, int32_t edits, uint8_t *states)
{
    for (int done = 0, now; done < frames; done += now) {
        uint8_t *state = states;
        int next = 0;
        now = frames - done < at_once ? frames - done : at_once;
        for (int i = 0; i < m->signals; i++) {
            const Signal *s = m->signal + i;
            if (given[i]) take_input(s, now * s->rate, given[i] + (long)done * s->rate * s->channels);
        }
        for (int number = 0; number < m->operators; number++) {
            Operator *op = m->operator_ + number;
            int count = 0;
            while (next + count < edits && edit[next + count].operator_ == number) count++;
            if (op->kind == CONV) {
                const Signal *x = m->signal + op->source;
                long bytes = op->history * row_bytes(x);
                char *rows = x->now;
                memcpy(rows - bytes, state, (size_t)bytes);
                run_conv(m, op, now, edit + next, count);
                memcpy(state, rows + (long)now * x->rate * row_bytes(x) - bytes, (size_t)bytes);
                state += bytes;
            } else if (op->kind == SYNTHESIS) {
                run_synthesis(m, op, now, edit + next, count, state);
                state += sizeof(Spoken);
            } else if (op->kind == MELBANDS) {
                run_melbands(m, op, now, edit + next, count, state);
                state += 2 * WB_MEL_PAST;
            } else {
                run_elementwise(m, op, now, edit + next, count);
            }
            next += count;
        }
        for (int i = 0; i < m->signals; i++) {
            const Signal *s = m->signal + i;
            if (record[i]) write_codes(s, now * s->rate, record[i] + (long)done * s->rate * s->channels);
        }
    }
}
