// Presets: options by name, each a file of presets/ (or the user's own), over the one schema. What a preset is made for, what
// it needs and what it forbids is in its file too.

import { readdirSync, readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';
import * as z from 'zod';
import { OptionError } from '../errors.js';
import { ARCHITECTURES, type Architecture } from '../weights/network.js';
import { refusal } from './refusal.js';
import { schema } from './schema.js';
import type { StylizeOptions } from './stylize-options.js';

const folder = new URL('../../presets/', import.meta.url);

/** The version of preset files that this Scumble reads. */
const VERSION = 1;

/** What a preset may say: not what is painted, by whom it is watched, where it is saved on its way, or from which preset to begin. */
const settable = schema
  .omit({
    content: true,
    style: true,
    preset: true,
    checkpoint: true,
    checkpointEvery: true,
    onProgress: true,
    onWarning: true,
    signal: true,
  })
  .partial();

const architectures = Object.keys(ARCHITECTURES) as [Architecture, ...Architecture[]];
const words = z.record(z.string(), z.string().min(1));
const said = z.record(z.string(), z.unknown());
const file = z.strictObject({
  version: z.literal(VERSION),
  about: z.string().min(1),
  /** Where its values are from. */
  sources: z.array(z.string().min(1)).min(1),
  options: said,
  /** Options that are others where an option has a value: by the option, then by its value. */
  variants: z.record(z.string(), z.record(z.string(), said)).default({}),
  /** The networks it can use. */
  needs: z
    .strictObject({
      architecture: z.enum(architectures),
      /** Channels of each block. */
      widths: z.array(z.int().positive()),
      /** What white is in its input. */
      range: z.number().positive().optional(),
      /** A network of the catalogue that is one. */
      such: z.string(),
    })
    .optional(),
  /** Options that may not be overridden, each with why. */
  forbids: words.default({}),
  /** What there is to say of options' values. */
  notes: words.default({}),
});

/** A preset. */
export interface Preset extends Omit<z.output<typeof file>, 'version'> {
  name: string;
}

/** The names of the presets that there are. */
export function presetNames(): string[] {
  return readdirSync(folder)
    .filter((name) => name.endsWith('.json'))
    .map((name) => basename(name, '.json'))
    .sort();
}

/** The preset with that name, or in that file. @throws OptionError */
export function presetOf(nameOrPath: string): Preset {
  if (presetNames().includes(nameOrPath)) {
    return parsePreset(nameOrPath, fileURLToPath(new URL(`${nameOrPath}.json`, folder)));
  }
  if (!/[/\\]|\.json$/.test(nameOrPath)) {
    throw refuse(nameOrPath, `preset must be ${listOf(presetNames())} or a JSON file, not "${nameOrPath}"`);
  }
  return parsePreset(nameOrPath, nameOrPath);
}

function parsePreset(name: string, path: string): Preset {
  const content = readJson('preset', path);
  const { version } = (content ?? {}) as { version?: unknown };
  if (typeof version === 'number' && version > VERSION) {
    throw refuse(name, `preset ${name} is of version ${version}: this Scumble reads version ${VERSION}`);
  }
  const parsed = file.safeParse(content);
  if (!parsed.success) {
    const { path: at, message } = parsed.error.issues[0]!;
    throw refuse(name, `preset ${name} is no preset: ${[at.join('.'), message].filter(Boolean).join(': ')}`);
  }
  const { version: _, ...preset } = parsed.data;
  const alternatives = Object.values(preset.variants).flatMap((values) => Object.values(values));
  for (const options of [preset.options, ...alternatives]) checkSaid('preset', name, options);
  return { name, ...preset };
}

/** @throws OptionError for what is no option, or no value of one, in a file */
export function checkSaid(option: string, file: string, options: Record<string, unknown>): void {
  const { success, error } = settable.safeParse(options);
  if (success) return;
  const { message } = refusal(error.issues, options);
  throw new OptionError(option, file, `${option} ${file}: ${message}`);
}

/** A file's JSON. @throws OptionError */
export function readJson(option: string, path: string): unknown {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    const why = code === 'ENOENT' ? 'there is no such file' : message;
    throw new OptionError(option, path, `${option} ${path} cannot be read: ${why}`, cause);
  }
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new OptionError(
      option,
      path,
      `${option} ${path} is not JSON: ${(cause as Error).message.split('\n')[0]}`,
      cause,
    );
  }
}

/** What is given, over what its preset says. @throws OptionError for an override that the preset forbids */
export function withPreset(given: StylizeOptions): StylizeOptions {
  if (typeof given?.preset !== 'string' || given.preset === '') return given; // what is wrong the schema says
  const preset = presetOf(given.preset);
  const overrides = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
  for (const [option, why] of Object.entries(preset.forbids)) {
    const value = overrides[option];
    if (value === undefined || JSON.stringify(value) === JSON.stringify(preset.options[option])) continue;
    throw new OptionError(option, value, `${option} is fixed by the preset ${preset.name}: ${why}`);
  }
  const chosen = { ...preset.options, ...overrides };
  for (const [option, alternatives] of Object.entries(preset.variants)) {
    Object.assign(chosen, alternatives[String(chosen[option])], overrides);
  }
  return chosen as unknown as StylizeOptions;
}

function refuse(name: string, message: string): OptionError {
  return new OptionError('preset', name, message);
}

function listOf(names: string[]): string {
  return names.join(', ');
}
