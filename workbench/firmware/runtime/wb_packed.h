/* SPDX-License-Identifier: Apache-2.0 */
/* Two or four codes in a word: differences and the larger of two, lane by lane, on cores with packed arithmetic. */
#ifndef WB_PACKED_H
#define WB_PACKED_H

#include "wb_codes.h"

/* WB_PLAIN_KERNELS: for this core, plain C is wanted. */
#if defined(__GNUC__) && defined(__ARM_FEATURE_DSP) && __ARM_ARCH >= 7 && \
    defined(__OPTIMIZE__) && !defined(WB_PLAIN_KERNELS)
#define WB_PACKED 1

/* The next word, of codes or of what may be damaged: a compiler must not take it for known. */
static inline uint32_t wb_next_word(const volatile void **at)
{
    uint32_t word;
    __asm__ volatile("ldr %0, [%1], #4" : "=r"(word), "+r"(*at) : : "memory");
    return word;
}

/* The differences of two or four lanes, kept within the lanes. */
#define WB_DIFFERENCE(name, instruction)                                                            \
    static inline uint32_t name(uint32_t a, uint32_t b)                                             \
    {                                                                                               \
        uint32_t result;                                                                            \
        __asm__(instruction " %0, %1, %2" : "=r"(result) : "r"(a), "r"(b));                         \
        return result;                                                                              \
    }
WB_DIFFERENCE(wb_difference8, "qsub8")
WB_DIFFERENCE(wb_difference16, "qsub16")

/* The larger of two or four lanes. */
#define WB_LARGER(name, instruction)                                                                \
    static inline uint32_t name(uint32_t a, uint32_t b)                                             \
    {                                                                                               \
        uint32_t result;                                                                            \
        __asm__(instruction " %0, %1, %2\n\tsel %0, %1, %2" : "=&r"(result) : "r"(a), "r"(b));      \
        return result;                                                                              \
    }
WB_LARGER(wb_larger8, "ssub8")
WB_LARGER(wb_larger16, "ssub16")

/* The sum of both lanes and `sum`. */
static inline uint32_t wb_lanes_added(uint32_t pair, uint32_t sum)
{
    uint32_t result;
    __asm__("smlad %0, %1, %2, %3" : "=r"(result) : "r"(pair), "r"(0x00010001u), "r"(sum));
    return result;
}
#else
#define WB_PACKED 0
#endif

#endif
