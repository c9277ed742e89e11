/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Block hook for the emulator, native because it runs at every jump: counts instructions exactly and
 * inverts bits of RAM once their time has come. Runs on the host, not on the device.
 */
#include <stdint.h>

typedef struct {
    uint64_t after; /* instructions of this call */
    uint8_t *byte;
    uint8_t mask;
} upset;

typedef struct {
    const uint8_t *flash;
    uint64_t flash_start;
    uint64_t flash_bytes;
    uint32_t *known; /* for each halfword of flash: size of the block there << 16 | instructions */
    uint64_t instructions;
    const upset *upsets; /* by time */
    uint64_t waiting;    /* how many of them are left */
} counter;

void counter_block(void *emulator, uint64_t address, uint32_t size, void *user);

/* Thumb instructions are one halfword, or two where the first begins with 11101, 11110 or 11111. */
static uint32_t count_block(const uint8_t *code, uint32_t size)
{
    uint32_t count = 0;
    for (uint32_t at = 0; at < size; count++) {
        at += (code[at + 1] >> 3) >= 0x1d ? 4u : 2u;
    }
    return count;
}

void counter_block(void *emulator, uint64_t address, uint32_t size, void *user)
{
    counter *c = user;
    const uint64_t offset = address - c->flash_start;
    (void)emulator;
    if (offset < c->flash_bytes && size <= c->flash_bytes - offset && size <= 0xffff) {
        uint32_t *known = &c->known[offset / 2];
        if (*known >> 16 != size) {
            *known = size << 16 | count_block(c->flash + offset, size);
        }
        c->instructions += *known & 0xffffu;
    }
    while (c->waiting && c->instructions >= c->upsets->after) {
        *c->upsets->byte ^= c->upsets->mask;
        c->upsets++;
        c->waiting--;
    }
}
