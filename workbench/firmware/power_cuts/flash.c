/* SPDX-License-Identifier: Apache-2.0 */
/* The store of versions over simulated flash that loses power; `workbench/versions/flash.py` defines how. */
#include <string.h>

#include "store/wb_store.h"

enum { MOST_BYTES = 1 << 16, REGIONS = 5, SNAPSHOTS = 2, NEVER = -1 };
enum { TEAR_BEFORE, TEAR_PREFIX, TEAR_SUBSET, TEAR_WEAK, TEAR_ALMOST, TEAR_AFTER };

typedef struct {
    uint8_t bits[MOST_BYTES];
    uint8_t weak[MOST_BYTES];
    uint8_t torn[MOST_BYTES / WB_PIECE_BYTES];
    uint8_t programmed[MOST_BYTES / WB_PIECE_BYTES];
} memory;

static memory now, snapshots[SNAPSHOTS];

static wb_region regions[REGIONS];
static uint32_t size_bytes;
static uint32_t corrects;
static uint8_t key[WB_KEY_BYTES];
static wb_store store;

static int32_t cut_operation;
static uint32_t cut_tear;
static uint32_t cut_extent;
static uint32_t random_word;
static uint32_t operations;
static uint32_t powered;
static uint32_t misuses;

static uint8_t draw(void)
{
    random_word ^= random_word << 13;
    random_word ^= random_word >> 17;
    random_word ^= random_word << 5;
    return (uint8_t)random_word;
}

static int flash_read(void *context, uint32_t address, uint8_t *bytes, uint32_t count)
{
    (void)context;
    if (!powered) {
        return -1;
    }
    for (uint32_t i = 0; corrects && i < count; i++) {
        if (now.torn[(address + i) / WB_PIECE_BYTES]) {
            return -1;
        }
    }
    for (uint32_t i = 0; i < count; i++) {
        const uint8_t weak = now.weak[address + i];
        bytes[i] = now.bits[address + i];
        if (weak) {
            bytes[i] = (uint8_t)(bytes[i] ^ (weak & draw()));
        }
    }
    return 0;
}

/* Bring bits to `data`, or to ones where there is none, as far as the power lasts. */
static int change(uint32_t address, const uint8_t *data, uint32_t count)
{
    const int cut = (int32_t)operations == cut_operation;
    const uint32_t tear = cut ? cut_tear : TEAR_AFTER;
    const int untouched = tear == TEAR_BEFORE || (tear == TEAR_PREFIX && !cut_extent);
    if (!untouched) { /* of a torn erasure too: the sector has to be erased anew */
        memset(now.programmed + address / WB_PIECE_BYTES, 1, count / WB_PIECE_BYTES);
    }
    for (uint32_t i = 0; i < count; i++) {
        const uint8_t bits = now.bits[address + i];
        const uint8_t weak = now.weak[address + i];
        const uint8_t goal = data ? (uint8_t)(bits & data[i]) : 0xffu;
        const uint8_t settled = data ? (uint8_t)~data[i] : 0xffu;
        const uint8_t todo = (uint8_t)((bits ^ goal) | (weak & settled));
        uint8_t done = 0;
        uint8_t half = 0;
        if (tear == TEAR_AFTER || (tear == TEAR_PREFIX && i < cut_extent)) {
            done = todo;
        } else if (tear == TEAR_SUBSET) {
            done = todo & draw();
        } else if (tear == TEAR_WEAK) {
            done = todo & draw();
            half = (uint8_t)(todo & ~done & draw());
        } else if (tear == TEAR_ALMOST) {
            done = i == cut_extent ? todo & draw() : todo;
            half = (uint8_t)(todo & ~done);
        }
        now.bits[address + i] = (uint8_t)((bits & ~done) | (goal & done) | half);
        now.weak[address + i] = (uint8_t)((weak & ~done) | half);
    }
    if (!cut) {
        operations++;
        return 0;
    }
    powered = 0;
    if (tear == TEAR_SUBSET || tear == TEAR_WEAK || tear == TEAR_ALMOST) {
        memset(now.torn + address / WB_PIECE_BYTES, 1, count / WB_PIECE_BYTES);
    } else if (tear == TEAR_PREFIX && cut_extent < count && cut_extent % WB_PIECE_BYTES) {
        now.torn[(address + cut_extent) / WB_PIECE_BYTES] = 1;
    }
    return -1;
}

static int flash_program(void *context, uint32_t address, const uint8_t *bytes, uint32_t count)
{
    (void)context;
    if (!powered) {
        return -1;
    }
    misuses += address % WB_PIECE_BYTES || count % WB_PIECE_BYTES;
    for (uint32_t i = 0; i < count; i += WB_PIECE_BYTES) {
        misuses += now.programmed[(address + i) / WB_PIECE_BYTES];
    }
    return change(address, bytes, count);
}

static int flash_erase(void *context, uint32_t address)
{
    (void)context;
    if (!powered) {
        return -1;
    }
    for (uint32_t i = 0; i < REGIONS; i++) {
        const wb_region *const region = &regions[i];
        if (address >= region->address && address < region->address + region->bytes &&
            !((address - region->address) % region->sector_bytes)) {
            const uint32_t first = address / WB_PIECE_BYTES;
            const uint32_t pieces = region->sector_bytes / WB_PIECE_BYTES;
            misuses += i == 2; /* the factory's */
            if (change(address, NULL, region->sector_bytes)) {
                return -1;
            }
            memset(now.programmed + first, 0, pieces);
            memset(now.torn + first, 0, pieces);
            return 0;
        }
    }
    misuses++;
    return -1;
}

static int flash_begin(void *context)
{
    (void)context;
    return 0;
}

static void flash_end(void *context)
{
    (void)context;
}

static const wb_flash flash = {flash_read, flash_program, flash_erase, flash_begin, flash_end, NULL};
static wb_store_design design = {&flash, regions, regions + 2, key, {0}, 0, 0, NULL, NULL};

/* -- what the machine calls ---------------------------------------------------------------------- */

void sim_design(const uint32_t *numbers, const uint8_t *its_key, const uint8_t *product)
{
    for (uint32_t i = 0; i < REGIONS; i++) {
        regions[i].address = numbers[3 * i];
        regions[i].bytes = numbers[3 * i + 1];
        regions[i].sector_bytes = numbers[3 * i + 2];
    }
    size_bytes = numbers[15];
    corrects = numbers[16];
    design.board = numbers[17];
    design.most_attempts = (uint8_t)numbers[18];
    memcpy(key, its_key, sizeof key);
    memcpy(design.product, product, sizeof design.product);
    memset(&now, 0, sizeof now);
    memset(now.bits, 0xff, sizeof now.bits);
    misuses = 0;
}

/* Bytes that come from nowhere: from the factory, or by a fault. */
void sim_damage(uint32_t address, const uint8_t *bytes, uint32_t count)
{
    memcpy(now.bits + address, bytes, count);
}

static void copy(memory *to, const memory *from)
{
    memcpy(to->bits, from->bits, size_bytes);
    memcpy(to->weak, from->weak, size_bytes);
    memcpy(to->torn, from->torn, size_bytes / WB_PIECE_BYTES);
    memcpy(to->programmed, from->programmed, size_bytes / WB_PIECE_BYTES);
}

void sim_save(uint32_t number)
{
    copy(&snapshots[number], &now);
}

void sim_restore(uint32_t number)
{
    copy(&now, &snapshots[number]);
}

void sim_power_on(int32_t operation, uint32_t tear, uint32_t extent, uint32_t seed)
{
    cut_operation = operation;
    cut_tear = tear;
    cut_extent = extent;
    if (operation != NEVER) {
        random_word = seed;
    }
    operations = 0;
    powered = 1;
}

int sim_open(void)
{
    return (int)wb_store_open(&store, &design);
}

int sim_start(void)
{
    wb_store_status status = wb_store_start(&store);
    if (status == WB_STORE_OK) {
        do {
            status = wb_store_check(&store, UINT32_MAX);
        } while (status == WB_STORE_BUSY);
    }
    return (int)status;
}

int sim_begin(const uint8_t *header)
{
    return (int)wb_store_install(&store, header);
}

int sim_write(const uint8_t *bytes, uint32_t count)
{
    return (int)wb_store_write(&store, bytes, count);
}

int sim_commit(void)
{
    wb_store_status status;
    do {
        status = wb_store_commit(&store, 48);
    } while (status == WB_STORE_BUSY);
    return (int)status;
}

int sim_abandon(void)
{
    wb_store_abandon(&store);
    return WB_STORE_OK;
}

int sim_confirm(void)
{
    return (int)wb_store_confirm(&store);
}

int sim_roll_back(void)
{
    return (int)wb_store_roll_back(&store);
}

int sim_reset(void)
{
    return (int)wb_store_reset(&store);
}

/* The state, as 14 numbers and two short tags. */
static void tell(const wb_record *record, uint32_t *numbers, uint8_t *tags)
{
    numbers[0] = record->kind;
    numbers[1] = record->index;
    numbers[2] = record->floor;
    numbers[3] = record->active;
    numbers[4] = record->previous;
    numbers[5] = record->trial;
    numbers[6] = record->attempts;
    numbers[7] = record->active_sequence;
    numbers[8] = record->previous_sequence;
    memcpy(tags, record->active_tag, WB_RECORD_TAG);
    memcpy(tags + WB_RECORD_TAG, record->previous_tag, WB_RECORD_TAG);
}

void sim_tell(uint32_t *numbers, uint8_t *tags)
{
    tell(&store.journal.state, numbers, tags);
    numbers[9] = store.journal.lost;
    numbers[10] = store.running;
    numbers[11] = operations;
    numbers[12] = powered;
    numbers[13] = misuses;
}

int sim_history(uint32_t index, uint32_t *numbers, uint8_t *tags)
{
    wb_record record;
    if (!wb_store_history(&store, index, &record)) {
        return 0;
    }
    tell(&record, numbers, tags);
    return 1;
}

uint32_t sim_content(uint8_t *bytes)
{
    uint32_t count;
    const uint32_t address = wb_store_content(&store, &count);
    if (flash_read(NULL, address, bytes, count)) {
        return UINT32_MAX;
    }
    return count;
}

void sim_flash(uint8_t *bits, uint8_t *weak)
{
    memcpy(bits, now.bits, size_bytes);
    memcpy(weak, now.weak, size_bytes);
}
