/* SPDX-License-Identifier: Apache-2.0 */
/* Binary logarithms of whole numbers, by a table of their fraction that may be damaged. */
#ifndef WB_LOG2_H
#define WB_LOG2_H

#include "wb_behaviour.h"

/* 32 times the logarithm; 0 of 0. */
static inline int32_t wb_log2(const volatile int8_t *table, uint32_t value)
{
    const uint32_t bits = wb_bit_length(value);
    if (!bits) {
        return 0;
    }
    const uint32_t places = bits - 1u;
    const uint32_t fraction = places < 5u ? value << (5u - places) : value >> (places - 5u);
    return (int32_t)(places << 5) + table[fraction & 31u];
}

#endif
