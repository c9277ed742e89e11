/* SPDX-License-Identifier: Apache-2.0 */
/* Flash as the store of versions sees it: a driver of five functions, and where its parts lie. */
#ifndef WB_FLASH_H
#define WB_FLASH_H

#include <stdint.h>

/* What is programmed at a time: a multiple of the write unit of every part that is known here. */
enum { WB_PIECE_BYTES = 16 };

/*
 * Functions that return a number return 0 where they succeed. A read fails where an error-correcting code of the part
 * gives up. A piece is programmed once between two erasures.
 */
typedef struct {
    int (*read)(void *context, uint32_t address, uint8_t *bytes, uint32_t count);
    int (*program)(void *context, uint32_t address, const uint8_t *bytes, uint32_t count);
    int (*erase)(void *context, uint32_t address); /* the sector that begins there, to ones */
    int (*begin)(void *context);                   /* before changes: unlock, hold off execution from flash */
    void (*end)(void *context);                    /* after them */
    void *context;
} wb_flash;

/* Sectors of equal size, one after the other. */
typedef struct {
    uint32_t address;
    uint32_t bytes;
    uint32_t sector_bytes;
} wb_region;

/* As memcpy, memset and memcmp, which a compiler without a library lacks. */
static inline void wb_bytes_copy(void *to, const void *from, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        ((uint8_t *)to)[i] = ((const uint8_t *)from)[i];
    }
}

static inline void wb_bytes_fill(void *to, uint8_t value, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        ((uint8_t *)to)[i] = value;
    }
}

static inline int wb_bytes_equal(const void *left, const void *right, uint32_t count)
{
    uint32_t i = 0;
    while (i < count && ((const uint8_t *)left)[i] == ((const uint8_t *)right)[i]) {
        i++;
    }
    return i == count;
}

static inline int wb_flash_program(const wb_flash *flash, uint32_t address, const uint8_t *bytes,
                                   uint32_t count)
{
    if (flash->begin(flash->context)) {
        return -1;
    }
    const int failed = flash->program(flash->context, address, bytes, count);
    flash->end(flash->context);
    return failed;
}

static inline int wb_flash_erase(const wb_flash *flash, uint32_t address)
{
    if (flash->begin(flash->context)) {
        return -1;
    }
    const int failed = flash->erase(flash->context, address);
    flash->end(flash->context);
    return failed;
}

#endif
