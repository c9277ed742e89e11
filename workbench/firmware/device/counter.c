/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Hooks for the emulator, native because they run at every jump and every read of flash: count
 * instructions and bytes exactly, invert bits of RAM once their time has come, hold cells that are
 * stuck, stop before a given instruction, and count for a watchdog timer. They run on the host, not on the device.
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

/* Cycles beyond one that instructions take; see `Timing` in workbench/firmware/boards.py. */
typedef struct {
    uint32_t load;
    uint32_t load_after;
    uint32_t store;
    uint32_t block;
    uint32_t jump;
    uint32_t accumulate;
} timing;

/* A block of code that ran. */
typedef struct {
    uint32_t size; /* bytes; 0 for none yet */
    uint32_t instructions;
    uint32_t cycles;
} block;

typedef struct {
    const uint8_t *flash;
    uint64_t flash_start;
    uint64_t flash_bytes;
    block *known; /* for each halfword of flash, the block that begins there */
    uint64_t risc_v; /* whether the code is not Thumb */
    timing times;
    uint64_t end; /* where the last block ended */
    uint64_t cycles; /* estimated */
    uint64_t instructions;
    const upset *upsets; /* by time */
    uint64_t waiting;    /* how many of them are left */
    uint64_t flash_reads; /* bytes of what is counted */
    const cell *stuck;
    uint64_t stuck_count;
    uint64_t limit; /* of instructions; then ... */
    int (*stop)(void *emulator);
    uint64_t passes; /* blocks that run in any case; behind them ... */
    uint64_t pause;  /* ... it stops before the block with the instruction of this number, from 0 ... */
    uint64_t paused_at; /* ... which begins here; 0 where it did not stop */
    uint64_t paused_bytes;
    const uint32_t *watchdog; /* its registers: a key, and at word 2 after how many instructions it bites; NULL for none */
    uint64_t watching;        /* so many; 0 while it does not run */
} counter;

void counter_block(void *emulator, uint64_t address, uint32_t size, void *user);
void counter_read(void *emulator, int kind, uint64_t address, int size, int64_t value, void *user);
void counter_watchdog(void *emulator, int kind, uint64_t address, int size, int64_t value, void *user);

enum { WATCHDOG_START = 0xcccc, WATCHDOG_FEED = 0xaaaa }; /* keys */
enum { OTHER, LOAD, STORE, SEVERAL, ACCUMULATE };

static uint32_t ones(uint32_t bits)
{
    uint32_t count = 0;
    for (; bits; bits &= bits - 1) {
        count++;
    }
    return count;
}

/* What an instruction of one halfword does, and of how many words. */
static int narrow(uint32_t code, uint32_t *words)
{
    const uint32_t top = code >> 12;
    if ((code & 0xf600) == 0xb400) { /* PUSH, POP; the ninth register is LR or PC */
        *words = ones(code & 0x1ff);
        return SEVERAL;
    }
    if (top == 0xc) {
        *words = ones(code & 0xff);
        return SEVERAL;
    }
    if (code >> 11 == 9 || (top == 5 && (code >> 9 & 7) > 2)) { /* a literal; by a register */
        return LOAD;
    }
    return top == 5 ? STORE : top >= 6 && top <= 9 ? (code & 0x800 ? LOAD : STORE) : OTHER;
}

/* Likewise of two halfwords. */
static int wide(uint32_t first, uint32_t second, uint32_t *words)
{
    if ((first & 0xfe40) == 0xe800) {
        *words = ones(second);
        return SEVERAL;
    }
    if ((first & 0xfe40) == 0xe840) {
        *words = 2;
        return SEVERAL;
    }
    if ((first & 0xfe00) == 0xf800) {
        return first & 0x10 ? LOAD : STORE;
    }
    return (first & 0xfff0) == 0xfb00 && second >> 12 != 15 ? ACCUMULATE : OTHER;
}

/* What an instruction of RISC-V does. */
static int of_risc_v(uint32_t code)
{
    const uint32_t function = code >> 13 & 7;
    if ((code & 3) == 3) {
        return (code & 0x7f) == 0x03 ? LOAD : (code & 0x7f) == 0x23 ? STORE : OTHER;
    }
    return (code & 1) ? OTHER : function == 2 ? LOAD : function == 6 ? STORE : OTHER; /* C.LW, C.LWSP; C.SW, C.SWSP */
}

/*
 * Instructions are one halfword or two: in Thumb two where the first begins with 11101, 11110 or 11111, in
 * RISC-V where it ends in 11.
 */
static block count_block(const counter *c, const uint8_t *code, uint32_t size)
{
    const timing *const times = &c->times;
    block made = {size, 0, 0};
    int last = OTHER;
    for (uint32_t at = 0; at < size; made.instructions++) {
        const uint32_t first = code[at] | (uint32_t)code[at + 1] << 8;
        const int two = c->risc_v ? (first & 3) == 3 : first >> 11 >= 0x1d;
        const uint32_t second = two ? code[at + 2] | (uint32_t)code[at + 3] << 8 : 0;
        uint32_t words = 0;
        const int kind = c->risc_v ? of_risc_v(first) : two ? wide(first, second, &words) : narrow(first, &words);
        const int follows = last == LOAD || last == STORE;
        made.cycles += 1 + (kind == LOAD         ? follows ? times->load_after : times->load
                            : kind == STORE      ? times->store
                            : kind == SEVERAL    ? words + times->block
                            : kind == ACCUMULATE ? times->accumulate : 0);
        last = kind;
        at += two ? 4u : 2u;
    }
    return made;
}

void counter_block(void *emulator, uint64_t address, uint32_t size, void *user)
{
    counter *c = user;
    const uint64_t offset = address - c->flash_start;
    if (offset < c->flash_bytes && size <= c->flash_bytes - offset) {
        block *known = &c->known[offset / 2];
        if (known->size != size) {
            *known = count_block(c, c->flash + offset, size);
        }
        if (c->passes) {
            c->passes--;
        } else if (c->instructions + known->instructions > c->pause) {
            c->paused_at = address;
            c->paused_bytes = size;
            (void)c->stop(emulator);
            return;
        }
        c->instructions += known->instructions;
        c->cycles += known->cycles + (address == c->end ? 0 : c->times.jump);
        c->end = address + size;
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

/* A write to the watchdog's key; where nobody feeds it, the limit stops the core, which is what it does to it. */
void counter_watchdog(void *emulator, int kind, uint64_t address, int size, int64_t value, void *user)
{
    counter *const c = user;
    (void)emulator, (void)kind, (void)address, (void)size;
    if (value == WATCHDOG_START) {
        c->watching = c->watchdog[2];
    }
    if (c->watching && (value == WATCHDOG_START || value == WATCHDOG_FEED)) {
        c->limit = c->instructions + c->watching;
    }
}
