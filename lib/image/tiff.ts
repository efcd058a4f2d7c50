// Cameras' raw files (NEF, ARW, DNG …) are TIFFs whose first picture is a thumbnail: a reader of TIFFs shows that, as if
// it were the photograph. They are told by their tags.

const SUB_IFDS = 330;
const PHOTOMETRIC = 262;
const DNG_VERSION = 50706;
/** Photometric interpretations of pixels as a sensor counts them. */
const SENSOR = [32803, 34892];

/** Looks only at the first directory and those just below it. */
export function holdsRawPhotograph(bytes: Buffer): boolean {
  const order = bytes.toString('latin1', 0, 4);
  if (order !== 'II*\0' && order !== 'MM\0*') return false;
  const little = order === 'II*\0';
  const short = (at: number) => (little ? bytes.readUInt16LE(at) : bytes.readUInt16BE(at));
  const long = (at: number) => (little ? bytes.readUInt32LE(at) : bytes.readUInt32BE(at));

  /** Each tag's first values, with where they lie; nothing outside the file. */
  const directory = (at: number): Map<number, { count: number; at: number }> => {
    const tags = new Map<number, { count: number; at: number }>();
    if (at + 2 > bytes.length) return tags;
    for (let i = 0; i < short(at); i++) {
      const entry = at + 2 + i * 12;
      if (entry + 12 > bytes.length) break;
      tags.set(short(entry), { count: long(entry + 4), at: entry + 8 });
    }
    return tags;
  };
  const ofSensor = (tags: ReturnType<typeof directory>) => {
    const photometric = tags.get(PHOTOMETRIC);
    return photometric !== undefined && SENSOR.includes(short(photometric.at));
  };

  if (bytes.length < 8) return false;
  const first = directory(long(4));
  if (first.has(DNG_VERSION) || ofSensor(first)) return true;
  const below = first.get(SUB_IFDS);
  if (!below) return false;
  const list = below.count === 1 ? below.at : long(below.at);
  for (let i = 0; i < Math.min(below.count, 8); i++) {
    const at = list + i * 4;
    if (at + 4 <= bytes.length && ofSensor(directory(long(at)))) return true;
  }
  return false;
}
