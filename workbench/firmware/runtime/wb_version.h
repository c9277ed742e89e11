/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which version of the parameters runs, of those that lie in flash.
 *
 * A variable of the healer says so: in its low 2 bits a rank, 0 for the version that was started, the last for the
 * factory's; above it 2 bits for each rank, the slot of its version, exclusive-or the rank.
 */
#ifndef WB_VERSION_H
#define WB_VERSION_H

#include "wb_plan.h"

static inline uint32_t *wb_version_word(const wb_memory *memory)
{
    return memory->state + WB_CURSORS + memory->plan->area_count + memory->plan->spares;
}

/* Golden copy and checks are those of the version that the variable names, whatever upsets made of it. */
static inline void wb_follow_version(const wb_memory *memory)
{
    const wb_heal_plan *const plan = memory->plan;
    const uint32_t word = *wb_version_word(memory);
    const uint32_t rank = wb_at_most(word & 3u, plan->versions - 1u);
    const uint32_t slot = wb_at_most((word >> (2u + 2u * rank) & 3u) ^ rank, plan->versions - 1u);
    memory->self->golden = plan->slots[slot];
    memory->self->rank = rank;
}

#endif
