/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Hooks for the emulator, native because they run at every jump and every read of flash: count
 * instructions and bytes exactly, invert bits of RAM once their time has come, and hold cells that are
 * stuck. They run on the host, not on the device.
 */
#include <stdint.h>

typedef struct {
    uint64_t after; /* instructions of this call */
    uint8_t *byte;
    uint8_t mask;
} upset;

typedef struct {
    uint8_t *byte;
    uint8_t mask;
    uint8_t value; /* of the bit, 0 or 1 */
} cell;

typedef struct {
    const uint8_t *flash;
    uint64_t flash_start;
    uint64_t flash_bytes;
    uint32_t *known; /* for each halfword of flash: size of the block there << 16 | instructions */
    uint64_t instructions;
    const upset *upsets; /* by time */
    uint64_t waiting;    /* how many of them are left */
    uint64_t flash_reads; /* bytes of what is counted */
    const cell *stuck;
    uint64_t stuck_count;
    uint64_t limit; /* of instructions; then ... */
    int (*stop)(void *emulator);
} counter;

void counter_block(void *emulator, uint64_t address, uint32_t size, void *user);
void counter_read(void *emulator, int kind, uint64_t address, int size, int64_t value, void *user);

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
    if (offset < c->flash_bytes && size <= c->flash_bytes - offset && size <= 0xffff) {
        uint32_t *known = &c->known[offset / 2];
        if (*known >> 16 != size) {
            *known = size << 16 | count_block(c->flash + offset, size);
        }
        c->instructions += *known & 0xffffu;
    }
    if (c->instructions > c->limit) {
        (void)c->stop(emulator);
    }
    while (c->waiting && c->instructions >= c->upsets->after) {
        *c->upsets->byte ^= c->upsets->mask;
        c->upsets++;
        c->waiting--;
    }
    for (uint64_t i = 0; i < c->stuck_count; i++) {
        const cell *const s = &c->stuck[i];
        *s->byte = (uint8_t)(s->value ? *s->byte | s->mask : *s->byte & ~s->mask);
    }
}

void counter_read(void *emulator, int kind, uint64_t address, int size, int64_t value, void *user)
{
    (void)emulator, (void)kind, (void)address, (void)value;
    ((counter *)user)->flash_reads += (uint64_t)size;
}
