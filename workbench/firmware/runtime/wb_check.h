/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Codes over units of memory: what is stored beside a unit, and whether both agree.
 *
 * A unit has `count` bytes, `step` apart; step is 1 for all codes but RADAR and the CRC beside it. Units
 * begin at multiples of 4 bytes and count is a multiple of 4, so that whole words are read. Memory that is
 * looked after is volatile: the compiler must not take what it has once seen there, not even in flash, for
 * what is there now.
 */
#ifndef WB_CHECK_H
#define WB_CHECK_H

#include "wb_codes.h"

typedef volatile unsigned char wb_byte;

/* How a byte of RAM is written. A test build replaces it by one in which cells can be stuck. */
#ifdef WB_STUCK
void wb_stuck_put(wb_byte *place, unsigned char value);
#define WB_PUT(place, value) wb_stuck_put((place), (unsigned char)(value))
#else
#define WB_PUT(place, value) (*(place) = (unsigned char)(value))
#endif

/* What a code tells of a unit that disagrees with its check: nothing, "sound" or "damaged". */
enum { WB_UNSURE = 0, WB_CLEARS = 1, WB_BLAMES = 2 };

typedef struct wb_code wb_code;

struct wb_code {
    int (*wrong)(const wb_code *code, const wb_byte *unit, uint32_t count, uint32_t step,
                 const wb_byte *check);
    void (*sign)(const wb_code *code, const wb_byte *unit, uint32_t count, uint32_t step,
                 wb_byte *check);
    /* Of codes that tell damaged data from a damaged check, else null: WB_UNSURE, ... */
    int (*judge)(const wb_code *code, const wb_byte *unit, uint32_t count, uint32_t step,
                 const wb_byte *check);
    /* Of codes that correct, else null; `own` is the check if it may be written, `kept` see below. */
    void (*correct)(const wb_code *code, wb_byte *unit, uint32_t count, const wb_byte *check,
                    wb_byte *own, const wb_byte *kept);
    /* Whether the `part_bytes` bytes from `index` on are damaged; null where a code cannot tell. */
    int (*part_wrong)(const wb_code *code, const wb_byte *unit, uint32_t count,
                      const wb_byte *check, uint32_t index);
    uint32_t part_bytes;
    uint32_t sees_every_flip; /* of data or check, so that it proves something where it agrees */
    const unsigned char (*table)[16]; /* of SECDED: what a nibble gives at each place */
};

/* A corrected byte, unless `kept`, a golden copy that agrees with the check, has another one; or null. */
static inline void wb_put_corrected(wb_byte *unit, uint32_t at, uint32_t value, const wb_byte *kept)
{
    WB_PUT(unit + at, !kept || kept[at] == value ? value : unit[at]);
}

/* Four bytes of whatever type as a word. */
typedef volatile uint32_t WB_ALIAS wb_any_word;

static inline uint32_t wb_word(const wb_byte *at)
{
    return *(const wb_any_word *)(const volatile void *)at;
}

static inline uint32_t wb_bytes(const wb_byte *at, uint32_t count)
{
    uint32_t word = 0;
    while (count--) {
        word = word << 8 | at[count];
    }
    return word;
}

static inline void wb_put_bytes(wb_byte *at, uint32_t word, uint32_t count)
{
    for (; count; count--) {
        WB_PUT(at, word & 255u);
        word >>= 8;
        at++;
    }
}

static inline uint32_t wb_ones(uint32_t word)
{
    uint32_t count = 0;
    for (; word; word &= word - 1u) {
        count++;
    }
    return count;
}

/* XOR of all words. */
static inline uint32_t wb_xor(const wb_byte *unit, uint32_t count)
{
    uint32_t sum = 0;
    for (uint32_t i = 0; i < count; i += 4) {
        sum ^= wb_word(unit + i);
    }
    return sum;
}

static inline int wb_xor_wrong(const wb_code *code, const wb_byte *unit, uint32_t count,
                               uint32_t step, const wb_byte *check)
{
    (void)code, (void)step;
    return wb_xor(unit, count) != wb_bytes(check, 4);
}

static inline void wb_xor_sign(const wb_code *code, const wb_byte *unit, uint32_t count,
                               uint32_t step, wb_byte *check)
{
    (void)code, (void)step;
    wb_put_bytes(check, wb_xor(unit, count), 4);
}

/* Two words that are stored one after the other. */
typedef struct {
    uint32_t first;
    uint32_t second;
} wb_pair;

/* Sum of the words and sum of the running sums, modulo 2**32. */
static inline wb_pair wb_dual_sum(const wb_byte *unit, uint32_t count)
{
    wb_pair sum = {0, 0};
    for (uint32_t i = 0; i < count; i += 4) {
        sum.first += wb_word(unit + i);
        sum.second += sum.first;
    }
    return sum;
}

static inline int wb_pair_differs(wb_pair pair, const wb_byte *check)
{
    return pair.first != wb_bytes(check, 4) || pair.second != wb_bytes(check + 4, 4);
}

static inline void wb_put_pair(wb_byte *check, wb_pair pair)
{
    wb_put_bytes(check, pair.first, 4);
    wb_put_bytes(check + 4, pair.second, 4);
}

static inline int wb_dual_sum_wrong(const wb_code *code, const wb_byte *unit, uint32_t count,
                                    uint32_t step, const wb_byte *check)
{
    (void)code, (void)step;
    return wb_pair_differs(wb_dual_sum(unit, count), check);
}

/* Whether a difference of sums is +-2**k. */
static inline int wb_one_bit(uint32_t difference)
{
    return difference && (!(difference & (difference - 1u)) || !(-difference & (-difference - 1u)));
}

/* A flip of a word changes both sums, the second by a multiple; one of the check a single sum. */
WB_COLD static int wb_dual_sum_judge(const wb_code *code, const wb_byte *unit, uint32_t count,
                                     uint32_t step, const wb_byte *check)
{
    const wb_pair sum = wb_dual_sum(unit, count);
    const uint32_t a = sum.first - wb_bytes(check, 4), b = sum.second - wb_bytes(check + 4, 4);
    uint32_t product = 0;
    int by_data = 0;
    (void)code, (void)step;
    if (!a) {
        return wb_one_bit(b) ? WB_CLEARS : WB_UNSURE;
    }
    for (uint32_t i = 0; i < count; i += 4) {
        product += a;
        by_data |= product == b;
    }
    if (!wb_one_bit(a) || (b && !by_data) || (!b && by_data)) {
        return WB_UNSURE;
    }
    return b ? WB_BLAMES : WB_CLEARS;
}

static inline void wb_dual_sum_sign(const wb_code *code, const wb_byte *unit, uint32_t count,
                                    uint32_t step, wb_byte *check)
{
    (void)code, (void)step;
    wb_put_pair(check, wb_dual_sum(unit, count));
}

/* a * element in GF(2**32) modulo x**32 + x**7 + x**3 + x**2 + 1. */
static inline uint32_t wb_times_a(uint32_t element)
{
    return element << 1 ^ (0x8du & (0u - (element >> 31)));
}

/* P and Q of RAID-6 over the words of a unit; four at a time, since the loop costs as much as a word. */
WB_NOINLINE static wb_pair wb_pq(const wb_byte *unit, uint32_t count)
{
    const wb_byte *const end = unit + count;
    uint32_t p = 0;
    uint32_t q = 0;
    for (; end - unit >= 16; unit += 16) {
        const uint32_t a = wb_word(unit), b = wb_word(unit + 4);
        const uint32_t c = wb_word(unit + 8), d = wb_word(unit + 12);
        p ^= a ^ b ^ c ^ d;
        q = wb_times_a(q) ^ a;
        q = wb_times_a(q) ^ b;
        q = wb_times_a(q) ^ c;
        q = wb_times_a(q) ^ d;
    }
    for (; unit < end; unit += 4) {
        p ^= wb_word(unit);
        q = wb_times_a(q) ^ wb_word(unit);
    }
    return (wb_pair){p, q};
}

static inline int wb_pq_wrong(const wb_code *code, const wb_byte *unit, uint32_t count,
                              uint32_t step, const wb_byte *check)
{
    (void)code, (void)step;
    return wb_pair_differs(wb_pq(unit, count), check);
}

static inline void wb_pq_sign(const wb_code *code, const wb_byte *unit, uint32_t count,
                              uint32_t step, wb_byte *check)
{
    (void)code, (void)step;
    wb_put_pair(check, wb_pq(unit, count));
}

static inline wb_pair wb_pq_differences(const wb_byte *unit, uint32_t count, const wb_byte *check)
{
    wb_pair sum = wb_pq(unit, count);
    sum.first ^= wb_bytes(check, 4);
    sum.second ^= wb_bytes(check + 4, 4);
    return sum;
}

/* Where the word ends whose damage alone gives these differences; 0 where none does. */
WB_NOINLINE static uint32_t wb_pq_damaged(wb_pair sum, uint32_t count)
{
    uint32_t product = sum.first;
    for (uint32_t end = count; end; end -= 4) {
        if (product == sum.second) {
            return end;
        }
        product = wb_times_a(product);
    }
    return 0;
}

/* A flip of the check shows as one bit of the sums; of one to three flips of the data, none does. */
WB_COLD static int wb_pq_judge(const wb_code *code, const wb_byte *unit, uint32_t count,
                               uint32_t step, const wb_byte *check)
{
    const wb_pair sum = wb_pq_differences(unit, count, check);
    (void)code, (void)step;
    if (wb_ones(sum.first) + wb_ones(sum.second) == 1) {
        return WB_CLEARS;
    }
    return wb_pq_damaged(sum, count) ? WB_BLAMES : WB_UNSURE;
}

/* Damage e of word i of n gives P' = e and Q' = a**(n - 1 - i) e. */
WB_COLD static void wb_pq_correct(const wb_code *code, wb_byte *unit, uint32_t count,
                                 const wb_byte *check, wb_byte *own, const wb_byte *kept)
{
    const wb_pair sum = wb_pq_differences(unit, count, check);
    const uint32_t end = wb_pq_damaged(sum, count);
    if (wb_ones(sum.first) + wb_ones(sum.second) == 1) {
        if (own) {
            wb_pq_sign(code, unit, count, 1, own);
        }
    } else if (end) {
        for (uint32_t at = end - 4; at < end; at++) {
            wb_put_corrected(unit, at, (unit[at] ^ sum.first >> 8 * (at & 3u)) & 255u, kept);
        }
    }
}

/* Parities of four bytes, bit i that of byte i. */
static inline uint32_t wb_parities(uint32_t word)
{
    word ^= word >> 4;
    word ^= word >> 2;
    word ^= word >> 1;
    word &= 0x01010101u;
    return (word | word >> 7 | word >> 14 | word >> 21) & 15u;
}

/* Byte `index` of the check: parities of up to eight bytes. */
WB_NOINLINE static uint32_t wb_parity(const wb_byte *unit, uint32_t count, uint32_t index)
{
    const uint32_t start = 8 * index;
    const uint32_t low = wb_parities(wb_word(unit + start));
    return start + 4 < count ? low | wb_parities(wb_word(unit + start + 4)) << 4 : low;
}

static inline int wb_parity_wrong(const wb_code *code, const wb_byte *unit, uint32_t count,
                                  uint32_t step, const wb_byte *check)
{
    uint32_t wrong = 0;
    (void)code, (void)step;
    for (uint32_t i = 0; 8 * i < count; i++) {
        wrong |= wb_parity(unit, count, i) ^ check[i];
    }
    return wrong != 0;
}

static inline void wb_parity_sign(const wb_code *code, const wb_byte *unit, uint32_t count,
                                  uint32_t step, wb_byte *check)
{
    (void)code, (void)step;
    for (uint32_t i = 0; 8 * i < count; i++) {
        WB_PUT(check + i, wb_parity(unit, count, i));
    }
}

static inline int wb_parity_part_wrong(const wb_code *code, const wb_byte *unit, uint32_t count,
                                       const wb_byte *check, uint32_t index)
{
    const uint32_t differs = wb_parity(unit, count, index / 8) ^ check[index / 8];
    (void)code;
    return (int)(differs >> index % 8 & 1u);
}

/* Two bits of a sum of the weights, of which a key has some count negatively. */
static inline uint32_t wb_radar(const wb_byte *unit, uint32_t count, uint32_t step)
{
    uint32_t key = 0xb5c3u;
    uint32_t sum = 0;
    for (; count; count--) {
        const uint32_t weight = (uint32_t)((int32_t)(*unit ^ 128u) - 128);
        sum = key & 1u ? sum - weight : sum + weight;
        key = key >> 1 | (key & 1u) << 15;
        unit += step;
    }
    return sum >> 7 & 3u;
}

static inline int wb_radar_wrong(const wb_code *code, const wb_byte *unit, uint32_t count,
                                 uint32_t step, const wb_byte *check)
{
    (void)code;
    return wb_radar(unit, count, step) != *check;
}

static inline void wb_radar_sign(const wb_code *code, const wb_byte *unit, uint32_t count,
                                 uint32_t step, wb_byte *check)
{
    (void)code;
    WB_PUT(check, wb_radar(unit, count, step));
}

#endif
