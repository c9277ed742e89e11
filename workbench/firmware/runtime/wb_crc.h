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

/* One bit of difference is one of the check; that of a bit of the data is a power of x, reduced. */
WB_COLD static int wb_crc16_judge(const wb_code *code, const wb_byte *unit, uint32_t count,
                                  uint32_t step, const wb_byte *check)
{
    const uint32_t difference = wb_crc16(unit, count, step) ^ wb_bytes(check, 2);
    uint32_t power = 0x1021u;
    (void)code;
    if (!(difference & (difference - 1u))) {
        return WB_CLEARS;
    }
    for (uint32_t bit = 0; bit < 8 * count; bit++) {
        if (power == difference) {
            return WB_BLAMES;
        }
        power = (power << 1 ^ (power >> 15) * 0x1021u) & 0xffffu;
    }
    return WB_UNSURE;
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

/* As wb_crc16_judge; the highest power is the lowest bit. */
WB_COLD static int wb_crc32_judge(const wb_code *code, const wb_byte *unit, uint32_t count,
                                  uint32_t step, const wb_byte *check)
{
    const uint32_t difference = wb_crc32(unit, count, step) ^ wb_bytes(check, 4);
    uint32_t power = 0xedb88320u;
    (void)code;
    if (!(difference & (difference - 1u))) {
        return WB_CLEARS;
    }
    for (uint32_t bit = 0; bit < 8 * count; bit++) {
        if (power == difference) {
            return WB_BLAMES;
        }
        power = power >> 1 ^ (0xedb88320u & (0u - (power & 1u)));
    }
    return WB_UNSURE;
}

static inline void wb_crc32_sign(const wb_code *code, const wb_byte *unit, uint32_t count,
                                 uint32_t step, wb_byte *check)
{
    (void)code;
    wb_put_bytes(check, wb_crc32(unit, count, step), 4);
}

#endif
