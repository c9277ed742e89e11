"""One subcommand per file: `add_arguments(parser)` declares its options, `run(options)` does it.

`common` holds the options that several of them have.
"""

# Subcommand -> what it does. The module workbench.commands.<name> is imported only when it is used,
# so that `workbench --help` does not wait for torch.
COMMANDS = {
    "demo": "hear a voice, the same voice with flipped bits, and the same voice healed",
    "data": "make, fetch, check, align or analyse the recordings, or make the tables of pronunciation again",
    "phones": "say what any English text sounds like: words, phones and their durations",
    "train": "train a generator: float, then quantisation-aware",
    "measure": "measure how well a trained generator speaks",
    "modes": "measure a voice pruned in blocks, with each of its layers un-pruned, and dense",
    "lower": "lower a checkpoint to an integer program and a memory image",
    "flip": "flip bits of a memory image and save what it sounds like",
    "replay": "hear any fault trial again from its identifier, and what happened in it",
    "campaign": "run trials of any fault model, or of every bit, for every word",
    "estimate": "estimate how many bits are dangerous, to a requested width, from few trials",
    "worst": "find the few bits that do most harm together",
    "map": "see which bytes are critical and what protecting them buys, or quality over bit errors",
    "bench": "measure fault trials, voices, growth, `estimate`, codes, flash, monitors, lead, behaviour, calm, diagnoses, "
    "start-up, kernels, pruning, robust training, synthesis, versions, clusters, speech, visemes",
    "heal": "let upsets arrive while a voice speaks, with and without healing",
    "lifetime": "simulate a fleet of devices under upsets for a long time, each healing itself",
    "calibrate": "let monitors of behaviour learn what clean frames are like, for a wanted rate of false alarms",
    "compare": "compare healing strategies under the same faults: remaining harm and costs",
    "paper": "make the figures and tables of a study from one file, as a page whose numbers can be heard",
    "bundle": "pack a folder of results into one archive with checksums, or check one",
    "users": "measure what faults do to people who use a voice: lock-outs, wrong numbers",
    "export": "write the C firmware folder of a generator",
    "log": "print the log of a device's healer from bytes of its memory",
    "agree": "compare the device with its simulation under random faults, to the last byte",
    "seal": "put checkpoints and results of earlier versions under a digest",
    "version": "make of an exported folder a version that devices take into their store",
    "cuts": "cut the power of a device with a store of versions at every operation of flash, and inside it",
    "emulate": "run the exported firmware on emulated Cortex-M processors",
}
