/* SPDX-License-Identifier: Apache-2.0 */
/* The log, and how long units that nothing helps wait until they are tried again. */
#ifndef WB_REPORT_H
#define WB_REPORT_H

#include "wb_plan.h"

static inline uint32_t wb_log_word(const wb_log_head *head, uint32_t word)
{
    return wb_majority(head->words[word]);
}

WB_NOINLINE static void wb_log_put(wb_log_head *head, uint32_t word, uint32_t value)
{
    for (uint32_t copy = 0; copy < 3; copy++) {
        wb_put_word(&head->words[word][copy], value);
    }
}

/* One more, up to 2**32 - 1. */
WB_COLD static void wb_log_add(wb_log_head *head, uint32_t word)
{
    const uint32_t value = wb_log_word(head, word);
    wb_log_put(head, word, value == ~0u ? value : value + 1u);
}

/* Empty the log unless this build wrote it; all waiting times are zero by now. */
static inline void wb_log_begin(wb_log_head *head, uint32_t build_low, uint32_t build_high)
{
    const int own = wb_log_word(head, WB_LOG_MARK) == WB_LOG_MAGIC &&
                    wb_log_word(head, WB_LOG_BUILD_LOW) == build_low &&
                    wb_log_word(head, WB_LOG_BUILD_HIGH) == build_high;
    for (uint32_t word = 0; word < WB_LOG_WORDS; word++) {
        wb_log_put(head, word, own && word != WB_LOG_WAITING ? wb_log_word(head, word) : 0u);
    }
    if (!own) {
        wb_log_put(head, WB_LOG_MARK, WB_LOG_MAGIC);
        wb_log_put(head, WB_LOG_BUILD_LOW, build_low);
        wb_log_put(head, WB_LOG_BUILD_HIGH, build_high);
    }
}

/*
 * Entry `*next`, or the oldest that is left where that is gone; 0 where none is. Whoever reads may be interrupted by
 * a step, and then reads on from what the step left.
 */
static inline int wb_log_next(const wb_log_head *head, const wb_log_entry *log, uint32_t size,
                              uint32_t *next, wb_log_entry *entry)
{
    for (;;) {
        const uint32_t count = wb_log_word(head, WB_LOG_COUNT);
        const uint32_t left = count - *next; /* more than the ring has: overwritten, or a cursor of another log */
        const uint32_t number = left > size ? (count > size ? count - size : 0u) : *next;
        if (number == count) {
            *next = number;
            return 0;
        }
        *entry = *(const volatile wb_log_entry *)&log[number & (size - 1u)];
        if (wb_log_word(head, WB_LOG_COUNT) - number <= size) {
            *next = number + 1u;
            return 1;
        }
    }
}

static inline void wb_log_counts(const wb_log_head *head, wb_counts *counts)
{
    counts->written = wb_log_word(head, WB_LOG_COUNT);
    counts->healed = wb_log_word(head, WB_LOG_VERDICTS);
    counts->unhealed = wb_log_word(head, WB_LOG_VERDICTS + 1u);
    counts->deferred = wb_log_word(head, WB_LOG_VERDICTS + 2u);
    counts->invalid = wb_log_word(head, WB_LOG_VERDICTS + 3u);
    counts->repeats = wb_log_word(head, WB_LOG_REPEATS);
}

static inline uint32_t wb_level(const wb_memory *memory, const wb_area *area, uint32_t unit)
{
    const uint32_t at = area->first_unit + unit;
    return (uint32_t)memory->backoff[at / 2] >> 4 * (at % 2) & 15u;
}

WB_NOINLINE static void wb_put_level(const wb_memory *memory, const wb_area *area, uint32_t unit,
                                     uint32_t level)
{
    const uint32_t at = area->first_unit + unit;
    const uint32_t shift = 4 * (at % 2);
    wb_byte *const both = memory->backoff + at / 2;
    WB_PUT(both, (*both & ~(15u << shift)) | level << shift);
    if (level) {
        wb_log_put(memory->head, WB_LOG_WAITING, at / 2 + 1u);
    }
}

/* Whether some unit waits. What is remembered saves a search in each frame and is never believed. */
WB_COLD static int wb_waits(const wb_memory *memory, uint32_t waiting)
{
    const uint32_t bytes = memory->plan->backoff_bytes;
    if (waiting > bytes || !memory->backoff[waiting - 1u]) {
        for (waiting = bytes; waiting && !memory->backoff[waiting - 1u]; waiting--) {
        }
        wb_log_put(memory->head, WB_LOG_WAITING, waiting);
    }
    return waiting != 0;
}

/* What a step returns. */
static inline wb_status wb_outcome(const wb_memory *memory)
{
    const uint32_t waiting = wb_log_word(memory->head, WB_LOG_WAITING);
    const uint32_t found = *memory->found;
    return found < WB_DEGRADED && waiting && wb_waits(memory, waiting) ? WB_DEGRADED
                                                                      : (wb_status)found;
}

/* Whether a unit is looked at in this frame. */
WB_NOINLINE static int wb_due(const wb_memory *memory, const wb_area *area, uint32_t unit)
{
    const uint32_t level = wb_level(memory, area, unit) & WB_MOST;
    const uint32_t scans = level <= WB_DEFERRED ? 1u : 1u << (level - 1u + area->backoff_shift);
    return scans == 1u || !(memory->state[WB_FRAME] / area->scan_frames & (scans - 1u));
}

/* The worst that was found in this step. */
WB_COLD static void wb_found(const wb_memory *memory, int diagnosis, int verdict)
{
    const int sound = diagnosis == WB_DIAGNOSIS_MOMENTARY || diagnosis == WB_DIAGNOSIS_DATA ||
                      diagnosis == WB_DIAGNOSIS_LATENT;
    const uint32_t status = verdict == WB_VERDICT_HEALED                ? WB_HEALED
                            : verdict == WB_VERDICT_DEFERRED || sound ? WB_DEGRADED
                                                                      : WB_UNHEALABLE;
    if (status > *memory->found) {
        *memory->found = status;
    }
}

/* Write a finding down, unless a unit that cannot be healed was reported before: whether it was news. */
WB_COLD static int wb_report(const wb_memory *memory, uint32_t number, uint32_t unit,
                             int diagnosis, int remedy, int verdict)
{
    const wb_area *const area = &memory->plan->areas[number];
    wb_log_head *const head = memory->head;
    wb_log_entry *const entry =
        &memory->log[wb_log_word(head, WB_LOG_COUNT) & (memory->plan->log_entries - 1u)];
    const uint32_t level = wb_level(memory, area, unit);
    uint32_t next = WB_WELL;
    int news = 1;
    if (verdict == WB_VERDICT_DEFERRED) {
        news = !(level & WB_MOST);
        next = news ? WB_DEFERRED : level;
    } else if (verdict != WB_VERDICT_HEALED) {
        news = (level & WB_MOST) < WB_FAILED;
        next = news ? WB_FAILED : wb_at_most((level & WB_MOST) + 1u, WB_MOST);
        next |= area->backoff_shift ? WB_ALARMED : 0u;
    }
    if (next != level) {
        wb_put_level(memory, area, unit, next);
    }
    if (!news) {
        wb_log_add(head, WB_LOG_REPEATS);
        return 0;
    }
    entry->frame = memory->state[WB_FRAME];
    entry->epoch = (uint16_t)memory->state[WB_EPOCH];
    entry->unit = (uint16_t)unit;
    entry->area = (uint8_t)number;
    entry->diagnosis = (uint8_t)diagnosis;
    entry->remedy = (uint8_t)remedy;
    entry->verdict = (uint8_t)((uint32_t)verdict | memory->rank << 4);
    wb_log_put(head, WB_LOG_COUNT, wb_log_word(head, WB_LOG_COUNT) + 1u);
    wb_log_add(head, WB_LOG_VERDICTS + (uint32_t)verdict - WB_VERDICT_HEALED);
    wb_found(memory, diagnosis, verdict);
    if (memory->plan->tell) {
        memory->plan->tell(memory, entry);
    }
    return 1;
}

#endif
