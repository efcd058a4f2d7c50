// The contents and styles that qualities are compared on: five contents, as different as can be, by five styles that
// differ in statistic; and a few more by name. Some lie outside the project, and are left out where they are not.

import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

export interface Image {
  name: string;
  path: string;
}

export interface Pair {
  /** `content+style`, as files and records name it. */
  name: string;
  content: Image;
  style: Image;
}

const shared = (file: string) =>
  fileURLToPath(new URL(`../../../shared/images/inputs/${file}`, import.meta.url));
const drawn = (file: string) => fileURLToPath(new URL(`../../examples/${file}`, import.meta.url));

/** A photograph of houses, a face, an animal, a flat poster, and a texture without objects. */
export const CONTENTS: Image[] = [
  { name: 'tubingen', path: shared('tubingen.jpg') },
  { name: 'portrait', path: drawn('portrait.png') },
  { name: 'owl', path: drawn('owl.png') },
  { name: 'lighthouse', path: drawn('lighthouse.png') },
  { name: 'cobbles', path: drawn('cobbles.png') },
];

/** Two oil paintings, one in bold strokes and one smooth; a pale watercolour, stones with joints, and a print in two inks. */
export const STYLES: Image[] = [
  { name: 'starry-night', path: shared('starry_night_google.jpg') },
  { name: 'shipwreck', path: shared('shipwreck.jpg') },
  { name: 'watercolour', path: drawn('watercolour.png') },
  { name: 'mosaic', path: drawn('mosaic.png') },
  { name: 'woodcut', path: drawn('woodcut.png') },
];

/** Those that are painted only when they are named. */
export const MORE_CONTENTS: Image[] = [
  { name: 'hoovertower', path: shared('hoovertowernight.jpg') },
  { name: 'river', path: drawn('river.png') },
  { name: 'cat', path: drawn('cat.png') },
];
export const MORE_STYLES: Image[] = [
  { name: 'night-sky', path: drawn('night-sky.png') },
  { name: 'impasto', path: drawn('impasto.png') },
  { name: 'hatching', path: drawn('hatching.png') },
  { name: 'poster', path: drawn('poster.png') },
];

/**
 * Pairs of the contents and styles named, or of the five and five.
 *
 * @param note is told of images that are not there
 * @throws for a name that there is not
 */
export function pairsOf(
  contents: readonly string[] | undefined,
  styles: readonly string[] | undefined,
  note: (line: string) => void,
): Pair[] {
  const found = (kind: string, names: readonly string[] | undefined, five: Image[], more: Image[]) => {
    const all = [...five, ...more];
    const chosen =
      names?.map((name) => {
        const image = all.find((one) => one.name === name);
        if (!image)
          throw new Error(`no ${kind} is named ${name}: there are ${all.map((one) => one.name).join(', ')}`);
        return image;
      }) ?? five;
    return chosen.filter(({ name, path }) => {
      if (existsSync(path)) return true;
      note(`${kind} ${name} is left out: ${path} is not here`);
      return false;
    });
  };
  const all = found('style', styles, STYLES, MORE_STYLES);
  return found('content', contents, CONTENTS, MORE_CONTENTS).flatMap((content) =>
    all.map((style) => ({ name: `${content.name}+${style.name}`, content, style })),
  );
}
