/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Words that can be corrected: SECDED with check bytes, and extended Hamming words without any.
 *
 * Functions have the shape that wb_check.h asks for; part_bytes is the size of a word, 4 to 32. What
 * is missing of the last SECDED word counts as zero; what is left after the last whole word in place
 * is not watched.
 */
#ifndef WB_ECC_H
#define WB_ECC_H

#include "wb_check.h"

/* Bytes of the word that begins at `start`. */
static inline uint32_t wb_word_bytes(const wb_code *code, uint32_t count, uint32_t start)
{
    const uint32_t left = count - start;
    return left < code->part_bytes ? left : code->part_bytes;
}

/* What data bits alone give; zero and a check of zero go together. */
static inline uint32_t wb_secded_sum(const wb_code *code, const wb_byte *word, uint32_t bytes)
{
    uint32_t sum = 0;
    for (uint32_t i = 0; i < bytes; i++) {
        const uint32_t byte = word[i];
        sum ^= code->table[2 * i][byte & 15u] ^ code->table[2 * i + 1][byte >> 4];
    }
    return sum;
}

WB_NOINLINE static uint32_t wb_secded_syndrome(const wb_code *code, const wb_byte *unit,
                                          uint32_t count, const wb_byte *check, uint32_t start)
{
    return wb_secded_sum(code, unit + start, wb_word_bytes(code, count, start)) ^
           check[start / code->part_bytes];
}

static inline int wb_secded_wrong(const wb_code *code, const wb_byte *unit, uint32_t count,
                                  uint32_t step, const wb_byte *check)
{
    uint32_t wrong = 0;
    (void)step;
    for (uint32_t start = 0; start < count; start += code->part_bytes) {
        wrong |= wb_secded_syndrome(code, unit, count, check, start);
    }
    return wrong != 0;
}

static inline void wb_secded_sign(const wb_code *code, const wb_byte *unit, uint32_t count,
                                  uint32_t step, wb_byte *check)
{
    (void)step;
    for (uint32_t start = 0; start < count; start += code->part_bytes) {
        WB_PUT(check, wb_secded_sum(code, unit + start, wb_word_bytes(code, count, start)));
        check++;
    }
}

static inline int wb_secded_part_wrong(const wb_code *code, const wb_byte *unit, uint32_t count,
                                       const wb_byte *check, uint32_t index)
{
    return wb_secded_syndrome(code, unit, count, check, index) != 0;
}

/* The bit of a word whose flip gives a syndrome; beyond the last, where none does. */
WB_NOINLINE static uint32_t wb_secded_bit(const wb_code *code, uint32_t syndrome)
{
    uint32_t bit = 0;
    while (bit < 8 * code->part_bytes && code->table[bit / 4][1u << bit % 4] != syndrome) {
        bit++;
    }
    return bit;
}

/* By each wrong word: one bit of its check byte, one of its data, or neither (two flips). */
WB_COLD static int wb_secded_judge(const wb_code *code, const wb_byte *unit, uint32_t count,
                                   uint32_t step, const wb_byte *check)
{
    int judged = WB_CLEARS;
    (void)step;
    for (uint32_t start = 0; start < count; start += code->part_bytes) {
        const uint32_t syndrome = wb_secded_syndrome(code, unit, count, check, start);
        if (syndrome & (syndrome - 1u)) {
            if (wb_secded_bit(code, syndrome) == 8 * code->part_bytes) {
                return WB_UNSURE;
            }
            judged = WB_BLAMES;
        }
    }
    return judged;
}

WB_COLD static void wb_secded_correct(const wb_code *code, wb_byte *unit, uint32_t count,
                                     const wb_byte *check, wb_byte *own, const wb_byte *kept)
{
    for (uint32_t start = 0; start < count; start += code->part_bytes) {
        const uint32_t syndrome = wb_secded_syndrome(code, unit, count, check, start);
        if ((syndrome & (syndrome - 1u)) == 0) {
            wb_byte *const stored = own ? own + start / code->part_bytes : NULL;
            if (syndrome && stored) {
                WB_PUT(stored, *stored ^ syndrome);
            }
            continue;
        }
        const uint32_t bit = wb_secded_bit(code, syndrome);
        if (bit < 8 * wb_word_bytes(code, count, start)) {
            const uint32_t at = start + bit / 8;
            wb_put_corrected(unit, at, unit[at] ^ 1u << bit % 8, kept);
        }
    }
}

static inline uint32_t wb_odd(uint32_t word)
{
    word ^= word >> 16;
    word ^= word >> 8;
    word ^= word >> 4;
    return 0x6996u >> (word & 15u) & 1u;
}

/*
 * XOR of the numbers of all bits that are set, with 8 * part_bytes added where their count is odd. Bit b
 * of byte k has the number 8 k + (b ^ s(k)), where the bits of s(k) are k0 k1, k1 k2 and k0 k2.
 */
WB_NOINLINE static uint32_t wb_in_place_syndrome(const wb_code *code, const wb_byte *word)
{
    uint32_t all = 0;
    uint32_t odd_words = 0; /* those with k2 */
    uint32_t syndrome = 0;
    for (uint32_t place = 4; place < code->part_bytes; place *= 2) {
        uint32_t upper = 0; /* words whose number has this bit */
        for (uint32_t i = 0; i < code->part_bytes; i += 4) {
            upper ^= i & place ? wb_word(word + i) : 0u;
        }
        syndrome |= wb_odd(upper) * 8u * place;
        odd_words = place == 4 ? upper : odd_words;
    }
    for (uint32_t i = 0; i < code->part_bytes; i += 4) {
        all ^= wb_word(word + i);
    }
    syndrome |= wb_odd(all & (0xaaaaaaaau ^ 0xff000000u));
    syndrome |= wb_odd((all & 0xccccccccu) ^ (odd_words & 0xffff0000u)) << 1;
    syndrome |= wb_odd((all & 0xf0f0f0f0u) ^ (odd_words & 0xff00ff00u)) << 2;
    syndrome |= wb_odd(all & 0xff00ff00u) << 3;
    syndrome |= wb_odd(all & 0xffff0000u) << 4 | wb_odd(all) * 8u * code->part_bytes;
    return syndrome;
}

static inline int wb_in_place_wrong(const wb_code *code, const wb_byte *unit, uint32_t count,
                                    uint32_t step, const wb_byte *check)
{
    uint32_t wrong = 0;
    (void)step, (void)check;
    for (uint32_t end = code->part_bytes; end <= count; end += code->part_bytes) {
        wrong |= wb_in_place_syndrome(code, unit + end - code->part_bytes);
    }
    return wrong != 0;
}

/* Nothing is stored. */
static inline void wb_in_place_sign(const wb_code *code, const wb_byte *unit, uint32_t count,
                                    uint32_t step, wb_byte *check)
{
    (void)code, (void)unit, (void)count, (void)step, (void)check;
}

static inline int wb_in_place_judge(const wb_code *code, const wb_byte *unit, uint32_t count,
                                    uint32_t step, const wb_byte *check)
{
    (void)code, (void)unit, (void)count, (void)step, (void)check;
    return WB_BLAMES;
}

WB_COLD static void wb_in_place_correct(const wb_code *code, wb_byte *unit, uint32_t count,
                                       const wb_byte *check, wb_byte *own, const wb_byte *kept)
{
    (void)check, (void)own;
    for (uint32_t end = code->part_bytes; end <= count; end += code->part_bytes) {
        const uint32_t syndrome = wb_in_place_syndrome(code, unit + end - code->part_bytes);
        const uint32_t number = syndrome - 8u * code->part_bytes;
        if (syndrome >= 8u * code->part_bytes) {
            const uint32_t k = number / 8, at = end - code->part_bytes + k;
            const uint32_t turned = (k & k >> 1 & 1u) | (k & k >> 1 & 2u) | (k << 2 & k & 4u);
            wb_put_corrected(unit, at, unit[at] ^ 1u << ((number ^ turned) & 7u), kept);
        }
    }
}

#endif
