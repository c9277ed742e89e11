/* SPDX-License-Identifier: Apache-2.0 */
/* Kernels with SMLAD: from sums to codes, with a clamp that is one instruction where the range allows. */
#ifndef WB_DSP_PUT_H
#define WB_DSP_PUT_H

#include "wb_conv_shape.h"

#define WB_POSITIONS 4u /* computed at once */

/* Requantise `count` sums by the same shift and write them to y, `step` codes apart, whatever their range. */
WB_NOINLINE static void wb_put_any(const wb_conv_shape *shape, const uint32_t *sums, int32_t shift,
                                   void *y, uint32_t step, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        const int32_t code = wb_code_of(sums[i], shift, shape->low, shape->high);
        wb_store(y, shape->y_bits, (size_t)i * step, code);
    }
}

/* Clamps that are one instruction. */
enum { WB_ANY_RANGE, WB_INT8, WB_RELU8, WB_INT16, WB_RELU16 };

static inline uint32_t wb_range(const wb_conv_shape *shape)
{
    const int32_t low = shape->low;
    if (shape->y_bits == 8 && shape->high == INT8_MAX) {
        return low == INT8_MIN ? WB_INT8 : low == 0 ? WB_RELU8 : WB_ANY_RANGE;
    }
    if (shape->y_bits == 16 && shape->high == INT16_MAX) {
        return low == INT16_MIN ? WB_INT16 : low == 0 ? WB_RELU16 : WB_ANY_RANGE;
    }
    return WB_ANY_RANGE;
}

/* Of a shift of 0..127 places; beyond 31, as with 31, the sign alone is left. */
#define WB_SATURATED(name, instruction)                                                             \
    static inline int32_t name(uint32_t sum, int32_t places)                                        \
    {                                                                                               \
        int32_t code;                                                                               \
        __asm__("asr %0, %1, %2" : "=r"(code) : "r"(sum), "r"(places));                             \
        __asm__(instruction : "+r"(code));                                                          \
        return code;                                                                                \
    }
WB_SATURATED(wb_int8_of, "ssat %0, #8, %0")
WB_SATURATED(wb_relu8_of, "usat %0, #7, %0")
WB_SATURATED(wb_int16_of, "ssat %0, #16, %0")
WB_SATURATED(wb_relu16_of, "usat %0, #15, %0")

/* Write the codes of four sums of a column, which lie `step` codes apart. */
#define WB_WRITE_FOUR(type, of)                                                                     \
    {                                                                                               \
        type *to = (type *)(void *)y;                                                               \
        *to = (type)of(s0, places);                                                                 \
        to += step;                                                                                 \
        __asm__("" : "+r"(to)); /* one pointer is enough: four would not stay in registers */       \
        *to = (type)of(s1, places);                                                                 \
        to += step;                                                                                 \
        __asm__("" : "+r"(to));                                                                     \
        *to = (type)of(s2, places);                                                                 \
        to += step;                                                                                 \
        __asm__("" : "+r"(to));                                                                     \
        *to = (type)of(s3, places);                                                                 \
        return (unsigned char *)(to + step);                                                        \
    }
/* Returns where the next lies. A shift to the left asks for WB_ANY_RANGE. */
static WB_INLINE unsigned char *wb_put_four(const wb_conv_shape *shape, uint32_t range, uint32_t s0,
                                            uint32_t s1, uint32_t s2, uint32_t s3, int32_t places,
                                            unsigned char *y, uint32_t step)
{
    switch (range) {
    case WB_INT8: WB_WRITE_FOUR(int8_t, wb_int8_of)
    case WB_RELU8: WB_WRITE_FOUR(int8_t, wb_relu8_of)
    case WB_INT16: WB_WRITE_FOUR(int16_t, wb_int16_of)
    case WB_RELU16: WB_WRITE_FOUR(int16_t, wb_relu16_of)
    default: {
        const uint32_t sums[WB_POSITIONS] = {s0, s1, s2, s3};
        wb_put_any(shape, sums, places, y, step, WB_POSITIONS);
        return y + 4 * step * shape->y_bits / 8;
    }
    }
}

/* Write the codes of four sums of neighbouring columns, which have a shift each. */
#define WB_WRITE_ROWS(type, of)                                                                     \
    {                                                                                               \
        type *const to = (type *)(void *)y;                                                         \
        to[0] = (type)of(sums[0] + wb_bias(bias, column), p0);                                      \
        to[1] = (type)of(sums[1] + wb_bias(bias, column + 1), p1);                                  \
        to[2] = (type)of(sums[2] + wb_bias(bias, column + 2), p2);                                  \
        to[3] = (type)of(sums[3] + wb_bias(bias, column + 3), p3);                                  \
        return;                                                                                     \
    }
static WB_INLINE void wb_put_rows(const wb_conv_shape *shape, uint32_t range, const uint32_t *sums,
                                  wb_biases bias, uint32_t column, const int8_t *shift,
                                  unsigned char *y)
{
    const int32_t p0 = shift[0];
    const int32_t p1 = shift[1];
    const int32_t p2 = shift[2];
    const int32_t p3 = shift[3];
    switch ((p0 | p1 | p2 | p3) < 0 ? WB_ANY_RANGE : range) {
    case WB_INT8: WB_WRITE_ROWS(int8_t, wb_int8_of)
    case WB_RELU8: WB_WRITE_ROWS(int8_t, wb_relu8_of)
    case WB_INT16: WB_WRITE_ROWS(int16_t, wb_int16_of)
    case WB_RELU16: WB_WRITE_ROWS(int16_t, wb_relu16_of)
    default:
        for (uint32_t k = 0; k < 4; k++) {
            const uint32_t sum = sums[k] + wb_bias(bias, column + k);
            wb_put_any(shape, &sum, shift[k], y + k * shape->y_bits / 8, 1, 1);
        }
    }
}

#endif
