/* SPDX-License-Identifier: Apache-2.0 */
/* A word that is kept three times, since RAM may be damaged: the majority counts, bit by bit. */
#ifndef WB_MAJORITY_H
#define WB_MAJORITY_H

#include <stdint.h>

static inline uint32_t wb_majority(const volatile uint32_t *copies)
{
    const uint32_t a = copies[0], b = copies[1], c = copies[2];
    return (a & b) | (a & c) | (b & c);
}

#endif
