// The flags of the default command: its own, and those of the API's options, which carry the API's names in kebab case and
// have no default here: what is not given is left to the API, and the help only quotes it.

import { type Command, InvalidArgumentError, Option } from 'commander';
import { type Description, descriptions, flagOf, whatItIs } from '../options/describe.js';
import type { StylizeOptions } from '../options/stylize-options.js';
import {
  parseByScale,
  parseEvery,
  parseInterval,
  parseLayers,
  parseNames,
  parseNumber,
  parseNumbers,
  parseOutput,
} from './parse.js';
import { PROGRESS_KINDS, type ProgressKind } from './reporter.js';

/** The flags as parsed: the API's options, and the command's own. */
export interface StylizeFlags
  extends Omit<StylizeOptions, 'content' | 'style' | 'onProgress' | 'onWarning' | 'signal'> {
  output: string;
  bitDepth?: 8 | 16;
  encoderQuality?: number;
  saveEvery?: number;
  trace?: string;
  /** `option=values`, once or twice. */
  contactSheet?: string[];
  progress: ProgressKind;
  printOptions?: boolean;
  /** A file of them. */
  options?: string;
}

/** All flags of the default command, and the arguments of a run. */
export function addStylizeFlags(program: Command, version: string): void {
  addOutputFlags(program);
  program
    .option(
      '--trace <file>',
      "write every iteration's losses, as lines of JSON\n(see scumble plot); - is stdout",
    )
    .option(
      '--contact-sheet <o=v,…>',
      'paint a picture for each value of an option, as\ntv-weight=0,1,10, on one sheet; twice makes a grid',
      (text, before: string[] = []) => [...before, text],
    )
    .optionsGroup('Preset:')
    .option('--print-options', 'print the options that result, as JSON, and do nothing else');
  addOptionFlags(program);
  program
    .optionsGroup('Other:')
    .version(version, '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print this');
}

/** Where pictures go, and what is told on the way. */
export function addOutputFlags(command: Command): void {
  command
    .optionsGroup('Output:')
    .option(
      '-o, --output <file>',
      '.png, .jpg, .webp, .tif or .avif (default: out.png)',
      parseOutput,
      'out.png',
    )
    .option('--bit-depth <bits>', '8, or 16 for PNG and TIFF (default: 8)', parseNumber)
    .option('--encoder-quality <n>', '1..100 for JPEG, WebP, AVIF (default: 95, 95, 80)', parseNumber)
    .option('--save-every <n>', 'after every n iterations also save out_<count>.png', parseEvery)
    .addOption(
      new Option(
        '--progress <kind>',
        'bar, lines, json (on stdout) or none (default: auto,\nwhich is bar on a terminal, else lines)',
      )
        .choices(PROGRESS_KINDS)
        .default('auto', 'auto'),
    );
}

/** What to paint by, also from a file, and its arguments. */
export function addOptionFlags(command: Command): void {
  command
    .optionsGroup('Preset:')
    .option(
      '--options <file>',
      'run by the options of a file that --print-options wrote; others override it',
    );
  addApiFlags(command);
}

/** The API's options, arguments among them. */
export function addApiFlags(command: Command): void {
  for (const option of descriptions()) {
    addArgument(command, option);
    addFlag(command, option);
  }
}

const PARSERS = new Map<Description['reads'], (text: string) => unknown>([
  ['number', parseNumber],
  ['numbers', parseNumbers],
  ['byScale', parseByScale],
  ['layers', parseLayers],
  ['names', parseNames],
  ['interval', parseInterval],
]);

/** What a flag's text means, for any option that the command reads. */
export function parseValue({ reads }: Description, text: string): unknown {
  if (reads === 'texts') return [text];
  if (reads !== 'switch') return PARSERS.get(reads)?.(text) ?? text;
  if (text === 'true' || text === 'false') return text === 'true';
  throw new InvalidArgumentError('It must be true or false.');
}

// A file of options may have them, so that who runs must see to it that they are there.
function addArgument(program: Command, { name, about, reads, command }: Description): void {
  if (command === 'argument') program.argument(reads === 'texts' ? `[${name}...]` : `[${name}]`, about);
}

/** The flag of an option, if it has one. @param help what the help says of it, instead of what it says of a run */
export function addFlag(program: Command, option: Description, help = helpOf(option)): void {
  const { title, reads, value, command } = option;
  const flag = flagOf(option);
  if (!flag) return;
  const flags = reads === 'switch' ? flag : `${flag} <${value}>`;
  const added = new Option(flags, typeof command === 'object' ? command.refusal : help);
  const parser = PARSERS.get(reads);
  program.addOption((parser ? added.argParser(parser) : added).helpGroup(`${title}:`));
  // What a preset or a file of options switched on can be switched off.
  if (reads === 'switch' && !command) program.addOption(new Option(flag.replace('--', '--no-')).hideHelp());
}

/** Columns of a description where the help has 80. */
const COLUMNS = 53;

/** The description; a default that finds no room behind it stands below. */
function helpOf(option: Description): string {
  const what = whatItIs(option, option.written);
  if (option.reads === 'switch') return what; // which is off without its flag
  const preset = `(default: ${option.default})`;
  return what.length + preset.length < COLUMNS ? `${what} ${preset}` : `${what}\n${preset}`;
}
