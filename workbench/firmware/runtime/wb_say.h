/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Speech without a host: utterances lie in flash as phones of 6 bits, and become the inputs of a model frame by
 * frame. How long a phone lasts is a sum of effects: of itself, of its neighbours, of the syllables that follow in its
 * phrase, and of the end of the phrase. Whatever a fault makes of a wb_speech, nothing outside of it is read.
 */
#ifndef WB_SAY_H
#define WB_SAY_H

#include <stdint.h>

/* Phones of what is said at once, one byte each. */
#ifndef WB_SAY_MOST
#define WB_SAY_MOST 256u
#endif

enum {
    WB_SAY_OK = 0,
    WB_SAY_UNKNOWN = 1, /* there is no such utterance */
    WB_SAY_FULL = 2,    /* more than WB_SAY_MOST phones */
    WB_SAY_DAMAGED = 3  /* the dictionary is; a wrong word would be worse than none */
};

#define WB_SAY_ROWS 55u   /* of phones, of which row 0 is a pause */
#define WB_SAY_MARGIN 63u /* the code of the silence at both ends */
#define WB_SAY_PLACES 31u /* what lies further counts as this far */
#define WB_SAY_LENGTHS 58u

typedef struct {
    const uint8_t *codes;   /* of all utterances, 6 bits each */
    const uint16_t *starts; /* codes before each utterance, and before the end */
    uint32_t utterances;
    uint32_t crc; /* CRC-32 of codes, then starts */
    int32_t mean;
    const int16_t *phone, *last, *before, *after; /* [WB_SAY_ROWS], 1/64 octave */
    const int16_t *syllables;                     /* [4] */
    const int16_t *longer;                        /* [WB_SAY_LENGTHS], sums for 3, 4, ... frames */
    const uint8_t *pauses;                        /* [4], frames: in braces, comma, stop, margin */
    uint32_t vowels;                              /* rows from 1 to here */
} wb_dictionary;

/* What is being said; yours, one for each voice. */
typedef struct {
    uint32_t count;         /* phones, without the silence behind them */
    uint32_t next;          /* the phone that begins next */
    uint32_t frame, frames; /* of the present phone */
    uint32_t begun, left;   /* frames of the present phrase or pause */
    uint8_t codes[WB_SAY_MOST];
} wb_speech;

/* Rows of the model's embeddings for one frame. */
typedef struct {
    uint8_t before, phone, after, since, until, begun, left;
} wb_say_rows;

static uint32_t wb_say_crc(uint32_t crc, const uint8_t *bytes, uint32_t count)
{
    while (count--) {
        crc ^= *bytes++;
        for (int bit = 0; bit < 8; bit++) {
            crc = crc >> 1 ^ (0xedb88320u & (0u - (crc & 1u)));
        }
    }
    return crc;
}

static inline uint32_t wb_say_code(const wb_speech *speech, uint32_t at)
{
    return at < speech->count && at < WB_SAY_MOST ? speech->codes[at] & 63u : WB_SAY_MARGIN;
}

/* The row of a phone; pauses of every kind are row 0. */
static inline uint32_t wb_say_row(const wb_speech *speech, uint32_t at)
{
    const uint32_t code = wb_say_code(speech, at);
    return code < WB_SAY_ROWS ? code : 0u;
}

/* Frames of the phone at a place. */
static uint32_t wb_say_frames(const wb_dictionary *words, const wb_speech *speech, uint32_t at)
{
    const uint32_t code = wb_say_code(speech, at), row = wb_say_row(speech, at);
    if (!row) {
        return words->pauses[code == 0u ? 0u : code == 55u ? 1u : code == 56u ? 2u : 3u];
    }
    const uint32_t after = wb_say_row(speech, at + 1u);
    uint32_t syllables = 0, frames = 2;
    for (uint32_t i = at + 1u, next; syllables < 3u && (next = wb_say_row(speech, i)) != 0u; i++) {
        syllables += (uint32_t)(next <= words->vowels);
    }
    int32_t sum = words->mean + words->phone[row] + words->after[after] + words->syllables[syllables];
    sum += words->before[at ? wb_say_row(speech, at - 1u) : 0u];
    sum += after ? 0 : words->last[row];
    while (frames < 2u + WB_SAY_LENGTHS && sum >= words->longer[frames - 2u]) {
        frames++;
    }
    return frames;
}

/* Forget what was said. */
static inline void wb_say_begin(wb_speech *speech)
{
    speech->count = 1;
    speech->codes[0] = WB_SAY_MARGIN;
    speech->next = speech->frame = speech->frames = speech->begun = speech->left = 0;
}

/* Say one more utterance behind the others, before the first frame. */
static inline int wb_say_add(const wb_dictionary *words, wb_speech *speech, uint32_t index)
{
    if (index >= words->utterances) {
        return WB_SAY_UNKNOWN;
    }
    const uint32_t bytes = (6u * words->starts[words->utterances] + 7u) / 8u;
    const uint32_t crc = wb_say_crc(wb_say_crc(0xffffffffu, words->codes, bytes),
                                    (const uint8_t *)words->starts, 2u * words->utterances + 2u);
    if (~crc != words->crc) {
        return WB_SAY_DAMAGED;
    }
    const uint32_t first = words->starts[index], phones = words->starts[index + 1u] - first;
    if (speech->count > WB_SAY_MOST || phones > WB_SAY_MOST - speech->count) {
        return WB_SAY_FULL;
    }
    for (uint32_t i = 0; i < phones; i++) {
        const uint32_t bit = 6u * (first + i);
        uint32_t two = words->codes[bit >> 3];
        if ((bit & 7u) > 2u) {
            two |= (uint32_t)words->codes[(bit >> 3) + 1u] << 8;
        }
        speech->codes[speech->count++] = (uint8_t)(two >> (bit & 7u) & 63u);
    }
    return WB_SAY_OK;
}

static inline uint8_t wb_say_place(uint32_t frames)
{
    return (uint8_t)(frames < WB_SAY_PLACES ? frames : WB_SAY_PLACES);
}

/* The rows of the next frame; 0 where nothing is left to be said. */
static inline int wb_say_next(const wb_dictionary *words, wb_speech *speech, wb_say_rows *rows)
{
    if (speech->frame >= speech->frames) {
        const uint32_t at = speech->next;
        const uint32_t count = speech->count < WB_SAY_MOST ? speech->count : WB_SAY_MOST;
        if (at > count) {
            return 0;
        }
        speech->next++;
        speech->frame = 0;
        speech->frames = wb_say_frames(words, speech, at);
        if (!wb_say_row(speech, at) || !at || !wb_say_row(speech, at - 1u)) { /* a phrase begins */
            speech->begun = 0;
            speech->left = speech->frames;
            for (uint32_t i = at + 1u; wb_say_row(speech, at) && wb_say_row(speech, i); i++) {
                speech->left += wb_say_frames(words, speech, i);
            }
        }
    }
    const uint32_t at = speech->next - 1u;
    speech->left--;
    rows->before = (uint8_t)(at ? wb_say_row(speech, at - 1u) : 0u);
    rows->phone = (uint8_t)wb_say_row(speech, at);
    rows->after = (uint8_t)wb_say_row(speech, at + 1u);
    rows->since = wb_say_place(speech->frame);
    rows->until = wb_say_place(speech->frames - 1u - speech->frame);
    rows->begun = wb_say_place(speech->begun / 4u);
    rows->left = wb_say_place(speech->left / 4u);
    speech->frame++;
    speech->begun++;
    return 1;
}

#endif
