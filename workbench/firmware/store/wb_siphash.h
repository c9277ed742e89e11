/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SipHash-2-4 with 128 bits of output: a keyed tag of bytes that come in pieces.
 * Source: J.-P. Aumasson, D. J. Bernstein, "SipHash: a fast short-input PRF" (2012), and its 128-bit variant.
 */
#ifndef WB_SIPHASH_H
#define WB_SIPHASH_H

#include <stdint.h>

enum { WB_KEY_BYTES = 16, WB_TAG_BYTES = 16 };

typedef struct {
    uint64_t v[4];
    uint64_t word;  /* bytes that do not fill a word yet, the first lowest */
    uint32_t count; /* of all bytes so far; only its lowest byte enters the tag */
} wb_siphash;

static inline uint64_t wb_rotated(uint64_t word, unsigned int bits)
{
    return word << bits | word >> (64u - bits);
}

/* By halves: cores of 32 bits shift 64 of them by a call. */
static inline uint32_t wb_word32(const uint8_t *bytes)
{
    return bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16 | (uint32_t)bytes[3] << 24;
}

static inline uint64_t wb_word64(const uint8_t *bytes)
{
    return wb_word32(bytes) | (uint64_t)wb_word32(bytes + 4) << 32;
}

static void wb_siphash_rounds(uint64_t v[4], unsigned int rounds)
{
    while (rounds--) {
        v[0] += v[1];
        v[2] += v[3];
        v[1] = wb_rotated(v[1], 13) ^ v[0];
        v[3] = wb_rotated(v[3], 16) ^ v[2];
        v[0] = wb_rotated(v[0], 32);
        v[2] += v[1];
        v[0] += v[3];
        v[1] = wb_rotated(v[1], 17) ^ v[2];
        v[3] = wb_rotated(v[3], 21) ^ v[0];
        v[2] = wb_rotated(v[2], 32);
    }
}

static inline void wb_siphash_word(wb_siphash *hash, uint64_t word)
{
    hash->v[3] ^= word;
    wb_siphash_rounds(hash->v, 2);
    hash->v[0] ^= word;
}

static inline void wb_siphash_begin(wb_siphash *hash, const uint8_t key[WB_KEY_BYTES])
{
    const uint64_t low = wb_word64(key);
    const uint64_t high = wb_word64(key + 8);
    hash->v[0] = low ^ UINT64_C(0x736f6d6570736575);
    hash->v[1] = high ^ UINT64_C(0x646f72616e646f6d) ^ 0xeeu;
    hash->v[2] = low ^ UINT64_C(0x6c7967656e657261);
    hash->v[3] = high ^ UINT64_C(0x7465646279746573);
    hash->word = 0;
    hash->count = 0;
}

static inline void wb_siphash_byte(wb_siphash *hash, uint8_t byte)
{
    hash->word |= (uint64_t)byte << 8 * (hash->count & 7u);
    if (!(++hash->count & 7u)) {
        wb_siphash_word(hash, hash->word);
        hash->word = 0;
    }
}

static inline void wb_siphash_add(wb_siphash *hash, const uint8_t *bytes, uint32_t count)
{
    for (; count && hash->count & 7u; count--) {
        wb_siphash_byte(hash, *bytes++);
    }
    for (; count >= 8; count -= 8, bytes += 8, hash->count += 8) {
        wb_siphash_word(hash, wb_word64(bytes));
    }
    for (; count; count--) {
        wb_siphash_byte(hash, *bytes++);
    }
}

static inline void wb_siphash_end(wb_siphash *hash, uint8_t tag[WB_TAG_BYTES])
{
    wb_siphash_word(hash, hash->word | (uint64_t)hash->count << 56);
    hash->v[2] ^= 0xeeu;
    for (unsigned int half = 0; half < 2; half++) {
        wb_siphash_rounds(hash->v, 4);
        const uint64_t word = hash->v[0] ^ hash->v[1] ^ hash->v[2] ^ hash->v[3];
        for (unsigned int i = 0; i < 8; i++) {
            tag[8 * half + i] = (uint8_t)(word >> 8 * i);
        }
        hash->v[1] ^= 0xddu;
    }
}

/* Whether two tags are equal, in a time that does not depend on where they differ. */
static inline int wb_tags_equal(const uint8_t *left, const uint8_t *right, uint32_t count)
{
    uint32_t difference = 0;
    while (count--) {
        difference |= (uint32_t)(*left++ ^ *right++);
    }
    return !difference;
}

#endif
