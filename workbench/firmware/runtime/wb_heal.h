/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A healer: looks at a few units of memory a frame, says what is damaged, mends it, writes it down.
 *
 * Everything that it keeps in RAM may be damaged as well. Its variables exist three times and are the
 * majority, bit by bit; each is brought into its range before use. Who is damaged is decided by what
 * the witnesses say (the code itself, a second check, the golden copy) and a table of what that proves.
 */
#ifndef WB_HEAL_H
#define WB_HEAL_H

#include "wb_report.h"
#include "wb_spare.h"
#include "wb_version.h"

/* What the witnesses of a unit that disagrees with its check prove. */
WB_COLD static int wb_diagnose(const wb_memory *memory, const wb_area *area, uint32_t unit)
{
    const uint32_t says = area->facts | (area->witnesses ? area->witnesses(memory, area, unit) : 0u);
    const wb_proof *proof = memory->plan->proofs;
    while ((says & proof->counts) != proof->values) {
        proof++;
    }
    return proof->diagnosis;
}

/* Whether a ladder of remedies is climbed. */
#define WB_CLIMBS(diagnosis)                                                                       \
    ((diagnosis) == WB_DIAGNOSIS_MEMORY || (diagnosis) == WB_DIAGNOSIS_GOLDEN ||                   \
     (diagnosis) == WB_DIAGNOSIS_PRESUMED)

/* Checks in RAM and triple copies, made from the working copy. */
static inline void wb_boot_checks(const wb_memory *memory)
{
    for (uint32_t number = 0; number < memory->plan->area_count; number++) {
        const wb_area *const area = &memory->plan->areas[number];
        for (uint32_t unit = 0; area->boot && unit < area->units; unit++) {
            area->boot(memory, area, unit);
        }
    }
}

/* A fade of the output; see wb_fade.h. */
typedef struct {
    uint32_t frames; /* from silence to full loudness */
    uint32_t rows;   /* of a frame */
    uint32_t channels;
    uint32_t bits;
    uint32_t step;
} wb_fade;

static inline void wb_fade_put(const wb_memory *memory, const wb_area *area, uint32_t left)
{
    wb_byte *const copies = memory->ram_checks + area->ram_check;
    for (uint32_t copy = 0; copy < 3; copy++) {
        wb_put_bytes(copies + 2 * copy, left, 2);
    }
}

/* From now on silence, and then louder from frame to frame. */
static inline void wb_fade_begin(const wb_memory *memory)
{
    const wb_area *const area = memory->plan->fade;
    if (area) {
        wb_fade_put(memory, area, ((const wb_fade *)area->parts)->frames);
    }
}

/* The verdict on a remedy after which unit and check agree: golden inputs may refute it. */
static inline int wb_validated(const wb_memory *memory, const wb_area *area)
{
    const wb_area *const test = memory->plan->validator;
    for (uint32_t unit = 0; test && test != area && unit < test->units; unit++) {
        if (test->wrong(memory, test, unit, 0) && !test->wrong(memory, test, unit, 1)) {
            return WB_VERDICT_INVALID;
        }
    }
    return WB_VERDICT_HEALED;
}

/* The policy, and what one look comes to. */

WB_COLD static void wb_act(const wb_memory *memory, uint32_t number, uint32_t unit)
{
    uint32_t *const state = memory->state;
    const wb_heal_plan *const plan = memory->plan;
    const wb_area *const area = &plan->areas[number];
    const int diagnosis = wb_diagnose(memory, area, unit);
    const int climbs = WB_CLIMBS(diagnosis);
    int remedy = WB_REMEDY_NONE;
    int verdict = WB_VERDICT_UNHEALED;
    if (plan->heals && state[WB_SPENT] >= plan->heals) {
        verdict = WB_VERDICT_DEFERRED;
    } else if (climbs || (plan->versions > 1u && diagnosis == WB_DIAGNOSIS_AMBIGUOUS &&
                          !area->same(memory, area, unit))) {
        for (uint32_t rung = 0; rung < area->rungs && verdict != WB_VERDICT_HEALED; rung++) {
            if ((climbs || area->ladder[rung].unsure) &&
                area->ladder[rung].apply(memory, area, unit)) {
                remedy = area->ladder[rung].remedy;
                verdict = area->wrong(memory, area, unit, 0) ? verdict
                                                             : wb_validated(memory, area);
            }
        }
    } else if (diagnosis == WB_DIAGNOSIS_CHECK && area->mend_check) {
        remedy = area->mend_check(memory, area, unit);
        if (remedy != WB_REMEDY_NONE && !area->wrong(memory, area, unit, 0)) {
            verdict = WB_VERDICT_HEALED;
        }
    }
    const int news = wb_report(memory, number, unit, diagnosis, remedy, verdict);
    if (remedy != WB_REMEDY_NONE) {
        if (news) { /* what fails again costs the others no rest and no budget */
            state[WB_REST] = plan->cool_down_frames;
            state[WB_SPENT] += plan->heals ? 1u : 0u;
        }
        if (plan->reset_histories && climbs) {
            wb_zero(memory->histories, plan->state_bytes);
        }
    }
}

static inline void wb_guard(const wb_memory *memory, uint32_t number, uint32_t *state)
{
    const wb_area *const area = &memory->plan->areas[number];
    uint32_t *const cursor = &state[WB_CURSORS + number];
    uint32_t unit = (*cursor & ((1u << WB_UNIT_BITS) - 1u)) % area->units;
    uint32_t strikes = wb_at_most(*cursor >> WB_UNIT_BITS, memory->plan->persistence - 1u);
    for (uint32_t i = 0; i < area->per_frame && !state[WB_REST]; i++) {
        if (!strikes && !wb_due(memory, area, unit)) {
            /* nothing helped it lately; what was found wrong already, as persistence asks for, is due */
        } else if (area->wrong(memory, area, unit, 0)) {
            if (strikes + 1 < memory->plan->persistence) {
                strikes++;
                break;
            }
            wb_act(memory, number, unit);
        } else if (wb_level(memory, area, unit)) {
            wb_put_level(memory, area, unit, WB_WELL);
        }
        strikes = 0;
        unit += area->stride;
        unit -= unit < area->units ? 0u : area->units;
    }
    *cursor = unit | strikes << WB_UNIT_BITS;
}

/* Before every frame. */
static inline void wb_wake(const wb_memory *memory)
{
    const wb_heal_plan *const plan = memory->plan;
    uint32_t *const state = memory->state;
    const uint32_t words = WB_CURSORS + plan->area_count + plan->more;
    for (uint32_t i = 0; i < words; i++) {
        state[i] = wb_majority(memory->variables + 3 * i);
    }
    state[WB_FRAME] -= state[WB_FRAME] >= plan->frames ? plan->frames : 0u;
    state[WB_REST] = wb_at_most(state[WB_REST], plan->cool_down_frames);
    state[WB_SPENT] = wb_at_most(state[WB_SPENT], plan->heals);
    wb_follow_map(memory);
}

/* Write one of the words before the log back, so that flips of its copies do not add up. */
static inline void wb_keep_log(const wb_memory *memory)
{
    const uint32_t word = memory->state[WB_FRAME] & 15u;
    if (word < WB_LOG_WORDS) {
        wb_log_put(memory->head, word, wb_log_word(memory->head, word));
    }
}

/* After every frame. looks: whether some area is looked at then; a constant, for less code. */
static inline wb_status wb_heal(const wb_memory *memory, int looks)
{
    const wb_heal_plan *const plan = memory->plan;
    uint32_t *const state = memory->state;
    const uint32_t words = WB_CURSORS + plan->area_count + plan->more;
    if (state[WB_REST]) {
        state[WB_REST]--;
    } else {
        for (uint32_t number = 0; looks && number < plan->area_count; number++) {
            const wb_area *const area = &plan->areas[number];
            const int some = area->per_frame && area->units;
            if (some && (area->every_frames == 1 || state[WB_FRAME] % area->every_frames == 0)) {
                wb_guard(memory, number, state);
            }
        }
    }
    if (plan->monitor && !(state[WB_FRAME] % WB_SUMS_FRAMES)) {
        plan->look_on(memory, plan->monitor);
    }
    wb_keep_log(memory);
    state[WB_FRAME]++;
    if (state[WB_FRAME] == plan->frames) {
        state[WB_FRAME] = 0;
        state[WB_EPOCH]++;
    }
    if (state[WB_FRAME] % plan->refill_frames == 0 && state[WB_SPENT]) {
        state[WB_SPENT]--;
    }
    for (uint32_t i = 0; i < words; i++) {
        for (uint32_t copy = 0; copy < 3; copy++) {
            wb_put_word(memory->variables + 3 * i + copy, state[i]);
        }
    }
    return wb_outcome(memory);
}

#endif
