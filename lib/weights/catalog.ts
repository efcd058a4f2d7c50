// The networks that have a name. weights/catalog.json says what each is, where its file comes from and how to know it
// is the right one; the embedded one lies beside it.

import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import * as z from 'zod';
import { OptionError } from '../errors.js';
import { ARCHITECTURES, type Architecture } from './network.js';
import { INPUTS, type InputName } from './recognize-input.js';
import { quote, refuse } from './refuse.js';

const folder = new URL('../../weights/', import.meta.url);

const size = z.int().positive();
const architectures = Object.keys(ARCHITECTURES) as [Architecture, ...Architecture[]];
const schema = z.record(
  z.string().refine(isName),
  z.strictObject({
    about: z.string().min(1),
    use: z.string().min(1),
    licence: z.string().min(1),
    source: z.discriminatedUnion('kind', [
      z.strictObject({ kind: z.literal('embedded'), file: z.string().regex(/^[\w-]+\.safetensors$/) }),
      z.strictObject({
        kind: z.literal('download'),
        urls: z.array(z.url({ protocol: /^https?$/ })).min(1),
        size,
        hash: z.string().regex(/^(sha256:[0-9a-f]{64}|md5:[0-9a-f]{32})$/),
        /** What the network is fed, where the file does not show it. */
        input: z.enum(Object.keys(INPUTS) as [InputName, ...InputName[]]).optional(),
        /** Of a file that has a classifier: whether it is kept always, or only for who asks. */
        classifier: z.enum(['always', 'asked']).optional(),
      }),
      z.strictObject({ kind: z.literal('random'), architecture: z.enum(architectures), seed: size, size }),
    ]),
  }),
);

type Entry = z.infer<typeof schema>[string];

/** A network by its name. */
export interface CatalogEntry extends Entry {
  name: string;
}

/** Where a file can be had (any of `urls`, tried in order), its bytes, and its `sha256:` or `md5:`. */
export type DownloadSource = Extract<Entry['source'], { kind: 'download' }>;

let known: Map<string, CatalogEntry> | undefined;

/**
 * The catalogue, by name, in its order.
 *
 * @throws WeightsError when the package's own file is damaged.
 */
export function catalog(): ReadonlyMap<string, CatalogEntry> {
  known ??= parseCatalog(fileURLToPath(new URL('catalog.json', folder)));
  return known;
}

/** The entry called `weights`; undefined when that is no name but a path. */
export function catalogEntry(weights: string): CatalogEntry | undefined {
  return catalog().get(weights);
}

/** The entry called `name`. @throws OptionError if there is none */
export function catalogNamed(name: string): CatalogEntry {
  const entry = catalog().get(name);
  if (entry) return entry;
  const known = [...catalog().keys()].join(', ');
  throw new OptionError('name', name, `name must be one of ${known}, not "${name}"`);
}

/** Whether a network may be called so: as the catalogue's are, in small letters, digits and hyphens. */
export function isName(text: string): boolean {
  return /^[a-z0-9]{1,40}(-[a-z0-9]{1,40}){0,8}$/.test(text);
}

/** The path of a file that is part of the package. */
export function embeddedFile(file: string): string {
  return fileURLToPath(new URL(file, folder));
}

/** @throws WeightsError when the file cannot be read or an entry is not as it should be. */
export function parseCatalog(file: string): Map<string, CatalogEntry> {
  let parsed: z.ZodSafeParseResult<z.infer<typeof schema>>;
  try {
    parsed = schema.safeParse(JSON.parse(readFileSync(file, 'utf8')));
  } catch (cause) {
    refuse(file, `the catalogue cannot be read: ${quote((cause as Error).message)}`, { cause });
  }
  if (!parsed.success) {
    const { path, message } = parsed.error.issues[0]!;
    refuse(file, `the catalogue is wrong at ${path.join('.')}: ${message}`, { cause: parsed.error });
  }
  return new Map(Object.entries(parsed.data).map(([name, entry]) => [name, { name, ...entry }]));
}
