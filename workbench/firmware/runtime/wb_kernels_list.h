/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Convolutions of cores without instructions for pairs of products: Cortex-M0+, M3 and all others.
 *
 * The codes of a window that are not zero are listed once in `work`, each with the place of its weight in a
 * row, and all rows of weights go over that list, three or four at a time. It takes no more instructions than a
 * loop over all codes, and behind a ReLU half of the codes are zero. Nibbles have a list for each half of
 * a byte. Where every column sees one channel, its codes are laid out as a series in time.
 */
#ifndef WB_KERNELS_LIST_H
#define WB_KERNELS_LIST_H

#include "wb_conv_shape.h"

/* A list does not pay for windows of few codes, unless their weights are nibbles or they are a series. */
#define WB_LIST_LEAST 32u

static inline int wb_tuned_takes(const wb_conv_shape *shape)
{
    return shape->work_bytes != 0 && (shape->taps * shape->fan_in >= WB_LIST_LEAST ||
                                      shape->weight_bits == 4 || shape->fan_in == 1);
}

/* A code, and the byte of a row that holds its weight. */
typedef struct {
    uint32_t byte;
    int32_t code;
} wb_listed;

/* Rows of weights at once: as many as there are registers for. */
#if defined(__thumb__) && !defined(__thumb2__)
#define WB_LIST_ROWS 3u
#else
#define WB_LIST_ROWS 4u
#endif
#define WB_LIST_STEP 4u /* entries that a loop takes at once; a list is filled up with zeros */

/*
 * List the codes of the window at x that are not zero: all, or those whose weights are nibbles of this half
 * of a byte (0 or 1). Returns the end.
 */
static inline wb_listed *wb_list(const wb_conv_call *call, const unsigned char *x, wb_listed *end,
                                 uint32_t half)
{
    const uint32_t each = call->shape->weight_bits == 4 ? 2u : 1u;
    const uint32_t wide = call->shape->x_bits == 16;
    const uint32_t run_codes = (uint32_t)call->walk.run_codes;
    const wb_listed *const list = end;
    uint32_t first = 0; /* of a run, counted in the window */
    for (size_t run = 0; run < call->walk.runs; run++) {
        const uint32_t skipped = each == 2 ? (first ^ half) & 1u : 0u;
        uint32_t byte = (first + skipped) / each;
        if (wide) {
            const int16_t *from = (const int16_t *)(const void *)x + skipped;
            for (uint32_t i = skipped; i < run_codes; i += each, from += each) {
                const int32_t code = *from;
                end->byte = byte++;
                end->code = code;
                if (code) {
                    end++;
                }
            }
        } else {
            const int8_t *from = (const int8_t *)x + skipped;
            for (uint32_t i = skipped; i < run_codes; i += each, from += each) {
                const int32_t code = *from;
                end->byte = byte++;
                end->code = code;
                if (code) {
                    end++;
                }
            }
        }
        first += run_codes;
        x += call->walk.run_bytes;
    }
    while ((uint32_t)(end - list) % WB_LIST_STEP) {
        end->byte = 0;
        end->code = 0;
        end++;
    }
    return end;
}

/* What is there where four rows are taken at once. */
#if WB_LIST_ROWS == 4
#define WB_FOURTH(...) __VA_ARGS__
#else
#define WB_FOURTH(...)
#endif

/* A loop over a list in C: the products with what `weight` makes of a byte, added to the sums. */
#define WB_LIST_LOOP(weight)                                                                        \
    {                                                                                               \
        const int8_t *const r0 = rows[0];                                                           \
        const int8_t *const r1 = rows[1];                                                           \
        const int8_t *const r2 = rows[2];                                                           \
        WB_FOURTH(const int8_t *const r3 = rows[3];)                                                \
        uint32_t s0 = sums[0];                                                                      \
        uint32_t s1 = sums[1];                                                                      \
        uint32_t s2 = sums[2];                                                                      \
        WB_FOURTH(uint32_t s3 = sums[3];)                                                           \
        for (; list != end; list++) {                                                               \
            const uint32_t byte = list->byte;                                                       \
            const int32_t code = list->code;                                                        \
            s0 += wb_product(code, weight(r0[byte]));                                               \
            s1 += wb_product(code, weight(r1[byte]));                                               \
            s2 += wb_product(code, weight(r2[byte]));                                               \
            WB_FOURTH(s3 += wb_product(code, weight(r3[byte]));)                                    \
        }                                                                                           \
        sums[0] = s0;                                                                               \
        sums[1] = s1;                                                                               \
        sums[2] = s2;                                                                               \
        WB_FOURTH(sums[3] = s3;)                                                                    \
    }

/*
 * Add the products of rows of weights with a list to their sums. Compilers that optimise for size leave
 * Thumb-1 without its high registers.
 */
#if defined(__GNUC__) && defined(__thumb__) && defined(__OPTIMIZE__) && \
    (defined(__thumb2__) || !defined(__OPTIMIZE_SIZE__))
#if defined(__thumb2__)
#define WB_ENTRY                                                                                    \
    "ldrd %[i], %[x], [%[list]], #8\n\t"                                                            \
    "ldrsb %[t], [%[r0], %[i]]\n\t"                                                                 \
    "mla %[s0], %[t], %[x], %[s0]\n\t"                                                              \
    "ldrsb %[t], [%[r1], %[i]]\n\t"                                                                 \
    "mla %[s1], %[t], %[x], %[s1]\n\t"                                                              \
    "ldrsb %[t], [%[r2], %[i]]\n\t"                                                                 \
    "mla %[s2], %[t], %[x], %[s2]\n\t"                                                              \
    "ldrsb %[t], [%[r3], %[i]]\n\t"                                                                 \
    "mla %[s3], %[t], %[x], %[s3]\n\t"
#else
#define WB_ENTRY                                                                                    \
    "ldmia %[list]!, {%[i], %[x]}\n\t"                                                              \
    "ldrsb %[t], [%[r0], %[i]]\n\t"                                                                 \
    "muls %[t], %[x], %[t]\n\t"                                                                     \
    "add %[s0], %[t]\n\t"                                                                           \
    "ldrsb %[t], [%[r1], %[i]]\n\t"                                                                 \
    "muls %[t], %[x], %[t]\n\t"                                                                     \
    "add %[s1], %[t]\n\t"                                                                           \
    "ldrsb %[t], [%[r2], %[i]]\n\t"                                                                 \
    "muls %[t], %[x], %[t]\n\t"                                                                     \
    "add %[s2], %[t]\n\t"
#endif
WB_NOINLINE static void wb_list_rows(const wb_listed *list, const wb_listed *end, const int8_t *const *rows,
                                     uint32_t *sums)
{
    register uint32_t i __asm__("r2"); /* loaded with x at once: in ascending order */
    register uint32_t x __asm__("r3");
    uint32_t t;
    if (list != end) {
        __asm__ volatile(".syntax unified\n\t"
                         "1:\n\t" WB_ENTRY WB_ENTRY WB_ENTRY WB_ENTRY "cmp %[list], %[end]\n\tbne 1b\n\t"
                         : [list] "+l"(list), [s0] "+h"(sums[0]), [s1] "+h"(sums[1]),
                           [s2] "+h"(sums[2]), [i] "=&l"(i), [x] "=&l"(x), [t] "=&l"(t) WB_FOURTH(, [s3] "+r"(sums[3]))
                         : [r0] "l"(rows[0]), [r1] "l"(rows[1]), [r2] "l"(rows[2]),
                           [end] "h"(end) WB_FOURTH(, [r3] "r"(rows[3]))
                         : "cc", "memory");
    }
}
#else
static inline int32_t wb_whole_byte(int32_t byte)
{
    return byte;
}

WB_NOINLINE static void wb_list_rows(const wb_listed *list, const wb_listed *end, const int8_t *const *rows,
                                     uint32_t *sums)
    WB_LIST_LOOP(wb_whole_byte)
#endif

static inline int32_t wb_low_nibble(int32_t byte)
{
    return wb_shift_right(wb_signed((uint32_t)byte << 28), 28);
}

static inline int32_t wb_high_nibble(int32_t byte)
{
    return wb_shift_right(byte, 4);
}

/* The same with the low nibbles of bytes, and with the high ones. */
WB_NOINLINE static void wb_list_low(const wb_listed *list, const wb_listed *end, const int8_t *const *rows,
                                    uint32_t *sums)
    WB_LIST_LOOP(wb_low_nibble)
WB_NOINLINE static void wb_list_high(const wb_listed *list, const wb_listed *end, const int8_t *const *rows,
                                     uint32_t *sums)
    WB_LIST_LOOP(wb_high_nibble)

/* Where a row of output columns continues: the next phase follows the last. */
static inline uint32_t wb_next(uint32_t column, uint32_t columns)
{
    return column + 1 < columns ? column + 1 : 0;
}

/* One position of a group: `count` rows of weights from `row` on, whose columns begin with `column`. */
WB_NOINLINE static uint32_t wb_list_group(const wb_conv_call *call, const wb_listed *const *ends, uint32_t row,
                                          uint32_t column, uint32_t count, unsigned char *y)
{
    const wb_conv_shape *const shape = call->shape;
    const wb_listed *const list = (const wb_listed *)(const void *)call->work;
    const size_t bytes = call->walk.weight_bytes;
    const uint32_t columns = shape->columns;
    const int8_t *weights = (const int8_t *)call->weight + row * bytes;
    uint32_t total = 0;
    y += row * shape->y_bits / 8;
    while (count) {
        const uint32_t some = count < WB_LIST_ROWS ? count : WB_LIST_ROWS;
        const uint32_t usual = some == WB_LIST_ROWS && column + some <= columns; /* of one phase */
        const int8_t *rows[WB_LIST_ROWS];
        uint32_t sums[WB_LIST_ROWS];
        uint32_t at = column;
        for (uint32_t k = 0; k < WB_LIST_ROWS; k++) {
            rows[k] = weights;
            sums[k] = wb_bias(call->bias, at);
            if (usual) {
                weights += bytes;
                at++;
            } else if (k + 1 < some) { /* what is too many is the last once more */
                weights += bytes;
                at = wb_next(at, columns);
            }
        }
        weights += usual ? 0 : bytes;
        if (shape->weight_bits == 4) {
            wb_list_low(list, ends[0], rows, sums);
            wb_list_high(ends[0], ends[1], rows, sums);
        } else {
            wb_list_rows(list, ends[0], rows, sums);
        }
        for (uint32_t k = 0; k < some; k++) {
            total += sums[k];
        }
        if (usual) {
            wb_put_columns(shape, sums, call->shift + column, y, WB_LIST_ROWS);
            column = wb_next(column + WB_LIST_ROWS - 1, columns);
        } else {
            for (uint32_t k = 0; k < some; k++) {
                wb_put_columns(shape, sums + k, call->shift + column, y + k * shape->y_bits / 8, 1);
                column = wb_next(column, columns);
            }
        }
        y += some * shape->y_bits / 8;
        count -= some;
    }
    return total;
}

/* Codes of all `count` places of a series for a row of weights, written `step` codes apart. */
WB_NOINLINE static void wb_slide(const wb_conv_call *call, uint32_t row, uint32_t column, unsigned char *y,
                                 uint32_t step, uint32_t count)
{
    const wb_conv_shape *const shape = call->shape;
    const int8_t *const weights = (const int8_t *)call->weight + row * call->walk.weight_bytes;
    const int16_t *series = (const int16_t *)(const void *)call->work;
    const uint32_t bias = wb_bias(call->bias, column);
    const int32_t shift = call->shift[column];
    const int32_t low = shape->low;
    const int32_t high = shape->high;
    for (;; series += 2) { /* two places at once, which share all codes but one */
        uint32_t sums[2] = {bias, bias};
        int32_t later = series[shape->taps];
        for (uint32_t tap = shape->taps; tap;) {
            tap--;
            sums[0] += wb_product(series[tap], weights[tap]);
            sums[1] += wb_product(later, weights[tap]);
            later = series[tap];
        }
        for (uint32_t k = 0; k < 2; k++) {
            if (count-- == 0) {
                return;
            }
            wb_store(y, shape->y_bits, 0, wb_code_of(sums[k], shift, low, high));
            y += step * shape->y_bits / 8;
        }
    }
}

/* A frame where every column sees one channel. */
static inline void wb_series_frame(const wb_conv_call *call)
{
    const wb_conv_shape *const shape = call->shape;
    int16_t *const series = (int16_t *)(void *)call->work;
    const uint32_t step = shape->up * shape->columns;
    const size_t apart = (size_t)shape->dilation * shape->channels;
    /* With dilation, each phase of the positions is a series of its own. */
    for (uint32_t start = 0; start < shape->dilation && start < shape->rows; start++) {
        const uint32_t count = (shape->rows - start - 1) / shape->dilation + 1;
        for (uint32_t channel = 0; channel < shape->channels; channel++) {
            const size_t first = (size_t)start * shape->channels + channel;
            for (uint32_t i = 0; i < count + shape->taps - 1; i++) {
                series[i] = (int16_t)wb_load(call->x, shape->x_bits, first + i * apart);
            }
            for (uint32_t k = 0; k < shape->up * shape->group_columns; k++) {
                const uint32_t column = channel * shape->group_columns + k % shape->group_columns;
                const uint32_t row = k / shape->group_columns * shape->columns + column;
                unsigned char *const y = call->y + (start * step + row) * shape->y_bits / 8;
                wb_slide(call, row, column, y, shape->dilation * step, count);
            }
        }
    }
}

/* One frame; see `wb_plain_frame`. */
static inline int wb_tuned_frame(const wb_conv_call *call)
{
    const wb_conv_shape *const shape = call->shape;
    const uint32_t group_bytes = shape->fan_in * shape->x_bits / 8;
    /* Of one group, the rows of all phases are one stretch. */
    const uint32_t phases = shape->group_columns == shape->columns ? 1u : shape->up;
    const uint32_t rows = shape->group_columns * (phases == 1 ? shape->up : 1u);
    unsigned char *y = call->y;
    int wrong = 0;
    if (shape->fan_in == 1 && shape->weight_bits == 8 && shape->stride == 1 && !call->check) {
        wb_series_frame(call);
        return 0;
    }
    for (size_t row = 0; row < shape->rows; row += shape->stride) {
        const unsigned char *x = call->x + row * call->walk.row_bytes;
        uint32_t total = call->check ? wb_expected_total(call, x) : 0u;
        for (uint32_t column = 0; column < shape->columns; column += shape->group_columns) {
            wb_listed *const first = wb_list(call, x, (wb_listed *)(void *)call->work, 0);
            wb_listed *const second = shape->weight_bits == 4 ? wb_list(call, x, first, 1) : first;
            const wb_listed *const ends[2] = {first, second};
            for (uint32_t phase = 0; phase < phases; phase++) {
                total -= wb_list_group(call, ends, phase * shape->columns + column, column, rows, y);
            }
            x += group_bytes;
        }
        y += shape->up * shape->columns * shape->y_bits / 8;
        wrong |= call->check && total != 0;
    }
    return wrong;
}

#endif
