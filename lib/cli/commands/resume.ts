// `scumble resume`: goes on from a checkpoint.

import { relative } from 'node:path';
import type { Command } from 'commander';
import type { SaveOptions } from '../../image/picture.js';
import { descriptions } from '../../options/describe.js';
import type { Checkpoint } from '../../run/checkpoint-file.js';
import type { ResumeOptions } from '../../run/resume.js';
import { reported } from '../progress.js';
import { addFlag, addOutputFlags, type StylizeFlags } from '../stylize-flags.js';
import { paint, savingOf, type Target } from './stylize.js';

const DESCRIPTION = `Goes on from a checkpoint that a run with --checkpoint has saved, and ends in
the same picture as one that nothing has stopped.

Examples:
  scumble resume run.ckpt
  scumble resume run.ckpt --iterations 1000 -o more.png`;

const EXPLANATION = `
Images and network have to be those of the beginning, known by their SHA-256; where they
are now, --content, --style, --init and --weights can say. docs/long-runs.md says more.`;

/** Flags that the help has, and what it says where a run is not begun but goes on. */
const SHOWN: Record<string, string | undefined> = {
  init: 'where the image to start from is now',
  weights: 'where the network is now',
  iterations: 'at the scale where it stands and those to come\n(default: as it began)',
  device: 'where to compute (default: as it began)',
  precision: 'how exactly to compute (default: as it began)',
  threads: undefined,
  checkpoint: 'a file to save the run to from now on (default: this one)',
  checkpointEvery: undefined,
};

type ResumeFlags = Omit<StylizeFlags, 'output'> & ResumeOptions & { output?: string };

export function addResumeCommand(program: Command): void {
  const command = program
    .command('resume')
    .summary('go on from a checkpoint')
    .description(DESCRIPTION)
    .argument('<checkpoint>', 'the file that --checkpoint named');
  addOutputFlags(command);
  command
    .optionsGroup('Images:')
    .option('--content <image>', 'where the content image is now')
    .option('--style <image...>', 'where the style images are now');
  for (const option of descriptions()) {
    if (option.name in SHOWN) addFlag(command, option, SHOWN[option.name]);
  }
  // All others are read too, so that one that cannot change is refused by its name.
  const shown = new Set(command.options);
  for (const option of descriptions()) if (!(option.name in SHOWN)) addFlag(command, option);
  for (const option of command.options) if (!shown.has(option)) option.hideHelp();
  command.addHelpText('after', EXPLANATION).action(execute);
}

async function execute(path: string, flags: ResumeFlags, command: Command): Promise<void> {
  const { output, bitDepth, encoderQuality, saveEvery, progress, ...changes } = flags;
  const { resumption } = await import('../../run/resume.js');
  const { given, from } = await resumption(path, { download: true, ...changes });
  const isGiven = command.getOptionValueSource('output') === 'cli';
  const before = targetOf(from.command);
  const target: Target = {
    output: isGiven || before.output === undefined ? output! : before.output,
    saving: { ...(isGiven ? {} : before.saving), ...savingOf({ bitDepth, encoderQuality }) },
    saveEvery,
  };
  await reported(progress, async (reporter) => {
    const { scale, scaleIndex, scaleCount, iteration } = from.standing;
    reporter.note(
      `going on at ${scale.join('×')} (scale ${scaleIndex}/${scaleCount}), after iteration ${iteration}`,
    );
    await paint(given, target, reporter, from);
  });
}

/** Where the command that began meant the picture to go. */
function targetOf(command: Checkpoint['command'] = {}): { output?: string; saving: SaveOptions } {
  const { output, bitDepth, encoderQuality } = command;
  return {
    ...(typeof output === 'string' && output !== '' && { output: relative(process.cwd(), output) }),
    saving: {
      ...((bitDepth === 8 || bitDepth === 16) && { bitDepth }),
      ...(typeof encoderQuality === 'number' && { encoderQuality }),
    },
  };
}
