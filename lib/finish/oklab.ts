// Between sRGB and OKLab (Ottosson 2020, "A perceptual color space for image processing"), a pixel at a time, without
// allocating. Powers are read off tables with linear interpolation: off by less than 1e-4 of a step of 8 bits, and
// several times faster.

/** Points of a table; between two of them a power is as good as straight. */
const POINTS = 8192;

/** sRGB 0..1 to linear light. */
const LIGHT = table((value) => (value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4));
/** The square root of linear light to sRGB 0..255: of light itself the curve is too steep at black. */
const SRGB = table((root) => {
  const light = root * root;
  return 255 * (light <= 0.0031308 ? light * 12.92 : 1.055 * light ** (1 / 2.4) - 0.055);
});

function table(of: (x: number) => number): Float64Array {
  return Float64Array.from({ length: POINTS + 2 }, (_, i) => of(i / POINTS));
}

/** @param x 0..1 */
function look(table: Float64Array, x: number): number {
  const at = x * POINTS;
  const i = Math.floor(at);
  return table[i]! + (at - i) * (table[i + 1]! - table[i]!);
}

/** Nothing outside 0..1, and no number that is none. */
const held = (x: number) => (x > 0 ? (x < 1 ? x : 1) : 0);

/** Lightness 0..1, and the axes from green to red and from blue to yellow. */
export type Lab = [lightness: number, a: number, b: number];

/** The colour at `i` of interleaved sRGB 0..255, which is clamped. Grey has a and b of exactly 0. */
export function labAt(data: Float32Array, i: number, lab: Lab): void {
  const [red, green, blue] = [data[i]!, data[i + 1]!, data[i + 2]!];
  const r = look(LIGHT, held(red / 255));
  if (red === green && green === blue) {
    lab[0] = Math.cbrt(r);
    lab[1] = 0;
    lab[2] = 0;
    return;
  }
  const g = look(LIGHT, held(green / 255));
  const b = look(LIGHT, held(blue / 255));
  const l = Math.cbrt(0.4122214708 * r + 0.5363325363 * g + 0.0514459929 * b);
  const m = Math.cbrt(0.2119034982 * r + 0.6806995451 * g + 0.1073969566 * b);
  const s = Math.cbrt(0.0883024619 * r + 0.2817188376 * g + 0.6299787005 * b);
  lab[0] = 0.2104542553 * l + 0.793617785 * m - 0.0040720468 * s;
  lab[1] = 1.9779984951 * l - 2.428592205 * m + 0.4505937099 * s;
  lab[2] = 0.0259040371 * l + 0.7827717662 * m - 0.808675766 * s;
}

/** Linear light beyond 0..1 by less than this is rounding. */
const ROUNDING = 1e-6;

/** Halvings of the chroma's range: to 1/1024 of it. */
const HALVINGS = 10;

const light = new Float64Array(3);

/** Whether sRGB has this colour; its linear light is left in `light`. */
function isColour(lightness: number, a: number, b: number): boolean {
  const l = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3;
  const m = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3;
  const s = (lightness - 0.0894841775 * a - 1.291485548 * b) ** 3;
  const red = 4.0767416621 * l - 3.3077115913 * m + 0.2309699292 * s;
  const green = -1.2684380046 * l + 2.6097574011 * m - 0.3413193965 * s;
  const blue = -0.0041960863 * l - 0.7034186147 * m + 1.707614701 * s;
  light[0] = red;
  light[1] = green;
  light[2] = blue;
  const [low, high] = [-ROUNDING, 1 + ROUNDING];
  return red >= low && red <= high && green >= low && green <= high && blue >= low && blue <= high;
}

/** How much of its chroma sRGB can show at this lightness and hue: 1 for its colours. */
export function shownChroma(lightness: number, a: number, b: number): number {
  if (isColour(lightness, a, b)) return 1;
  let [shown, most] = [0, 1];
  for (let i = 0; i < HALVINGS; i++) {
    const middle = (shown + most) / 2;
    if (isColour(lightness, middle * a, middle * b)) shown = middle;
    else most = middle;
  }
  return shown;
}

/**
 * Writes a colour as sRGB 0..255. One that sRGB does not have loses chroma, not lightness nor hue. a and b of 0 are exactly
 * grey.
 */
export function writeLab(data: Float32Array, i: number, lightness: number, a: number, b: number): void {
  if (a === 0 && b === 0) {
    const grey = look(SRGB, held(Math.max(lightness, 0) ** 1.5));
    data[i] = grey;
    data[i + 1] = grey;
    data[i + 2] = grey;
    return;
  }
  const shown = shownChroma(lightness, a, b);
  if (shown < 1) isColour(lightness, shown * a, shown * b);
  for (let k = 0; k < 3; k++) data[i + k] = look(SRGB, Math.sqrt(held(light[k]!)));
}
