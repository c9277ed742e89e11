/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Integer arithmetic with one meaning on every compiler.
 *
 * Codes are int8_t or int16_t. Nothing here relies on how a compiler shifts negative numbers or
 * converts large unsigned ones, but where its manual says it.
 */
#ifndef WB_CODES_H
#define WB_CODES_H

#include "wb_model.h"

/* The field of a stored shift: whatever a fault makes of the byte is clamped to it before use. */
#define WB_SHIFT_MIN (-15)
#define WB_SHIFT_MAX 31

#if defined(__GNUC__)
#define WB_NOINLINE __attribute__((noinline, unused))
#define WB_COLD __attribute__((noinline, unused, cold)) /* rarely called: small, not fast */
#define WB_INLINE inline __attribute__((always_inline))
#define WB_ALIAS __attribute__((may_alias))
#define WB_NO_CONDITION __asm__ volatile("") /* what is before it gets no condition of its own */
#else
#define WB_NOINLINE
#define WB_COLD
#define WB_INLINE inline
#define WB_ALIAS
#define WB_NO_CONDITION ((void)0)
#endif

static inline int32_t wb_clamp(int32_t value, int32_t low, int32_t high)
{
    return value < low ? low : value > high ? high : value;
}

/* The signed number with the bits of `word`. */
static inline int32_t wb_signed(uint32_t word)
{
#if defined(__GNUC__) /* which says that such conversions wrap */
    return (int32_t)word;
#else
    return word <= (uint32_t)INT32_MAX ? (int32_t)word : -(int32_t)~word - 1;
#endif
}

/* floor(value / 2**places), places 0..31. */
static inline int32_t wb_shift_right(int32_t value, int32_t places)
{
#if defined(__GNUC__) /* which says that such shifts are arithmetic */
    return value >> places;
#else
    return value < 0 ? ~(~value >> places) : value >> places;
#endif
}

/*
 * clamp(value >> shift), or clamp(value << -shift) for a negative shift; low and high fit 16 bits.
 * Beyond 16 bits a left shift ends at the clamp anyway, so the value is cut first: no overflow.
 */
static inline int32_t wb_requantise(int32_t value, int32_t shift, int32_t low, int32_t high)
{
    const int32_t places = wb_clamp(shift, WB_SHIFT_MIN, WB_SHIFT_MAX);
    if (places >= 0) {
        value = wb_shift_right(value, places);
    } else {
        value = wb_clamp(value, -65535, 65535) * ((int32_t)1 << -places);
    }
    return wb_clamp(value, low, high);
}

/* Read code number `index` of codes that are `bits` (8 or 16) wide. */
static inline int32_t wb_load(const void *codes, uint32_t bits, size_t index)
{
    return bits == 16 ? ((const int16_t *)codes)[index] : ((const int8_t *)codes)[index];
}

/* Write a value that fits `bits` (8 or 16). */
static inline void wb_store(void *codes, uint32_t bits, size_t index, int32_t value)
{
    if (bits == 16) {
        ((int16_t *)codes)[index] = (int16_t)value;
    } else {
        ((int8_t *)codes)[index] = (int8_t)value;
    }
}

#if defined(__GNUC__)
typedef uint32_t WB_ALIAS wb_copied; /* that may lie over codes of any width */
#endif

/* A function of its own: else it would be unrolled wherever something is copied. */
WB_NOINLINE static void wb_copy(void *target, const void *source, size_t bytes)
{
    unsigned char *to = target;
    const unsigned char *from = source;
#if defined(__GNUC__)
    if ((((uintptr_t)to | (uintptr_t)from) & 3u) == 0) {
        wb_copied *words = (wb_copied *)(void *)to;
        const wb_copied *given = (const wb_copied *)(const void *)from;
        for (; bytes >= 16; bytes -= 16) {
            const uint32_t a = given[0];
            const uint32_t b = given[1];
            const uint32_t c = given[2];
            const uint32_t d = given[3];
            words[0] = a;
            words[1] = b;
            words[2] = c;
            words[3] = d;
            words += 4;
            given += 4;
        }
        to = (unsigned char *)words;
        from = (const unsigned char *)given;
    }
#endif
    while (bytes--) {
        *to++ = *from++;
    }
}

static inline void wb_zero(void *target, size_t bytes)
{
    unsigned char *to = target;
    while (bytes--) {
        *to++ = 0;
    }
}

#endif
