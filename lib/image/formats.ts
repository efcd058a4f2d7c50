// What a file is, told by its first bytes whatever its name says: those that are read, and those that people try, each
// with what to do instead.

import { JobError } from './job.js';
import { holdsRawPhotograph } from './tiff.js';

const CONVERT = 'save it as PNG or JPEG first';
const DEVELOP = 'develop it first, and save it as TIFF or PNG';

/** Brands of ISO media files (`ftyp`), by what they are. */
const BRANDS: [RegExp, string][] = [
  [/^(hei[cmsx]|hev[cmsx])$/, `is a HEIC photograph, which is not read: ${CONVERT}`],
  [/^crx $/, `is a raw photograph (CR3), which is not read: ${DEVELOP}`],
  [
    /^(isom|iso\d|mp4\d|M4V |M4A |qt {2}|3g[p2]\d)$/,
    'is a video, not an image: save one of its frames as PNG',
  ],
];

const text = (start: string) => Buffer.from(start, 'latin1');

/** First bytes, and what they say. */
const KNOWN: [start: Buffer, what: string][] = [
  [text('8BPS'), `is a Photoshop file (PSD), which is not read: ${CONVERT}`],
  [text('%PDF'), `is a PDF document, not an image: save its page as PNG`],
  [text('%!PS'), `is a PostScript document, not an image: save its page as PNG`],
  [Buffer.from('ff0a', 'hex'), `is a JPEG XL file, which is not read: ${CONVERT}`],
  [Buffer.from('0000000c4a584c20', 'hex'), `is a JPEG XL file, which is not read: ${CONVERT}`],
  [Buffer.from('0000000c6a502020', 'hex'), `is a JPEG 2000 file, which is not read: ${CONVERT}`],
  [Buffer.from('ff4fff51', 'hex'), `is a JPEG 2000 file, which is not read: ${CONVERT}`],
  [Buffer.from('762f3101', 'hex'), `is an OpenEXR file, which is not read: ${CONVERT}`],
  [text('#?RADIANCE'), `is a Radiance HDR file, which is not read: ${CONVERT}`],
  [text('II*\0\x10\0\0\0CR'), `is a raw photograph (CR2), which is not read: ${DEVELOP}`],
  [text('FUJIFILMCCD-RAW'), `is a raw photograph (RAF), which is not read: ${DEVELOP}`],
  [text('IIRO'), `is a raw photograph (ORF), which is not read: ${DEVELOP}`],
  [text('IIRS'), `is a raw photograph (ORF), which is not read: ${DEVELOP}`],
  [text('MMOR'), `is a raw photograph (ORF), which is not read: ${DEVELOP}`],
  [text('IIU\0'), `is a raw photograph (RW2), which is not read: ${DEVELOP}`],
  [text('FOVb'), `is a raw photograph (X3F), which is not read: ${DEVELOP}`],
  [text('gimp xcf'), `is a GIMP file (XCF), which is not read: ${CONVERT}`],
  [Buffer.from('00000100', 'hex'), `is an icon (ICO), which is not read: ${CONVERT}`],
  [text('PK\x03\x04'), 'is a ZIP archive, not an image: unpack it first'],
  [Buffer.from('1f8b', 'hex'), 'is compressed with gzip: unpack it first'],
  [text('version https://git-lfs'), 'is a pointer of Git LFS, not the image: run "git lfs pull"'],
];

/** Refuses what is known not to be read. @throws {JobError} that says what it is and what to do */
export function refuseForeign(bytes: Buffer): void {
  for (const [start, what] of KNOWN) {
    if (bytes.subarray(0, start.length).equals(start)) throw new JobError('ERR_IMAGE', what);
  }
  const brands = brandsOf(bytes);
  if (!brands.includes('avif') && !brands.includes('avis')) {
    for (const [pattern, what] of BRANDS) {
      if (brands.some((brand) => pattern.test(brand))) throw new JobError('ERR_IMAGE', what);
    }
  }
  if (holdsRawPhotograph(bytes)) {
    throw new JobError('ERR_IMAGE', `is a raw photograph, which is not read: ${DEVELOP}`);
  }
  const markup = markupOf(bytes);
  if (markup === 'svg') {
    const what = 'is an SVG drawing, which has no pixels yet: save it as PNG, as large as you want it';
    throw new JobError('ERR_IMAGE', what);
  }
  if (markup === 'html') {
    const what = 'is a web page, not an image: open it in a browser and save the picture itself';
    throw new JobError('ERR_IMAGE', what);
  }
}

/** The brand of an ISO media file, and those that it is compatible with. */
function brandsOf(bytes: Buffer): string[] {
  if (bytes.length < 16 || bytes.toString('latin1', 4, 8) !== 'ftyp') return [];
  const brands = bytes.toString('latin1', 8, Math.min(bytes.readUInt32BE(0), bytes.length, 256));
  return (brands.match(/[\s\S]{4}/g) ?? []).filter((_, i) => i !== 1); // after the first comes a version
}

/** Whether a text begins as one of these, after what may come before: a byte order mark, a declaration, comments. */
function markupOf(bytes: Buffer): 'svg' | 'html' | undefined {
  const encoding = bytes[0] === 0xff && bytes[1] === 0xfe ? 'utf16le' : 'utf8';
  let start = bytes
    .toString(encoding, 0, 4096)
    .replace(/^\uFEFF/, '')
    .trimStart();
  for (let before = ''; before !== start; ) {
    before = start;
    start = start.replace(/^(<\?[^>]*>|<!--[\s\S]*?-->|<!DOCTYPE(?! html)[^>[]*(\[[^\]]*\])?\s*>)\s*/i, '');
  }
  if (/^<([\w-]+:)?svg[\s>]/i.test(start)) return 'svg';
  return /^<(!doctype html|html|head|body|script|meta|title|div)[\s>]/i.test(start) ? 'html' : undefined;
}
