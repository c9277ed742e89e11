/* SPDX-License-Identifier: Apache-2.0
 *
 * Frames of one device: a program, some of whose parameters may differ, from histories of its own.
 *
 * Sums are computed whole with the clean weights, and what each edit changes is added: exact, since sums
 * are modulo 2**32. While a convolution runs, its history lies in the padding rows before its source.
 */
#include "elementwise.h"

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
    for (int r = 0; r < rows; r++, row++, y += s->channels) {
        if (s->bits == 8)
            for (int i = 0; i < s->channels; i++) ((uint8_t *)s->now)[row * s->stride + i] = (uint8_t)(y[i] + 128);
        else
            for (int i = 0; i < s->channels; i++) ((int16_t *)s->now)[row * s->stride + i] = (int16_t)y[i];
    }
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

static void run_conv(const Model *m, const Operator *op, int frames, const Edit *edit, int edits)
{
    const Signal *x = m->signal + op->source, *y = m->signal + op->target;
    _Alignas(64) int32_t sums[MOST_TILE * MOST_COLUMNS];
    int32_t codes[MOST_COLUMNS];
    const uint8_t *rows[MOST_TILE];
    int positions = frames * op->per_frame;
    for (int first = 0, count; first < positions; first += count) {
        count = positions - first < MOST_TILE ? positions - first : MOST_TILE;
        for (int r = 0; r < count; r++)
            rows[r] = (const uint8_t *)x->now + ((long)(first + r) * op->advance - op->history) * row_bytes(x);
        full_sums(op, rows, count, op->apart * row_bytes(x), x->stride / lanes_of(x), sums, x->bits == 16);
        for (int e = 0; e < edits; e++) {
            if (edit[e].kind == WEIGHT) add_weight(op, x, edit + e, first, count, sums);
            else if (edit[e].kind == BIAS) add_bias(op, edit + e, count, sums);
        }
        for (int r = 0; r < count; r++) {
            const int32_t *here = sums + (long)r * op->padded;
            requantise_row(op, here, codes);
            for (int e = 0; e < edits; e++)
                for (int u = 0; edit[e].kind == SHIFT && u < op->rows_made; u++) {
                    int column = u * op->out + edit[e].element;
                    codes[column] = requantised(here[column], edit[e].value, op);
                }
            put_rows(y, (long)(first + r) * op->rows_made, op->rows_made, codes);
        }
    }
}

static void run_elementwise(const Model *m, Operator *op, int frames, const Edit *edit, int edits)
{
    const Signal *y = m->signal + op->target;
    int shift = op->kind == RESCALE ? op->shift[0] : 0;
    int32_t codes[MOST_COLUMNS];
    for (int e = 0; e < edits; e++) {
        if (op->kind == RESCALE) shift = edit[e].value;
        else op->entry[edit[e].element] = (int16_t)edit[e].value;
    }
    for (int row = 0; row < frames * y->rate; row++) {
        compute_row(m, op, row, shift, codes);
        put_rows(y, row, 1, codes);
    }
    for (int e = 0; e < edits && op->kind != RESCALE; e++)
        op->entry[edit[e].element] = op->clean_entry[edit[e].element];
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
 * or NULL. edit: sorted by operator. states: the histories of all convolutions, one after the other, as their
 * rows are stored; replaced by those after the last frame. */
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
