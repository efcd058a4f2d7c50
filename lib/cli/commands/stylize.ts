// `scumble <content> <style...>`: one run, from flags to a saved picture.

import type { Command } from 'commander';
import { OptionError } from '../../errors.js';
import type { Picture, SaveOptions } from '../../image/picture.js';
import type { StylizeOptions } from '../../options/options.js';
import { DivergedError } from '../../run/diverged.js';
import { ensureNetwork } from '../ensure-network.js';
import { forecast } from '../forecast.js';
import { formatSize, formatTime } from '../format.js';
import { InterruptibleRun } from '../interruptible.js';
import { reporterFor } from '../progress.js';
import type { Reporter } from '../reporter.js';
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
second one quits at once.
Exit status: 0 done, 1 failed, 2 misuse, 129 SIGHUP, 130 Ctrl-C, 143 SIGTERM,
141 no reader.`;

export function addStylizeCommand(program: Command, version: string): void {
  program
    .usage(
      '<content> <style...> [options]\n       scumble score <picture...> --content <image> --style <image>\n       scumble explore <content> <style...>\n       scumble inspect [network]\n       scumble plot <trace...>\n       scumble weights list | pull | import | verify | path\n       scumble presets [show <name>]\n       scumble neural-style -style_image … -content_image …\n       scumble devices\n       scumble doctor\n       scumble build',
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
  const images = { ...(content !== undefined && { content }), ...(style.length > 0 && { style }) };
  const given = { ...own, ...images } as StylizeOptions;
  const options = file === undefined ? given : { ...(await optionsIn(file, given)), ...given };
  const variations = contactSheet && (await variationsIn(contactSheet, given, { saveEvery, printOptions }));
  for (const argument of ['content', 'style'] as const) {
    if (options[argument] !== undefined || variations?.some((one) => one?.option === argument)) continue;
    command.error(`error: missing required argument '${argument}'`, { code: 'commander.missingArgument' });
  }
  if (printOptions) {
    const { resultingOptions } = await import('../../options/file.js');
    process.stdout.write(`${JSON.stringify(resultingOptions(options), null, 2)}\n`);
    return;
  }
  const saving: SaveOptions = {};
  if (bitDepth !== undefined) saving.bitDepth = bitDepth;
  if (encoderQuality !== undefined) saving.encoderQuality = encoderQuality;
  const reporter = await reporterFor(kind);
  process.once('exit', () => reporter.close());
  try {
    const losses = Trace.to(trace, kind, reporter);
    if (variations) {
      const { varied } = await import('../../grid/vary.js');
      const { paintGrid } = await import('../paint-grid.js');
      await paintGrid(varied(options, variations), { output, saving, trace: losses }, reporter);
    } else {
      await paint(options, { output, saving, saveEvery, trace: losses }, reporter);
    }
  } finally {
    reporter.close();
  }
}

/** @throws OptionError, and for flags that speak of one picture */
async function variationsIn(
  texts: readonly string[],
  given: StylizeOptions,
  ofOne: Record<'saveEvery' | 'printOptions', unknown>,
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

/** A run with these options, from its checks to the picture saved. */
export async function paint(options: StylizeOptions, target: Target, reporter: Reporter): Promise<void> {
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
  const stylization = stylizing({ ...options, signal: run.signal, onWarning }, async (begun) => {
    if (reporter.forecasts) forecast(await begun.estimate(), resolved.quality, reporter);
  });
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
        break;
      }
    }
    picture ??= await stylization;
  } catch (error) {
    if (error instanceof DivergedError) await save(error.picture, ' (the last good picture)');
    else picture = run.stoppedBetweenScales();
    if (!picture) throw error;
  } finally {
    trace?.close();
  }
  await save(picture);
  if (run.exitCode !== undefined) process.exitCode = run.exitCode;
}
