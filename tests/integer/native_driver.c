/* SPDX-License-Identifier: Apache-2.0 */
/* Runs trials of a model that tests/integer/emulated.py dumped, on a processor that is emulated.
 *
 * Input: int64 sizes of all that follows; the arrays, end to end; pairs of int64 (where a pointer lies,
 * where it points to); offsets of trials; faults. Output: what wb_prepare returns, outcomes, sounds.
 */
#include <stdio.h>
#include <stdlib.h>

#include "sparse.h"

int32_t wb_prepare(Model *m);
void wb_layout(int32_t *layout);
int32_t wb_trials(Model *m, const int64_t *offset, const Fault *fault, int64_t trials, Outcome *outcome, int16_t *output);

static void *read_bytes(size_t bytes)
{
    char *room = aligned_alloc(64, (bytes + 127) / 64 * 64);
    if (!room || fread(room, 1, bytes, stdin) != bytes) exit(3);
    return room;
}

int main(int arguments, char **argument)
{
    int32_t layout[6], wrong;
    int64_t size[5]; /* bytes of arrays, where the model lies in them, pointers, trials, codes of a sound */
    if (arguments > 1 && argument[1][0] == 'l') {
        wb_layout(layout);
        printf("%d %d %d %d %d %d\n", layout[0], layout[1], layout[2], layout[3], layout[4], layout[5]);
        return 0;
    }
    while (fread(size, sizeof size, 1, stdin) == 1) {
        char *arrays = read_bytes((size_t)size[0]);
        int64_t *pointer = read_bytes(16 * (size_t)size[2]);
        int64_t *offset = read_bytes(8 * (size_t)(size[3] + 1));
        Fault *fault = read_bytes(sizeof *fault * (size_t)offset[size[3]]);
        Outcome *outcome = calloc((size_t)size[3] + 1, sizeof *outcome);
        int16_t *sounds = calloc((size_t)(size[3] * size[4]) + 1, 2);
        for (int64_t i = 0; i < size[2]; i++) *(void **)(arrays + pointer[2 * i]) = arrays + pointer[2 * i + 1];
        Model *m = (Model *)(arrays + size[1]);
        wrong = wb_prepare(m);
        if (!outcome || !sounds || wb_trials(m, offset, fault, size[3], outcome, sounds)) return 4;
        fwrite(&wrong, 4, 1, stdout);
        fwrite(outcome, sizeof *outcome, (size_t)size[3], stdout);
        fwrite(sounds, 2, (size_t)(size[3] * size[4]), stdout);
        fflush(stdout);
    }
    return 0;
}
