// `scumble <content> <style...>`: one run, from flags to a saved picture.

import { resolve } from 'node:path';
import type { Command } from 'commander';
import { OptionError } from '../../errors.js';
import type { Picture, SaveOptions } from '../../image/picture.js';
import type { StylizeOptions } from '../../options/options.js';
import type { Checkpoint } from '../../run/checkpoint-file.js';
import { DivergedError } from '../../run/diverged.js';
import type { Run } from '../../run/run.js';
import { ensureNetwork } from '../ensure-network.js';
import { forecast } from '../forecast.js';
import { formatSize, formatTime } from '../format.js';
import { InterruptibleRun } from '../interruptible.js';
import { reported } from '../progress.js';
import type { Reporter } from '../reporter.js';
import { resumeCommand } from '../resume-command.js';
import { addStylizeFlags, type StylizeFlags } from '../stylize-flags.js';
import { Trace } from '../trace.js';

const DESCRIPTION = `Paints the content image in the style of one or more other images.

Examples:
  scumble river.jpg starry-night.jpg -o river-night.png --size 768
  scumble river.jpg a.jpg b.jpg --style-blend 3,1 --init noise --seed 7
  scumble river.jpg starry-night.jpg --preset crowsonkb --print-options > options.json
  scumble --options options.json --size 1024`;

const STATUS = `
Ctrl-C, SIGTERM or SIGHUP (a closed terminal): the picture so far is saved; a
second one quits at once. With --checkpoint the run is saved too, and how to go
on is said.
Exit status: 0 done, 1 failed, 2 misuse, 129 SIGHUP, 130 Ctrl-C, 143 SIGTERM,
141 no reader.`;

export function addStylizeCommand(program: Command, version: string): void {
  program
    .usage(
      '<content> <style...> [options]\n       scumble resume <checkpoint> [options]\n       scumble estimate <content> <style...> [options]\n       scumble score <picture...> --content <image> --style <image>\n       scumble explore <content> <style...>\n       scumble inspect [network]\n       scumble plot <trace...>\n       scumble weights list | pull | import | verify | path\n       scumble presets [show <name>]\n       scumble neural-style -style_image … -content_image …\n       scumble devices\n       scumble doctor\n       scumble build',
    )
    .description(DESCRIPTION);
  addStylizeFlags(program, version);
  program.addHelpText('after', STATUS).action(execute);
}

async function execute(
  content: string | undefined,
  style: string[],
  flags: StylizeFlags,
  command: Command,
): Promise<void> {
  const {
    output,
    bitDepth,
    encoderQuality,
    saveEvery,
    progress: kind,
    printOptions,
    trace,
    contactSheet,
    options: file,
    ...own
  } = flags;
  const variations =
    contactSheet &&
    (await variationsIn(contactSheet, imagesAnd(own, content, style), {
      saveEvery,
      printOptions,
      checkpoint: own.checkpoint,
    }));
  const varied = variations?.flatMap((one) => one?.option ?? []);
  const options = await givenOptions(content, style, own, file, command, varied);
  if (printOptions) {
    const { resultingOptions } = await import('../../options/file.js');
    process.stdout.write(`${JSON.stringify(resultingOptions(options), null, 2)}\n`);
    return;
  }
  const saving = savingOf({ bitDepth, encoderQuality });
  await reported(kind, async (reporter) => {
    const losses = Trace.to(trace, kind, reporter);
    if (variations) {
      const { varied: variants } = await import('../../grid/vary.js');
      const { paintGrid } = await import('../paint-grid.js');
      await paintGrid(variants(options, variations), { output, saving, trace: losses }, reporter);
    } else {
      await paint(options, { output, saving, saveEvery, trace: losses }, reporter);
    }
  });
}

/** Those that are given. */
export function savingOf({
  bitDepth,
  encoderQuality,
}: { [K in keyof SaveOptions]: SaveOptions[K] | undefined }): SaveOptions {
  return {
    ...(bitDepth !== undefined && { bitDepth }),
    ...(encoderQuality !== undefined && { encoderQuality }),
  };
}

/** What flags and arguments say. */
function imagesAnd(own: object, content: string | undefined, style: string[]): StylizeOptions {
  const images = { ...(content !== undefined && { content }), ...(style.length > 0 && { style }) };
  return { ...own, ...images } as StylizeOptions;
}

/**
 * What flags, arguments and a file of options say together.
 *
 * @param elsewhere options that are told otherwise, so that they may be missing here
 */
export async function givenOptions(
  content: string | undefined,
  style: string[],
  own: object,
  file: string | undefined,
  command: Command,
  elsewhere: readonly string[] = [],
): Promise<StylizeOptions> {
  const given = imagesAnd(own, content, style);
  const options = file === undefined ? given : { ...(await optionsIn(file, given)), ...given };
  for (const argument of ['content', 'style'] as const) {
    if (options[argument] !== undefined || elsewhere.includes(argument)) continue;
    command.error(`error: missing required argument '${argument}'`, { code: 'commander.missingArgument' });
  }
  return options;
}

/** @throws OptionError, and for flags that speak of one picture */
async function variationsIn(
  texts: readonly string[],
  given: StylizeOptions,
  ofOne: Record<'saveEvery' | 'printOptions' | 'checkpoint', unknown>,
) {
  for (const [name, value] of Object.entries(ofOne)) {
    if (value === undefined) continue;
    throw new OptionError(name, value, `${name} is for one picture: it does not go with --contact-sheet`);
  }
  const { variationsOf } = await import('../contact-sheet.js');
  return variationsOf(texts, given);
}

/** @throws OptionError, and for a preset beside a file, which says what every option is */
async function optionsIn(file: string, given: StylizeOptions): Promise<StylizeOptions> {
  const { preset } = given;
  if (preset !== undefined) {
    const message = 'preset does not go with --options: the file says already what every option is';
    throw new OptionError('preset', preset, message);
  }
  const { readOptions } = await import('../../options/file.js');
  const { quality, iterations, ...rest } = readOptions(file);
  if (given.quality !== undefined || given.iterations !== undefined) return rest; // one takes the other's place
  return { ...rest, ...(quality && { quality }), ...(iterations !== undefined && { iterations }) };
}

/** Where the pictures go. */
export interface Target {
  output: string;
  saving: SaveOptions;
  saveEvery: number | undefined;
  trace?: Trace | undefined;
}

/**
 * A run with these options, from its checks to the picture saved.
 *
 * @param from where to go on, if not at its beginning
 */
export async function paint(
  options: StylizeOptions,
  target: Target,
  reporter: Reporter,
  from?: Checkpoint,
): Promise<void> {
  const { output, saving, saveEvery, trace } = target;
  const run = new InterruptibleRun(reporter);
  const { resolveOptions } = await import('../../options/options.js');
  const { numbersOf } = await import('../../options/by-scale.js');
  const { stayOf } = await import('../../run/quality.js');
  const { checkFrame, checkSaving, framePath } = await import('../output.js');
  const resolved = resolveOptions(options);
  const { size, weights, download, scales, passes } = resolved;
  const most = Math.max(...numbersOf(stayOf(resolved).iterations)) * (scales + passes - 1);
  const [{ stylizing }] = await Promise.all([
    import('../../run/stylize.js'),
    checkSaving(output, saving, size),
    saveEvery && checkFrame(output, most),
    trace?.check(),
  ]);
  if (download) await ensureNetwork(weights, run.signal);

  const save = async (picture: Picture, remark = '') => {
    await picture.save(output, saving);
    reporter.close();
    const done = `${run.count} ${run.count === 1 ? 'iteration' : 'iterations'}`;
    const { width, height } = picture;
    const time = `${formatTime(performance.now() / 1000)} on ${run.device}`;
    reporter.note(`${output}: ${formatSize(width, height)}, ${done}, ${time}${remark}`);
  };
  const onWarning = ({ message }: Error) => reporter.note(`scumble: ${message}`);
  const given = { ...options, signal: run.signal, onWarning };
  let painting: Run | undefined;
  const stylization = stylizing(
    async () => ({ given, from }),
    true,
    async (begun) => {
      painting = begun;
      begun.remember({ output: resolve(output), ...saving });
      if (reporter.forecasts && !from) forecast(await begun.forecast(), resolved.quality, reporter);
    },
  );
  let picture: Picture | undefined;
  trace?.open();
  try {
    for await (const progress of stylization) {
      run.step(progress);
      trace?.step(progress);
      if (saveEvery && run.count % saveEvery === 0) {
        await (await progress.image()).save(framePath(output, run.count), saving);
      }
      if (run.isBetweenScales) run.keep(await progress.image());
      if (run.exitCode !== undefined) {
        picture = await progress.image();
        await painting!.saveCheckpoint();
        break;
      }
    }
    picture ??= await stylization;
  } catch (error) {
    if (error instanceof DivergedError) await save(error.picture, ' (the last good picture)');
    else picture = run.stoppedBetweenScales();
    if (!picture) {
      sayHowToGoOn(painting?.saved, reporter);
      throw error;
    }
  } finally {
    trace?.close();
  }
  await save(picture);
  if (run.exitCode === undefined) return;
  sayHowToGoOn(painting?.saved, reporter);
  process.exitCode = run.exitCode;
}

function sayHowToGoOn(checkpoint: string | undefined, reporter: Reporter): void {
  if (checkpoint !== undefined) reporter.note(`to go on: ${resumeCommand(checkpoint)}`);
}
