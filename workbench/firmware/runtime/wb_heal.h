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

#include "wb_check.h"

/* The healer's variables: three words each. */
enum { WB_FRAME, WB_EPOCH, WB_REST, WB_SPENT, WB_CURSORS };

/* Of a cursor: the unit that is looked at next; above it, how often in a row it was damaged. */
#define WB_UNIT_BITS 24u

/* What is known of a unit that disagrees with its check. */
enum {
    WB_SAYS_CLEARED = 1,
    WB_SAYS_BLAMED = 2,
    WB_SAYS_GOLDEN_AGREES = 4,
    WB_SAYS_GOLDEN_CLEARED = 8,
    WB_SAYS_GOLDEN_BLAMED = 16,
    WB_SAYS_SAME = 32,
    WB_SAYS_READS_GOLDEN = 64,
    WB_SAYS_TWO_CHECKS = 128,
    WB_SAYS_REMADE = 256,
    WB_SAYS_TWO_DISAGREE = 512
};

/* A row of the table: the first whose `counts` bits have these `values` decides; the last always fits. */
typedef struct {
    uint16_t counts;
    uint16_t values;
    uint8_t diagnosis;
} wb_proof;

/*
 * How long a unit that nothing helps waits: 4 bits each. 0: it is well. 1: a remedy is deferred. 2 to
 * 7: looked at in every 2**(n - 1)th scan. 8: a unit of a monitor raised an alarm since it was last tried.
 */
enum { WB_WELL = 0, WB_DEFERRED = 1, WB_FAILED = 2, WB_MOST = 7, WB_ALARMED = 8 };

/* Frames after which monitors look at what became of units that wait. */
#define WB_SUMS_FRAMES 64u

typedef struct wb_area wb_area;
typedef struct wb_memory wb_memory;

typedef struct {
    int (*apply)(const wb_memory *memory, const wb_area *area, uint32_t unit); /* 0: cannot */
    uint8_t remedy;
} wb_rung;

/*
 * What is watched. `wrong` is never null, nor `same` where the golden copy is a witness; all other
 * functions may be.
 */
struct wb_area {
    int (*wrong)(const wb_memory *memory, const wb_area *area, uint32_t unit, int golden);
    int (*same)(const wb_memory *memory, const wb_area *area, uint32_t unit);
    uint32_t (*witnesses)(const wb_memory *memory, const wb_area *area, uint32_t unit);
    int (*mend_check)(const wb_memory *memory, const wb_area *area, uint32_t unit); /* remedy */
    int (*restore)(const wb_memory *memory, const wb_area *area, uint32_t unit); /* of pages */
    void (*boot)(const wb_memory *memory, const wb_area *area, uint32_t unit);
    const wb_rung *ladder;
    const wb_code *code;
    const wb_code *second;
    const wb_byte *check;        /* in flash; null where checks are in RAM ... */
    const wb_byte *second_check;
    uint32_t ram_check; /* ... this far into their section */
    uint32_t ram_second;
    uint32_t check_bytes; /* of a unit */
    uint32_t second_bytes;
    uint32_t start; /* in the working copy */
    uint32_t stop;
    uint32_t unit_bytes;
    uint32_t units;
    uint32_t step; /* from byte to byte; units of more than 1 are interleaved */
    uint32_t rungs;
    uint32_t per_frame;
    uint32_t every_frames;
    uint32_t stride; /* from unit to unit, less than their number */
    uint32_t facts;  /* WB_SAYS_READS_GOLDEN, ... */
    uint32_t proves; /* pages that agree with their checks are sound */
    uint32_t first_unit;    /* its number among the units of all areas */
    uint32_t scan_frames;   /* until every unit was looked at once */
    uint32_t backoff_shift; /* scans are waited for so many times longer, as a power of two */
    const void *parts; /* of the kind's own */
};

typedef struct {
    const wb_area *areas;
    const wb_area *validator; /* the self-test that validates remedies, or null */
    const wb_area *monitor;   /* the first, or null, and what is done every WB_SUMS_FRAMES */
    void (*look_on)(const wb_memory *memory, const wb_area *area);
    const wb_proof *proofs;
    uint32_t frames; /* what frames are counted modulo, over 2**31 */
    uint32_t area_count;
    uint32_t persistence;
    uint32_t cool_down_frames;
    uint32_t heals; /* saved up at most; 0 for no limit */
    uint32_t refill_frames;
    uint32_t reset_histories;
    uint32_t working_bytes;
    uint32_t state_bytes;
    uint32_t log_entries; /* a power of two */
    uint32_t spares;      /* spare pages ... */
    uint32_t spare_bytes; /* ... of this size */
} wb_heal_plan;

/* A page that lies in a spare one; no bytes where the spare is free, retired or named wrongly. */
typedef struct {
    uint32_t start; /* in the working copy */
    uint32_t bytes;
} wb_moved;

/* Where everything is. */
struct wb_memory {
    const wb_heal_plan *plan;
    void *model; /* the instance */
    wb_byte *working;
    const wb_byte *golden;
    unsigned char *histories;
    volatile uint32_t *variables;
    wb_byte *ram_checks;
    wb_byte *spare;
    wb_byte *backoff;
    uint32_t *state; /* the variables, one word each */
    wb_moved *moved; /* of each spare page */
    wb_log_head *head;
    wb_log_entry *log;
};

static inline uint32_t wb_majority(const volatile uint32_t *copies)
{
    const uint32_t a = copies[0], b = copies[1], c = copies[2];
    return (a & b) | (a & c) | (b & c);
}

static inline uint32_t wb_at_most(uint32_t value, uint32_t most)
{
    return value < most ? value : most;
}

static inline void wb_put_word(volatile uint32_t *at, uint32_t word)
{
#ifdef WB_STUCK
    wb_put_bytes((wb_byte *)(volatile void *)at, word, 4);
#else
    *at = word;
#endif
}

#include "wb_report.h"

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

#include "wb_spare.h"

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
    } else if (climbs) {
        for (uint32_t rung = 0; rung < area->rungs && verdict != WB_VERDICT_HEALED; rung++) {
            if (area->ladder[rung].apply(memory, area, unit)) {
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
    const uint32_t words = WB_CURSORS + plan->area_count + plan->spares;
    for (uint32_t i = 0; i < words; i++) {
        state[i] = wb_majority(memory->variables + 3 * i);
    }
    state[WB_FRAME] -= state[WB_FRAME] >= plan->frames ? plan->frames : 0u;
    state[WB_REST] = wb_at_most(state[WB_REST], plan->cool_down_frames);
    state[WB_SPENT] = wb_at_most(state[WB_SPENT], plan->heals);
    wb_follow_map(memory);
}

/* After every frame. looks: whether some area is looked at then; a constant, for less code. */
static inline void wb_heal(const wb_memory *memory, int looks)
{
    const wb_heal_plan *const plan = memory->plan;
    uint32_t *const state = memory->state;
    const uint32_t words = WB_CURSORS + plan->area_count + plan->spares;
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
}

#endif
