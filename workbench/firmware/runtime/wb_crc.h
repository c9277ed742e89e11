/* SPDX-License-Identifier: Apache-2.0 */
/* Cyclic redundancy checks; functions have the shape that wb_check.h asks for. */
#ifndef WB_CRC_H
#define WB_CRC_H

#include "wb_check.h"

/* CRC-16, polynomial 0x1021, begun with ones, four bits a step. */
WB_NOINLINE static uint32_t wb_crc16(const wb_byte *unit, uint32_t count, uint32_t step)
{
    static const uint16_t table[16] = {
        0x0000u, 0x1021u, 0x2042u, 0x3063u, 0x4084u, 0x50a5u, 0x60c6u, 0x70e7u,
        0x8108u, 0x9129u, 0xa14au, 0xb16bu, 0xc18cu, 0xd1adu, 0xe1ceu, 0xf1efu,
    };
    uint32_t crc = 0xffffu;
    while (count--) {
        const uint32_t byte = *unit;
        unit += step;
        crc = (crc << 4 ^ table[(crc >> 12 ^ byte >> 4) & 15u]) & 0xffffu;
        crc = (crc << 4 ^ table[(crc >> 12 ^ byte) & 15u]) & 0xffffu;
    }
    return crc;
}

static inline int wb_crc16_wrong(const wb_code *code, const wb_byte *unit, uint32_t count,
                                 uint32_t step, const wb_byte *check)
{
    (void)code;
    return wb_crc16(unit, count, step) != wb_bytes(check, 2);
}

/*
 * What a difference tells: one bit of it is one of the check; a flip of the data gives a power of x. The powers
 * follow `from` in steps of the register `feedback`, which shifts to the right, until `to` is met.
 */
WB_COLD static int wb_crc_judge(uint32_t difference, uint32_t bits, uint32_t from, uint32_t to,
                                uint32_t feedback)
{
    if (!(difference & (difference - 1u))) {
        return WB_CLEARS;
    }
    for (; bits; bits--) {
        if (from == to) {
            return WB_BLAMES;
        }
        from = from >> 1 ^ (feedback & (0u - (from & 1u)));
    }
    return WB_UNSURE;
}

/* Division by x is a shift to the right: from the difference down to that of the last bit. */
WB_COLD static int wb_crc16_judge(const wb_code *code, const wb_byte *unit, uint32_t count,
                                  uint32_t step, const wb_byte *check)
{
    const uint32_t difference = wb_crc16(unit, count, step) ^ wb_bytes(check, 2);
    (void)code;
    return wb_crc_judge(difference, 8 * count, difference, 0x1021u, 0x8810u);
}

static inline void wb_crc16_sign(const wb_code *code, const wb_byte *unit, uint32_t count,
                                 uint32_t step, wb_byte *check)
{
    (void)code;
    wb_put_bytes(check, wb_crc16(unit, count, step), 2);
}

/* CRC-32 as in IEEE 802.3 (0 for no bytes), four bits a step, of what follows bytes that have `crc`. */
WB_NOINLINE static uint32_t wb_crc32_on(uint32_t crc, const wb_byte *unit, uint32_t count,
                                        uint32_t step)
{
    static const uint32_t table[16] = {
        0x00000000u, 0x1db71064u, 0x3b6e20c8u, 0x26d930acu, 0x76dc4190u, 0x6b6b51f4u,
        0x4db26158u, 0x5005713cu, 0xedb88320u, 0xf00f9344u, 0xd6d6a3e8u, 0xcb61b38cu,
        0x9b64c2b0u, 0x86d3d2d4u, 0xa00ae278u, 0xbdbdf21cu,
    };
    crc = ~crc;
    while (count--) {
        crc ^= *unit;
        unit += step;
        crc = crc >> 4 ^ table[crc & 15u];
        crc = crc >> 4 ^ table[crc & 15u];
    }
    return ~crc;
}

static inline uint32_t wb_crc32(const wb_byte *unit, uint32_t count, uint32_t step)
{
    return wb_crc32_on(0, unit, count, step);
}

static inline int wb_crc32_wrong(const wb_code *code, const wb_byte *unit, uint32_t count,
                                 uint32_t step, const wb_byte *check)
{
    (void)code;
    return wb_crc32(unit, count, step) != wb_bytes(check, 4);
}

/* The highest power is the lowest bit, so that multiplication is the shift: from the last bit up. */
WB_COLD static int wb_crc32_judge(const wb_code *code, const wb_byte *unit, uint32_t count,
                                  uint32_t step, const wb_byte *check)
{
    const uint32_t difference = wb_crc32(unit, count, step) ^ wb_bytes(check, 4);
    (void)code;
    return wb_crc_judge(difference, 8 * count, 0xedb88320u, difference, 0xedb88320u);
}

static inline void wb_crc32_sign(const wb_code *code, const wb_byte *unit, uint32_t count,
                                 uint32_t step, wb_byte *check)
{
    (void)code;
    wb_put_bytes(check, wb_crc32(unit, count, step), 4);
}

#endif
