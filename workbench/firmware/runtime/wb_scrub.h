/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A healer: scrubs a few pages of the working copy a frame, mends them from the golden copy, logs.
 *
 * A page whose CRC-32 differs from the stored one is damaged, or the stored one is, or both are: the
 * golden copy decides. Everything the healer keeps in RAM may be damaged as well: its cursor is
 * reduced on every use.
 */
#ifndef WB_SCRUB_H
#define WB_SCRUB_H

#include "wb_codes.h"

enum { WB_DIAGNOSIS_MEMORY = 1, WB_DIAGNOSIS_CHECK = 2, WB_DIAGNOSIS_AMBIGUOUS = 3 };
enum { WB_REMEDY_NONE = 0, WB_REMEDY_RESTORE = 1 };
enum { WB_VERDICT_HEALED = 1, WB_VERDICT_UNHEALED = 2 };

typedef struct {
    uint32_t frame; /* the healer's own count of frames */
    uint32_t page;
    uint8_t diagnosis; /* WB_DIAGNOSIS_... */
    uint8_t remedy;    /* WB_REMEDY_... */
    uint8_t verdict;   /* WB_VERDICT_... */
    uint8_t unused;
} wb_log_entry;

/* The healer's variables in the memory image. */
typedef struct {
    uint32_t frame;  /* frames done */
    uint32_t cursor; /* next page to look at */
} wb_healer;

/*
 * What is fixed when the firmware is built. Memory that is looked after is volatile: the compiler
 * must not take what it has once seen there, not even in flash, for what is there now.
 */
typedef struct {
    const volatile unsigned char *golden; /* bytes of all pages */
    const volatile uint32_t *check;       /* CRC-32 of every page */
    uint32_t bytes;                       /* of all pages together */
    uint32_t page_bytes; /* of each but the last, which may be shorter */
    uint32_t pages;
    uint32_t pages_per_frame;
    uint32_t log_entries; /* a power of two */
} wb_scrub_plan;

/* CRC-32 as in IEEE 802.3 (0 for no bytes), four bits a step. */
static inline uint32_t wb_crc32(const volatile unsigned char *data, size_t bytes)
{
    static const uint32_t table[16] = {
        0x00000000u, 0x1db71064u, 0x3b6e20c8u, 0x26d930acu, 0x76dc4190u, 0x6b6b51f4u,
        0x4db26158u, 0x5005713cu, 0xedb88320u, 0xf00f9344u, 0xd6d6a3e8u, 0xcb61b38cu,
        0x9b64c2b0u, 0x86d3d2d4u, 0xa00ae278u, 0xbdbdf21cu,
    };
    uint32_t crc = 0xffffffffu;
    while (bytes--) {
        crc ^= *data++;
        crc = crc >> 4 ^ table[crc & 15u];
        crc = crc >> 4 ^ table[crc & 15u];
    }
    return ~crc;
}

/* Look at one page; fill in `entry` and return 1 when something was wrong, 0 when all is well. */
static inline int wb_scrub_page(const wb_scrub_plan *plan, void *working, uint32_t page,
                                wb_log_entry *entry)
{
    const uint32_t start = page * plan->page_bytes;
    const uint32_t left = plan->bytes - start;
    const uint32_t size = left < plan->page_bytes ? left : plan->page_bytes;
    volatile unsigned char *const bytes = (unsigned char *)working + start;
    const volatile unsigned char *const kept = plan->golden + start;
    const uint32_t expected = plan->check[page];
    const uint32_t found = wb_crc32(bytes, size);
    uint32_t golden;

    if (found == expected) {
        return 0;
    }
    golden = wb_crc32(kept, size);
    entry->page = page;
    entry->remedy = WB_REMEDY_NONE;
    entry->verdict = WB_VERDICT_UNHEALED;
    if (golden == expected) {
        entry->diagnosis = WB_DIAGNOSIS_MEMORY;
        entry->remedy = WB_REMEDY_RESTORE;
        for (uint32_t i = 0; i < size; i++) {
            bytes[i] = kept[i];
        }
        if (wb_crc32(bytes, size) == expected) {
            entry->verdict = WB_VERDICT_HEALED;
        }
    } else if (golden == found) {
        entry->diagnosis = WB_DIAGNOSIS_CHECK;
    } else {
        entry->diagnosis = WB_DIAGNOSIS_AMBIGUOUS;
    }
    return 1;
}

/*
 * Look at the next pages_per_frame pages. `log` is a ring: entry number n, of *log_count written so
 * far, is in log[n % log_entries].
 */
static inline void wb_scrub(const wb_scrub_plan *plan, void *working, wb_healer *healer,
                            wb_log_entry *log, uint32_t *log_count)
{
    for (uint32_t i = 0; i < plan->pages_per_frame; i++) {
        const uint32_t page = healer->cursor % plan->pages;
        wb_log_entry *const entry = &log[*log_count & (plan->log_entries - 1u)];
        healer->cursor = (page + 1u) % plan->pages;
        if (wb_scrub_page(plan, working, page, entry)) {
            entry->frame = healer->frame;
            entry->unused = 0;
            ++*log_count;
        }
    }
}

#endif
