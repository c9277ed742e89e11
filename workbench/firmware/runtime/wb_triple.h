/* SPDX-License-Identifier: Apache-2.0 */
/* Bytes that are kept three times; the majority, bit by bit, is what all of them become. */
#ifndef WB_TRIPLE_H
#define WB_TRIPLE_H

#include "wb_heal.h"

/* Bytes in triple: their addresses, which lie in flash beside a XOR for every 32 of them. */
#define WB_TRIPLE_BYTES 32u

typedef struct {
    const volatile uint32_t *where;
    const volatile uint32_t *sums;
    uint32_t count;
} wb_triple;

typedef struct {
    uint32_t first;
    uint32_t last; /* one past it */
} wb_span;

static inline wb_span wb_triple_span(const wb_triple *triple, uint32_t unit)
{
    const wb_span span = {unit * WB_TRIPLE_BYTES,
                          wb_at_most((unit + 1) * WB_TRIPLE_BYTES, triple->count)};
    return span;
}

/* Image address of byte `i`; a damaged one stays inside of the working copy. */
static inline uint32_t wb_triple_at(const wb_memory *memory, const wb_triple *triple, uint32_t i)
{
    return wb_at_most(triple->where[i], memory->plan->working_bytes - 1u);
}

static inline int wb_triple_map_wrong(const wb_triple *triple, uint32_t unit)
{
    const wb_span span = wb_triple_span(triple, unit);
    uint32_t sum = triple->sums[unit];
    for (uint32_t i = span.first; i < span.last; i++) {
        sum ^= triple->where[i];
    }
    return sum != 0;
}

static inline int wb_triple_wrong(const wb_memory *memory, const wb_area *area, uint32_t unit,
                                  int golden)
{
    const wb_triple *const triple = area->parts;
    const wb_byte *const copies = memory->ram_checks + area->ram_check;
    const wb_span span = wb_triple_span(triple, unit);
    (void)golden;
    if (wb_triple_map_wrong(triple, unit)) {
        return 1;
    }
    for (uint32_t i = span.first; i < span.last; i++) {
        const unsigned char byte = memory->working[wb_triple_at(memory, triple, i)];
        if (copies[i] != byte || copies[triple->count + i] != byte) {
            return 1;
        }
    }
    return 0;
}

static inline unsigned char wb_triple_vote(const wb_memory *memory, const wb_area *area, uint32_t i)
{
    const wb_triple *const triple = area->parts;
    const wb_byte *const copies = memory->ram_checks + area->ram_check;
    const unsigned a = memory->working[wb_triple_at(memory, triple, i)], b = copies[i];
    const unsigned c = copies[triple->count + i];
    return (unsigned char)((a & b) | (a & c) | (b & c));
}

WB_COLD static uint32_t wb_triple_says(const wb_memory *memory, const wb_area *area, uint32_t unit)
{
    const wb_triple *const triple = area->parts;
    const wb_span span = wb_triple_span(triple, unit);
    if (wb_triple_map_wrong(triple, unit)) {
        return WB_SAYS_CLEARED;
    }
    for (uint32_t i = span.first; i < span.last; i++) {
        if (memory->working[wb_triple_at(memory, triple, i)] != wb_triple_vote(memory, area, i)) {
            return WB_SAYS_BLAMED;
        }
    }
    return WB_SAYS_CLEARED;
}

WB_COLD static int wb_triple_correct(const wb_memory *memory, const wb_area *area, uint32_t unit)
{
    const wb_triple *const triple = area->parts;
    wb_byte *const copies = memory->ram_checks + area->ram_check;
    const wb_span span = wb_triple_span(triple, unit);
    unsigned char majority[WB_TRIPLE_BYTES];
    for (uint32_t i = span.first; i < span.last; i++) {
        majority[i - span.first] = wb_triple_vote(memory, area, i);
    }
    for (uint32_t i = span.first; i < span.last; i++) {
        const unsigned char byte = majority[i - span.first];
        WB_PUT(memory->working + wb_triple_at(memory, triple, i), byte);
        WB_PUT(copies + i, byte);
        WB_PUT(copies + triple->count + i, byte);
    }
    return 1;
}

static inline int wb_triple_mend(const wb_memory *memory, const wb_area *area, uint32_t unit)
{
    if (wb_triple_map_wrong(area->parts, unit)) {
        return WB_REMEDY_NONE;
    }
    wb_triple_correct(memory, area, unit);
    return WB_REMEDY_CORRECT;
}

static inline void wb_triple_boot(const wb_memory *memory, const wb_area *area, uint32_t unit)
{
    const wb_triple *const triple = area->parts;
    wb_byte *const copies = memory->ram_checks + area->ram_check;
    const wb_span span = wb_triple_span(triple, unit);
    if (wb_triple_map_wrong(triple, unit)) {
        return;
    }
    for (uint32_t i = span.first; i < span.last; i++) {
        const unsigned char byte = memory->working[wb_triple_at(memory, triple, i)];
        WB_PUT(copies + i, byte);
        WB_PUT(copies + triple->count + i, byte);
    }
}

#endif
