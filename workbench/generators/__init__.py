"""Generators: networks that make sound, each with all that is particular to it.

What comes after a generator (lowering, faults, healing, firmware, experiments, panels) knows it by its name
and by the methods of `generator.Generator` alone, so that one of your own is one file and one entry:

1. A file with a frozen configuration, a network of the layers in `workbench.generators.layers`, and a
   subclass of `Generator` that joins the two:

        from dataclasses import dataclass
        from workbench.generators.generator import Generator

        @dataclass(frozen=True)
        class TonesConfig:                       # whatever decides the network's shape, JSON-ready
            names: tuple[str, ...]
            frames: int = 24

        class Tones(Generator):
            name, noun, configuration = "tones", "tone", TonesConfig
            sample_rate_hz = 8_000

            def utterances(self, config): ...    # what it can make, as text
            def encode(self, config, utterances): ...   # input codes, int32 [n, rows, 1] by input; NumPy only
            def recordings(self, folder): ...    # what it learns, float32 [samples] by utterance
            def configure(self, recordings, recipe, settings): ...   # the configuration for these
            def samples(self, config): ...       # of an utterance
            def input_rate_hz(self, config): ... # rows of an input a second
            def network(self, config, *, quantised): ...   # imports torch; keeps `config` as its attribute

   The rest has defaults: presets and loss of training, measures of quality and their limits, what an
   utterance is called and sounds like, how large a configuration may be, checkpoints that ship, a card.

2. The entry, in the package that holds the file,

        [project.entry-points."workbench.generators"]
        tones = "tones:Tones"

   or, in a notebook, `wb.register(Tones())`, after `import workbench as wb`.

Then `workbench train tones --out DIR`, or `wb.train("tones", "DIR")`, trains it and lowers it, with proof, to the
program that lies beside the checkpoint, and every other command takes `--checkpoint DIR`. The workbench's tests bring such a generator
from outside through all of them. Nothing but `network`, `loss`, `tensors` and `lessons` may import torch: what speaks,
flips, heals and exports does without.

Modules: `generator` (the protocol), `generator_registry`, `configuration` (checks of stored ones), `inputs` and `recipe`
(plain data), `layers`, `quantisers` and `loss` (torch), and a package for each generator that ships.
"""
