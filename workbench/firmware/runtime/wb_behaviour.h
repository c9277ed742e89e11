/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Monitors of behaviour: a score of every frame, its cumulative sum, and an alarm where that exceeds a limit.
 *
 *   level = clamp(level + score - drift, 0, 32767)
 *
 * An alarm touches nothing by itself: it makes all guards look at memory. State, in RAM: level and the frames to be
 * wary for, int16_t each. What frames are compared with lies in flash, under a CRC-32.
 */
#ifndef WB_BEHAVIOUR_H
#define WB_BEHAVIOUR_H

#include "wb_crc.h"
#include "wb_monitor.h"

/* Units that are treated after one alarm; the log of a frame has room for them. */
#define WB_MOST_FOUND 16u
#define WB_MOST_LEVEL 32767
#define WB_MOST_SCORE 1023

/*
 * What a monitor has to do with the inputs: others judge them, or nobody; or it judges them itself, by what memory computes of
 * them or not, or corrects them.
 */
enum {
    WB_INPUTS_UNJUDGED,
    WB_INPUTS_JUDGED,
    WB_JUDGES_INPUTS,
    WB_JUDGES_BY_MEMORY,
    WB_CORRECTS_INPUTS
};

typedef struct {
    const volatile int16_t *limits; /* drift, limit, frames to be wary for */
    const volatile int32_t *seal;
    const wb_byte *sealed; /* baselines and limits */
    uint32_t sealed_bytes;
    uint32_t golden_inputs; /* number of the self-test, ~0 for none */
    uint32_t inputs;        /* WB_INPUTS_... */
    uint32_t state_bytes;   /* level, frames to be wary for, and what else is remembered */
    const void *own;        /* what a remedy of its own needs, or null */
} wb_behaviour;

WB_COLD static int wb_behaviour_wrong(const wb_memory *memory, const wb_area *area, uint32_t unit,
                                      int golden)
{
    const wb_behaviour *const part = area->parts;
    (void)memory, (void)unit;
    return !golden && wb_crc32(part->sealed, part->sealed_bytes, 1) != (uint32_t)*part->seal;
}

static inline int32_t wb_half(const wb_byte *at)
{
    return (int32_t)(wb_bytes(at, 2) ^ 0x8000u) - 0x8000;
}

static inline void wb_forget(wb_byte *at, uint32_t bytes)
{
    while (bytes--) {
        WB_PUT(at++, 0);
    }
}

/* At start-up: no sum, nothing remembered, and not wary. */
WB_COLD static void wb_behaviour_boot(const wb_memory *memory, const wb_area *area, uint32_t unit)
{
    const wb_behaviour *const part = area->parts;
    (void)unit;
    wb_forget(memory->ram_checks + area->ram_check, part->state_bytes);
}

/* The remedy RESET: silent histories, and all monitors begin their sums anew but judges of inputs alone, which go on. */
WB_COLD static int wb_reset(const wb_memory *memory, const wb_area *area, uint32_t unit)
{
    const wb_heal_plan *const plan = memory->plan;
    (void)area, (void)unit;
    for (uint32_t number = 0; number < plan->area_count; number++) {
        if (plan->areas[number].boot == wb_behaviour_boot) {
            const wb_behaviour *const part = plan->areas[number].parts;
            wb_byte *const state = memory->ram_checks + plan->areas[number].ram_check;
            if (part->inputs != WB_JUDGES_INPUTS) {
                wb_put_bytes(state, 0, 2);
                wb_forget(state + 4, part->state_bytes - 4u);
            }
        }
    }
    wb_zero(memory->histories, plan->state_bytes);
    return 1;
}

typedef struct {
    int diagnosis;
    int remedy;
    int verdict;
} wb_finding;

typedef struct {
    uint32_t found;
    uint32_t unhealed;
} wb_passed;

/* Look at all units of the guards `first` to `last` - 1 but monitors and golden inputs. */
WB_COLD static wb_passed wb_pass(const wb_memory *memory, uint32_t first, uint32_t last,
                                 uint32_t golden_inputs)
{
    wb_passed passed = {0, 0};
    for (uint32_t number = first; number < last; number++) {
        const wb_area *const area = &memory->plan->areas[number];
        const uint32_t units = area->backoff_shift || area->flash || number == golden_inputs ? 0u : area->units;
        for (uint32_t unit = 0; unit < units && passed.found < WB_MOST_FOUND; unit++) {
            if (!wb_due(memory, area, unit)) {
                continue;
            }
            if (area->wrong(memory, area, unit, 0)) {
                wb_act(memory, number, unit);
                passed.found++;
                passed.unhealed += area->wrong(memory, area, unit, 0) ? 1u : 0u;
            } else if (wb_level(memory, area, unit)) {
                wb_put_level(memory, area, unit, WB_WELL);
            }
        }
    }
    return passed;
}

/* Remember for a while that nothing explained an alarm. */
static inline void wb_be_wary(const wb_behaviour *part, wb_byte *wary)
{
    const int32_t frames = part->limits[2];
    wb_put_bytes(wary, frames > 0 ? (uint32_t)frames : 0u, 2);
}

/* Whether an alarm of what judges the inputs is not long ago. */
WB_COLD static int wb_inputs_are_unknown(const wb_memory *memory)
{
    const wb_heal_plan *const plan = memory->plan;
    for (uint32_t number = 0; number < plan->area_count; number++) {
        const wb_area *const area = &plan->areas[number];
        const wb_behaviour *const part = area->parts;
        if (area->boot == wb_behaviour_boot &&
            (part->inputs == WB_JUDGES_INPUTS || part->inputs == WB_JUDGES_BY_MEMORY) &&
            wb_half(memory->ram_checks + area->ram_check + 2) > 0) {
            return 1;
        }
    }
    return 0;
}

/* Correct the inputs within the budget, unless golden inputs show that it is not they; then those heal. */
WB_COLD static wb_finding wb_recalibrated(const wb_memory *memory, const wb_area *area)
{
    const wb_behaviour *const part = area->parts;
    wb_finding made = {WB_DIAGNOSIS_DATA, WB_REMEDY_NONE, WB_VERDICT_UNHEALED};
    wb_passed passed = {0, 0};
    if (!area->rungs) {
        return made;
    }
    if (part->golden_inputs != ~0u) {
        passed = wb_pass(memory, part->golden_inputs, part->golden_inputs + 1, ~0u);
    }
    if (passed.found) {
        made.diagnosis = WB_DIAGNOSIS_MEMORY;
        made.remedy = WB_REMEDY_SCRUB;
        made.verdict = passed.unhealed ? WB_VERDICT_UNHEALED : WB_VERDICT_HEALED;
    } else if (memory->plan->heals && memory->state[WB_SPENT] >= memory->plan->heals) {
        made.verdict = WB_VERDICT_DEFERRED;
    } else if (area->ladder->apply(memory, area, 0)) {
        made.remedy = WB_REMEDY_RECALIBRATE;
        made.verdict = WB_VERDICT_HEALED;
        memory->state[WB_SPENT] += memory->plan->heals ? 1u : 0u;
    }
    return made;
}

/* What follows an alarm; see `workbench/healing/devices/alarms.py`. */
WB_COLD static void wb_disturbed(const wb_memory *memory, uint32_t number)
{
    const wb_area *const area = &memory->plan->areas[number];
    const wb_behaviour *const part = area->parts;
    wb_byte *const wary = memory->ram_checks + area->ram_check + 2;
    int diagnosis = WB_DIAGNOSIS_CHECK;
    int remedy = WB_REMEDY_NONE;
    int verdict = WB_VERDICT_UNHEALED;
    if (!wb_due(memory, area, 0)) {
        wb_put_level(memory, area, 0, wb_level(memory, area, 0) | WB_ALARMED);
        return;
    }
    const int sound = !wb_behaviour_wrong(memory, area, 0, 0);
    if (sound && part->inputs == WB_JUDGES_INPUTS) {
        diagnosis = WB_DIAGNOSIS_DATA;
        wb_be_wary(part, wary);
    } else if (sound && part->inputs == WB_JUDGES_BY_MEMORY) {
        const wb_passed passed = wb_pass(memory, 0, memory->plan->area_count, part->golden_inputs);
        if (passed.found) {
            diagnosis = WB_DIAGNOSIS_MEMORY;
            remedy = WB_REMEDY_SCRUB;
            verdict = passed.unhealed ? WB_VERDICT_UNHEALED : WB_VERDICT_HEALED;
        } else {
            diagnosis = WB_DIAGNOSIS_DATA;
            wb_be_wary(part, wary);
        }
    } else if (sound && part->inputs == WB_CORRECTS_INPUTS) {
        const wb_finding made = wb_recalibrated(memory, area);
        diagnosis = made.diagnosis;
        remedy = made.remedy;
        verdict = made.verdict;
    } else if (sound) {
        const int unknown = wb_inputs_are_unknown(memory);
        const int again = wb_half(wary) > 0;
        wb_passed passed = wb_pass(memory, 0, memory->plan->area_count, part->golden_inputs);
        if (!passed.found && again && !unknown && part->golden_inputs != ~0u) {
            passed = wb_pass(memory, part->golden_inputs, part->golden_inputs + 1, ~0u);
        }
        if (passed.found || !again) { /* what was heard is explained, and passes */
            wb_fade_begin(memory);
        }
        if (passed.found) {
            diagnosis = WB_DIAGNOSIS_MEMORY;
            remedy = WB_REMEDY_SCRUB;
            verdict = passed.unhealed ? WB_VERDICT_UNHEALED : WB_VERDICT_HEALED;
        } else if (again || unknown) {
            /* Where inputs were checked and are known ones, it is not they. */
            diagnosis = part->inputs == WB_INPUTS_JUDGED && !unknown ? WB_DIAGNOSIS_COMPUTE
                                                                     : WB_DIAGNOSIS_DATA;
        } else {
            diagnosis = WB_DIAGNOSIS_MOMENTARY;
            verdict = WB_VERDICT_HEALED; /* it passes by itself */
            wb_be_wary(part, wary);
            for (uint32_t rung = 0; rung < area->rungs && remedy == WB_REMEDY_NONE; rung++) {
                if (area->ladder[rung].apply(memory, area, 0)) {
                    remedy = area->ladder[rung].remedy;
                }
            }
        }
    }
    wb_report(memory, number, 0, diagnosis, remedy, verdict);
}

static inline uint32_t wb_bit_length(uint32_t value)
{
    uint32_t bits = 0;
    for (; value; value >>= 1) {
        bits++;
    }
    return bits;
}

/* The class of a frame: of the row that an input asks for, as `conditioned` in Python. */
static inline uint32_t wb_class(const volatile int8_t *of_row, uint32_t rows, int32_t code,
                                uint32_t classes)
{
    return (uint32_t)wb_clamp(of_row[wb_clamp(code, 0, (int32_t)rows - 1)], 0, (int32_t)classes - 1);
}

/* A frame of this score is final. */
WB_NOINLINE static void wb_behave(const wb_memory *memory, uint32_t number, uint32_t score)
{
    const wb_area *const area = &memory->plan->areas[number];
    const wb_behaviour *const part = area->parts;
    wb_byte *const state = memory->ram_checks + area->ram_check;
    const int32_t sum = wb_half(state) + (int32_t)score - part->limits[0];
    const int32_t level = wb_clamp(sum, 0, WB_MOST_LEVEL);
    const int32_t wary = wb_half(state + 2);
    const int alarm = level > part->limits[1];
    wb_put_bytes(state, alarm ? 0u : (uint32_t)level, 2);
    wb_put_bytes(state + 2, wary > 0 ? (uint32_t)wary - 1u : 0u, 2);
    if (alarm) {
        wb_disturbed(memory, number);
    }
}

#endif
