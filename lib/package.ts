// What the package says of itself.

import { readFileSync } from 'node:fs';

const manifest = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));

export const version: string = manifest.version;

/** Where reports go. */
export const issues: string = manifest.bugs?.url ?? "the project's issues";
