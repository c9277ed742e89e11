/* SPDX-License-Identifier: Apache-2.0
 *
 * The operator `synthesis` in a trial and in frames of a device. Only frames are computed whose controls, tables
 * or past differ from the clean run's; where the past is equal again, so are the frames after it.
 *
 * `element` of a fault counts ENTRY: sine, exponential, level, envelope_bin, voicing_bin, end to end; HISTORY: wave,
 * tail, phase, step, noise.
 */
#ifndef WB_SPEAK_H
#define WB_SPEAK_H

#include "synthesis.h"

/* What a frame is spoken after. wave: as of a Period. own: room for a wave and a tail that no frame made. */
typedef struct {
    Words words;
    const uint32_t *wave;
    const int16_t *tail;
    uint32_t own_wave[WB_POINTS];
    int16_t own_tail[WB_FADE];
} Past;

static void after_clean(const Operator *op, Past *past, int frame)
{
    past->words = op->clean_words[frame];
    past->wave = op->clean_period[frame].pair; /* that of the frame before: the first is silence */
    past->tail = op->clean_period[frame].tail;
}

static int is_after_clean(const Operator *op, const Past *past, int frame)
{
    return past->wave == op->clean_period[frame].pair && past->tail == op->clean_period[frame].tail &&
           !memcmp(&past->words, op->clean_words + frame, sizeof past->words);
}

static void own_wave(Past *past)
{
    if (past->wave != past->own_wave) memcpy(past->own_wave, past->wave, sizeof past->own_wave);
    past->wave = past->own_wave;
}

static void own_tail(Past *past)
{
    if (past->tail != past->own_tail) memcpy(past->own_tail, past->tail, sizeof past->own_tail);
    past->tail = past->own_tail;
}

static void upset_past(Past *past, const Fault *f)
{
    int element = f->element;
    if (element < WB_POINTS) {
        uint32_t *pair = past->own_wave, *before = pair + ((element + 255) & 255);
        own_wave(past);
        int code = after(f, (int16_t)pair[element], 16);
        pair[element] = (pair[element] & 0xffff0000u) | (uint16_t)code;
        *before = pair_of((int)*before, code);
    } else if (element < WB_POINTS + WB_FADE) {
        own_tail(past);
        past->own_tail[element - WB_POINTS] = (int16_t)after(f, past->own_tail[element - WB_POINTS], 16);
    } else {
        uint32_t *word[] = {&past->words.phase, &past->words.step, &past->words.noise};
        uint32_t *hit = word[element - WB_POINTS - WB_FADE];
        *hit = (uint32_t)after(f, (int32_t)*hit, 32);
    }
}

static const int16_t *controls_at(const Signal *x, const void *codes, int frame)
{
    return (const int16_t *)codes + (long)frame * x->stride;
}

static void store_samples(Signal *y, int frame, const int16_t *samples)
{
    long first = (long)frame * WB_HOP, at = first * y->stride;
    int differ = 0;
    for (int n = 0; n < WB_HOP; n++) differ |= samples[n] ^ ((const int16_t *)y->clean)[at + n * y->stride];
    for (int n = 0; n < WB_HOP; n++) ((int16_t *)y->now)[at + n * y->stride] = samples[n];
    if (!differ) return;
    note(y, first);
    note(y, first + WB_HOP - 1);
}

/* Speak a frame whose controls, tables or past may differ. `damaged`: the tables do. */
static void speak_frame(const Operator *op, const Tables *t, int damaged, const Signal *x, Signal *y, int frame, Past *past)
{
    const int16_t *controls = controls_at(x, x->now, frame);
    const Period *clean = op->clean_period + frame + 1, *period = clean;
    const Words *words = op->clean_words + frame, before = past->words;
    Voice v = next_voice(t, controls, &past->words);
    int16_t samples[WB_HOP];
    int equal = !damaged && !memcmp(controls, controls_at(x, x->clean, frame), 2 * WB_CONTROLS);
    if (!equal || v.seed != seed_of(v.voiced, words)) {
        Period *now = op->now_period + frame + 1;
        make_period(t, &v, controls, now);
        if (memcmp(now, clean, sizeof *now)) period = now;
    }
    /* With these controls and words that are read alike, the frame moves on alike, too. */
    int alike = equal && before.phase == words->phase && !((before.step ^ words->step) & WB_STEP_MASK);
    if (!alike || period != clean || past->wave != clean[-1].pair || past->tail != clean[-1].tail) {
        make_samples(t, &v, past->wave, past->tail, period, samples);
        store_samples(y, frame, samples);
    }
    past->wave = period->pair;
    past->tail = period->tail;
}

/* Faults are sorted by time, those of tables before those of the state. */
static void speak(Model *m, Operator *op, const Fault *fault, int faults)
{
    const Signal *x = m->signal + op->source;
    Signal *y = m->signal + op->target;
    Past past;
    Tables tables;
    int entries = 0, entry = 0, damaged = 0, frame = x->low;
    while (entries < faults && fault[entries].kind == ENTRY) entries++;
    int state = entries;
    if (entries && fault[0].frame < frame) frame = fault[0].frame;
    if (state < faults && fault[state].frame < frame) frame = fault[state].frame;
    take_tables(&tables, op->clean_entry);
    after_clean(op, &past, frame);
    for (; frame < x->rows; frame++) {
        int changed = 0;
        for (; entry < entries && fault[entry].frame <= frame; entry++, changed = 1)
            upset_entry(op, fault + entry);
        if (changed) {
            take_tables(&tables, op->entry);
            damaged = memcmp(op->entry, op->clean_entry, 2 * WB_ENTRIES) != 0;
        }
        for (; state < faults && fault[state].frame <= frame; state++) upset_past(&past, fault + state);
        if (!damaged && is_after_clean(op, &past, frame)) {
            if (frame >= x->high && entry == entries && state == faults) break;
            if (!memcmp(controls_at(x, x->now, frame), controls_at(x, x->clean, frame), 2 * WB_CONTROLS)) {
                after_clean(op, &past, frame + 1);
                continue;
            }
        }
        speak_frame(op, &tables, damaged, x, y, frame, &past);
    }
    forget_entries(op, fault, entry);
}

/* The clean run. Returns whether its samples are not the reference's. */
static int speak_clean(Model *m, Operator *op)
{
    const Signal *x = m->signal + op->source;
    Signal *y = m->signal + op->target;
    Tables tables;
    Words words = {0, 0, 0};
    take_tables(&tables, op->clean_entry);
    for (int frame = 0; frame < x->rows; frame++) {
        const int16_t *controls = controls_at(x, x->clean, frame);
        Period *period = op->clean_period + frame + 1;
        int16_t samples[WB_HOP];
        op->clean_words[frame] = words;
        Voice v = next_voice(&tables, controls, &words);
        make_period(&tables, &v, controls, period);
        make_samples(&tables, &v, period[-1].pair, period[-1].tail, period, samples);
        store_samples(y, frame, samples);
    }
    op->clean_words[x->rows] = words;
    return differs(y);
}

#endif
